//! The dead letter queue of a sink task: the bytes of refused records as they were read, and what is wrong with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use api::{Error, OrReaction, Result};
use kafka::{FetchedBatch, RecordHeader, RecordView, Records};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::convert::Encoded;
use super::super::dead_letter::{self, Origin, context_headers};
use super::super::policy::{DeadLetterQueue, Refusal};
use super::super::writer::{Writer, now_ms};
use super::super::{Services, TaskId, TaskSpec};
use crate::provider::Secrets;

/// A record that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) place: Place,
    pub(super) refusal: Refusal,
    /// The batch that it was read in, where there is a dead letter queue.
    pub(super) original: Option<FetchedBatch>,
}

/// Names a record in an error without its data (invariant 8).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the record at offset {} of `{}`-{}", self.offset, self.topic, self.partition)
    }
}

/// Writes dead letters and knows when Kafka has them.
pub(super) struct DeadLetters {
    id: TaskId,
    queue: DeadLetterQueue,
    secrets: Secrets,
    writer: Writer,
    stop: CancellationToken,
}

impl DeadLetters {
    /// Makes the topic if it is not there. `None`: the task is to stop.
    pub(super) async fn open(
        queue: &DeadLetterQueue,
        spec: &TaskSpec,
        services: &Services,
        stop: &CancellationToken,
    ) -> Result<Option<Self>> {
        dead_letter::refuse_own_topic(queue, &spec.task)?;
        let mut writer = Writer::open(spec, services)?;
        let partitions = dead_letter::open(queue, spec, services, writer.producer(), stop).await?;
        let Some(partitions) = partitions else { return Ok(None) };
        writer.learn(&queue.topic, partitions);
        let secrets = services.config.providers.secrets().clone();
        Ok(Some(Self { id: spec.id.clone(), queue: queue.clone(), secrets, writer, stop: stop.clone() }))
    }

    /// Puts dead letters on their way. False: the task is to stop, and not all of them are.
    pub(super) async fn write(&mut self, refused: &mut [Refused]) -> Result<bool> {
        // One walk through each batch finds all of its records.
        refused.sort_by(|left, right| left.place.cmp(&right.place));
        let mut walk = Walk::default();
        for refused in refused.iter() {
            let gone = || {
                Error::fail(format_args!(
                    "cannot write {} as a dead letter: its bytes are gone",
                    refused.place
                ))
            };
            let view = walk.find(refused).ok_or_else(gone)?;
            if !self.append(refused, &view).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn append(&mut self, refused: &Refused, view: &RecordView<'_>) -> Result<bool> {
        let Place { topic, partition, offset } = &refused.place;
        let origin = Origin::Sink { topic, partition: *partition, offset: *offset };
        let context = match self.queue.context_headers {
            true => context_headers(&self.id, &origin, &refused.refusal, &self.secrets),
            false => Vec::new(),
        };
        let names: Vec<_> = view.headers().map(|header| String::from_utf8_lossy(header.key)).collect();
        let own =
            view.headers().zip(&names).map(|(header, name)| RecordHeader { key: name, value: header.value });
        let added = context.iter().map(|(key, value)| RecordHeader { key, value: Some(value.as_bytes()) });
        let bytes = Encoded { key: view.key, value: view.value, headers: own.chain(added).collect() };
        let topic = self.queue.topic.clone();
        let fits = self.writer.filling(&topic).fits(&bytes);
        fits.or_fail(format_args!("cannot write {} to the dead letter queue `{topic}`", refused.place))?;
        // Kafka's producer, too, stamps what has no time.
        let timestamp_ms = if view.timestamp_ms >= 0 { view.timestamp_ms } else { now_ms() };
        while let Some(partition) = self.writer.filling(&topic).append(None, timestamp_ms, &bytes)? {
            if !self.make_room().await? {
                return Ok(false);
            }
            self.writer.send(&topic, partition).await?;
        }
        Ok(true)
    }

    /// Waits until more may be under way. False: the task is to stop.
    async fn make_room(&mut self) -> Result<bool> {
        while self.writer.full() {
            let stop = self.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(false),
                outcome = self.delivered() => outcome?,
            }
        }
        Ok(true)
    }

    async fn delivered(&mut self) -> Result<()> {
        let outcome = self.writer.delivered().await;
        outcome.or_fail(format_args!("cannot write to the dead letter queue `{}`", self.queue.topic))
    }

    /// Sends what is not sent yet.
    pub(super) async fn send(&mut self) -> Result<()> {
        self.writer.flush().await
    }

    /// Waits until Kafka has every dead letter; false: it has not within the limit.
    pub(super) async fn arrive(&mut self, limit: Duration) -> Result<bool> {
        self.send().await?;
        let arrived = async {
            while !self.writer.in_flight.is_empty() {
                self.delivered().await?;
            }
            Ok(())
        };
        match timeout(limit, arrived).await {
            Ok(outcome) => outcome.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

/// Finds records of batches, in the order of their offsets.
#[derive(Default)]
struct Walk<'a> {
    current: Option<(&'a FetchedBatch, Records<'a>)>,
}

impl<'a> Walk<'a> {
    fn find(&mut self, refused: &'a Refused) -> Option<RecordView<'a>> {
        let original = refused.original.as_ref()?;
        let same = self.current.as_ref().is_some_and(|(batch, _)| {
            batch.partition() == original.partition() && batch.next_offset() == original.next_offset()
        });
        if !same {
            self.current = Some((original, original.records()));
        }
        let (_, records) = self.current.as_mut()?;
        loop {
            let ahead = records.clone();
            let view = records.next()?;
            if view.offset >= refused.place.offset {
                // The same record may be refused twice.
                *records = ahead;
                return (view.offset == refused.place.offset).then_some(view);
            }
        }
    }
}
