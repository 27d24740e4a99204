//! What a worker tells of itself when it joins.

use std::sync::Arc;

use super::wire::{Reader, put_loads, put_nullable_bytes, put_text};
use super::{Assignment, Malformed, Protocol};
use crate::cluster::Loads;

/// What a worker tells of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metadata {
    /// Where its REST API is, for other workers.
    pub url: Arc<str>,
    /// How far it has read the topic of configurations: the offset of the next record.
    pub config_offset: i64,
    /// What it runs, as it was last assigned; `None` before the first time and after a loss. Not told by
    /// [`Protocol::Eager`].
    pub current: Option<Assignment>,
    /// What its tasks take, behind what Java's workers read; empty where nobody asks for it, and not told by
    /// [`Protocol::Eager`].
    pub loads: Loads,
}

impl Metadata {
    /// The bytes for this protocol.
    ///
    /// # Errors
    /// A name is longer than 32767 bytes.
    pub fn encode(&self, protocol: Protocol) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        out.extend(protocol.version().to_be_bytes());
        put_text(&mut out, &self.url)?;
        out.extend(self.config_offset.to_be_bytes());
        if protocol != Protocol::Eager {
            let current = self.current.as_ref().map(|current| current.encode(protocol)).transpose()?;
            put_nullable_bytes(&mut out, current.as_deref())?;
            if !self.loads.is_empty() {
                put_loads(&mut out, &self.loads)?;
            }
        }
        Ok(out)
    }

    /// Reads the bytes of any version.
    ///
    /// # Errors
    /// They are no such bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.short()? < 0 {
            return Err(Malformed::Wrong("version"));
        }
        let (url, config_offset) = (reader.text()?, reader.long()?);
        let current = if reader.ended() { None } else { reader.nullable_bytes()? };
        let current = current.map(Assignment::decode).transpose()?;
        let loads = reader.loads();
        Ok(Self { url, config_offset, current, loads })
    }
}
