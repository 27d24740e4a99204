//! What follows from a failed batch.

use kafka_protocol::error::ResponseError;

use super::queue::Rules;
use crate::error::Error;

/// What to do about the failure of the first batch.
pub(super) enum Reaction {
    /// The same again, later.
    Retry,
    /// The broker has lost our numbers: the same again under new ones.
    NewEpoch,
    /// Send it in two parts.
    Split,
    /// It was refused and is not written; the rest can go on.
    GiveUp,
    /// Nothing that was sent can be sent again safely.
    Stop(&'static str),
}

/// What the error of the first batch calls for, once nothing is on its way.
pub(super) fn reaction(error: &Error, rules: Rules) -> Reaction {
    if rules.transactional {
        return in_transaction(error);
    }
    match error.code() {
        Some(ResponseError::MessageTooLarge | ResponseError::RecordListTooLarge) => Reaction::Split,
        Some(ResponseError::OutOfOrderSequenceNumber | ResponseError::UnknownProducerId)
            if rules.idempotent =>
        {
            Reaction::NewEpoch
        }
        Some(ResponseError::InvalidProducerEpoch | ResponseError::ProducerFenced) => {
            Reaction::Stop("the broker knows a later epoch of this producer id; something else uses it")
        }
        _ if error.retriable() => Reaction::Retry,
        _ => Reaction::GiveUp,
    }
}

/// The same in a transaction. Numbers are never made anew in it: whether the transaction has what was sent under the
/// former ones would be a guess.
fn in_transaction(error: &Error) -> Reaction {
    match error.code() {
        Some(ResponseError::MessageTooLarge | ResponseError::RecordListTooLarge) => Reaction::Split,
        // The markers of the transaction before are still being written.
        Some(ResponseError::ConcurrentTransactions) => Reaction::Retry,
        _ if error.retriable() => Reaction::Retry,
        _ => Reaction::GiveUp,
    }
}
