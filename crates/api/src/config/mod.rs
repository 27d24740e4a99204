//! Configuration: keys with Kafka's types, defaults, validators and documentation, and the values of them.
//!
//! One definition serves the parser, `/connector-plugins/{plugin}/config`, `/validate`, and the docs.

mod definition;
mod key;
mod parsed;
mod problem;
mod validator;
mod values;

use std::collections::BTreeMap;

pub use api_derive::Config;
pub use definition::{ConfigValue, Definition};
pub use key::{Default, Importance, Key, Type, Width};
pub use parsed::{Class, Parsed, Password};
pub use problem::{Problem, Problems};
pub use validator::{Number, Validator};
pub use values::{FromParsed, Values};

/// A configuration as users write it.
pub type Properties = BTreeMap<String, String>;

/// A configuration that is a type: `#[derive(Config)]` makes it of a struct.
pub trait Config: Sized {
    /// The keys.
    fn definition() -> Definition;
    /// Parses a configuration; every problem of it is in the error at once.
    fn parse(properties: &Properties) -> Result<Self, Problems>;
}

#[cfg(test)]
mod tests;
