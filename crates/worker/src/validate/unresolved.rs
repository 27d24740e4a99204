//! The validation of a configuration with variables: of what they stand for, told without that.

use std::borrow::Cow;

use api::Registry;
use api::config::Properties;

use super::infos::{ConfigInfo, ConfigInfos};
use super::{ConnectorConfig, Error, validate};
use crate::Config;
use crate::provider::{Resolved, Secrets};

/// Validates the configuration of a connector with values in place of its variables, and answers these, too.
///
/// The answer shows the variables, where a Java worker shows the values (invariant 8). May block.
///
/// # Errors
/// A variable cannot be resolved, or there is no class to validate for. All else that is wrong is in the answer.
pub fn validate_unresolved(
    registry: &Registry,
    worker: &Config,
    config: &ConnectorConfig,
) -> Result<(ConfigInfos, Resolved), Error> {
    let properties: Properties =
        config.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let resolved = worker.providers.resolve(&properties)?;
    let nulls = config.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| (key.clone(), None));
    let values = resolved.properties.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    let secrets = worker.providers.secrets();
    let infos = validate(registry, &worker.originals, &values.chain(nulls).collect());
    let mut infos = infos.map_err(|error| error.hidden(secrets))?;
    if !resolved.values.is_empty() {
        hide(&mut infos, &properties, &resolved, secrets);
    }
    Ok((infos, resolved))
}

impl Error {
    fn hidden(self, secrets: &Secrets) -> Self {
        match self {
            Self::Class(error) => Self::HiddenClass(secrets.hide(&error.to_string()).into_owned()),
            other => other,
        }
    }
}

fn hide(infos: &mut ConfigInfos, config: &Properties, resolved: &Resolved, secrets: &Secrets) {
    if let Some(class) = config.get("connector.class") {
        infos.name.clone_from(class);
    }
    infos.groups.iter_mut().for_each(|group| hide_in(group, secrets));
    for ConfigInfo { definition, value } in &mut infos.configs {
        if resolved.values.contains_key(&value.name) {
            let (text, own) = (&config[&value.name], &resolved.properties[&value.name]);
            for error in &mut value.errors {
                *error = quoting(error, own, text);
            }
            if value.value.as_deref().is_some_and(|value| value != "[hidden]") {
                value.value = Some(text.clone());
            }
        }
        // Aliases become parts of names, and what one key says the default of another.
        let texts = [&mut value.name].into_iter().chain(&mut value.value).chain(&mut value.errors);
        texts.for_each(|text| hide_in(text, secrets));
        if let Some(key) = definition {
            let texts = [&mut key.name, &mut key.documentation, &mut key.display_name].into_iter();
            let texts = texts.chain(&mut key.default_value).chain(&mut key.group).chain(&mut key.dependents);
            texts.for_each(|text| hide_in(text, secrets));
        }
    }
}

fn hide_in(text: &mut String, secrets: &Secrets) {
    if let Cow::Owned(hidden) = secrets.hide(text) {
        *text = hidden;
    }
}

/// Kafka's words for a wrong value with the text of the configuration in place of the value, however short that is.
fn quoting(error: &str, value: &str, text: &str) -> String {
    let trimmed = value.trim();
    let list: Vec<&str> = value.split(',').map(str::trim).collect();
    let forms = [value.to_owned(), trimmed.to_owned(), format!("[{}]", list.join(", "))];
    let quoted = forms.iter().find_map(|form| {
        let rest = error.strip_prefix("Invalid value ")?.strip_prefix(form.as_str())?;
        rest.starts_with(" for configuration ").then(|| format!("Invalid value {text}{rest}"))
    });
    quoted.unwrap_or_else(|| error.to_owned())
}
