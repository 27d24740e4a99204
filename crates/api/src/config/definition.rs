//! Definitions: the keys of a configuration in order.

use super::Key;

/// The keys of a configuration, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The keys.
    pub keys: Vec<Key>,
}

/// The value of a key as `/validate` shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// The value in the form that users write; a password is hidden.
    pub value: Option<String>,
    /// What may be recommended.
    pub recommended: Vec<String>,
    /// What is wrong with it, in Kafka's words.
    pub errors: Vec<String>,
    /// Whether a form shows it.
    pub visible: bool,
}
