//! What the sender wants done, and what came of it.

use kafka_protocol::error::ResponseError;

use super::{
    queue::{Identity, Target},
    wire::Produce,
};
use crate::error::Error;

/// Tells requests apart.
pub(super) type RequestId = u64;

/// What the driver is to do.
#[derive(Debug)]
pub(super) enum Action {
    Connect(i32),
    FindLeader(Target),
    InitProducerId,
    Send(i32, Produce),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Event {
    Connected(i32, Result<(), Error>),
    Leader(Target, Result<i32, Error>),
    ProducerId(Result<Identity, Error>),
    /// The offset or the error for each batch of a request, in its order.
    Answered(RequestId, Result<Vec<Result<i64, Error>>, Error>),
}

/// Whether the failure may come from asking the wrong broker.
pub(super) fn leader_doubtful(error: &Error) -> bool {
    match error.code() {
        Some(code) => {
            matches!(
                code,
                ResponseError::NotLeaderOrFollower
                    | ResponseError::LeaderNotAvailable
                    | ResponseError::UnknownTopicOrPartition
                    | ResponseError::FencedLeaderEpoch
                    | ResponseError::ReplicaNotAvailable
                    | ResponseError::KafkaStorageError
            )
        }
        None => error.retriable(),
    }
}
