//! FileStreamSource: the lines of a file, one record each.

mod block;
mod pread;
mod readers;
mod stream;
mod tail;
mod task;
mod watch;

use std::sync::Arc;

use api::config::{Config, Definition, Properties, Validator};
use api::{
    Connector, ConnectorContext, Description, Error, OrReaction, PluginType, Result, SourceContext,
    SourceOffset, SourcePartition, SourcePlugin, SourceTask,
};
use async_trait::async_trait;
use serde_json::Value as Json;
use tracing::info;

use self::readers::Readers;
use self::watch::Watch;
use super::Same;

/// The key of a source partition: the file.
const FILENAME: &str = "filename";
/// The key of an offset: the bytes before the next line.
const POSITION: &str = "position";

/// The class of connectors that read lines of a file or of standard input.
pub(crate) struct FileStreamSource {
    shared: Shared,
}

/// What all tasks share.
#[derive(Clone, Default)]
struct Shared {
    /// The threads that read.
    readers: Readers,
    /// The files that nothing comes from.
    watch: Watch,
}

#[derive(Clone, Config, Debug)]
struct Options {
    /// Source filename. If not specified, the standard input will be used
    #[config(importance = high)]
    file: Option<String>,
    /// The topic to publish data to
    #[config(importance = high, validator = Validator::non_empty())]
    topic: String,
    /// The maximum number of records the source task can read from the file each time it is polled
    #[config(name = "batch.size", default = 2000)]
    batch_size: i32,
}

impl Options {
    fn read(properties: &Properties) -> Result<Self> {
        let mut options = Self::parse(properties).or_fail("cannot read the configuration")?;
        options.file = options.file.filter(|file| !file.is_empty());
        Ok(options)
    }
}

impl FileStreamSource {
    pub(super) fn new() -> Self {
        Self { shared: Shared::default() }
    }
}

#[async_trait]
impl SourcePlugin for FileStreamSource {
    fn description(&self) -> Description {
        Description {
            class: "org.apache.kafka.connect.file.FileStreamSourceConnector",
            version: super::VERSION,
            kind: PluginType::Source,
        }
    }

    fn task_class(&self) -> &'static str {
        "org.apache.kafka.connect.file.FileStreamSourceTask"
    }

    fn definition(&self) -> Definition {
        Options::definition()
    }

    /// A file that is only appended to; standard input has no offsets.
    fn exactly_once(&self, properties: &Properties) -> Option<bool> {
        Some(properties.get("file").is_some_and(|file| !file.trim().is_empty()))
    }

    async fn start(
        &self,
        properties: &Properties,
        _context: Arc<dyn ConnectorContext>,
    ) -> Result<Box<dyn Connector>> {
        let options = Options::read(properties)?;
        info!(file = options.file.as_deref().unwrap_or("standard input"), "reads a file");
        // A file has one reader, however many tasks are allowed.
        Ok(Box::new(Same { properties: properties.clone(), count_max: 1 }))
    }

    async fn task(&self, properties: &Properties, context: SourceContext) -> Result<Box<dyn SourceTask>> {
        let options = Options::read(properties)?;
        Ok(Box::new(task::Task::start(options, &context, self.shared.clone()).await?))
    }

    fn alter_offsets(
        &self,
        properties: &Properties,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        if Options::read(properties)?.file.is_none() {
            return Err(Error::fail(
                "Offsets cannot be modified if the 'file' configuration is unspecified. \
                 This is because stdin is used for input and offsets are not tracked.",
            ));
        }
        for (partition, offset) in offsets {
            // Whatever is there may be removed.
            if let Some(offset) = offset {
                check_offset(partition, offset)?;
            }
        }
        Ok(true)
    }
}

/// Checks an offset that a user wants to set, in Kafka's words and order.
fn check_offset(partition: &SourcePartition, offset: &SourceOffset) -> Result<()> {
    let Some(position) = offset.0.get(POSITION) else {
        return Err(Error::fail("Offset objects should either be null or contain the key 'position'"));
    };
    match position.as_i64() {
        None => {
            Err(Error::fail("The value for the 'position' key in the offset is expected to be a Long value"))
        }
        Some(..0) => {
            Err(Error::fail("The value for the 'position' key in the offset should be a non-negative value"))
        }
        Some(_) if !partition.0.contains_key(FILENAME) => {
            Err(Error::fail("Partition objects should contain the key 'filename'"))
        }
        Some(_) => Ok(()),
    }
}

/// The position that a committed offset holds; `None`: it holds none.
fn committed_position(offset: &SourceOffset) -> Result<Option<u64>> {
    match offset.0.get(POSITION) {
        None | Some(Json::Null) => Ok(None),
        Some(position) => match position.as_i64() {
            Some(position) => Ok(Some(position.try_into().unwrap_or(0))),
            None => Err(Error::fail("Offset position is the incorrect type")),
        },
    }
}

#[cfg(test)]
mod tests;
