//! Connectors and their tasks.
//!
//! A plugin is the class: it knows its name, its configuration, and how to start a connector and its tasks.
//! All of it runs in tasks of its own, never on the control plane (invariant 5).

use std::sync::Arc;

use async_trait::async_trait;

use crate::config::{ConfigValue, Definition, Properties};
use crate::{
    Batch, Description, Error, Offsets, Record, Result, SourceOffset, SourcePartition, TopicPartition,
};

/// A running connector: it decides how the work is split into tasks.
#[async_trait]
pub trait Connector: Send {
    /// The configuration of each task, at most `tasks_max` of them (Kafka's `taskConfigs`).
    async fn split(&mut self, tasks_max: usize) -> Result<Vec<Properties>>;

    /// Ends what the connector itself started (watchers, connections).
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What a connector may ask of the worker.
pub trait ConnectorContext: Send + Sync {
    /// Asks for a new [`Connector::split`], because the source or target system has changed.
    fn request_reconfiguration(&self);
    /// Ends the connector as FAILED.
    fn raise_error(&self, error: crate::Error);
}

/// A class of source connectors.
#[async_trait]
pub trait SourcePlugin: Send + Sync {
    /// Class and version.
    fn description(&self) -> Description;
    /// The Java class name of its tasks, which Kafka writes as `task.class`.
    fn task_class(&self) -> &'static str;
    /// The connector's own configuration keys.
    fn definition(&self) -> Definition;
    /// Adds what is wrong across keys to the values that the definition has checked.
    fn validate(&self, _properties: &Properties, _values: &mut Vec<ConfigValue>) {}
    /// Whether a connector with this configuration hands over every record exactly once, when it goes on from the
    /// offsets that were committed together with the records; `None` where nobody can say, as of most connectors.
    fn exactly_once(&self, _properties: &Properties) -> Option<bool> {
        None
    }
    /// Starts a connector.
    async fn start(
        &self,
        properties: &Properties,
        context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>>;
    /// Starts one task with what [`Connector::split`] answered for it.
    async fn task(&self, properties: &Properties, context: SourceContext) -> Result<Box<dyn SourceTask>>;
    /// Checks offsets that a user wants to set (`None`: reset) and tells whether the connector knows them to be
    /// right; an error refuses them.
    fn alter_offsets(
        &self,
        properties: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool>;
}

/// What a source task is given.
#[derive(Clone)]
pub struct SourceContext {
    /// Reads the offsets that were committed.
    pub offsets: Arc<dyn OffsetReader>,
}

/// Reads committed source offsets.
#[async_trait]
pub trait OffsetReader: Send + Sync {
    /// The committed offset of a partition.
    async fn offset(&self, partition: &SourcePartition) -> Result<Option<SourceOffset>>;
}

/// A running source task.
#[async_trait]
pub trait SourceTask: Send {
    /// The next batches, or nothing for now: then the task has waited by itself for as long as was sensible.
    ///
    /// May be dropped at any await point once the task stops or pauses: keep partial reads in `self`.
    async fn poll(&mut self) -> Result<Vec<Batch>>;

    /// Everything up to these positions is durable in Kafka and committed.
    async fn commit(&mut self, _positions: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        Ok(())
    }

    /// Gives back what the task holds.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A class of sink connectors.
#[async_trait]
pub trait SinkPlugin: Send + Sync {
    /// Class and version.
    fn description(&self) -> Description;
    /// The Java class name of its tasks, which Kafka writes as `task.class`.
    fn task_class(&self) -> &'static str;
    /// The connector's own configuration keys.
    fn definition(&self) -> Definition;
    /// Adds what is wrong across keys to the values that the definition has checked.
    fn validate(&self, _properties: &Properties, _values: &mut Vec<ConfigValue>) {}
    /// Starts a connector.
    async fn start(
        &self,
        properties: &Properties,
        context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>>;
    /// Starts one task with what [`Connector::split`] answered for it.
    async fn task(&self, properties: &Properties, context: Arc<dyn SinkContext>)
    -> Result<Box<dyn SinkTask>>;
    /// Checks consumer offsets that a user wants to set (`None`: reset) and tells whether the connector knows
    /// them to be right; an error refuses them.
    fn alter_offsets(
        &self,
        properties: &Properties,
        offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool>;
}

/// What a sink task may ask of the worker.
pub trait SinkContext: Send + Sync {
    /// Reads on from these offsets.
    fn seek(&self, offsets: Offsets);
    /// Takes no more records of these partitions for now.
    fn pause(&self, partitions: &[TopicPartition]);
    /// Takes records of these partitions again.
    fn resume(&self, partitions: &[TopicPartition]);
    /// Asks for a commit soon.
    fn request_commit(&self);
    /// Gives one record of a batch, which the target refuses, to the error policy of the connector (Kafka's
    /// `ErrantRecordReporter`). May be called until an offset behind the record is committed.
    ///
    /// # Errors
    /// The policy does not tolerate it: the task returns the error, and ends as FAILED. After `Ok` the record counts
    /// as done once the worker has written it to the dead letter queue, if there is one; no offset behind it is
    /// committed before.
    fn reject(&self, batch: &Batch, record: &Record, error: Error) -> Result<()>;
}

/// A running sink task.
#[async_trait]
pub trait SinkTask: Send {
    /// These partitions are ours from now on.
    async fn open(&mut self, _partitions: &[TopicPartition]) -> Result<()> {
        Ok(())
    }

    /// Takes records in order. After a [`crate::Reaction::Retry`] the same batches come again, and maybe more
    /// behind them.
    ///
    /// Also called without batches, so that a task which buffers may act on time.
    async fn put(&mut self, batches: &[Batch]) -> Result<()>;

    /// Makes what was put durable and answers the offsets that may be committed: never beyond what is safe in
    /// the target (invariant 2). `put` holds the offsets behind all that was put.
    async fn pre_commit(&mut self, put: &Offsets) -> Result<Offsets>;

    /// These partitions are no longer ours; what was put of them is committed already or will come again.
    async fn close(&mut self, _partitions: &[TopicPartition]) -> Result<()> {
        Ok(())
    }

    /// Gives back what the task holds.
    async fn stop(&mut self) -> Result<()> {
        Ok(())
    }
}
