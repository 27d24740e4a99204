//! `#[derive(Config)]`: a configuration that is a struct.
//!
//! Every field is a key; its doc comment is the documentation that users see, its type the type of the key, and
//! `#[config(…)]` the rest. See `api::config::Config`.

mod expand;
mod literal;
mod options;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `api::config::Config` for a struct with named fields.
///
/// Options of `#[config(…)]` on a field, all of them optional:
/// * `name = "batch.size"`: the key; otherwise the field's name with `.` for `_`
/// * `default = 2000`, a literal in the form that users write, or `null`; without it the key is required, unless
///   the field is an `Option`, which is null by default
/// * `importance = high`, `medium` or `low` (the default)
/// * `validator = Validator::at_least(1)`: any expression of that type
/// * `group = "Common", order = 1`: the group in a form, and the place in it
/// * `width = short`, `medium` or `long`; `display = "Batch size"`: the field in a form
/// * `dependents = ["other.key"]`, `recommended = ["none", "all"]`
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::config(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[cfg(test)]
mod tests;
