//! The keys of a consumer.

use std::{sync::Arc, time::Duration};

use super::reader::Reader;

/// Where to begin in a partition without a committed offset (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OffsetReset {
    /// With the oldest record.
    Earliest,
    /// With the next record to come.
    Latest,
    /// Nowhere: it is an error.
    None,
}

/// Which records of transactions are seen (`isolation.level`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IsolationLevel {
    /// All of them.
    ReadUncommitted,
    /// Those of committed transactions, up to the last stable offset.
    ReadCommitted,
}

/// The default of `fetch.max.bytes` and `max.partition.fetch.bytes`. Java's 50 MiB and 1 MiB are a bound on
/// memory and one on speed; with one answer ahead of the caller, 4 MiB is the better trade for both.
const FETCH_BYTES: i64 = 4 * 1024 * 1024;

/// How to read. Names are Kafka's, and so are the defaults but for the sizes of a fetch.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerOptions {
    /// `group.id`; empty when there is none.
    pub group_id: Arc<str>,
    /// `group.instance.id`: a member that keeps its partitions over a restart.
    pub group_instance_id: Option<Arc<str>>,
    /// The client id that the group knows the member by, where it is another than the client's. Not a key.
    pub member_client_id: Option<Arc<str>>,
    /// `auto.offset.reset`.
    pub auto_offset_reset: OffsetReset,
    /// `session.timeout.ms`: the group gives a silent member up after this.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`: also the time the group waits for members to join.
    pub max_poll_interval: Duration,
    /// `max.poll.records`: records are handed over batch by batch, so this bounds nothing here.
    pub max_poll_records: usize,
    /// `partition.assignment.strategy`: names of assignors (`range`, `cooperative-sticky`), most wanted first.
    pub assignment_strategies: Vec<Box<str>>,
    /// `fetch.min.bytes`: the broker waits until it has so much, or until `fetch_max_wait`.
    pub fetch_min_bytes: usize,
    /// `fetch.max.bytes`: the most bytes of one answer (more only for a single large batch), and how many may
    /// be waiting for the caller before no more is asked for.
    pub fetch_max_bytes: usize,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait: Duration,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch_bytes: usize,
    /// `isolation.level`.
    pub isolation_level: IsolationLevel,
    /// `client.rack`.
    pub client_rack: Arc<str>,
    /// `check.crcs`.
    pub check_crcs: bool,
    /// `allow.auto.create.topics`.
    pub allow_auto_create_topics: bool,
    /// `exclude.internal.topics`: a pattern does not match Kafka's own topics.
    pub exclude_internal_topics: bool,
    /// `default.api.timeout.ms`.
    pub default_api_timeout: Duration,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        ConsumerOptions::read(&mut Reader::new(&super::BTreeMap::new()))
    }
}

impl ConsumerOptions {
    pub(super) fn read(reader: &mut Reader<'_>) -> ConsumerOptions {
        refuse(reader);
        let options = ConsumerOptions {
            group_id: reader.text("group.id").unwrap_or_default().into(),
            group_instance_id: reader.text("group.instance.id").map(Arc::from),
            member_client_id: None,
            auto_offset_reset: offset_reset(reader),
            session_timeout: reader.millis("session.timeout.ms", 45_000),
            heartbeat_interval: reader.millis("heartbeat.interval.ms", 3_000),
            max_poll_interval: reader.millis("max.poll.interval.ms", 300_000),
            max_poll_records: reader.bytes("max.poll.records", 500, 1),
            assignment_strategies: assignment_strategies(reader),
            fetch_min_bytes: reader.bytes("fetch.min.bytes", 1, 0),
            fetch_max_bytes: reader.bytes("fetch.max.bytes", FETCH_BYTES, 0),
            fetch_max_wait: reader.millis("fetch.max.wait.ms", 500),
            max_partition_fetch_bytes: reader.bytes("max.partition.fetch.bytes", FETCH_BYTES, 0),
            isolation_level: isolation_level(reader),
            client_rack: reader.text("client.rack").unwrap_or_default().into(),
            check_crcs: reader.boolean("check.crcs").unwrap_or(true),
            allow_auto_create_topics: reader.boolean("allow.auto.create.topics").unwrap_or(true),
            exclude_internal_topics: reader.boolean("exclude.internal.topics").unwrap_or(true),
            default_api_timeout: reader.millis("default.api.timeout.ms", 60_000),
        };
        if options.heartbeat_interval >= options.session_timeout {
            reader.problem("heartbeat.interval.ms", "expected less than `session.timeout.ms`");
        }
        options
    }
}

fn refuse(reader: &mut Reader<'_>) {
    reader.refuse_java_class("interceptor.classes");
    // Offsets are committed by whoever uses the records; Connect's own consumers never commit by themselves.
    reader.ignore(&[
        "key.deserializer",
        "value.deserializer",
        "enable.auto.commit",
        "auto.commit.interval.ms",
    ]);
    reader.choice("group.protocol", (), &[("classic", ())]);
}

fn offset_reset(reader: &mut Reader<'_>) -> OffsetReset {
    let choices =
        [("latest", OffsetReset::Latest), ("earliest", OffsetReset::Earliest), ("none", OffsetReset::None)];
    reader.choice("auto.offset.reset", OffsetReset::Latest, &choices)
}

fn isolation_level(reader: &mut Reader<'_>) -> IsolationLevel {
    let choices = [
        ("read_uncommitted", IsolationLevel::ReadUncommitted),
        ("read_committed", IsolationLevel::ReadCommitted),
    ];
    reader.choice("isolation.level", IsolationLevel::ReadUncommitted, &choices)
}

/// Java's assignor classes by the names they have in the group protocol.
const ASSIGNORS: [(&str, &str); 2] = [
    ("org.apache.kafka.clients.consumer.RangeAssignor", "range"),
    ("org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "cooperative-sticky"),
];

fn assignment_strategies(reader: &mut Reader<'_>) -> Vec<Box<str>> {
    const KEY: &str = "partition.assignment.strategy";
    let mut strategies: Vec<Box<str>> = Vec::new();
    for class in reader.list(KEY) {
        match ASSIGNORS.iter().find(|(java, name)| class == *java || class == *name) {
            Some((_, name)) => strategies.push((*name).into()),
            None => reader.problem(
                KEY,
                format_args!("expected RangeAssignor or CooperativeStickyAssignor of Kafka, got `{class}`"),
            ),
        }
    }
    if strategies.is_empty() {
        strategies = ASSIGNORS.iter().map(|(_, name)| (*name).into()).collect();
    }
    strategies
}
