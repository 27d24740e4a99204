//! What `/validate` and `/config` answer: keys, their values, and all that is wrong with them.

use api::config::{ConfigValue, Key};
use serde::Serialize;

/// The result of a validation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigInfos {
    /// The class of the connector as the configuration names it.
    pub name: String,
    /// How much is wrong.
    pub error_count: usize,
    /// The groups of the keys.
    pub groups: Vec<String>,
    /// The keys with their values.
    pub configs: Vec<ConfigInfo>,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigInfo {
    /// The key; none where nobody has defined it.
    pub definition: Option<ConfigKeyInfo>,
    /// The value.
    pub value: ConfigValueInfo,
}

/// A key of a configuration as REST shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigKeyInfo {
    /// The name.
    pub name: String,
    /// The type, in capitals.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether there is no default.
    pub required: bool,
    /// The default in the form that users write.
    pub default_value: Option<String>,
    /// How much it matters, in capitals.
    pub importance: &'static str,
    /// What it does.
    pub documentation: String,
    /// The group it is shown in.
    pub group: Option<String>,
    /// Its place in the group.
    pub order_in_group: i32,
    /// The width of its field, in capitals.
    pub width: &'static str,
    /// Its name in a form.
    pub display_name: String,
    /// The keys whose meaning depends on it.
    pub dependents: Vec<String>,
}

/// A value of a configuration as REST shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigValueInfo {
    /// The key.
    pub name: String,
    /// The value in the form that users write; a password is hidden.
    pub value: Option<String>,
    /// What may be recommended.
    pub recommended_values: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// Whether a form shows it.
    pub visible: bool,
}

impl ConfigInfos {
    /// Kafka's words for a configuration that is refused; `None`: nothing is wrong with it.
    pub fn refusal(&self) -> Option<String> {
        if self.error_count == 0 {
            return None;
        }
        let messages: Vec<&str> =
            self.configs.iter().flat_map(|config| config.value.errors.iter().map(String::as_str)).collect();
        Some(format!(
            "Connector configuration is invalid and contains the following {} error(s):\n{}\nYou can also find \
             the above list of errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`",
            self.error_count,
            messages.join("\n")
        ))
    }

    /// Adds the keys of a part of the connector, whose errors count once for each key that has some.
    pub(super) fn append(&mut self, configs: Vec<ConfigInfo>) {
        self.error_count += configs.iter().filter(|config| !config.value.errors.is_empty()).count();
        for config in &configs {
            let group = config.definition.as_ref().and_then(|definition| definition.group.as_ref());
            self.groups.extend(group.filter(|group| !self.groups.contains(group)).cloned());
        }
        self.configs.extend(configs);
    }
}

impl ConfigInfo {
    /// A key and its value, both under a prefix.
    pub(super) fn prefixed(prefix: &str, key: Option<&Key>, value: ConfigValue) -> Self {
        let definition = key.map(|key| {
            let mut info = ConfigKeyInfo::from(key);
            info.name.insert_str(0, prefix);
            info
        });
        let mut value = ConfigValueInfo::from(value);
        value.name.insert_str(0, prefix);
        Self { definition, value }
    }
}

impl From<&Key> for ConfigKeyInfo {
    fn from(key: &Key) -> Self {
        Self {
            name: key.name.to_string(),
            kind: key.kind.name(),
            required: key.required(),
            default_value: key.default_text(),
            importance: key.importance.name(),
            documentation: key.documentation.to_string(),
            group: key.group.as_ref().map(ToString::to_string),
            order_in_group: key.order_in_group,
            width: key.width.name(),
            display_name: key.display_name.to_string(),
            dependents: key.dependents.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<ConfigValue> for ConfigValueInfo {
    fn from(value: ConfigValue) -> Self {
        Self {
            name: value.name,
            value: value.value,
            recommended_values: value.recommended,
            errors: value.errors,
            visible: value.visible,
        }
    }
}
