//! The sinks: records of topics become rows of tables.
//!
//! A put is one transaction. [`run`] sorts its records by tables and columns, [`structure`] finds the tables and makes
//! them what they have to be, [`changes`] says which statements give the same as the records one by one, and a
//! [`writer`] of the dialect runs them. Where a row is bad [`apply`] finds it and gives it to the error policy.

mod apply;
pub(super) mod cell;
mod changes;
mod check;
pub(super) mod clock;
pub(super) mod config;
mod database;
pub(super) mod ddl;
mod ledger;
mod name;
pub(super) mod plan;
mod run;
mod shape;
mod structure;
mod task;
pub(super) mod text;
pub(super) mod writer;

use std::sync::Arc;

use api::config::{ConfigValue, Definition, Properties};
use api::{
    Connector, ConnectorContext, Description, Error, PluginType, Registry, Result, SinkContext, SinkPlugin,
    SinkTask, TopicPartition,
};
use async_trait::async_trait;

use super::{AIVEN_VERSION, CONFLUENT_VERSION, misspelt};
use config::{Guarantee, Options};
use database::Database;
use task::Task;

/// Whose connector a class is: keys and defaults differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flavour {
    /// `io.confluent.connect.jdbc`.
    Confluent,
    /// `io.aiven.connect.jdbc`.
    Aiven,
}

/// The class of connectors that write records to tables.
#[derive(Debug)]
pub(crate) struct JdbcSink(pub(super) Flavour);

/// Adds the sinks.
pub(super) fn register(registry: &mut Registry) {
    registry.sinks.push(Arc::new(JdbcSink(Flavour::Aiven)));
    registry.sinks.push(Arc::new(JdbcSink(Flavour::Confluent)));
}

/// A connector whose tasks all have its own configuration.
struct Same(Properties);

#[async_trait]
impl Connector for Same {
    async fn split(&mut self, tasks_max: usize) -> Result<Vec<Properties>> {
        Ok(vec![self.0.clone(); tasks_max])
    }
}

#[async_trait]
impl SinkPlugin for JdbcSink {
    fn description(&self) -> Description {
        let (class, version) = match self.0 {
            Flavour::Confluent => ("io.confluent.connect.jdbc.JdbcSinkConnector", CONFLUENT_VERSION),
            Flavour::Aiven => ("io.aiven.connect.jdbc.JdbcSinkConnector", AIVEN_VERSION),
        };
        Description { class, version, kind: PluginType::Sink }
    }

    fn task_class(&self) -> &'static str {
        match self.0 {
            Flavour::Confluent => "io.confluent.connect.jdbc.sink.JdbcSinkTask",
            Flavour::Aiven => "io.aiven.connect.jdbc.sink.JdbcSinkTask",
        }
    }

    fn definition(&self) -> Definition {
        config::definition(self.0)
    }

    fn validate(&self, properties: &Properties, values: &mut Vec<ConfigValue>) {
        config::validate(self.0, properties, values);
        let url = values.iter_mut().find(|value| value.name == "connection.url" && value.errors.is_empty());
        if let (Some(url), Err(error)) = (url, Database::read(properties)) {
            url.errors.push(format!("{error:#}"));
        }
    }

    async fn start(
        &self,
        properties: &Properties,
        _context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>> {
        Options::read(self.0, properties)?;
        Database::read(properties)?.warn(properties);
        misspelt::warn(&self.definition(), properties);
        Ok(Box::new(Same(properties.clone())))
    }

    async fn task(
        &self,
        properties: &Properties,
        context: Arc<dyn SinkContext>,
    ) -> Result<Box<dyn SinkTask>> {
        let options = Options::read(self.0, properties)?;
        let database = Database::read(properties)?;
        Ok(Box::new(Task::new(options, context, database)))
    }

    fn alter_offsets(
        &self,
        properties: &Properties,
        _offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        let options = Options::read(self.0, properties)?;
        match options.guarantee {
            // They are Kafka's own; the database does not know them.
            Guarantee::AtLeastOnce => Ok(true),
            Guarantee::ExactlyOnce => Err(Error::fail(format_args!(
                "with delivery.guarantee=exactly_once the offsets of table `{}` count: change them there",
                options.offsets_table
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
