//! Source partitions and offsets, as Java's connector writes and reads them.

use api::{Error, Result, SourceContext, SourceOffset, SourcePartition};
use serde_json::{Map, Value as Json};

use crate::jdbc::dialect::TableId;
use crate::jdbc::value::Moment;

const INCREMENTING: &str = "incrementing";
const TIMESTAMP: &str = "timestamp";
const TIMESTAMP_NANOS: &str = "timestamp_nanos";
const TABLE: &str = "table";
const PROTOCOL: &str = "protocol";
const QUERY: &str = "query";
/// What marks partitions of a first load by several tasks, which Java's connector never looks for.
pub(super) const LOAD: &str = "load";

/// Where the rows of a table or a query were read up to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Offset {
    /// The last value of the incrementing column.
    pub(super) incrementing: Option<i64>,
    /// The last moment of the timestamp columns.
    pub(super) timestamp: Option<Moment>,
}

impl Offset {
    /// The value of the incrementing column behind which rows are read.
    pub(super) fn last(&self) -> i64 {
        self.incrementing.unwrap_or(-1)
    }

    /// The moment from which on rows are read.
    pub(super) fn begin(&self) -> Moment {
        self.timestamp.unwrap_or(Moment::EPOCH)
    }

    /// The offset as it is stored; a part that is not there has no key.
    pub(super) fn store(&self) -> SourceOffset {
        let mut map = Map::new();
        if let Some(moment) = self.timestamp {
            map.insert(TIMESTAMP_NANOS.to_owned(), moment.nanos.into());
        }
        if let Some(incrementing) = self.incrementing {
            map.insert(INCREMENTING.to_owned(), incrementing.into());
        }
        if let Some(moment) = self.timestamp {
            map.insert(TIMESTAMP.to_owned(), moment.millis().into());
        }
        SourceOffset(map)
    }

    /// Reads what was stored, by whichever version of whichever connector.
    pub(super) fn of(stored: &SourceOffset) -> Self {
        Self {
            incrementing: stored.0.get(INCREMENTING).and_then(Json::as_i64),
            timestamp: Moment::of_offset(&stored.0),
        }
    }
}

/// The partition of a query: one for all queries, as in Java.
pub(super) fn query_partition() -> SourcePartition {
    SourcePartition::of(QUERY, QUERY)
}

/// The partition of a table, in the order of keys that Java writes.
pub(super) fn table_partition(table: &TableId) -> SourcePartition {
    let entries = [(PROTOCOL.to_owned(), "1".into()), (TABLE.to_owned(), table.plain().into())];
    SourcePartition(Map::from_iter(entries))
}

/// The partition of some values of a table's incrementing column.
pub(super) fn range_partition(table: &TableId, first: i64, last: i64) -> SourcePartition {
    let mut partition = table_partition(table);
    partition.0.insert(LOAD.to_owned(), format!("{first}..{last}").into());
    partition
}

/// The partitions under which earlier versions wrote the offset of a table: with the name of the database before it
/// (`database.schema.table`), which a driver of PostgreSQL did for a while, and with nothing but the bare name.
pub(super) fn earlier_partitions(table: &TableId, database: Option<&str>) -> Vec<SourcePartition> {
    let qualified = database
        .filter(|_| table.schema.is_some() && table.catalog.is_none())
        .map(|database| table_partition(&TableId { catalog: Some(database.to_owned()), ..table.clone() }));
    qualified.into_iter().chain([SourcePartition::of(TABLE, table.name.as_str())]).collect()
}

/// The first of some partitions that has an offset.
pub(super) async fn find(context: &SourceContext, partitions: &[SourcePartition]) -> Result<Option<Offset>> {
    for partition in partitions {
        if let Some(stored) = context.offsets.offset(partition).await? {
            return Ok(Some(Offset::of(&stored)));
        }
    }
    Ok(None)
}

/// Checks an offset that a user wants to set.
pub(super) fn check(partition: &SourcePartition, offset: &SourceOffset) -> Result<()> {
    if !partition.0.contains_key(TABLE) && !partition.0.contains_key(QUERY) {
        return Err(Error::fail("Partition objects should contain the key 'table' or the key 'query'"));
    }
    if partition.0.get(LOAD).is_some_and(|load| load == "plan") {
        return Ok(());
    }
    for (key, value) in &offset.0 {
        match key.as_str() {
            INCREMENTING | TIMESTAMP if value.as_i64().is_some() => {}
            TIMESTAMP_NANOS if value.as_u64().is_some_and(|nanos| nanos < 1_000_000_000) => {}
            INCREMENTING | TIMESTAMP | TIMESTAMP_NANOS => {
                return Err(Error::fail(format_args!(
                    "The value for the '{key}' key in the offset is expected to be a Long value"
                )));
            }
            _ => {
                return Err(Error::fail(format_args!(
                    "Offset objects should contain the keys '{INCREMENTING}', '{TIMESTAMP}' and \
                     '{TIMESTAMP_NANOS}' only, not '{key}'"
                )));
            }
        }
    }
    Ok(())
}
