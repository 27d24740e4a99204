//! The plugins of the worker: found by class name or alias, and listed as REST shows them.

mod nearest;
mod version;

use std::sync::Arc;

use api::config::{ConfigValue, Definition, Properties};
use api::{
    ConverterPlugin, Description, HeaderConverterPlugin, PluginType, PredicatePlugin, Registry, SinkPlugin,
    SourcePlugin, TransformPlugin,
};
use serde::Serialize;

use nearest::nearest;
pub(crate) use version::Version;

/// A plugin in the answer to `/connector-plugins`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PluginInfo {
    /// The full class name.
    pub class: &'static str,
    /// The kind, in Kafka's word.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The version.
    pub version: &'static str,
}

/// A class of connectors.
#[derive(Clone)]
pub enum ConnectorPlugin {
    /// A source connector.
    Source(Arc<dyn SourcePlugin>),
    /// A sink connector.
    Sink(Arc<dyn SinkPlugin>),
}

/// Why a class cannot be had. `Display` is what the user reads.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// No class has the name.
    #[error(
        "Failed to find any class that implements Connector and which name matches {name}, available connectors \
         are: {}{}{}", .available.join(", "), if .nearest.is_some() { "." } else { "" }, hint(.nearest.as_deref())
    )]
    UnknownConnector {
        /// The name that was asked for.
        name: String,
        /// The classes there are.
        available: Vec<&'static str>,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// Several classes have the alias.
    #[error(
        "More than one connector matches alias {name}. Please use full package and class name instead. Classes \
         found: {}", .classes.join(", ")
    )]
    Ambiguous {
        /// The alias that was asked for.
        name: String,
        /// The classes that have it.
        classes: Vec<&'static str>,
    },
    /// No plugin of any kind has the name.
    #[error("Unknown plugin {name}.{}", hint(.nearest.as_deref()))]
    UnknownPlugin {
        /// The name that was asked for.
        name: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
}

impl ConnectorPlugin {
    /// Finds a class of connectors by its full name or an alias that only it has.
    ///
    /// # Errors
    /// No class has the name, or several have.
    pub fn find(registry: &Registry, name: &str) -> Result<Self, Error> {
        let all = connectors(registry);
        if let Some(exact) = all.iter().find(|plugin| plugin.description().class == name) {
            return Ok(exact.clone());
        }
        let mut found: Vec<Self> =
            all.iter().filter(|plugin| plugin.description().answers_to(name)).cloned().collect();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => Err(Error::Ambiguous {
                name: name.to_owned(),
                classes: found.iter().chain([&last]).map(|plugin| plugin.description().class).collect(),
            }),
            (None, _) => Err(unknown_connector(name, &all)),
        }
    }

    /// Class and version.
    pub fn description(&self) -> Description {
        match self {
            Self::Source(plugin) => plugin.description(),
            Self::Sink(plugin) => plugin.description(),
        }
    }

    /// The connector's own configuration keys.
    pub fn definition(&self) -> Definition {
        match self {
            Self::Source(plugin) => plugin.definition(),
            Self::Sink(plugin) => plugin.definition(),
        }
    }

    /// The class of its tasks.
    pub fn task_class(&self) -> &'static str {
        match self {
            Self::Source(plugin) => plugin.task_class(),
            Self::Sink(plugin) => plugin.task_class(),
        }
    }

    /// The values of its own keys and all that is wrong with them.
    pub(crate) fn validate(&self, properties: &Properties) -> Vec<ConfigValue> {
        let mut values = self.definition().validate(properties);
        match self {
            Self::Source(plugin) => plugin.validate(properties, &mut values),
            Self::Sink(plugin) => plugin.validate(properties, &mut values),
        }
        values
    }
}

/// The class of converters that a user means by a name.
pub fn converter<'a>(registry: &'a Registry, name: &str) -> Option<&'a Arc<dyn ConverterPlugin>> {
    pick(&registry.converters, |plugin| plugin.description(), name)
}

/// The class of header converters that a user means by a name.
pub fn header_converter<'a>(
    registry: &'a Registry,
    name: &str,
) -> Option<&'a Arc<dyn HeaderConverterPlugin>> {
    pick(&registry.header_converters, |plugin| plugin.description(), name)
}

/// The class of transforms that a user means by a name.
pub fn transform<'a>(registry: &'a Registry, name: &str) -> Option<&'a Arc<dyn TransformPlugin>> {
    pick(&registry.transforms, |plugin| plugin.description(), name)
}

/// The class of predicates that a user means by a name.
pub fn predicate<'a>(registry: &'a Registry, name: &str) -> Option<&'a Arc<dyn PredicatePlugin>> {
    pick(&registry.predicates, |plugin| plugin.description(), name)
}

/// The own keys of a class that is no connector.
pub(crate) fn definition(registry: &Registry, name: &str) -> Option<Definition> {
    converter(registry, name)
        .map(|plugin| plugin.definition())
        .or_else(|| header_converter(registry, name).map(|plugin| plugin.definition()))
        .or_else(|| transform(registry, name).map(|plugin| plugin.definition()))
        .or_else(|| predicate(registry, name).map(|plugin| plugin.definition()))
}

/// All plugins or only the connectors, in Kafka's order: by kind, then by class.
pub fn list(registry: &Registry, connectors_only: bool) -> Vec<PluginInfo> {
    let mut descriptions = descriptions(registry);
    descriptions
        .retain(|plugin| !connectors_only || matches!(plugin.kind, PluginType::Sink | PluginType::Source));
    descriptions.into_iter().map(PluginInfo::from).collect()
}

/// What a class of converters is called that a user may have meant.
pub(crate) fn nearest_converter(registry: &Registry, name: &str) -> Option<&'static str> {
    nearest(name, registry.converters.iter().map(|plugin| plugin.description().class))
}

/// What a class of header converters is called that a user may have meant.
pub(crate) fn nearest_header_converter(registry: &Registry, name: &str) -> Option<&'static str> {
    nearest(name, registry.header_converters.iter().map(|plugin| plugin.description().class))
}

/// What a class of transforms or predicates is called that a user may have meant.
pub(crate) fn nearest_of(registry: &Registry, kind: PluginType, name: &str) -> Option<&'static str> {
    nearest(name, classes(registry, kind))
}

/// The classes of a kind, in Kafka's order.
pub(crate) fn classes(registry: &Registry, kind: PluginType) -> impl Iterator<Item = &'static str> {
    descriptions(registry).into_iter().filter(move |plugin| plugin.kind == kind).map(|plugin| plugin.class)
}

/// The versions of a class, one for each kind of plugin that it is.
pub(crate) fn versions(registry: &Registry, class: &str) -> Vec<&'static str> {
    let all = descriptions(registry).into_iter();
    all.filter(|plugin| plugin.class == class).map(|plugin| plugin.version).collect()
}

/// The error for a name that no plugin of any kind has.
pub(crate) fn unknown(registry: &Registry, name: &str) -> Error {
    let classes = descriptions(registry);
    let nearest = nearest(name, classes.iter().map(|plugin| plugin.class)).map(str::to_owned);
    Error::UnknownPlugin { name: name.to_owned(), nearest }
}

/// Words for the class that was probably meant.
pub(crate) fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |class| format!(" Did you mean {class}?"))
}

impl From<Description> for PluginInfo {
    fn from(description: Description) -> Self {
        Self { class: description.class, kind: description.kind.name(), version: description.version }
    }
}

fn pick<'a, P: ?Sized>(
    plugins: &'a [Arc<P>],
    describe: impl Fn(&P) -> Description,
    name: &str,
) -> Option<&'a Arc<P>> {
    let exact = plugins.iter().find(|plugin| describe(plugin.as_ref()).class == name);
    exact.or_else(|| plugins.iter().find(|plugin| answers_to(describe(plugin.as_ref()), name)))
}

/// Whether a class is meant by an alias. A class within another (`Cast$Value`) has none, as in Java.
fn answers_to(description: Description, name: &str) -> bool {
    description.answers_to(name) && !description.class.contains('$')
}

fn connectors(registry: &Registry) -> Vec<ConnectorPlugin> {
    let sinks = registry.sinks.iter().cloned().map(ConnectorPlugin::Sink);
    sinks.chain(registry.sources.iter().cloned().map(ConnectorPlugin::Source)).collect()
}

fn descriptions(registry: &Registry) -> Vec<Description> {
    let mut all: Vec<Description> = connectors(registry).iter().map(ConnectorPlugin::description).collect();
    all.extend(registry.transforms.iter().map(|plugin| plugin.description()));
    all.extend(registry.predicates.iter().map(|plugin| plugin.description()));
    all.extend(registry.converters.iter().map(|plugin| plugin.description()));
    all.extend(registry.header_converters.iter().map(|plugin| plugin.description()));
    all.sort_by_key(|plugin| (place(plugin.kind), plugin.class));
    all
}

/// The place of a kind in Kafka's list of all plugins.
fn place(kind: PluginType) -> usize {
    match kind {
        PluginType::Sink => 0,
        PluginType::Source => 1,
        PluginType::Transformation => 2,
        PluginType::Predicate => 3,
        PluginType::Converter => 4,
        PluginType::HeaderConverter => 5,
    }
}

fn unknown_connector(name: &str, all: &[ConnectorPlugin]) -> Error {
    let mut available: Vec<&'static str> = all.iter().map(|plugin| plugin.description().class).collect();
    available.sort_unstable();
    let nearest = nearest(name, available.iter().copied()).map(str::to_owned);
    Error::UnknownConnector { name: name.to_owned(), available, nearest }
}

#[cfg(test)]
mod tests;
