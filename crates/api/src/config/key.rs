//! Keys of a configuration and the values they take.

use std::borrow::Cow;
use std::fmt;

use super::Validator;

/// The types of configuration values, as in Kafka's `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Type {
    /// `true` or `false` in any case.
    Boolean,
    /// Text, trimmed.
    String,
    /// 32 bits, signed.
    Int,
    /// 16 bits, signed.
    Short,
    /// 64 bits, signed.
    Long,
    /// A floating point number.
    Double,
    /// Items between commas, each trimmed.
    List,
    /// The name of a class.
    Class,
    /// Text that is never shown.
    Password,
}

/// How much a key matters to most users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Importance {
    /// Most users set it.
    High,
    /// Some users set it.
    Medium,
    /// Few users set it.
    Low,
}

/// How wide its field is in a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// Not said.
    None,
    /// A few characters.
    Short,
    /// Some words.
    Medium,
    /// A line.
    Long,
}

/// What a key is when the configuration does not name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Default {
    /// There is none: the key is required.
    Required,
    /// Null.
    Null,
    /// A value in the form that users write.
    Value(Cow<'static, str>),
}

/// A key of a configuration.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name.
    pub name: Cow<'static, str>,
    /// The type of its value.
    pub kind: Type,
    /// What it is when not named.
    pub default: Default,
    /// What else its value has to be.
    pub validator: Option<Validator>,
    /// How much it matters.
    pub importance: Importance,
    /// What it does, for users.
    pub documentation: Cow<'static, str>,
    /// The group it is shown in.
    pub group: Option<Cow<'static, str>>,
    /// Its place in the group; -1 without a group.
    pub order_in_group: i32,
    /// The width of its field.
    pub width: Width,
    /// Its name in a form.
    pub display_name: Cow<'static, str>,
    /// The keys whose meaning depends on it.
    pub dependents: Vec<Cow<'static, str>>,
    /// Values to be recommended, in the form that users write.
    pub recommended: Vec<String>,
}

/// A parsed value.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// Null, the default of some keys.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// STRING.
    String(String),
    /// INT.
    Int(i32),
    /// SHORT.
    Short(i16),
    /// LONG.
    Long(i64),
    /// DOUBLE.
    Double(f64),
    /// LIST.
    List(Vec<String>),
    /// CLASS.
    Class(Class),
    /// PASSWORD.
    Password(Password),
}

/// The name of a class, not resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Class(pub String);

/// Text that neither `Debug` nor `Display` shows (invariant 8).
#[derive(Clone, Eq, PartialEq)]
pub struct Password(String);

impl Password {
    /// Hides a text.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Key {
    /// A key of a type without default, of low importance and without a group.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Type) -> Self {
        let name = name.into();
        Self {
            display_name: name.clone(),
            name,
            kind,
            default: Default::Required,
            validator: None,
            importance: Importance::Low,
            documentation: Cow::Borrowed(""),
            group: None,
            order_in_group: -1,
            width: Width::None,
            dependents: Vec::new(),
            recommended: Vec::new(),
        }
    }
}
