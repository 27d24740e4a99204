//! Definitions: the keys of a configuration in order.

use super::{Key, Parsed, Problems, Properties, Values};

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

impl Definition {
    /// A definition without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, whose name is new and whose default is one of its values.
    #[must_use]
    pub fn define(mut self, key: Key) -> Self {
        debug_assert!(self.key(&key.name).is_none(), "configuration {} is defined twice", key.name);
        debug_assert!(key.required() || value(&key, None).1.is_empty(), "default of {}", key.name);
        self.keys.push(key);
        self
    }

    /// Adds the keys of another definition behind its own.
    #[must_use]
    pub fn extend(self, other: Self) -> Self {
        other.keys.into_iter().fold(self, Self::define)
    }

    /// The key of a name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Every key with its value, default or not, and all that is wrong with it.
    ///
    /// As in Kafka a value that cannot be parsed is null for the validator, which may find that wrong as well.
    pub fn validate(&self, properties: &Properties) -> Vec<ConfigValue> {
        self.keys.iter().map(|key| validated(key, properties)).collect()
    }

    /// The value of every key; where nothing may come twice in a list, what does is read once, as in Kafka, whose
    /// [`Definition::validate`] refuses it.
    ///
    /// # Errors
    /// Every problem of the configuration, one for each key that has one.
    pub fn parse(&self, properties: &Properties) -> Result<Values, Problems> {
        let mut values = Values::default();
        let mut problems = Vec::new();
        for key in &self.keys {
            let text = properties.get(&*key.name).map(String::as_str);
            let value = key.parse(text).map(|value| key.distinct(value));
            match value.and_then(|value| key.check(&value).map(|()| value)) {
                Ok(value) => values.insert(key.name.clone(), value),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
    }
}

impl FromIterator<Key> for Definition {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        keys.into_iter().fold(Self::new(), Self::define)
    }
}

fn validated(key: &Key, properties: &Properties) -> ConfigValue {
    let (value, errors) = value(key, properties.get(&*key.name).map(String::as_str));
    ConfigValue {
        name: key.name.to_string(),
        value: value.text(),
        recommended: key.recommended.clone(),
        errors,
        visible: true,
    }
}

/// The value of a key, null if it cannot be parsed, and what is wrong with it.
fn value(key: &Key, text: Option<&str>) -> (Parsed, Vec<String>) {
    let mut errors = Vec::new();
    let value = key.parse(text).unwrap_or_else(|problem| {
        errors.push(problem.message);
        Parsed::Null
    });
    errors.extend(key.check(&value).err().map(|problem| problem.message));
    (value, errors)
}
