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
///
/// ```
/// use api::Config;
/// use api::config::{Properties, Validator};
///
/// #[derive(Config)]
/// struct Options {
///     /// The topic to publish data to
///     #[config(importance = high, validator = Validator::non_empty())]
///     topic: String,
///     /// The maximum number of records of a poll
///     #[config(default = 2000, validator = Validator::at_least(1))]
///     batch_size: i32,
///     /// Source filename. If not specified, the standard input will be used
///     file: Option<String>,
/// }
///
/// let options = Options::parse(&Properties::from([("topic".into(), "lines".into())]))?;
/// assert_eq!((options.topic.as_str(), options.batch_size, options.file), ("lines", 2000, None));
/// # Ok::<(), api::config::Problems>(())
/// ```
///
/// Null is a value of an `Option` only:
///
/// ```compile_fail,E0080
/// #[derive(api::Config)]
/// struct Options {
///     #[config(default = null)]
///     topic: String,
/// }
/// # <Options as api::Config>::definition();
/// ```
pub trait Config: Sized {
    /// The keys.
    fn definition() -> Definition;
    /// Parses a configuration; every problem of it is in the error at once.
    fn parse(properties: &Properties) -> Result<Self, Problems>;
}

#[cfg(test)]
mod tests;
