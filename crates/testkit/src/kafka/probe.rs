//! Answers about a broker within milliseconds, from one long-lived Java process.

use std::sync::PoisonError;

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::Kafka;
use crate::java::Judge;

/// How many lines the probe takes at once; Kafka's own tools are for more.
const LINES_MAX: usize = 50_000;

/// Kafka's admin client in a process of its own, for questions that are asked often.
#[derive(Debug)]
pub struct Probe(Judge);

impl Kafka {
    /// Starts a probe of this broker, for a caller of its own.
    ///
    /// # Errors
    ///
    /// As [`Judge::start`].
    pub fn probe(&self) -> anyhow::Result<Probe> {
        Judge::start_with("Probe", &[self.bootstrap()]).map(Probe)
    }

    /// Creates a topic.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn create_topic(&self, topic: &str, partitions: u32) -> anyhow::Result<()> {
        self.create_topic_with(topic, partitions, &[])
    }

    /// Creates a topic with settings such as `("max.message.bytes", "1000")`.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn create_topic_with(
        &self,
        topic: &str,
        partitions: u32,
        config: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        self.ask_probe(|probe| probe.create_topic(topic, partitions, config))
    }

    /// Deletes a topic.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn delete_topic(&self, topic: &str) -> anyhow::Result<()> {
        self.ask_probe(|probe| probe.delete_topic(topic))
    }

    /// Returns the end offset of every partition, ordered by partition.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as for a topic that does not exist.
    pub fn end_offsets(&self, topic: &str) -> anyhow::Result<Vec<u64>> {
        self.ask_probe(|probe| probe.end_offsets(topic))
    }

    /// Writes lines as values without keys.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn produce(&self, topic: &str, lines: &[&str]) -> anyhow::Result<()> {
        if lines.len() > LINES_MAX {
            return self.produce_with(&["--topic", topic], &(lines.join("\n") + "\n"));
        }
        self.ask_probe(|probe| probe.produce(topic, lines))
    }

    /// Waits for `count` records and reads their values from the start, as text.
    ///
    /// # Errors
    ///
    /// When the broker refuses, or when there are fewer values after three minutes.
    pub fn consume(&self, topic: &str, count: usize) -> anyhow::Result<Vec<String>> {
        if count > LINES_MAX {
            return self.consume_with(topic, count, &[]);
        }
        self.wait_for_records(topic, count)?;
        let values = self.ask_probe(|probe| probe.consume(topic, count))?;
        anyhow::ensure!(values.len() >= count, "`{topic}` gave {} of {count} records", values.len());
        Ok(values)
    }

    /// Asks the broker's own probe, started at the first question.
    fn ask_probe<T>(&self, ask: impl FnOnce(&mut Probe) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut own = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        let probe = match own.as_mut() {
            Some(probe) => probe,
            None => own.insert(self.probe()?),
        };
        let answer = ask(probe);
        if !probe.0.running() {
            *own = None;
        }
        answer
    }
}

impl Probe {
    /// Creates a topic with settings such as `("retention.ms", "1000")`.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn create_topic(
        &mut self,
        topic: &str,
        partitions: u32,
        config: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let config: Map<String, Value> =
            config.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        let question = json!({"op": "create", "topic": topic, "partitions": partitions, "config": config});
        self.ask(&question).map(drop)
    }

    /// Deletes a topic.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn delete_topic(&mut self, topic: &str) -> anyhow::Result<()> {
        self.ask(&json!({"op": "delete", "topic": topic})).map(drop)
    }

    /// Writes lines as values without keys.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn produce(&mut self, topic: &str, lines: &[&str]) -> anyhow::Result<()> {
        self.ask(&json!({"op": "produce", "topic": topic, "values": lines})).map(drop)
    }

    /// Returns the first values of a topic, as text: so many, or what there is within two minutes.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn consume(&mut self, topic: &str, count: usize) -> anyhow::Result<Vec<String>> {
        let values = self.ask(&json!({"op": "consume", "topic": topic, "count": count}))?;
        Ok(serde_json::from_value(values)?)
    }

    /// Returns the names of all topics that are not internal.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn topics(&mut self) -> anyhow::Result<Vec<String>> {
        let names = self.ask(&json!({"op": "topics"}))?;
        Ok(serde_json::from_value(names)?)
    }

    /// Returns the end offset of every partition, ordered by partition.
    ///
    /// # Errors
    ///
    /// When the broker refuses, as for a topic that does not exist.
    pub fn end_offsets(&mut self, topic: &str) -> anyhow::Result<Vec<u64>> {
        let ends = self.offsets(&json!({"op": "ends", "topic": topic}))?;
        let mut numbered = ends
            .into_iter()
            .map(|(partition, end)| Ok((partition.parse::<u32>()?, end)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        numbered.sort_unstable();
        Ok(numbered.into_iter().map(|(_, end)| end).collect())
    }

    /// Returns the sum of the end offsets of all partitions: the number of records ever written, when there
    /// are no transactions.
    ///
    /// # Errors
    ///
    /// As [`Probe::end_offsets`].
    pub fn records(&mut self, topic: &str) -> anyhow::Result<u64> {
        Ok(self.end_offsets(topic)?.iter().sum())
    }

    /// Returns the offsets a group has committed, by `topic-partition`.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn committed(&mut self, group: &str) -> anyhow::Result<Vec<(String, u64)>> {
        self.offsets(&json!({"op": "committed", "group": group}))
    }

    fn offsets(&mut self, question: &Value) -> anyhow::Result<Vec<(String, u64)>> {
        let answer = self.ask(question)?;
        let offsets = answer.as_object().context("the probe's answer is no object")?;
        let mut offsets = offsets
            .iter()
            .map(|(name, offset)| Ok((name.clone(), offset.as_u64().context("an offset is a number")?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        offsets.sort();
        Ok(offsets)
    }

    fn ask(&mut self, question: &Value) -> anyhow::Result<Value> {
        let answer: Value = serde_json::from_str(&self.0.ask(&question.to_string())?)?;
        if let Some(error) = answer.get("error") {
            anyhow::bail!("Kafka refused `{}`: {error}", question["op"]);
        }
        Ok(answer["ok"].clone())
    }
}
