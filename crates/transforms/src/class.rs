//! A class of transforms: its name, its keys, and what makes a transform of their values.

use api::config::{Definition, Importance, Key, Problems, Properties, Type, Validator, Values};
use api::{Description, PluginType, Result, Transform, TransformPlugin};

/// The version of Kafka whose classes these are.
pub(crate) const VERSION: &str = "4.3.1";

/// Which part of a record a transform works on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// The key.
    Key,
    /// The value.
    Value,
}

type Configured = Result<Box<dyn Transform>, Problems>;

/// A class of transforms.
#[derive(Clone, Copy)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    pub(crate) keys: fn() -> Vec<Key>,
    pub(crate) configure: fn(&Values, Side) -> Configured,
}

impl TransformPlugin for Class {
    fn description(&self) -> Description {
        Description { class: self.name, version: VERSION, kind: PluginType::Transformation }
    }

    fn definition(&self) -> Definition {
        (self.keys)().into_iter().collect()
    }

    fn configure(&self, properties: &Properties) -> Configured {
        (self.configure)(&self.definition().parse(properties)?, self.side)
    }
}

/// The classes of a transform for keys and for values.
macro_rules! classes {
    ($name:literal, $keys:expr, $configure:expr) => {
        pub(crate) const CLASSES: [crate::class::Class; 2] = [
            crate::class::Class {
                name: concat!("org.apache.kafka.connect.transforms.", $name, "$Key"),
                side: crate::class::Side::Key,
                keys: $keys,
                configure: $configure,
            },
            crate::class::Class {
                name: concat!("org.apache.kafka.connect.transforms.", $name, "$Value"),
                side: crate::class::Side::Value,
                keys: $keys,
                configure: $configure,
            },
        ];
    };
}

pub(crate) use classes;

pub(crate) const REPLACE_NULL: &str = "replace.null.with.default";

/// The key that most transforms have in common.
pub(crate) fn replace_null_key() -> Key {
    Key::new(REPLACE_NULL, Type::Boolean).default("true").importance(Importance::Medium).documentation(
        "Whether to replace fields that have a default value and that are null to the default value. When set to \
         true, the default value is used, otherwise null is used.",
    )
}

/// The value of [`replace_null_key`].
pub(crate) fn replace_null(values: &Values) -> bool {
    values.boolean(REPLACE_NULL).unwrap_or(true)
}

/// A list of items, none of them empty or twice, as Kafka's `ConfigDef.ValidList` has it.
pub(crate) fn filled_list() -> Validator {
    Validator::distinct_list(false, false)
}

/// A list that is neither null nor empty, in the words of Kafka's `NonEmptyListValidator`.
pub(crate) fn non_empty_list() -> Validator {
    Validator::new("non-empty list", |key, value| match value {
        api::config::Parsed::List(items) if !items.is_empty() => Ok(()),
        other => Err(format!("Invalid value {other} for configuration {key}: Empty list")),
    })
}
