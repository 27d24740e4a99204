//! Which settings of the Kafka clients a connector may override.

use std::str::FromStr;

use api::config::{ConfigValue, Parsed, Properties};

use super::clients::{self, Client};
use super::infos::ConfigInfo;

/// Kafka's `connector.client.config.override.policy`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum OverridePolicy {
    /// Every setting, the default.
    #[default]
    All,
    /// No setting.
    None,
    /// Only who the client is: `sasl.jaas.config`, `sasl.mechanism` and `security.protocol`.
    Principal,
    /// The settings of `connector.client.config.override.allowlist`.
    Allowlist(Vec<String>),
}

const PRINCIPAL: [&str; 3] = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];
const POLICY: &str = "connector.client.config.override.policy";
const ALLOWLIST: &str = "connector.client.config.override.allowlist";

impl OverridePolicy {
    /// The policy of a worker.
    ///
    /// # Errors
    /// The worker names a policy that there is not.
    pub fn of(worker: &Properties) -> Result<Self, String> {
        let Some(name) = worker.get(POLICY) else { return Ok(Self::default()) };
        let policy = name.trim().parse()?;
        let Self::Allowlist(_) = policy else { return Ok(policy) };
        let allowed = worker.get(ALLOWLIST).map_or("", String::as_str).split(',').map(str::trim);
        Ok(Self::Allowlist(allowed.filter(|name| !name.is_empty()).map(str::to_owned).collect()))
    }

    fn allows(&self, setting: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Principal => PRINCIPAL.contains(&setting),
            Self::Allowlist(allowed) => allowed.iter().any(|name| name == setting),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::All => "All",
            Self::None => "None",
            Self::Principal => "Principal",
            Self::Allowlist(_) => "Allowlist",
        }
    }
}

impl FromStr for OverridePolicy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let simple = name.strip_prefix("org.apache.kafka.connect.connector.policy.").unwrap_or(name);
        match simple.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(simple) {
            "All" => Ok(Self::All),
            "None" => Ok(Self::None),
            "Principal" => Ok(Self::Principal),
            "Allowlist" => Ok(Self::Allowlist(Vec::new())),
            _ => Err(format!(
                "Invalid value {name} for configuration {POLICY}: there is All, None, Principal and Allowlist"
            )),
        }
    }
}

/// The settings of a client that a connector overrides, each with its definition and what is wrong with it.
pub(super) fn check(policy: &OverridePolicy, client: Client, properties: &Properties) -> Vec<ConfigInfo> {
    let prefix = client.prefix();
    let settings = properties.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    settings
        .map(|(name, value)| {
            let key = clients::key(client, name);
            ConfigInfo::prefixed(prefix, key, checked(policy, client, name, value))
        })
        .collect()
}

fn checked(policy: &OverridePolicy, client: Client, name: &str, value: &str) -> ConfigValue {
    // A value that is not of the type of its key ends the validation in Java, with status 500.
    let (shown, wrong) = match clients::key(client, name) {
        Some(key) => match Parsed::parse(key.kind, &format!("{}{name}", client.prefix()), value) {
            Ok(parsed) => (parsed.text(), None),
            Err(problem) => (Some(value.to_owned()), Some(problem.message)),
        },
        None => (Some(value.to_owned()), None),
    };
    let refused = (!policy.allows(name)).then(|| {
        let policy = policy.name();
        format!(
            "The '{policy}' policy does not allow '{name}' to be overridden in the connector configuration."
        )
    });
    ConfigValue {
        name: name.to_owned(),
        value: shown,
        recommended: Vec::new(),
        errors: refused.into_iter().chain(wrong).collect(),
        visible: true,
    }
}
