//! The Produce request, encoded by hand so that the records are never copied.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, ProduceRequest, ProduceResponse},
    protocol::{HeaderVersion, VersionRange},
};

use super::{
    action::RequestId,
    queue::{Outgoing, Target},
};
use crate::{
    error::Error,
    record::BATCH_HEADER_BYTES,
    request::{Request, Segments},
};

/// The first version with compact lengths and tagged fields.
const FLEXIBLE: i16 = 9;

/// The highest version that this client writes.
pub(super) const VERSION_MAX: i16 = 12;
/// The highest version that does not add partitions to a transaction by itself.
pub(super) const VERSION_MAX_ADDED: i16 = 11;

/// At most one batch of each of several partitions that one broker leads.
#[derive(Debug)]
pub(super) struct Produce {
    pub(super) id: RequestId,
    pub(super) transactional_id: Option<Arc<str>>,
    /// The highest version that may be sent.
    pub(super) version_max: i16,
    pub(super) acks: i16,
    pub(super) timeout_ms: i32,
    /// Batches of one topic stand together.
    pub(super) batches: Vec<(Target, Outgoing)>,
}

impl Request for Produce {
    const KEY: ApiKey = ApiKey::Produce;
    const VERSIONS: VersionRange = VersionRange { min: 3, max: VERSION_MAX };
    type Response = ProduceResponse;

    fn header_version(version: i16) -> i16 {
        ProduceRequest::header_version(version)
    }

    fn encode(&self, version: i16, frame: &mut Segments) -> Result<(), Error> {
        let flexible = version >= FLEXIBLE;
        match &self.transactional_id {
            Some(id) => put_string(frame.tail(), flexible, id),
            None => put_null_string(frame.tail(), flexible),
        }
        frame.tail().put_i16(self.acks);
        frame.tail().put_i32(self.timeout_ms);
        put_length(frame.tail(), flexible, self.topics().count());
        for batches in self.topics() {
            put_string(frame.tail(), flexible, &batches[0].0.0);
            put_length(frame.tail(), flexible, batches.len());
            for ((_, partition), outgoing) in batches {
                frame.tail().put_i32(*partition);
                put_batch(frame, flexible, outgoing);
                put_no_tags(frame.tail(), flexible);
            }
            put_no_tags(frame.tail(), flexible);
        }
        put_no_tags(frame.tail(), flexible);
        Ok(())
    }
}

impl Produce {
    fn topics(&self) -> impl Iterator<Item = &[(Target, Outgoing)]> {
        self.batches.chunk_by(|a, b| a.0.0 == b.0.0)
    }
}

fn put_batch(frame: &mut Segments, flexible: bool, outgoing: &Outgoing) {
    let body = outgoing.batch.body();
    put_length(frame.tail(), flexible, BATCH_HEADER_BYTES + body.len());
    frame.tail().put_slice(&outgoing.batch.header(outgoing.stamp));
    frame.share(body.clone());
}

fn put_length(buffer: &mut BytesMut, flexible: bool, length: usize) {
    if !flexible {
        return buffer.put_i32(length as i32);
    }
    // Compact lengths are one more than they say, so that 0 can be null.
    let mut rest = length as u32 + 1;
    while rest >= 0x80 {
        buffer.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    buffer.put_u8(rest as u8);
}

fn put_string(buffer: &mut BytesMut, flexible: bool, value: &str) {
    if flexible {
        put_length(buffer, true, value.len());
    } else {
        buffer.put_i16(value.len() as i16);
    }
    buffer.put_slice(value.as_bytes());
}

fn put_null_string(buffer: &mut BytesMut, flexible: bool) {
    if flexible {
        buffer.put_u8(0);
    } else {
        buffer.put_i16(-1);
    }
}

fn put_no_tags(buffer: &mut BytesMut, flexible: bool) {
    if flexible {
        buffer.put_u8(0);
    }
}

#[cfg(test)]
mod tests;
