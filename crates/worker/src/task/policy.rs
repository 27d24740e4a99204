//! What happens to a record that a converter or the producer refuses: `errors.tolerance` and its neighbours.

use std::fmt;

use api::config::{Problem, Problems, Properties};
use api::{Error, Result};
use tracing::error;

/// The stage at which a record was refused, in Kafka's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    KeyConverter,
    ValueConverter,
    HeaderConverter,
    KafkaProduce,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::HeaderConverter => "HEADER_CONVERTER",
            Self::KafkaProduce => "KAFKA_PRODUCE",
        })
    }
}

/// The error policy of a connector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    skip: bool,
    log: bool,
}

impl Policy {
    /// Reads the policy of a connector, whose keys were validated before.
    pub(super) fn parse(connector: &Properties) -> Result<Self, Problems> {
        let is = |key: &str, word: &str| {
            connector.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
        };
        if let Some(topic) =
            connector.get("errors.deadletterqueue.topic.name").filter(|topic| !topic.is_empty())
        {
            return Err(Problems(vec![Problem {
                key: "errors.deadletterqueue.topic.name".to_owned(),
                message: format!(
                    "`errors.deadletterqueue.topic.name`: a dead letter queue (`{topic}`) is not supported yet; \
                     remove the key to skip (`errors.tolerance=all`) or to fail (`none`)"
                ),
            }]));
        }
        Ok(Self { skip: is("errors.tolerance", "all"), log: is("errors.log.enable", "true") })
    }

    /// Decides about one refused record: `Ok` skips it, an error ends the task.
    ///
    /// `place` names the record (topic, partition, offset), never its data (invariant 8).
    pub(super) fn refuse(&self, stage: Stage, place: impl fmt::Display, error: Error) -> Result<()> {
        if !self.skip {
            return Err(Error::fail(format_args!("Tolerance exceeded in error handler: {stage} of {place}"))
                .caused_by(error));
        }
        if self.log {
            error!(%stage, record = %place, error = format!("{error:#}"), "record skipped");
        }
        Ok(())
    }
}
