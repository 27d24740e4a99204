//! What the herder is told and tells, without the values that came from providers (invariant 8).

use super::HerderError;
use super::state::{Event, Failure};
use crate::provider::Secrets;
use crate::task::TaskEvent;

impl Event {
    /// The event with variables in place of values. What a user wants is the user's own words, and stays.
    pub(super) fn hidden(mut self, secrets: &Secrets) -> Self {
        match &mut self {
            Self::Validated { outcome: Err(error), .. }
            | Self::OffsetsChanged { outcome: Err(error), .. } => {
                *error = std::mem::replace(error, HerderError::Internal(String::new())).hidden(secrets);
            }
            Self::ConnectorStarted { outcome: Err(failure), .. }
            | Self::ConnectorSplit { outcome: Err(failure), .. }
            | Self::ConnectorFailed { failure, .. } => failure.hide(secrets),
            Self::TaskReported { event: TaskEvent::Failed { trace, .. }, .. } => hide(trace, secrets),
            _ => {}
        }
        self
    }
}

impl Failure {
    fn hide(&mut self, secrets: &Secrets) {
        hide(&mut self.message, secrets);
        hide(&mut self.trace, secrets);
    }
}

impl HerderError {
    /// The error with variables in place of values.
    pub(super) fn hidden(mut self, secrets: &Secrets) -> Self {
        match &mut self {
            Self::NotFound(words)
            | Self::AlreadyExists(words)
            | Self::BadRequest(words)
            | Self::Forbidden(words)
            | Self::Conflict(words)
            | Self::Unavailable(words)
            | Self::Internal(words) => hide(words, secrets),
            Self::Elsewhere(_) => {}
        }
        self
    }
}

fn hide(text: &mut String, secrets: &Secrets) {
    let hidden = secrets.hide(text).into_owned();
    *text = hidden;
}
