//! What happens to a record that a converter, a transform, the producer or a sink refuses: `errors.*`.

mod retry;

use std::fmt;
use std::sync::Arc;

use api::config::{Problem, Problems, Properties};
use api::{Error, Result};
use tracing::error;

pub(super) use retry::{Attempts, Retry, Waited};

use super::TaskId;

/// The stage at which a record was refused, in Kafka's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    KeyConverter,
    ValueConverter,
    HeaderConverter,
    Transformation,
    TaskPut,
    KafkaProduce,
}

impl Stage {
    /// Kafka's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::HeaderConverter => "HEADER_CONVERTER",
            Self::Transformation => "TRANSFORMATION",
            Self::TaskPut => "TASK_PUT",
            Self::KafkaProduce => "KAFKA_PRODUCE",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who refused a record, at which stage, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) stage: Stage,
    /// The Java class that did the work.
    pub(super) class: &'static str,
    /// The alias of the transform, if it was one.
    pub(super) transform: Option<Arc<str>>,
    pub(super) error: Error,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transform {
            Some(alias) => write!(f, "{} by transform `{alias}` (`{}`)", self.stage, self.class),
            None => write!(f, "{} by `{}`", self.stage, self.class),
        }
    }
}

/// Where refused records go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct DeadLetterQueue {
    pub(super) topic: Arc<str>,
    pub(super) replication_factor: i16,
    /// Whether a dead letter tells in its headers where it comes from and what is wrong with it.
    pub(super) context_headers: bool,
}

/// The error policy of a connector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    tolerant: bool,
    log: bool,
    log_place: bool,
    pub(super) retry: Retry,
    pub(super) dead_letter_queue: Option<DeadLetterQueue>,
}

/// What Kafka says first when a record that is refused ends a task.
const EXCEEDED: &str = "Tolerance exceeded in error handler";

impl Policy {
    /// Reads the policy of a connector, whose keys were validated before.
    pub(super) fn parse(connector: &Properties) -> Result<Self, Problems> {
        let is = |key: &str, word: &str| {
            connector.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
        };
        Ok(Self {
            tolerant: is("errors.tolerance", "all"),
            log: is("errors.log.enable", "true"),
            log_place: is("errors.log.include.messages", "true"),
            retry: Retry::new(
                number(connector, "errors.retry.timeout", 0)?,
                number(connector, "errors.retry.delay.max.ms", 60_000)?,
            ),
            dead_letter_queue: dead_letter_queue(connector)?,
        })
    }

    /// Whether records that are refused are left out, and the others go on.
    pub(super) fn tolerant(&self) -> bool {
        self.tolerant
    }

    /// Tells of a refused record if that is wanted: with `errors.log.include.messages` also which one it is.
    ///
    /// `place` names the record (topic, partition, offset), never its data (invariant 8).
    pub(super) fn log(&self, id: &TaskId, refusal: &Refusal, place: &dyn fmt::Display) {
        if !self.log {
            return;
        }
        let Refusal { stage, class, transform, error } = refusal;
        let transform = transform.as_deref();
        let record = self.log_place.then(|| place.to_string());
        let error = format!("{error:#}");
        error!(%stage, class, transform, record, error, "Error encountered in task {id}");
    }

    /// Decides about a refused record: `Ok` leaves it out, an error ends the task.
    pub(super) fn decide(&self, refusal: Refusal, place: &dyn fmt::Display) -> Result<()> {
        match self.verdict(&refusal, place) {
            Ok(()) => Ok(()),
            Err(_) => Err(exceeded(&refusal, place).caused_by(refusal.error)),
        }
    }

    /// What [`Policy::decide`] says, where the refusal itself is needed elsewhere.
    pub(super) fn verdict(&self, refusal: &Refusal, place: &dyn fmt::Display) -> Result<()> {
        if self.tolerant {
            return Ok(());
        }
        Err(exceeded(refusal, place).caused_by(format!("{:#}", refusal.error)))
    }
}

fn exceeded(refusal: &Refusal, place: &dyn fmt::Display) -> Error {
    Error::fail(format_args!("{EXCEEDED}: {refusal} of {place}"))
}

fn dead_letter_queue(connector: &Properties) -> Result<Option<DeadLetterQueue>, Problems> {
    const PREFIX: &str = "errors.deadletterqueue";
    let topic = connector.get(&format!("{PREFIX}.topic.name")).map(|topic| topic.trim());
    let Some(topic) = topic.filter(|topic| !topic.is_empty()) else { return Ok(None) };
    let headers = connector.get(&format!("{PREFIX}.context.headers.enable"));
    Ok(Some(DeadLetterQueue {
        topic: topic.into(),
        replication_factor: number(connector, &format!("{PREFIX}.topic.replication.factor"), 3)?,
        context_headers: headers.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")),
    }))
}

fn number<T: std::str::FromStr>(connector: &Properties, key: &str, otherwise: T) -> Result<T, Problems> {
    let Some(text) = connector.get(key) else { return Ok(otherwise) };
    text.trim().parse().map_err(|_| {
        let message = format!("`{key}`: expected a whole number, got `{text}`");
        Problems::from(Problem { key: key.to_owned(), message })
    })
}

#[cfg(test)]
mod tests;
