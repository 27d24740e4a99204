//! What can go wrong between this client and a cluster.

use std::{fmt, io, sync::Arc, time::Duration};

use kafka_protocol::error::ResponseError;

use crate::config::Problem;

/// An error of the client, told apart by what a caller can do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A broker answered with an error code.
    #[error("cannot {what}: {}{}", CodeName(*code), Detail(message))]
    Broker {
        /// The code of the answer.
        code: ResponseError,
        /// What was asked, to follow the word "cannot".
        what: Box<str>,
        /// The broker's own words, where the answer has any.
        message: Option<Box<str>>,
    },
    /// No connection could be made, so nothing was sent.
    #[error("cannot connect to `{address}`: {source}")]
    Connect {
        /// `host:port` of the broker.
        address: Arc<str>,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// The connection ended before the answer came: the request may or may not have been handled.
    #[error("connection to `{address}` lost: {reason}")]
    Disconnected {
        /// `host:port` of the broker.
        address: Arc<str>,
        /// What ended it.
        reason: Arc<str>,
    },
    /// Nothing came in time: the request may or may not have been handled.
    #[error("cannot {what}: no answer after {} ms", after.as_millis())]
    Timeout {
        /// What was asked, to follow the word "cannot".
        what: Box<str>,
        /// How long it was waited for.
        after: Duration,
    },
    /// The cluster's metadata does not list this broker (any more).
    #[error("broker {0} is not in the cluster's metadata")]
    UnknownBroker(i32),
    /// The broker speaks no version of this request that this client speaks.
    #[error("broker `{address}` does not support {api} in a version of this client")]
    Unsupported {
        /// `host:port` of the broker.
        address: Arc<str>,
        /// Kafka's name of the request.
        api: Box<str>,
    },
    /// Options that cannot be used, all of them.
    #[error("{}", Problems(.0))]
    Config(Vec<Problem>),
    /// Bytes that are not what the protocol says.
    #[error("corrupt {what}")]
    Corrupt {
        /// What was read, with the reason.
        what: Box<str>,
    },
    /// One record is larger than may be sent.
    #[error(
        "cannot write to topic `{topic}`: a record of {bytes} bytes is larger than allowed; \
         hint: raise `max.message.bytes` of the topic or `max.request.size` of the producer"
    )]
    RecordTooLarge {
        /// The topic it was meant for.
        topic: Arc<str>,
        /// What the record weighs on the wire, with its batch header.
        bytes: usize,
    },
    /// The producer cannot go on for this partition without risking order.
    #[error("cannot write to topic `{topic}` partition {partition}: {reason}")]
    Order {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// What the broker said and what it means.
        reason: Box<str>,
    },
    /// A batch was not known to be written when `delivery.timeout.ms` was over.
    #[error(
        "cannot write to topic `{topic}` partition {partition} within `delivery.timeout.ms`{}",
        Last(last)
    )]
    Expired {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// What went wrong last, if anything did.
        last: Option<Box<Error>>,
    },
    /// The producer, consumer or client was closed before the work was done.
    #[error("the client was closed")]
    Closed,
}

impl Error {
    /// The error for a broker's code; `what` follows the word "cannot".
    pub fn broker(code: ResponseError, what: impl fmt::Display) -> Error {
        Error::Broker { code, what: what.to_string().into(), message: None }
    }

    /// Like [`Error::broker`], with the broker's own words when it sent any.
    pub fn broker_with(code: ResponseError, what: impl fmt::Display, message: Option<&str>) -> Error {
        let message = message.filter(|text| !text.is_empty()).map(Box::from);
        Error::Broker { code, what: what.to_string().into(), message }
    }

    /// The error for bytes that do not decode; `what` follows the word "corrupt".
    pub fn corrupt(what: impl fmt::Display) -> Error {
        Error::Corrupt { what: what.to_string().into() }
    }

    /// The broker's code, when a broker answered.
    pub fn code(&self) -> Option<ResponseError> {
        match self {
            Error::Broker { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same request may well succeed later, as Kafka's own table has it.
    pub fn retriable(&self) -> bool {
        match self {
            Error::Broker { code, .. } => code.is_retriable(),
            Error::Connect { .. } | Error::Disconnected { .. } => true,
            Error::Timeout { .. } | Error::UnknownBroker(_) => true,
            Error::Unsupported { .. } | Error::Config(_) | Error::Corrupt { .. } => false,
            Error::RecordTooLarge { .. } | Error::Order { .. } => false,
            Error::Expired { .. } | Error::Closed => false,
        }
    }
}

impl Error {
    /// Whether another producer has taken the transactional id, or the coordinator has ended the transaction, which
    /// was open for too long: nothing more can be written under the epoch that it had.
    pub fn fenced(&self) -> bool {
        use ResponseError::{InvalidProducerEpoch, InvalidTxnState, ProducerFenced};
        matches!(self.code(), Some(ProducerFenced | InvalidProducerEpoch | InvalidTxnState))
    }
}

/// Answers an error for any code but 0; `what` follows the word "cannot".
pub(crate) fn check(code: i16, what: impl fmt::Display) -> Result<(), Error> {
    match ResponseError::try_from_code(code) {
        None => Ok(()),
        Some(code) => Err(Error::broker(code, what)),
    }
}

/// Kafka's own name of an error code, for example `NOT_LEADER_OR_FOLLOWER`.
struct CodeName(ResponseError);

impl fmt::Display for CodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ResponseError::Unknown(code) = self.0 {
            return write!(f, "error code {code}");
        }
        for (index, letter) in format!("{:?}", self.0).chars().enumerate() {
            let underscore = if index > 0 && letter.is_ascii_uppercase() { "_" } else { "" };
            write!(f, "{underscore}{}", letter.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

struct Detail<'a>(&'a Option<Box<str>>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(message) => write!(f, ": {}", message.trim_end_matches('.')),
            None => Ok(()),
        }
    }
}

struct Last<'a>(&'a Option<Box<Error>>);

impl fmt::Display for Last<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

struct Problems<'a>(&'a [Problem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
