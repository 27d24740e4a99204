//! The bytes with which the workers of a group tell what they run and what they are to run: versions 0 (eager),
//! 1 (compatible) and 2 (sessioned), as `org.apache.kafka.connect.runtime.distributed` writes them.
//!
//! Numbers are big endian, a text has two bytes of length before it, a list four. What comes from others is
//! hostile until decoded (invariant 9): a length is checked before anything is reserved for it.

mod assignment;
mod metadata;
mod wire;

use thiserror::Error;

pub use assignment::{Assignment, CONFIG_MISMATCH};
pub use metadata::Metadata;

/// How the workers of a group agree, `connect.protocol`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Protocol {
    /// All workers give up everything before each round.
    Eager,
    /// Workers keep what is not taken from them.
    Compatible,
    /// As compatible, and requests between workers are signed.
    Sessioned,
}

impl Protocol {
    /// The name that the coordinator of the group knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eager => "default",
            Self::Compatible => "compatible",
            Self::Sessioned => "sessioned",
        }
    }

    /// The protocol with a name that a coordinator answered.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Eager, Self::Compatible, Self::Sessioned].into_iter().find(|protocol| protocol.name() == name)
    }

    /// The protocol with a value of `connect.protocol`, in any case.
    pub fn from_config(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "eager" => Some(Self::Eager),
            "compatible" => Some(Self::Compatible),
            "sessioned" => Some(Self::Sessioned),
            _ => None,
        }
    }

    /// What a worker with this value offers to the group, the preferred one first.
    pub fn offered(self) -> &'static [Self] {
        match self {
            Self::Eager => &[Self::Eager],
            Self::Compatible => &[Self::Compatible, Self::Eager],
            Self::Sessioned => &[Self::Sessioned, Self::Compatible, Self::Eager],
        }
    }

    /// The number in the bytes.
    fn version(self) -> i16 {
        match self {
            Self::Eager => 0,
            Self::Compatible => 1,
            Self::Sessioned => 2,
        }
    }
}

/// Why bytes of another worker cannot be read, or ours cannot be written.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Malformed {
    /// They end too early.
    #[error("the bytes of another worker end too early")]
    CutOff,
    /// A length or a number makes no sense.
    #[error("the bytes of another worker have a wrong {0}")]
    Wrong(&'static str),
    /// A text is longer than its length can tell.
    #[error("a text of {0} bytes is too long for the group")]
    TooLong(usize),
}

#[cfg(test)]
mod tests;
