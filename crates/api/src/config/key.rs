//! Keys of a configuration.

use std::borrow::Cow;

use super::{FromParsed, Parsed, Problem, Validator};

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

impl Type {
    /// Kafka's name, as REST shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }
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

impl Importance {
    /// Kafka's name, as REST shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
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

impl Width {
    /// Kafka's name, as REST shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Short => "SHORT",
            Self::Medium => "MEDIUM",
            Self::Long => "LONG",
        }
    }
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

    /// A key for values of a type of Rust; one of `Option` is null by default.
    pub fn of<T: FromParsed>(name: impl Into<Cow<'static, str>>) -> Self {
        let key = Self::new(name, T::KIND);
        if T::NULLABLE { key.nullable() } else { key }
    }

    /// Sets the default, in the form that users write.
    #[must_use]
    pub fn default(mut self, value: impl Into<Cow<'static, str>>) -> Self {
        self.default = Default::Value(value.into());
        self
    }

    /// Makes null the default, so that the key may be left out.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.default = Default::Null;
        self
    }

    /// Sets what else the value has to be.
    #[must_use]
    pub fn validator(mut self, validator: Validator) -> Self {
        self.validator = Some(validator);
        self
    }

    /// Sets how much it matters.
    #[must_use]
    pub fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Sets what it does, for users.
    #[must_use]
    pub fn documentation(mut self, documentation: impl Into<Cow<'static, str>>) -> Self {
        self.documentation = documentation.into();
        self
    }

    /// Puts it into a group, at a place.
    #[must_use]
    pub fn group(mut self, group: impl Into<Cow<'static, str>>, order: i32) -> Self {
        self.group = Some(group.into());
        self.order_in_group = order;
        self
    }

    /// Sets the width of its field.
    #[must_use]
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// Sets its name in a form.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.display_name = name.into();
        self
    }

    /// Sets the keys whose meaning depends on it.
    #[must_use]
    pub fn dependents<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.dependents = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the values to be recommended, in the form that users write.
    #[must_use]
    pub fn recommended<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.recommended = values.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a configuration has to name it.
    pub fn required(&self) -> bool {
        self.default == Default::Required
    }

    /// The default as REST shows it; `None`: there is none, or it is null.
    pub fn default_text(&self) -> Option<String> {
        match &self.default {
            Default::Value(text) => Parsed::parse(self.kind, &self.name, text).ok()?.text(),
            Default::Null | Default::Required => None,
        }
    }

    /// The value of the key for what a configuration says about it, before its validator sees it.
    ///
    /// # Errors
    /// The key is required and not there, or its value is not of its type.
    pub(super) fn parse(&self, text: Option<&str>) -> Result<Parsed, Problem> {
        match (text, &self.default) {
            (Some(text), _) => Parsed::parse(self.kind, &self.name, text),
            (None, Default::Value(text)) => Parsed::parse(self.kind, &self.name, text),
            (None, Default::Null) => Ok(Parsed::Null),
            (None, Default::Required) => Err(Problem::missing(&self.name)),
        }
    }

    /// The value without what comes twice in it, if it is a list in which nothing may.
    pub(super) fn distinct(&self, value: Parsed) -> Parsed {
        match value {
            Parsed::List(items) if self.validator.as_ref().is_some_and(|validator| validator.distinct) => {
                let mut seen = std::collections::HashSet::new();
                Parsed::List(items.into_iter().filter(|item| seen.insert(item.clone())).collect())
            }
            value => value,
        }
    }

    /// Asks the validator about a value.
    pub(super) fn check(&self, value: &Parsed) -> Result<(), Problem> {
        let Some(validator) = &self.validator else { return Ok(()) };
        validator.check(&self.name, value).map_err(|message| Problem { key: self.name.to_string(), message })
    }
}
