//! The values of a configuration that was parsed.

use std::collections::BTreeMap;

use super::{Class, Parsed, Password, Problem, Type};

/// The parsed value of each key of a definition.
///
/// The getters answer `None` for null, for a key that the definition does not have, and for a key of another type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(BTreeMap<String, Parsed>);

impl Values {
    /// The parsed value of a key; `None`: the definition does not have the key.
    pub fn get(&self, key: &str) -> Option<&Parsed> {
        self.0.get(key)
    }

    /// The value of a key of type BOOLEAN.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.read(key)
    }

    /// The value of a key of type STRING.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Parsed::String(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a key of type INT.
    pub fn int(&self, key: &str) -> Option<i32> {
        self.read(key)
    }

    /// The value of a key of type SHORT.
    pub fn short(&self, key: &str) -> Option<i16> {
        self.read(key)
    }

    /// The value of a key of type LONG.
    pub fn long(&self, key: &str) -> Option<i64> {
        self.read(key)
    }

    /// The value of a key of type DOUBLE.
    pub fn double(&self, key: &str) -> Option<f64> {
        self.read(key)
    }

    /// The items of a key of type LIST; null has none.
    pub fn list(&self, key: &str) -> &[String] {
        match self.get(key) {
            Some(Parsed::List(items)) => items,
            _ => &[],
        }
    }

    /// The value of a key of type CLASS.
    pub fn class(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Parsed::Class(Class(name)) => Some(name),
            _ => None,
        }
    }

    /// The value of a key of type PASSWORD.
    pub fn password(&self, key: &str) -> Option<&Password> {
        match self.get(key)? {
            Parsed::Password(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a key as a type of Rust; `None`: it is not one of that type.
    pub fn read<T: FromParsed>(&self, key: &str) -> Option<T> {
        T::from_parsed(self.get(key)?)
    }

    /// The value of a key for a field of a struct.
    ///
    /// # Errors
    /// The value is none of the field's type, which its validator should have found.
    pub fn field<T: FromParsed>(&self, key: &str) -> Result<T, Problem> {
        let value = self.get(key).unwrap_or(&Parsed::Null);
        T::from_parsed(value).ok_or_else(|| Problem::invalid(key, value, "Value is not one of its field"))
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: impl Into<String>, value: Parsed) {
        self.0.insert(key.into(), value);
    }

    /// All keys and values by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parsed)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// A type that a field of a `#[derive(Config)]` struct may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a configuration",
    note = "allowed are bool, String, i16, i32, i64, f64, Vec<String>, Class, Password, and Option of each"
)]
pub trait FromParsed: Sized {
    /// The type of the key.
    const KIND: Type;
    /// Whether null is one of its values.
    const NULLABLE: bool = false;
    /// The value of the field; `None`: the parsed value is of another type.
    fn from_parsed(value: &Parsed) -> Option<Self>;
}

macro_rules! from_parsed {
    ($($type:ty => $kind:ident),* $(,)?) => {$(
        impl FromParsed for $type {
            const KIND: Type = Type::$kind;

            fn from_parsed(value: &Parsed) -> Option<Self> {
                match value {
                    Parsed::$kind(value) => Some(value.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

from_parsed! {
    bool => Boolean,
    String => String,
    i32 => Int,
    i16 => Short,
    i64 => Long,
    f64 => Double,
    Vec<String> => List,
    Class => Class,
    Password => Password,
}

impl<T: FromParsed> FromParsed for Option<T> {
    const KIND: Type = T::KIND;
    const NULLABLE: bool = true;

    fn from_parsed(value: &Parsed) -> Option<Self> {
        match value {
            Parsed::Null => Some(None),
            value => T::from_parsed(value).map(Some),
        }
    }
}
