//! The keys of the source connectors: Confluent's, Aiven's, and those that only this one has.

use api::config::{Class, Config, Definition, Key, Password, Type, Validator};

use self::validators::{credentials_provider, enumeration, topic_prefix, zone};
use super::Flavour;
use super::columns;
use super::filter;

mod validators;

/// Confluent's keys, in its order.
#[derive(Clone, Config, Debug)]
pub(super) struct Confluent {
    /// The JDBC URL of the database, such as `jdbc:postgresql://localhost:5432/sales`
    #[config(default = "", importance = high, group = "Database", order = 1, width = long, display = "JDBC URL",
             dependents = ["table.whitelist", "table.blacklist"])]
    pub(super) connection_url: String,
    /// The user of the database
    #[config(importance = high, group = "Database", order = 2, width = long, display = "JDBC User")]
    pub(super) connection_user: Option<String>,
    /// The password of the user
    #[config(importance = high, group = "Database", order = 3, width = short, display = "JDBC Password")]
    pub(super) connection_password: Option<Password>,
    /// Classes of Java that hand out credentials cannot be loaded; only the default is allowed
    #[config(name = "jdbc.credentials.provider.class",
             default = "io.confluent.connect.jdbc.util.DefaultJdbcCredentialsProvider", group = "Database",
             order = 4, width = long, display = "JDBC Credentials Provider Class",
             validator = credentials_provider())]
    #[expect(dead_code, reason = "accepted, without a meaning here")]
    pub(super) credentials_provider: Class,
    /// How often a connection is tried before the connector fails
    #[config(default = 3, group = "Database", order = 5, width = short, display = "JDBC connection attempts",
             validator = Validator::at_least(1))]
    pub(super) connection_attempts: i32,
    /// Milliseconds between these attempts
    #[config(name = "connection.backoff.ms", default = 10000, group = "Database", order = 6, width = short,
             display = "JDBC connection backoff in milliseconds")]
    pub(super) connection_backoff_ms: i64,
    /// The tables to copy, by bare or qualified names; not together with `table.blacklist`
    #[config(default = "", importance = medium, group = "Database", order = 7, width = long,
             display = "Table Whitelist")]
    pub(super) table_whitelist: Vec<String>,
    /// The tables not to copy, by bare or qualified names; not together with `table.whitelist`
    #[config(default = "", importance = medium, group = "Database", order = 8, width = long,
             display = "Table Blacklist")]
    pub(super) table_blacklist: Vec<String>,
    /// Regular expressions that have to match the whole qualified name of a table to be copied
    #[config(default = "", importance = medium, group = "Database", order = 9, width = long,
             display = "Tables Included (Regex)", validator = filter::regexes())]
    pub(super) table_include_list: Vec<String>,
    /// Regular expressions that match the whole qualified names of included tables not to be copied
    #[config(default = "", importance = medium, group = "Database", order = 10, width = long,
             display = "Tables Excluded (Regex)", validator = filter::regexes())]
    pub(super) table_exclude_list: Vec<String>,
    /// The catalog in which tables are looked for, a LIKE pattern; null: any
    #[config(importance = medium, group = "Database", order = 11, width = short, display = "Schema pattern")]
    pub(super) catalog_pattern: Option<String>,
    /// The schema in which tables are looked for, a LIKE pattern; null: any
    #[config(importance = high, group = "Database", order = 12, width = short, display = "Schema pattern")]
    pub(super) schema_pattern: Option<String>,
    /// Deprecated: true is `numeric.mapping` precision_only
    #[config(default = false, group = "Database", order = 13, width = short,
             display = "Map Numeric Values By Precision (deprecated)")]
    pub(super) numeric_precision_mapping: bool,
    /// What NUMERIC columns become: Decimals (`none`), integers where the scale is 0 (`precision_only`), integers and
    /// doubles where they hold all digits (`best_fit`), or doubles for every scale (`best_fit_eager_double`)
    #[config(group = "Database", order = 14, width = short,
             display = "Map Numeric Values, Integral or Decimal, By Precision and Scale",
             validator = enumeration(&["none", "precision_only", "best_fit", "best_fit_eager_double"]).or_null(),
             recommended = ["none", "precision_only", "best_fit", "best_fit_eager_double"])]
    pub(super) numeric_mapping: Option<String>,
    /// The dialect, which the URL names as well
    #[config(default = "", group = "Database", order = 15, width = long, display = "Database Dialect")]
    pub(super) dialect_name: String,
    /// The calendar of days before 1582-10-15: that of Java's old classes, or the Gregorian one for all days
    #[config(default = "LEGACY", group = "Database", order = 16, width = medium,
             display = "Date Calendar System",
             validator = Validator::one_of(["LEGACY", "PROLEPTIC_GREGORIAN"]))]
    pub(super) date_calendar_system: String,
    /// How new rows are found: `bulk` (all rows each time), `incrementing` (a column that only grows), `timestamp` (a
    /// column with the time of the last change), or `timestamp+incrementing` (both)
    #[config(default = "", importance = high, group = "Mode", order = 1, width = medium,
             display = "Table Loading Mode",
             validator = Validator::one_of(["", "bulk", "timestamp", "incrementing", "timestamp+incrementing"]),
             dependents = ["incrementing.column.name", "timestamp.column.name", "incrementing.column.mapping",
                           "timestamp.columns.mapping", "validate.non.null"])]
    pub(super) mode: String,
    /// The column that only grows; empty: the one that the database counts up
    #[config(default = "", importance = medium, group = "Mode", order = 2, width = medium,
             display = "Incrementing Column Name")]
    pub(super) incrementing_column_name: String,
    /// The columns with the time of the last change; the first that is not null counts
    #[config(default = "", importance = medium, group = "Mode", order = 3, width = medium,
             display = "Timestamp Column Name")]
    pub(super) timestamp_column_name: Vec<String>,
    /// Timestamp columns by tables: `regex:[column|column],regex:[column]`
    #[config(default = "", importance = medium, group = "Mode", order = 4, width = long,
             display = "Table to timestamp columns mappings", validator = columns::timestamps())]
    pub(super) timestamp_columns_mapping: Vec<String>,
    /// Incrementing columns by tables: `regex:column,regex:column`
    #[config(default = "", importance = medium, group = "Mode", order = 5, width = long,
             display = "Table to incrementing column mappings", validator = columns::incrementing())]
    pub(super) incrementing_column_mapping: Vec<String>,
    /// Milliseconds since 1970 from which on rows are read at first; -1: from now on
    #[config(group = "Mode", order = 6, width = medium, display = "Unix time value of initial timestamp")]
    pub(super) timestamp_initial: Option<i64>,
    /// Whether the connector refuses incrementing and timestamp columns that may be null
    #[config(default = true, group = "Mode", order = 7, width = short, display = "Validate Non Null")]
    pub(super) validate_non_null: bool,
    /// A query to run instead of copying whole tables; a WHERE is added to it unless the mode is bulk
    #[config(default = "", importance = medium, group = "Mode", order = 8, width = short, display = "Query")]
    pub(super) query: String,
    /// The same as `query`, never shown
    #[config(default = "", importance = medium, group = "Mode", order = 9, width = short,
             display = "Query (Masked)")]
    pub(super) query_masked: Password,
    /// Whether names are quoted in SQL
    #[config(name = "quote.sql.identifiers", default = "ALWAYS", importance = medium, group = "Mode", order = 10,
             width = medium, display = "Quote Identifiers", validator = enumeration(&["always", "never"]),
             recommended = ["always", "never"])]
    pub(super) quote_sql_identifiers: String,
    /// Text behind every query
    #[config(default = "", group = "Mode", order = 11, width = medium, display = "Query suffix")]
    pub(super) query_suffix: String,
    /// The isolation of the transactions that read
    #[config(default = "DEFAULT", group = "Mode", order = 12, width = medium,
             display = "Transaction Isolation Mode",
             validator = enumeration(&["default", "read_uncommitted", "read_committed", "repeatable_read",
                                       "serializable", "sql_server_snapshot"]),
             recommended = ["DEFAULT", "READ_UNCOMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE",
                            "SQL_SERVER_SNAPSHOT"])]
    pub(super) transaction_isolation_mode: String,
    /// How often a query that fails is tried again; not above 0: without end
    #[config(default = -1, group = "Mode", order = 13, width = medium, display = "Query Retry Attempts")]
    pub(super) query_retry_attempts: i32,
    /// The types of tables to copy, such as TABLE, VIEW, PARTITIONED TABLE or MATERIALIZED VIEW
    #[config(default = "TABLE", group = "Connector", order = 1, width = medium, display = "Table Types")]
    pub(super) table_types: Vec<String>,
    /// Milliseconds between two queries of a table
    #[config(default = 5000, name = "poll.interval.ms", importance = high, group = "Connector", order = 2,
             width = short, display = "Poll Interval (ms)")]
    pub(super) poll_interval_ms: i32,
    /// The most rows of a batch, which also ends at about a megabyte
    #[config(default = 1000, group = "Connector", order = 3, width = short, display = "Max Rows Per Batch")]
    pub(super) batch_max_rows: i32,
    /// Accepted, without a meaning here: a batch is all that is buffered
    #[config(default = 0, group = "Connector", order = 4, width = short, display = "Maximum Buffer Size")]
    #[expect(dead_code, reason = "accepted, without a meaning here")]
    pub(super) max_buffer_size: i32,
    /// Accepted, without a meaning here: rows go on as soon as they are read
    #[config(name = "poll.linger.ms", default = 5000, group = "Connector", order = 5, width = short,
             display = "Poll Linger Milliseconds")]
    #[expect(dead_code, reason = "accepted, without a meaning here")]
    pub(super) poll_linger_ms: i64,
    /// Milliseconds between two looks for new and dropped tables
    #[config(name = "table.poll.interval.ms", default = 60000, group = "Connector", order = 6, width = short,
             display = "Metadata Change Monitoring Interval (ms)")]
    pub(super) table_poll_interval_ms: i64,
    /// What stands before the bare name of a table in the name of its topic; with a query the whole name
    #[config(default = "", importance = high, group = "Connector", order = 7, width = medium,
             display = "Topic Prefix", validator = topic_prefix())]
    pub(super) topic_prefix: String,
    /// Milliseconds that a row has to be old to be read in the modes with timestamps
    #[config(name = "timestamp.delay.interval.ms", default = 0, importance = high, group = "Connector", order = 8,
             width = medium, display = "Delay Interval (ms)")]
    pub(super) timestamp_delay_ms: i64,
    /// The zone of the database's columns and literals that have none
    #[config(default = "UTC", importance = medium, group = "Connector", order = 9, width = medium,
             display = "DB time zone", validator = zone())]
    pub(super) db_timezone: String,
    /// What timestamps become: Kafka's Timestamp (`connect_logical`), or micro- or nanoseconds since 1970 as number or
    /// text, or ISO text in the zone of the database
    #[config(default = "connect_logical", group = "Connector", order = 10, width = medium,
             display = "Timestamp granularity for timestamp columns", validator = enumeration(GRANULARITIES),
             recommended = ["connect_logical", "micros_long", "micros_string", "micros_iso_datetime_string",
                            "nanos_long", "nanos_string", "nanos_iso_datetime_string"])]
    pub(super) timestamp_granularity: String,
}

const GRANULARITIES: &[&str] = &[
    "connect_logical",
    "micros_long",
    "micros_string",
    "micros_iso_datetime_string",
    "nanos_long",
    "nanos_string",
    "nanos_iso_datetime_string",
];

/// Keys that neither of the two has.
#[derive(Clone, Config, Debug)]
pub(super) struct Additions {
    /// What is done about transactions that are open and may commit rows behind those that are read: `wait` for them
    /// before rows are read that could be ahead of theirs, or `ignore` them as Java does
    #[config(default = "wait", group = "Ferroduct", order = 1, width = short, display = "Late Commits",
             validator = Validator::one_of(["wait", "ignore"]), recommended = ["wait", "ignore"])]
    pub(super) late_commits: String,
    /// What becomes of columns whose type Java drops: `include` them as arrays and text, or `drop` them
    #[config(default = "include", group = "Ferroduct", order = 2, width = short, display = "Unsupported Columns",
             validator = Validator::one_of(["include", "drop"]), recommended = ["include", "drop"])]
    pub(super) unsupported_columns: String,
    /// The key of records: `none`, or a struct of the columns of the table's primary key (`primary_key`)
    #[config(default = "none", group = "Ferroduct", order = 3, width = short, display = "Record Key",
             validator = Validator::one_of(["none", "primary_key"]), recommended = ["none", "primary_key"])]
    pub(super) record_key: String,
    /// How many values of the incrementing column one range has where several tasks read a table for the first time,
    /// in mode incrementing; 0: one task reads a table
    #[config(default = 0, group = "Ferroduct", order = 4, width = medium, display = "Initial Load Range",
             validator = Validator::at_least(0))]
    pub(super) initial_load_range: i64,
}

/// Keys of Aiven's connector that Confluent's does not have under the same name.
const AIVEN_ONLY: &[&str] =
    &["sql.quote.identifiers", "timestamp.initial.ms", "incrementing.initial", "table.names.qualify"];
/// Keys of Confluent's connector that Aiven's does not have.
const CONFLUENT_ONLY: &[&str] = &[
    "jdbc.credentials.provider.class",
    "table.include.list",
    "table.exclude.list",
    "date.calendar.system",
    "timestamp.columns.mapping",
    "incrementing.column.mapping",
    "timestamp.initial",
    "query.masked",
    "quote.sql.identifiers",
    "query.suffix",
    "transaction.isolation.mode",
    "query.retry.attempts",
    "max.buffer.size",
    "poll.linger.ms",
    "timestamp.granularity",
];

/// Keys of the configuration of a task, which the connector adds.
pub(super) const TABLES: &str = "tables";
pub(super) const TABLES_FETCHED: &str = "tables.fetched";
/// All tables whose first load is shared, the task's place among those that share it, and how many do.
pub(super) const LOAD_TABLES: &str = "initial.load.tables";
pub(super) const LOAD_INDEX: &str = "initial.load.index";
pub(super) const LOAD_COUNT: &str = "initial.load.count";

/// The keys of a flavour.
pub(super) fn definition(flavour: Flavour) -> Definition {
    let confluent = Confluent::definition();
    let definition = match flavour {
        Flavour::Confluent => confluent,
        Flavour::Aiven => confluent
            .keys
            .into_iter()
            .filter(|key| !CONFLUENT_ONLY.contains(&&*key.name))
            .map(as_aiven)
            .chain(aiven_only())
            .collect(),
    };
    definition.extend(Additions::definition())
}

/// A key that both have, with Aiven's default.
fn as_aiven(key: Key) -> Key {
    match &*key.name {
        "batch.max.rows" => key.default("100"),
        "connection.url" | "topic.prefix" => Key { default: api::config::Default::Required, ..key },
        "numeric.mapping" => key
            .validator(enumeration(&["none", "precision_only", "best_fit"]).or_null())
            .recommended(["none", "precision_only", "best_fit"]),
        _ => key,
    }
}

fn aiven_only() -> [Key; 4] {
    [
        Key::new("sql.quote.identifiers", Type::Boolean)
            .default("true")
            .documentation("Whether names are quoted in SQL")
            .group("Mode", 10),
        Key::new("timestamp.initial.ms", Type::Long)
            .default("0")
            .documentation("Milliseconds since 1970 behind which rows are read at first; may be below 0")
            .group("Mode", 11),
        Key::new("incrementing.initial", Type::Long)
            .default("-1")
            .documentation("The value of the incrementing column behind which rows are read at first")
            .group("Mode", 12),
        Key::new("table.names.qualify", Type::Boolean)
            .default("true")
            .documentation("Whether names of tables are qualified in SQL")
            .group("Mode", 13),
    ]
}

/// Whether a key belongs to this connector's own properties, not to the driver's.
pub(super) fn known(name: &str) -> bool {
    Confluent::definition().key(name).is_some() || AIVEN_ONLY.contains(&name)
}
