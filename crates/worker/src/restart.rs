//! Starting anew what has failed with an error that may pass: how often, when, and what is told of it.
//!
//! Nothing here waits or asks for the time: the states of the herders do the one through actions and are given the
//! other.

mod policy;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use api::Reaction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use policy::Policy;
pub use policy::{BACKOFF, BACKOFF_MAX, MAX, RESET};

/// What statuses tell of restarts, beside what Kafka tells: older readers pass over it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restart {
    /// How many restarts there were or will have been with the next, since it last ran well.
    pub count: u32,
    /// How many there may be; none where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// What it failed of, in one line.
    pub reason: String,
    /// When it is started next; none while it runs, and once it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
}

/// The time of a step.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Now {
    /// In milliseconds, of a clock that does not go back.
    pub(crate) now_ms: i64,
    /// In milliseconds since 1970-01-01 UTC.
    pub(crate) wall_ms: i64,
}

/// The restarts of one connector or task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restarts {
    /// Since it last ran well.
    count: u32,
    running_since_ms: Option<i64>,
    /// Names the restart that is waited for.
    due: Option<u64>,
    told: Option<Restart>,
}

impl Restarts {
    /// It runs.
    pub(crate) fn runs(&mut self, now: Now) {
        self.running_since_ms.get_or_insert(now.now_ms);
        if let Some(told) = &mut self.told {
            told.next_attempt = None;
        }
    }

    /// It has failed with an error that may pass. Answers in how many milliseconds it is to be started anew, if its
    /// budget allows for that; `token` names that restart. What fails at the same time for the same reason comes
    /// back at different times, which `salt` decides.
    pub(crate) fn fails(
        &mut self,
        policy: &Policy,
        now: Now,
        trace: &str,
        salt: &str,
        token: u64,
    ) -> Option<u64> {
        let ran_ms = self.running_since_ms.take().map(|since| now.now_ms.saturating_sub(since));
        if ran_ms.is_some_and(|ran_ms| ran_ms >= policy.reset_ms) {
            self.count = 0;
        }
        let reason = trace.replace("\nCaused by: ", ": ");
        self.due = None;
        if policy.max.is_some_and(|max| self.count >= max) {
            // A budget of none is not worth a word.
            self.told = (self.count > 0).then_some(Restart {
                count: self.count,
                max: policy.max,
                reason,
                next_attempt: None,
            });
            return None;
        }
        self.count = self.count.saturating_add(1);
        let delay_ms = policy.delay_ms(self.count, salt);
        self.due = Some(token);
        let next_attempt = instant(now.wall_ms.saturating_add_unsigned(delay_ms));
        self.told = Some(Restart { count: self.count, max: policy.max, reason, next_attempt });
        Some(delay_ms)
    }

    /// It has failed with an error that does not pass.
    pub(crate) fn ends(&mut self) {
        *self = Self::default();
    }

    /// Whether this restart is the one that is waited for; it is not, from then on.
    pub(crate) fn begins(&mut self, token: u64) -> bool {
        let begins = self.due.take_if(|due| *due == token).is_some();
        if begins && let Some(told) = &mut self.told {
            told.next_attempt = None;
        }
        begins
    }

    /// What there is to tell.
    pub(crate) fn told(&self) -> Option<Restart> {
        self.told.clone()
    }
}

/// An instant as ISO 8601 has it; none for a time that no calendar has.
fn instant(wall_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(wall_ms).ok().map(|instant| format!("{instant:.3}"))
}

/// Whether what an error came of may pass by itself: an answer that did not come, a connection, a lock, a broker
/// that is away. A configuration or a record that is wrong does not.
pub(crate) fn may_pass(error: &api::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<api::Error>() {
            match error.reaction() {
                Reaction::Retry => return true,
                Reaction::Reject => return false,
                Reaction::Fail => {}
            }
        }
        if error.downcast_ref().is_some_and(kafka_may_pass) || error.downcast_ref().is_some_and(io_may_pass) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Beyond what the client itself may try again: what it gave up in time, and a producer that cannot go on with what
/// it has sent, where a new one can.
fn kafka_may_pass(error: &kafka::Error) -> bool {
    error.retriable() || matches!(error, kafka::Error::Expired { .. } | kafka::Error::Order { .. })
}

fn io_may_pass(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::NotConnected
            | Kind::BrokenPipe
            | Kind::TimedOut
            | Kind::Interrupted
            | Kind::UnexpectedEof
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::ResourceBusy
            | Kind::StorageFull
            | Kind::QuotaExceeded
    )
}

/// The salt of a task, or of a connector.
pub(crate) fn salt<'a>(connector: &'a str, task: Option<u32>) -> Cow<'a, str> {
    match task {
        Some(task) => Cow::Owned(format!("{connector}-{task}")),
        None => Cow::Borrowed(connector),
    }
}

#[cfg(test)]
mod tests;
