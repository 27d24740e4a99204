//! Configuration: keys with Kafka's types, defaults, validators and documentation, and the values of them.
//!
//! One definition serves the parser, `/connector-plugins/{plugin}/config`, `/validate`, and the docs.

mod definition;
mod key;
mod parse;
mod validator;

use std::collections::BTreeMap;

pub use definition::{ConfigValue, Definition};
pub use key::{Class, Default, Importance, Key, Parsed, Password, Type, Width};
pub use parse::{FromParsed, Problem, Problems, Values};
pub use validator::Validator;

/// A configuration as users write it.
pub type Properties = BTreeMap<String, String>;

/// A configuration that is a type: `#[derive(Config)]` makes it of a struct.
pub trait Config: Sized {
    /// The keys.
    fn definition() -> Definition;
    /// Parses a configuration; every problem of it is in the error at once.
    fn parse(properties: &Properties) -> Result<Self, Problems>;
}
