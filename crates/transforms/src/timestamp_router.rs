//! `TimestampRouter`: topics with the time of the record in their name.

use std::sync::Arc;

use api::config::{Importance, Key, Problems, Type, Values};
use api::{Batch, ConnectorType, Error, Transform, Transformed};

use crate::class::{Class, Side};
use crate::date_format::DateFormat;
use crate::sort::{Target, Verdict, judge, place};

pub(crate) const CLASS: Class =
    Class { name: "org.apache.kafka.connect.transforms.TimestampRouter", side: Side::Value, keys, configure };

fn keys() -> Vec<Key> {
    let key = |name: &'static str| Key::new(name, Type::String).importance(Importance::High);
    vec![
        key("topic.format").default("${topic}-${timestamp}").documentation(
            "Format string which can contain <code>${topic}</code> and <code>${timestamp}</code> as placeholders for \
             the topic and timestamp, respectively.",
        ),
        key("timestamp.format").default("yyyyMMdd").documentation(
            "Format string for the timestamp that is compatible with <code>java.text.SimpleDateFormat</code>.",
        ),
    ]
}

fn configure(values: &Values, _: Side) -> Result<Box<dyn Transform>, Problems> {
    let text = |key| values.string(key).unwrap_or_default();
    // A pattern that is wrong fails each record, as in Kafka.
    let format = DateFormat::new(text("timestamp.format"));
    Ok(Box::new(TimestampRouter { topic_format: text("topic.format").to_owned(), format }))
}

struct TimestampRouter {
    topic_format: String,
    format: Result<DateFormat, String>,
}

impl TimestampRouter {
    fn topic(&self, format: &DateFormat, topic: &str, timestamp_ms: i64) -> Arc<str> {
        let text = self.topic_format.replace("${topic}", topic);
        text.replace("${timestamp}", &format.format(timestamp_ms)).into()
    }
}

impl Transform for TimestampRouter {
    fn apply(&mut self, mut batch: Batch, _: ConnectorType, out: &mut Transformed) {
        let as_is = Target::of(&batch);
        let mut targets = vec![as_is.clone()];
        // The units of time with a topic each, as most records share few of them.
        let mut known: Option<(i64, usize)> = None;
        let verdicts = judge(&mut batch.records, |record| {
            let Some(timestamp_ms) = record.timestamp_ms else {
                return Verdict::Reject(Error::reject("Timestamp missing on record"));
            };
            let format = match &self.format {
                Ok(format) => format,
                Err(message) => return Verdict::Reject(Error::reject(message)),
            };
            let unit = timestamp_ms.div_euclid(format.finest_ms());
            if let Some((_, target)) = known.filter(|(known, _)| *known == unit) {
                return Verdict::To(target);
            }
            let topic = self.topic(format, &as_is.topic, timestamp_ms);
            let target =
                targets.iter().skip(1).position(|target| target.topic == topic).map(|place| place + 1);
            let target = target.unwrap_or_else(|| {
                targets.push(Target { topic, ..as_is.clone() });
                targets.len() - 1
            });
            known = Some((unit, target));
            Verdict::To(target)
        });
        place(batch, verdicts, &targets, out);
    }
}
