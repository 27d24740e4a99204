//! What a configuration says, whichever connector's keys it has.

use std::time::Duration;

use api::config::{Config, Properties};
use api::{Error, OrReaction, Result};
use tracing::warn;

use super::Flavour;
use super::columns::Columns;
use super::config::{Additions, Confluent, definition, known};
use super::filter::{Filter, whole};
use crate::jdbc::dialect::{self, Access, Dialect, Quoting, Scope};
use crate::jdbc::url::Url;
use crate::jdbc::value::{Calendar, Granularity, Mapping, Numeric, Zone};

const CONNECTION: &str = "connection.";
pub(super) const BOTH_LISTS: &str = "table.whitelist and table.blacklist are exclusive.";
pub(super) const LOAD_IN_VAIN: &str = "initial.load.range shares the first load of tables in mode incrementing, it \
     has no meaning in other modes and with a query: remove it, or set it to 0";

/// How new rows are found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    Bulk,
    Incrementing,
    Timestamp,
    TimestampIncrementing,
}

impl Mode {
    pub(super) fn timestamps(self) -> bool {
        matches!(self, Self::Timestamp | Self::TimestampIncrementing)
    }

    pub(super) fn incrementing(self) -> bool {
        matches!(self, Self::Incrementing | Self::TimestampIncrementing)
    }
}

/// A configuration, read.
pub(super) struct Settings {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) access: Access,
    pub(super) mapping: Mapping,
    pub(super) mode: Mode,
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
    pub(super) query: Option<String>,
    /// Whether the query stays out of messages.
    pub(super) masked: bool,
    pub(super) suffix: String,
    pub(super) quoting: Quoting,
    pub(super) isolation: Option<String>,
    /// Whether SQL qualifies the names of tables.
    pub(super) qualified: bool,
    pub(super) scope: Scope,
    pub(super) filter: Filter,
    pub(super) incrementing: Columns,
    pub(super) timestamps: Columns,
    pub(super) validate_non_null: bool,
    pub(super) timestamp_initial: Option<i64>,
    /// Whether only rows of from now on are read at first, which Confluent's connector says by -1 and Aiven's cannot say.
    pub(super) initial_now: bool,
    pub(super) incrementing_initial: i64,
    pub(super) timestamp_delay_ms: i64,
    pub(super) poll_interval: Duration,
    pub(super) table_poll_interval: Duration,
    pub(super) rows_max: usize,
    /// How often a query is tried again; `None`: without end.
    pub(super) query_retries: Option<u32>,
    pub(super) topic_prefix: String,
    /// Whether transactions are waited for that may commit late.
    pub(super) late_commits: bool,
    pub(super) keyed: bool,
    /// How many values a range of a first load by several tasks has; 0: there is none.
    pub(super) load_range: i64,
}

impl Settings {
    /// Reads the configuration of a connector or a task.
    ///
    /// # Errors
    /// A value is not what its key allows, or the URL is none.
    pub(super) fn read(properties: &Properties, flavour: Flavour) -> Result<Self> {
        let confluent =
            Confluent::parse(&translated(properties, flavour)?).or_fail("cannot read the configuration")?;
        let additions = Additions::parse(properties).or_fail("cannot read the configuration")?;
        let initial = |key: &str| properties.get(key).and_then(|text| text.trim().parse::<i64>().ok());
        let mut settings = Self::of(&confluent, &additions, properties)?;
        if settings.load_range > 0 && (settings.mode != Mode::Incrementing || settings.query.is_some()) {
            return Err(Error::fail(LOAD_IN_VAIN));
        }
        if flavour == Flavour::Aiven {
            settings.mapping.tells_precision = false;
            settings.initial_now = false;
            settings.timestamp_initial = Some(initial("timestamp.initial.ms").unwrap_or(0));
            settings.incrementing_initial = initial("incrementing.initial").unwrap_or(-1);
            settings.qualified =
                properties.get("table.names.qualify").is_none_or(|text| text.trim() != "false");
        }
        Ok(settings)
    }

    fn of(keys: &Confluent, additions: &Additions, properties: &Properties) -> Result<Self> {
        let access = access(keys, properties)?;
        let masked = keys.query_masked.expose().trim();
        let query =
            [keys.query.trim(), masked].into_iter().find(|query| !query.is_empty()).map(str::to_owned);
        let columns = |key: &str, mapping: &[String], names: Vec<String>| {
            Columns::of(mapping, names).map_err(|error| Error::fail(format_args!("`{key}`: {error}")))
        };
        let incrementing: Vec<String> =
            Some(keys.incrementing_column_name.clone()).filter(|name| !name.is_empty()).into_iter().collect();
        let timestamps: Vec<String> =
            keys.timestamp_column_name.iter().filter(|name| !name.is_empty()).cloned().collect();
        Ok(Self {
            dialect: dialect::of(access.url.system)?,
            access,
            mapping: mapping(keys, additions)?,
            mode: mode(&keys.mode)?,
            attempts: u32::try_from(keys.connection_attempts).unwrap_or(1),
            backoff: millis(keys.connection_backoff_ms),
            query,
            masked: !masked.is_empty(),
            suffix: keys.query_suffix.trim().to_owned(),
            quoting: match keys.quote_sql_identifiers.to_lowercase().as_str() {
                "never" => Quoting::Never,
                _ => Quoting::Always,
            },
            isolation: isolation(&keys.transaction_isolation_mode),
            qualified: true,
            scope: Scope {
                catalog: keys.catalog_pattern.clone(),
                schema: keys.schema_pattern.clone(),
                types: keys.table_types.iter().map(|kind| kind.to_uppercase()).collect(),
            },
            filter: filter(keys)?,
            incrementing: columns(
                "incrementing.column.mapping",
                &keys.incrementing_column_mapping,
                incrementing,
            )?,
            timestamps: columns("timestamp.columns.mapping", &keys.timestamp_columns_mapping, timestamps)?,
            validate_non_null: keys.validate_non_null,
            timestamp_initial: keys.timestamp_initial,
            initial_now: keys.timestamp_initial == Some(-1),
            incrementing_initial: -1,
            timestamp_delay_ms: keys.timestamp_delay_ms,
            poll_interval: millis(keys.poll_interval_ms.into()),
            table_poll_interval: millis(keys.table_poll_interval_ms),
            rows_max: usize::try_from(keys.batch_max_rows).unwrap_or(1).max(1),
            query_retries: u32::try_from(keys.query_retry_attempts).ok().filter(|attempts| *attempts > 0),
            topic_prefix: keys.topic_prefix.trim().to_owned(),
            late_commits: additions.late_commits == "wait",
            keyed: additions.record_key == "primary_key",
            load_range: additions.initial_load_range,
        })
    }
}

/// Aiven's keys by Confluent's names, with Aiven's defaults.
fn translated(properties: &Properties, flavour: Flavour) -> Result<Properties> {
    let mut properties = properties.clone();
    if flavour == Flavour::Aiven {
        definition(flavour).parse(&properties).or_fail("cannot read the configuration")?;
        properties.entry("batch.max.rows".to_owned()).or_insert_with(|| "100".to_owned());
        let unquoted = properties.get("sql.quote.identifiers").is_some_and(|value| value.trim() == "false");
        properties
            .insert("quote.sql.identifiers".to_owned(), if unquoted { "never" } else { "always" }.to_owned());
        for key in ["timestamp.initial", "query.suffix", "query.masked"] {
            properties.remove(key);
        }
    }
    Ok(properties)
}

fn access(keys: &Confluent, properties: &Properties) -> Result<Access> {
    let driver: Vec<(String, String)> = properties
        .iter()
        .filter(|(key, _)| !known(key))
        .filter_map(|(key, value)| Some((key.strip_prefix(CONNECTION)?.to_owned(), value.clone())))
        .collect();
    let url = Url::parse(&keys.connection_url, &driver).or_fail("`connection.url`")?;
    let expected = dialect::of(url.system)?.name();
    if !keys.dialect_name.is_empty() && keys.dialect_name != expected {
        warn!(dialect = keys.dialect_name, used = expected, "`dialect.name` is not the dialect of the URL");
    }
    Ok(Access { url, user: keys.connection_user.clone(), password: keys.connection_password.clone() })
}

fn mapping(keys: &Confluent, additions: &Additions) -> Result<Mapping> {
    let numeric = match keys.numeric_mapping.as_deref().map(str::to_lowercase).as_deref() {
        Some("precision_only") => Numeric::PrecisionOnly,
        Some("best_fit") => Numeric::BestFit,
        Some("best_fit_eager_double") => Numeric::BestFitEagerDouble,
        Some(_) => Numeric::None,
        None if keys.numeric_precision_mapping => Numeric::PrecisionOnly,
        None => Numeric::None,
    };
    let granularity = match keys.timestamp_granularity.to_lowercase().as_str() {
        "micros_long" => Granularity::MicrosLong,
        "micros_string" => Granularity::MicrosString,
        "micros_iso_datetime_string" => Granularity::MicrosIso,
        "nanos_long" => Granularity::NanosLong,
        "nanos_string" => Granularity::NanosString,
        "nanos_iso_datetime_string" => Granularity::NanosIso,
        _ => Granularity::ConnectLogical,
    };
    let calendar = match keys.date_calendar_system.as_str() {
        "PROLEPTIC_GREGORIAN" => Calendar::ProlepticGregorian,
        _ => Calendar::Legacy,
    };
    let zone =
        Zone::parse(&keys.db_timezone).ok_or_else(|| Error::fail("`db.timezone`: expected a time zone"))?;
    let all_columns = additions.unsupported_columns == "include";
    Ok(Mapping { numeric, granularity, calendar, zone, all_columns, tells_precision: true })
}

fn mode(name: &str) -> Result<Mode> {
    match name {
        "bulk" => Ok(Mode::Bulk),
        "incrementing" => Ok(Mode::Incrementing),
        "timestamp" => Ok(Mode::Timestamp),
        "timestamp+incrementing" => Ok(Mode::TimestampIncrementing),
        _ => Err(Error::fail("`mode` has to be bulk, incrementing, timestamp or timestamp+incrementing")),
    }
}

/// The level as SQL has it; `None`: the database's own.
fn isolation(name: &str) -> Option<String> {
    let name = name.to_uppercase();
    (name != "DEFAULT").then(|| name.replace('_', " "))
}

fn filter(keys: &Confluent) -> Result<Filter> {
    let expressions = |key: &str, list: &[String]| {
        let compiled: Result<Vec<_>, String> = list.iter().map(|item| whole(item.trim())).collect();
        compiled.map_err(|error| Error::fail(format_args!("`{key}`: {error}")))
    };
    if !keys.table_include_list.is_empty() || !keys.table_exclude_list.is_empty() {
        return Ok(Filter::Expressions {
            include: expressions("table.include.list", &keys.table_include_list)?,
            exclude: expressions("table.exclude.list", &keys.table_exclude_list)?,
        });
    }
    match (keys.table_whitelist.as_slice(), keys.table_blacklist.as_slice()) {
        ([], []) => Ok(Filter::All),
        ([], names) => Ok(Filter::Blacklist(names.to_vec())),
        (names, []) => Ok(Filter::Whitelist(names.to_vec())),
        _ => Err(Error::fail(BOTH_LISTS)),
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests;
