//! The source connectors: rows of tables and queries to topics.
//!
//! The connector watches which tables there are and splits them over its tasks. A task reads one of its tables or its
//! query at a time: [`horizon`] says how far, [`criteria`] writes the SQL, a [`Session`](super::dialect::Session)
//! streams the rows, and a [`cursor`] keeps where they end.

mod columns;
mod config;
mod connect;
mod connector;
mod criteria;
mod cursor;
mod filter;
mod horizon;
mod load;
mod offset;
mod prepare;
mod settings;
mod task;
mod turn;
mod validate;

use std::sync::Arc;

use api::config::{ConfigValue, Definition, Properties};
use api::{
    Connector, ConnectorContext, Description, PluginType, Registry, Result, SourceContext, SourceOffset,
    SourcePartition, SourcePlugin, SourceTask,
};
use async_trait::async_trait;

use super::misspelt;
use settings::Settings;

/// Whose class names, keys and defaults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Flavour {
    Aiven,
    Confluent,
}

/// The class of connectors that read databases.
struct JdbcSource {
    flavour: Flavour,
}

/// Adds the source connectors.
pub(super) fn register(registry: &mut Registry) {
    for flavour in [Flavour::Confluent, Flavour::Aiven] {
        registry.sources.push(Arc::new(JdbcSource { flavour }));
    }
}

#[async_trait]
impl SourcePlugin for JdbcSource {
    fn description(&self) -> Description {
        let (class, version) = match self.flavour {
            Flavour::Confluent => ("io.confluent.connect.jdbc.JdbcSourceConnector", super::CONFLUENT_VERSION),
            Flavour::Aiven => ("io.aiven.connect.jdbc.JdbcSourceConnector", super::AIVEN_VERSION),
        };
        Description { class, version, kind: PluginType::Source }
    }

    fn task_class(&self) -> &'static str {
        match self.flavour {
            Flavour::Confluent => "io.confluent.connect.jdbc.source.JdbcSourceTask",
            Flavour::Aiven => "io.aiven.connect.jdbc.source.JdbcSourceTask",
        }
    }

    fn definition(&self) -> Definition {
        config::definition(self.flavour)
    }

    fn validate(&self, properties: &Properties, values: &mut Vec<ConfigValue>) {
        validate::validate(properties, self.flavour, values);
    }

    async fn start(
        &self,
        properties: &Properties,
        context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>> {
        let settings = Settings::read(properties, self.flavour)?;
        misspelt::warn(&self.definition(), properties);
        Ok(Box::new(connector::Source::start(properties.clone(), settings, context).await?))
    }

    async fn task(&self, properties: &Properties, context: SourceContext) -> Result<Box<dyn SourceTask>> {
        let settings = Settings::read(properties, self.flavour)?;
        Ok(Box::new(task::Task::start(properties, settings, context).await?))
    }

    fn alter_offsets(
        &self,
        _properties: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        for (partition, offset) in offsets {
            // Whatever is there may be removed.
            if let Some(offset) = offset {
                offset::check(partition, offset)?;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
