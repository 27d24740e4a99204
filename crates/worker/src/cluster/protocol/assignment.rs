//! What a worker is given by the leader.

use std::sync::Arc;

use super::wire::{Reader, put_share, put_text};
use super::{Malformed, Protocol};
use crate::cluster::Share;

/// The error of an assignment that the leader could not make, as it has not read the configurations that others
/// have.
pub const CONFIG_MISMATCH: i16 = 1;

/// What the leader tells a worker, and what a worker tells of itself when it joins again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// 0, [`CONFIG_MISMATCH`], or what a later version knows.
    pub error: i16,
    /// The member id of the leader.
    pub leader: Arc<str>,
    /// Where the REST API of the leader is.
    pub leader_url: Arc<str>,
    /// Where in the topic of configurations the worker must stand before it starts anything.
    pub config_offset: i64,
    /// To the worker: what is to be started. From the worker: all that it runs.
    pub assigned: Share,
    /// What is to be stopped; never used by [`Protocol::Eager`].
    pub revoked: Share,
    /// After how many milliseconds the worker is to join again; 0 for never.
    pub delay_ms: i32,
}

impl Assignment {
    /// Whether the leader could not make it.
    pub fn failed(&self) -> bool {
        self.error != 0
    }

    /// The bytes for workers that agreed on this protocol.
    ///
    /// # Errors
    /// A name is longer than 32767 bytes.
    pub fn encode(&self, protocol: Protocol) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        out.extend(protocol.version().to_be_bytes());
        out.extend(self.error.to_be_bytes());
        put_text(&mut out, &self.leader)?;
        put_text(&mut out, &self.leader_url)?;
        out.extend(self.config_offset.to_be_bytes());
        put_share(&mut out, &self.assigned)?;
        if protocol != Protocol::Eager {
            put_share(&mut out, &self.revoked)?;
            out.extend(self.delay_ms.to_be_bytes());
        }
        Ok(out)
    }

    /// Reads the bytes of any version; what an older one does not have is empty, what a newer one adds is passed
    /// over.
    ///
    /// # Errors
    /// They are no such bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.short()? < 0 {
            return Err(Malformed::Wrong("version"));
        }
        let (error, leader, leader_url) = (reader.short()?, reader.text()?, reader.text()?);
        let config_offset = reader.long()?;
        let assigned = if reader.ended() { Share::default() } else { reader.share()? };
        let revoked = if reader.ended() { Share::default() } else { reader.share()? };
        let delay_ms = if reader.ended() { 0 } else { reader.int()? };
        Ok(Self { error, leader, leader_url, config_offset, assigned, revoked, delay_ms })
    }
}
