//! The dead letters of a source task, which Kafka has none of: what was polled and refused, in JSON.

use std::sync::Arc;

use api::{Batch, OrReaction, Record, Rejected, Result, Schema, SourceOffset, SourcePartition, Value};
use kafka::RecordHeader;

use super::super::TaskId;
use super::super::convert::Encoded;
use super::super::dead_letter::{Origin, context_headers, write_json};
use super::super::policy::{DeadLetterQueue, Refusal};
use super::super::writer::{Writer, now_ms};
use crate::provider::Secrets;

/// A record that was refused, with its schemas.
pub(super) struct Refused<'a> {
    key_schema: Option<&'a Schema>,
    value_schema: Option<&'a Schema>,
    record: &'a Record,
}

impl<'a> Refused<'a> {
    /// A record of a batch.
    pub(super) fn of(batch: &'a Batch, record: &'a Record) -> Self {
        let (key_schema, value_schema) = (batch.key_schema.as_deref(), batch.value_schema.as_deref());
        Self { key_schema, value_schema, record }
    }
}

impl<'a> From<&'a Rejected> for Refused<'a> {
    fn from(rejected: &'a Rejected) -> Self {
        let (key_schema, value_schema) = (rejected.key_schema.as_deref(), rejected.value_schema.as_deref());
        Self { key_schema, value_schema, record: &rejected.record }
    }
}

/// The context headers, if they are wanted.
pub(super) fn context(
    id: &TaskId,
    queue: &DeadLetterQueue,
    positions: &[(Arc<SourcePartition>, SourceOffset)],
    refusal: &Refusal,
    secrets: &Secrets,
) -> Vec<(String, String)> {
    match queue.context_headers {
        true => context_headers(id, &Origin::Source { positions }, refusal, secrets),
        false => Vec::new(),
    }
}

/// Puts a dead letter into the open chunk of its topic.
pub(super) async fn write(
    writer: &mut Writer,
    topic: &Arc<str>,
    refused: &Refused<'_>,
    context: &[(String, String)],
) -> Result<()> {
    let Refused { key_schema, value_schema, record } = refused;
    let key = record.key.as_ref().map(|key| json(*key_schema, key));
    let value = record.value.as_ref().map(|value| json(*value_schema, value));
    let own = record.headers.as_slice().iter();
    let own = own.map(|header| (&*header.key, json(header.schema.as_deref(), &header.value)));
    let own: Vec<(&str, Vec<u8>)> = own.collect();
    let own = own.iter().map(|(key, value)| RecordHeader { key, value: Some(value) });
    let added = context.iter().map(|(key, value)| RecordHeader { key, value: Some(value.as_bytes()) });
    let bytes = Encoded { key: key.as_deref(), value: value.as_deref(), headers: own.chain(added).collect() };
    let fits = writer.filling(topic).fits(&bytes);
    fits.or_fail(format_args!("cannot write a record to the dead letter queue `{topic}`"))?;
    let timestamp_ms = record.timestamp_ms.unwrap_or_else(now_ms);
    while let Some(partition) = writer.filling(topic).append(None, timestamp_ms, &bytes)? {
        writer.send(topic, partition).await?;
    }
    Ok(())
}

fn json(schema: Option<&Schema>, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_json(schema, value, &mut out);
    out
}
