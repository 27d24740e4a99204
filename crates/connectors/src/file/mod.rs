//! Lines of files: FileStreamSource and FileStreamSink, with the names, keys and offsets of Apache Kafka.

mod identity;
mod offload;
mod sink;
mod source;

use std::sync::Arc;

use api::config::Properties;
use api::{Connector, Registry, Result};
use async_trait::async_trait;

use sink::FileStreamSink;
use source::FileStreamSource;

/// The version of Apache Kafka whose connectors these are.
const VERSION: &str = "4.3.1";

/// Adds the connectors of files.
pub(crate) fn register(registry: &mut Registry) {
    registry.sources.push(Arc::new(FileStreamSource::new()));
    registry.sinks.push(Arc::new(FileStreamSink));
}

/// A connector whose tasks all have its own configuration.
struct Same {
    properties: Properties,
    count_max: usize,
}

#[async_trait]
impl Connector for Same {
    async fn split(&mut self, tasks_max: usize) -> Result<Vec<Properties>> {
        Ok(vec![self.properties.clone(); tasks_max.min(self.count_max)])
    }
}
