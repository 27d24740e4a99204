//! The keys of worker properties that a worker of a cluster has beside the others.

use std::collections::BTreeMap;
use std::time::Duration;

use api::config::{Config as _, Parsed, Problem, Problems, Properties, Validator};

use crate::cluster::assignor::{Balance, Moves, Policy};
use crate::cluster::protocol::Protocol;
use crate::cluster::signature::{Algorithm, SessionKey};
use crate::cluster::topic::Spec;
use crate::validate::rules;

/// How long lost work is held back at most when `scheduled.rebalance.max.delay.ms` does not say, where Java waits for
/// five minutes.
const MAX_DELAY_MS: i32 = 3_000;
/// The least bits of a key for signatures, as Java has it.
const KEY_BITS_MIN: i32 = 40;
/// How long brokers are waited for that a new topic needs (Kafka's `default.api.timeout.ms`).
const PATIENCE: Duration = Duration::from_secs(60);

/// The values of worker properties in distributed mode.
#[derive(Clone, api::config::Config, Debug)]
pub struct DistributedKeys {
    /// The name of the group that all workers of the cluster are in.
    #[config(importance = high, validator = Validator::non_empty())]
    pub group_id: String,
    /// How long the group waits for a word of a worker before it goes on without it.
    #[config(default = 10000, importance = high, validator = Validator::at_least(1))]
    pub session_timeout_ms: i32,
    /// How often a worker tells the group that it is there.
    #[config(default = 3000, importance = high, validator = Validator::at_least(1))]
    pub heartbeat_interval_ms: i32,
    /// How long the group waits for its workers to end what they give up.
    #[config(default = 60000, importance = high, validator = Validator::at_least(1))]
    pub rebalance_timeout_ms: i32,
    /// How workers agree: eager, compatible or sessioned.
    #[config(default = "sessioned", validator = protocol())]
    pub connect_protocol: String,
    /// How long the work of a worker that is gone is kept for it. 3000 if not set; Java's default is 300000.
    #[config(validator = Validator::at_least(0).or_null())]
    pub scheduled_rebalance_max_delay_ms: Option<i32>,
    /// What workers are to have as much of as each other: tasks (count), as in Java, or what tasks take of a processor
    /// (load). The leader's value counts, and workers tell their loads only with load.
    #[config(default = "count", validator = Validator::one_of_ignoring_case(["COUNT", "LOAD"]))]
    pub assignment_balance: String,
    /// What becomes of a request that changes something while the group shares out: it waits (queue), or is refused
    /// with 409 as by Java's workers (reject).
    #[config(default = "queue", validator = Validator::one_of_ignoring_case(["QUEUE", "REJECT"]))]
    pub rest_conflict_mode: String,
    /// How long reading the topic of configurations may take before the group goes on.
    #[config(default = 3000, validator = Validator::at_least(0))]
    pub worker_sync_timeout_ms: i32,
    /// The topic of configurations.
    #[config(importance = high, validator = Validator::non_empty())]
    pub config_storage_topic: String,
    /// How many copies a new topic of configurations has; -1 for the broker's default.
    #[config(default = 3, validator = rules::replication_factor())]
    pub config_storage_replication_factor: i16,
    /// The topic of the offsets of sources.
    #[config(importance = high, validator = Validator::non_empty())]
    pub offset_storage_topic: String,
    /// How many partitions a new topic of offsets has; -1 for the broker's default.
    #[config(default = 25, validator = rules::partitions())]
    pub offset_storage_partitions: i32,
    /// How many copies a new topic of offsets has; -1 for the broker's default.
    #[config(default = 3, validator = rules::replication_factor())]
    pub offset_storage_replication_factor: i16,
    /// The topic of statuses.
    #[config(importance = high, validator = Validator::non_empty())]
    pub status_storage_topic: String,
    /// How many partitions a new topic of statuses has; -1 for the broker's default.
    #[config(default = 5, validator = rules::partitions())]
    pub status_storage_partitions: i32,
    /// How many copies a new topic of statuses has; -1 for the broker's default.
    #[config(default = 3, validator = rules::replication_factor())]
    pub status_storage_replication_factor: i16,
    /// Whether sources write exactly once: disabled, preparing or enabled.
    #[config(default = "disabled", importance = high, validator = Validator::one_of_ignoring_case(["DISABLED", "PREPARING", "ENABLED"]))]
    pub exactly_once_source_support: String,
    /// The algorithm that the keys of requests between workers are made for.
    #[config(default = "HmacSHA256")]
    pub inter_worker_key_generation_algorithm: String,
    /// The bits of such a key; by default those that the algorithm is made for.
    #[config(validator = Validator::at_least(KEY_BITS_MIN).or_null())]
    pub inter_worker_key_size: Option<i32>,
    /// How long such a key is used; 0 for ever.
    #[config(default = 3600000, validator = Validator::at_least(0))]
    pub inter_worker_key_ttl_ms: i32,
    /// The algorithm that requests between workers are signed with.
    #[config(default = "HmacSHA256")]
    pub inter_worker_signature_algorithm: String,
    /// The algorithms of signatures that are accepted.
    #[config(default = "HmacSHA256")]
    pub inter_worker_verification_algorithms: Vec<String>,
}

/// How requests between workers are signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signing {
    /// The algorithm that keys are made for.
    pub key_algorithm: Algorithm,
    /// The bits of a key; `None` for those of the algorithm.
    pub key_bits: Option<u32>,
    /// How long a key is used, in milliseconds; 0 for ever.
    pub key_ttl_ms: i64,
    /// The algorithm of signatures.
    pub algorithm: Algorithm,
    /// The algorithms that are accepted.
    pub accepted: Vec<Algorithm>,
}

/// `exactly.once.source.support`: a cluster goes from one to the next, with all of its workers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExactlyOnce {
    /// Sources write at least once.
    Disabled,
    /// The leader writes the configurations in transactions, so that one that was replaced writes nothing any more.
    Preparing,
    /// Sources write exactly once, too.
    Enabled,
}

/// The configuration of a worker's place in its cluster.
#[derive(Clone, Debug)]
pub struct Distributed {
    /// `group.id`.
    pub group: String,
    /// `session.timeout.ms`.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `rebalance.timeout.ms`.
    pub rebalance_timeout: Duration,
    /// `connect.protocol`.
    pub protocol: Protocol,
    /// How it shares out when it leads.
    pub policy: Policy,
    /// Whether `rest.conflict.mode` is `reject`.
    pub rejects_conflicts: bool,
    /// `worker.sync.timeout.ms`.
    pub sync_timeout: Duration,
    /// The topic of configurations.
    pub configs: Spec,
    /// The topic of offsets.
    pub offsets: Spec,
    /// The topic of statuses.
    pub statuses: Spec,
    /// How requests between workers are signed.
    pub signing: Signing,
    /// Whether sources write exactly once.
    pub exactly_once: ExactlyOnce,
}

impl Signing {
    /// How long a key is good for yet; none of one that has to be made anew, as it is old or was made for other
    /// settings.
    pub fn left(&self, key: &SessionKey, now_ms: i64) -> Option<Duration> {
        if key.algorithm != self.key_algorithm || key.size() != self.key_algorithm.key_size(self.key_bits) {
            return None;
        }
        if self.key_ttl_ms == 0 {
            return Some(Duration::MAX);
        }
        let left_ms = key.created_ms.saturating_add(self.key_ttl_ms).saturating_sub(now_ms);
        u64::try_from(left_ms).ok().filter(|left_ms| *left_ms > 0).map(Duration::from_millis)
    }
}

impl DistributedKeys {
    /// Time enough for a worker that is started anew, and short beside the time it takes to miss one.
    fn max_delay_ms(&self) -> i32 {
        let default = (self.session_timeout_ms / 5).min(MAX_DELAY_MS);
        self.scheduled_rebalance_max_delay_ms.unwrap_or(default)
    }

    fn exactly_once(&self) -> ExactlyOnce {
        match self.exactly_once_source_support.to_ascii_lowercase().as_str() {
            "preparing" => ExactlyOnce::Preparing,
            "enabled" => ExactlyOnce::Enabled,
            // The validator takes nothing else.
            _ => ExactlyOnce::Disabled,
        }
    }

    fn balance(&self) -> Balance {
        if self.assignment_balance.eq_ignore_ascii_case("load") { Balance::Load } else { Balance::Count }
    }
}

impl Distributed {
    /// What names the transactions of a task to the brokers, as in Kafka.
    pub fn transactional_id(&self, connector: &str, task: u32) -> String {
        format!("{}-{connector}-{task}", self.group)
    }

    /// What names those of the leader.
    pub fn leader_transactional_id(&self) -> Option<String> {
        (self.exactly_once != ExactlyOnce::Disabled).then(|| format!("connect-cluster-{}", self.group))
    }

    /// Takes worker properties.
    ///
    /// # Errors
    /// Values are wrong: all that are, at once.
    pub fn parse(properties: &Properties) -> Result<Self, Problems> {
        let keys = DistributedKeys::parse(properties)?;
        let signing = signing(&keys);
        let mut problems = wrong(&keys);
        let signing = match signing {
            Ok(signing) if problems.is_empty() => signing,
            Ok(_) => return Err(Problems(problems)),
            Err(problem) => {
                problems.push(problem);
                return Err(Problems(problems));
            }
        };
        Ok(Self::of(&keys, properties, signing))
    }

    fn of(keys: &DistributedKeys, properties: &Properties, signing: Signing) -> Self {
        let spec = |prefix: &'static str, topic: &str, partitions: i32, copies: i16| Spec {
            topic: topic.into(),
            prefix,
            partitions: (partitions != -1).then_some(partitions),
            replication_factor: (copies != -1).then_some(copies),
            settings: settings(properties, prefix),
            single: prefix == "config.storage.",
            patience: PATIENCE,
        };
        let millis = |ms: i32| Duration::from_millis(ms.unsigned_abs().into());
        Self {
            group: keys.group_id.clone(),
            session_timeout: millis(keys.session_timeout_ms),
            heartbeat_interval: millis(keys.heartbeat_interval_ms),
            rebalance_timeout: millis(keys.rebalance_timeout_ms),
            protocol: Protocol::from_config(&keys.connect_protocol).unwrap_or(Protocol::Sessioned),
            policy: Policy {
                max_delay_ms: keys.max_delay_ms(),
                moves: Moves::AfterMembership,
                balance: keys.balance(),
            },
            rejects_conflicts: keys.rest_conflict_mode.eq_ignore_ascii_case("reject"),
            sync_timeout: millis(keys.worker_sync_timeout_ms),
            configs: spec(
                "config.storage.",
                &keys.config_storage_topic,
                1,
                keys.config_storage_replication_factor,
            ),
            offsets: spec(
                "offset.storage.",
                &keys.offset_storage_topic,
                keys.offset_storage_partitions,
                keys.offset_storage_replication_factor,
            ),
            statuses: spec(
                "status.storage.",
                &keys.status_storage_topic,
                keys.status_storage_partitions,
                keys.status_storage_replication_factor,
            ),
            signing,
            exactly_once: keys.exactly_once(),
        }
    }
}

/// What is wrong beyond single values.
fn wrong(keys: &DistributedKeys) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |key: &str, value: &dyn std::fmt::Display, reason: &str| {
        problems.push(Problem::invalid(key, value, reason));
    };
    let topics = [
        ("config.storage.topic", &keys.config_storage_topic),
        ("offset.storage.topic", &keys.offset_storage_topic),
        ("status.storage.topic", &keys.status_storage_topic),
    ];
    for (index, (key, topic)) in topics.iter().enumerate() {
        if let Some((other, _)) = topics[..index].iter().find(|(_, other)| other == topic) {
            wrong(key, topic, &format!("{other} names the same topic, and each needs one of its own"));
        }
    }
    if keys.heartbeat_interval_ms >= keys.session_timeout_ms {
        let reason = "Heartbeats must come more often than session.timeout.ms";
        wrong("heartbeat.interval.ms", &keys.heartbeat_interval_ms, reason);
    }
    problems
}

/// What `connect.protocol` may be.
fn protocol() -> Validator {
    Validator::new("(case insensitive) [EAGER, COMPATIBLE, SESSIONED]", |key, value| match value {
        Parsed::String(name) if Protocol::from_config(name).is_none() => {
            Err(Problem::invalid(key, name, "Invalid Connect protocol compatibility").message)
        }
        _ => Ok(()),
    })
}

fn signing(keys: &DistributedKeys) -> Result<Signing, Problem> {
    let algorithm =
        |key: &str, name: &str| name.parse::<Algorithm>().map_err(|error| Problem::invalid(key, name, error));
    let verification = "inter.worker.verification.algorithms";
    let accepted = keys.inter_worker_verification_algorithms.iter();
    let accepted: Vec<Algorithm> =
        accepted.map(|name| algorithm(verification, name)).collect::<Result<_, _>>()?;
    if accepted.is_empty() {
        let reason = "At least one signature verification algorithm must be provided";
        return Err(Problem::invalid(verification, "[]", reason));
    }
    let signature = "inter.worker.signature.algorithm";
    let own = algorithm(signature, &keys.inter_worker_signature_algorithm)?;
    if !accepted.contains(&own) {
        let reason = format!("Signature algorithm must be present in {verification} list");
        return Err(Problem::invalid(signature, own.name(), &reason));
    }
    Ok(Signing {
        key_algorithm: algorithm(
            "inter.worker.key.generation.algorithm",
            &keys.inter_worker_key_generation_algorithm,
        )?,
        key_bits: keys.inter_worker_key_size.and_then(|bits| u32::try_from(bits).ok()),
        key_ttl_ms: keys.inter_worker_key_ttl_ms.into(),
        algorithm: own,
        accepted,
    })
}

/// The settings of a new topic: what stands behind the prefix and is not a key of the worker's own.
fn settings(properties: &Properties, prefix: &str) -> BTreeMap<String, String> {
    let own = ["topic", "partitions", "replication.factor"];
    let setting = |(key, value): (&String, &String)| {
        let name = key.strip_prefix(prefix).filter(|name| !own.contains(name))?;
        Some((name.to_owned(), value.clone()))
    };
    properties.iter().filter_map(setting).collect()
}
