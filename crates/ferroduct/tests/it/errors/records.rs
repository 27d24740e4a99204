//! Records of Kafka byte for byte, written and read by Kafka's own clients.

use serde_json::{Value, json};
use testkit::Kafka;
use testkit::java::Judge;

/// Each char of a text stands for one byte.
pub(crate) struct Records(Judge);

impl Records {
    pub(crate) fn of(kafka: &Kafka) -> Self {
        Self(Judge::start_with("Records", &[kafka.bootstrap()]).expect("Kafka's clients start"))
    }

    pub(crate) fn write(&mut self, topic: &str, records: &[Value]) {
        self.ask(&json!({"op": "write", "topic": topic, "records": records}));
    }

    /// Waits for so many records and answers all there are.
    pub(crate) fn read(&mut self, topic: &str, count: usize) -> Vec<Value> {
        let answer = self.ask(&json!({"op": "read", "topic": topic, "count": count}));
        answer.as_array().expect("an array").clone()
    }

    fn ask(&mut self, question: &Value) -> Value {
        let answer = self.0.ask(&question.to_string()).expect("an answer");
        let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert!(answer.get("error").is_none(), "{}", answer["error"]);
        answer["ok"].take()
    }
}
