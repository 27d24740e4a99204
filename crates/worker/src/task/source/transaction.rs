//! Transactions of a source task: its records and the offsets behind them are committed together.

use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use api::{Error, OrReaction, Result, SourceOffset, SourcePartition};
use kafka::Producer;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::super::exactly_once::ExactlyOnce;
use super::super::{Services, TaskId};
use super::outgoing::Outgoing;
use crate::store::OffsetStore;

/// How long giving up a transaction may take; after that the next start of the task does it, or the brokers.
const ABORT_LIMIT: Duration = Duration::from_secs(3);

/// When a transaction is committed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Boundary {
    /// After each poll.
    Poll,
    /// After some time.
    Interval(Duration),
}

impl Boundary {
    /// Reads `transaction.boundary` of a connector.
    ///
    /// # Errors
    /// The connector is to say when, which it cannot.
    pub(super) fn of(connector: &Properties, services: &Services) -> Result<Self> {
        let boundary = connector.get("transaction.boundary").map_or("poll", |value| value.trim());
        match boundary.to_ascii_lowercase().as_str() {
            "interval" => {
                let millis = connector.get("transaction.boundary.interval.ms");
                let millis = millis.map(|text| {
                    text.trim().parse().or_fail("`transaction.boundary.interval.ms` is no number")
                });
                let interval = millis.transpose()?.map_or(services.commit_interval(), Duration::from_millis);
                Ok(Self::Interval(interval))
            }
            "connector" => Err(Error::fail(
                "`transaction.boundary` is `connector`, and the connector does not say where transactions end; \
                 hint: set it to `poll` or `interval`",
            )),
            _ => Ok(Self::Poll),
        }
    }

    /// How long what is polled may wait to be committed.
    pub(super) fn interval(self, services: &Services) -> Duration {
        match self {
            Self::Poll => services.commit_interval(),
            Self::Interval(interval) => interval,
        }
    }
}

/// Fences off whoever wrote before, so that all offsets are known from then on. False: the task is to stop.
///
/// # Errors
/// It cannot be done, or the task is not one that is to run any more.
pub(super) async fn begin(
    exactly_once: &ExactlyOnce,
    id: &TaskId,
    producer: &Producer,
    stop: &CancellationToken,
) -> Result<bool> {
    let beginning = async {
        exactly_once
            .guard
            .fence(&id.connector)
            .await
            .or_retry("Failed to perform round of zombie fencing")?;
        // Whoever has been given up must not fence off those who came after.
        in_group(producer)?;
        producer.init_transactions().await.or_fail("cannot begin to write in transactions")?;
        exactly_once.guard.verify(id, exactly_once.generation).await?;
        in_group(producer)
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(false),
        begun = beginning => begun.map(|()| true),
    }
}

fn in_group(producer: &Producer) -> Result<()> {
    if producer.may_write() {
        return Ok(());
    }
    Err(Error::retry("the group may have gone on without this worker"))
}

/// Commits all that was written, together with these offsets.
///
/// # Errors
/// It may be committed or not: the task has to start again from what is.
pub(super) async fn commit(
    id: &TaskId,
    outgoing: &mut Outgoing,
    store: &Arc<dyn OffsetStore>,
    positions: &[(Arc<SourcePartition>, SourceOffset)],
) -> Result<()> {
    let producer = outgoing.writer.producer();
    let offsets: Vec<_> =
        positions.iter().map(|(partition, offset)| (partition.clone(), Some(offset.clone()))).collect();
    if !offsets.is_empty() {
        let records = store.records(&id.connector, &offsets, producer.options().compression)?;
        let records = records
            .ok_or_else(|| Error::fail("offsets that are in no topic cannot be committed in transactions"))?;
        for (partition, batch) in records.batches {
            producer.send(&records.topic, partition, batch).await.map_err(|error| failed(id, error))?;
        }
    }
    producer.commit().await.map_err(|error| failed(id, error))?;
    outgoing.arrive().await?;
    store.committed(&id.connector, offsets).await;
    Ok(())
}

/// Gives up what was written and not committed, so that nobody who reads what is committed waits for it.
pub(super) async fn abort(producer: &Producer) {
    match tokio::time::timeout(ABORT_LIMIT, producer.abort()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.fenced() => debug!(%error, "the transaction has been ended by others"),
        Ok(Err(error)) => {
            warn!(%error, "cannot abort the transaction; it ends when the task starts again, or in time")
        }
        Err(_) => {
            warn!("cannot abort the transaction in time; it ends when the task starts again, or in time")
        }
    }
}

/// A task whose producer was fenced off may start again: that is decided by its cluster, like any start.
pub(super) fn failed(id: &TaskId, error: kafka::Error) -> Error {
    if error.fenced() {
        return Error::retry(format_args!(
            "The task {id} was unable to finish writing records to Kafka before its producer transaction expired, or \
             another run of it has taken its place. If it expired, options are: tune the connector's producer \
             configuration for higher throughput, increase the transaction timeout for the connector's producers \
             (`producer.override.transaction.timeout.ms`), decrease the offset commit interval (if using \
             interval-based transaction boundaries), or use the 'poll' transaction boundary"
        ))
        .caused_by(error);
    }
    Error::fail(format_args!("Failed to flush offsets and/or records for task {id}")).caused_by(error)
}
