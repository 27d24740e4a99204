//! The plugins that a worker is given.

use std::sync::Arc;

use crate::{
    ConverterPlugin, HeaderConverterPlugin, PredicatePlugin, SinkPlugin, SourcePlugin, TransformPlugin,
};

/// The kinds of plugins, in Kafka's words for `/connector-plugins`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PluginType {
    /// A sink connector.
    Sink,
    /// A source connector.
    Source,
    /// A converter of keys and values.
    Converter,
    /// A converter of headers.
    HeaderConverter,
    /// A transform of records.
    Transformation,
    /// A predicate of records.
    Predicate,
}

impl PluginType {
    /// The name in REST answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::Source => "source",
            Self::Converter => "converter",
            Self::HeaderConverter => "header_converter",
            Self::Transformation => "transformation",
            Self::Predicate => "predicate",
        }
    }
}

/// A plugin class by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Description {
    /// The full Java class name that users write.
    pub class: &'static str,
    /// The version that REST shows.
    pub version: &'static str,
    /// The kind of plugin.
    pub kind: PluginType,
}

impl Description {
    /// Whether a user means this class by `name`: its full name, its simple name, or that without the suffix
    /// of its kind (`FileStreamSource` for `…FileStreamSourceConnector`).
    pub fn answers_to(&self, name: &str) -> bool {
        let simple = self.class.rsplit('.').next().unwrap_or(self.class);
        let suffix = match self.kind {
            PluginType::Sink | PluginType::Source => "Connector",
            PluginType::Converter | PluginType::HeaderConverter => "Converter",
            PluginType::Transformation => "Transformation",
            PluginType::Predicate => "Predicate",
        };
        name == self.class || name == simple || Some(name) == simple.strip_suffix(suffix)
    }
}

/// Every plugin that the worker can run.
#[derive(Clone, Default)]
pub struct Registry {
    /// Source connectors.
    pub sources: Vec<Arc<dyn SourcePlugin>>,
    /// Sink connectors.
    pub sinks: Vec<Arc<dyn SinkPlugin>>,
    /// Converters of keys and values.
    pub converters: Vec<Arc<dyn ConverterPlugin>>,
    /// Converters of headers.
    pub header_converters: Vec<Arc<dyn HeaderConverterPlugin>>,
    /// Transforms.
    pub transforms: Vec<Arc<dyn TransformPlugin>>,
    /// Predicates.
    pub predicates: Vec<Arc<dyn PredicatePlugin>>,
}
