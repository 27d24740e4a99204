//! Makes a topic of the cluster, or checks the one that is there.

use std::time::Duration;

use api::{Error, OrReaction, Result};
use kafka::{Admin, ConfigEntry, NewTopic, Producer, ResponseError};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::Spec;

const CLEANUP_POLICY: &str = "cleanup.policy";
const COMPACT: &str = "compact";
const CREATE_RETRY: Duration = Duration::from_secs(1);

/// Makes the topic unless it is there, checks it, and answers how many partitions it has.
pub(super) async fn ensure(admin: &Admin, producer: &Producer, spec: &Spec) -> Result<i32> {
    let refused = match create(admin, spec).await? {
        Created::Yes => "",
        Created::Refused => ", which the worker may not create",
    };
    let partitions = producer.partitions(&spec.topic, false).await;
    let partitions = partitions
        .or_retry(format_args!("cannot find topic `{}` (`{}topic`){refused}", spec.topic, spec.prefix))?;
    if spec.single && partitions > 1 {
        return Err(Error::fail(format!(
            "Topic '{}' supplied via the '{}topic' property is required to have a single partition in order to \
             guarantee consistency of connector configurations, but found {partitions} partitions.",
            spec.topic, spec.prefix
        )));
    }
    check_policy(admin, spec).await?;
    Ok(partitions)
}

/// Whether a topic was made.
enum Created {
    /// It was, or it is there.
    Yes,
    /// The worker has no right to. It may be there all the same.
    Refused,
}

async fn create(admin: &Admin, spec: &Spec) -> Result<Created> {
    let topic = new_topic(spec);
    let deadline = Instant::now() + spec.patience;
    let mut told = false;
    loop {
        let error = match admin.create_topic(&topic).await {
            Ok(()) => {
                info!(topic = %spec.topic, "created a topic of the cluster");
                return Ok(Created::Yes);
            }
            Err(error) => error,
        };
        match error.code() {
            Some(ResponseError::TopicAlreadyExists) => return Ok(Created::Yes),
            Some(ResponseError::TopicAuthorizationFailed | ResponseError::ClusterAuthorizationFailed) => {
                info!(topic = %spec.topic, key = format!("{}topic", spec.prefix), %error, "may not create the topic");
                return Ok(Created::Refused);
            }
            Some(ResponseError::InvalidReplicationFactor) if Instant::now() < deadline => {
                if !std::mem::replace(&mut told, true) {
                    warn!(
                        topic = %spec.topic, %error,
                        "too few brokers for `{}replication.factor`; waiting for more", spec.prefix
                    );
                }
                sleep(CREATE_RETRY).await;
            }
            Some(ResponseError::InvalidReplicationFactor) => {
                return Err(error).or_fail(format_args!(
                    "cannot create topic `{}`: `{}replication.factor` asks for more copies ({}) than there are brokers; \
                     hint: start more, or set it to -1 for the default of the brokers",
                    spec.topic,
                    spec.prefix,
                    spec.replication_factor.unwrap_or(-1)
                ));
            }
            _ => {
                return Err(error).or_fail(format_args!(
                    "cannot create topic `{}` with the settings under `{}`",
                    spec.topic, spec.prefix
                ));
            }
        }
    }
}

fn new_topic(spec: &Spec) -> NewTopic {
    let mut configs = spec.settings.clone();
    let unwanted =
        [configs.insert(CLEANUP_POLICY.to_owned(), COMPACT.to_owned()), configs.remove("partitions")];
    if unwanted.iter().flatten().any(|value| value != COMPACT) {
        warn!(
            "`{}{CLEANUP_POLICY}` and `{}partitions` of a topic of the cluster cannot be chosen freely",
            spec.prefix, spec.prefix
        );
    }
    NewTopic {
        name: spec.topic.to_string(),
        partitions: if spec.single { Some(1) } else { spec.partitions },
        replication_factor: spec.replication_factor,
        configs,
    }
}

/// A topic that is not compacted, or not only, loses what the cluster needs.
async fn check_policy(admin: &Admin, spec: &Spec) -> Result<()> {
    let configs = match admin.topic_configs(&spec.topic).await {
        Ok(configs) => configs,
        Err(error) => {
            warn!(topic = %spec.topic, %error, "cannot check `{CLEANUP_POLICY}` of a topic of the cluster");
            return Ok(());
        }
    };
    let policy = |entry: &&ConfigEntry| entry.name == CLEANUP_POLICY;
    let Some(policy) = configs.iter().find(policy).and_then(|entry| entry.value.as_deref()) else {
        warn!(topic = %spec.topic, "the broker does not tell `{CLEANUP_POLICY}` of a topic of the cluster");
        return Ok(());
    };
    if policy.split(',').map(str::trim).all(|word| word == COMPACT) {
        return Ok(());
    }
    let Spec { topic, prefix, .. } = spec;
    let purpose = purpose(prefix);
    Err(Error::fail(format!(
        "Topic '{topic}' supplied via the '{prefix}topic' property is required to have '{CLEANUP_POLICY}={COMPACT}' to \
         guarantee consistency and durability of {purpose}, but found the topic currently has \
         '{CLEANUP_POLICY}={policy}'. Continuing would likely result in eventually losing {purpose} and problems \
         restarting this Connect cluster in the future. Change the '{prefix}topic' property in the Connect worker \
         configurations to use a topic with '{CLEANUP_POLICY}={COMPACT}'."
    )))
}

/// What a topic is for, in Kafka's words.
fn purpose(prefix: &str) -> &'static str {
    match prefix {
        "config.storage." => "connector configurations",
        "offset.storage." => "source connector offsets",
        _ => "connector and task statuses",
    }
}
