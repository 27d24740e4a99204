//! FileStreamSink: each record a line of a file.

mod line;
mod target;
mod task;

use std::sync::Arc;

use api::config::{Config, Definition, Properties};
use api::{
    Connector, ConnectorContext, Description, OrReaction, PluginType, Result, SinkContext, SinkPlugin,
    SinkTask, TopicPartition,
};
use async_trait::async_trait;
use tracing::info;

use super::Same;

/// The class of connectors that append records to a file or to standard output.
#[derive(Debug)]
pub(crate) struct FileStreamSink;

#[derive(Clone, Config, Debug)]
struct Options {
    /// Destination filename. If not specified, the standard output will be used
    #[config(importance = high)]
    file: Option<String>,
}

impl Options {
    fn read(properties: &Properties) -> Result<Self> {
        let options = Self::parse(properties).or_fail("cannot read the configuration")?;
        Ok(Self { file: options.file.filter(|file| !file.is_empty()) })
    }
}

#[async_trait]
impl SinkPlugin for FileStreamSink {
    fn description(&self) -> Description {
        Description {
            class: "org.apache.kafka.connect.file.FileStreamSinkConnector",
            version: super::VERSION,
            kind: PluginType::Sink,
        }
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSinkTask"
    }

    fn definition(&self) -> Definition {
        Options::definition()
    }

    async fn start(
        &self,
        properties: &Properties,
        _context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>> {
        let options = Options::read(properties)?;
        info!(file = options.file.as_deref().unwrap_or("standard output"), "writes a file");
        Ok(Box::new(Same { properties: properties.clone(), count_max: usize::MAX }))
    }

    async fn task(
        &self,
        properties: &Properties,
        _context: Arc<dyn SinkContext>,
    ) -> Result<Box<dyn SinkTask>> {
        Ok(Box::new(task::Task::start(Options::read(properties)?).await?))
    }

    fn alter_offsets(
        &self,
        _properties: &Properties,
        _offsets: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        // They are Kafka's own; the file does not know them.
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
