//! Makes a cursor of a table or a query: finds its columns, checks them, and looks up where it was.

use std::sync::Arc;

use api::{Error, Result, SourceContext};

use super::criteria::{Criteria, From};
use super::cursor::Cursor;
use super::horizon::Horizon;
use super::offset::{self, Offset};
use super::settings::Settings;
use crate::jdbc::dialect::{Column, Kind, Quoting, Session, TableId};
use crate::jdbc::value::Moment;

/// What an incrementing column may be.
const COUNTS: [Kind; 6] = [Kind::Int8, Kind::Int16, Kind::Int32, Kind::Int64, Kind::Numeric, Kind::Decimal];

/// The cursor of a table.
///
/// # Errors
/// The table or one of its columns is not there, or a column may be null that must not.
pub(super) async fn table(
    table: &TableId,
    settings: &Settings,
    session: &mut dyn Session,
    context: &SourceContext,
) -> Result<Cursor> {
    let columns = session.columns(table).await?;
    let (incrementing, timestamps) = offset_columns(table, &columns, settings)?;
    let bare = TableId { name: table.name.clone(), ..TableId::default() };
    let partition = offset::table_partition(if settings.qualified { table } else { &bare });
    let mut partitions = vec![partition.clone()];
    partitions.extend(offset::earlier_partitions(table, settings.access.url.database.as_deref()));
    let key = if settings.keyed { primary_key(&columns) } else { Vec::new() };
    Ok(Cursor {
        rounding_ms: rounding_ms(&columns, &timestamps, settings),
        name: table.plain(),
        topic: format!("{}{}", settings.topic_prefix, table.name).into(),
        schema_name: Some(table.name.clone()),
        criteria: criteria(From::Table(table.clone()), incrementing, timestamps, settings),
        key,
        mode: settings.mode,
        partition: Arc::new(partition),
        offset: committed(settings, session, context, &partitions).await?,
        last: None,
        horizon: Horizon::default(),
        shape: None,
    })
}

/// The cursor of a query.
pub(super) async fn query(
    query: &str,
    settings: &Settings,
    session: &mut dyn Session,
    context: &SourceContext,
) -> Result<Cursor> {
    let partition = offset::query_partition();
    let incrementing =
        settings.incrementing.of_query().into_iter().next().filter(|_| settings.mode.incrementing());
    let timestamps = if settings.mode.timestamps() { settings.timestamps.of_query() } else { Vec::new() };
    require(settings, incrementing.as_ref(), &timestamps)?;
    let rounds = settings.dialect.rounds() && !timestamps.is_empty();
    let columns = if rounds { session.prepare(query).await? } else { Vec::new() };
    Ok(Cursor {
        rounding_ms: rounding_ms(&columns, &timestamps, settings),
        name: "query".to_owned(),
        topic: settings.topic_prefix.as_str().into(),
        schema_name: None,
        criteria: criteria(From::Query(query.to_owned()), incrementing, timestamps, settings),
        key: Vec::new(),
        mode: settings.mode,
        offset: committed(settings, session, context, std::slice::from_ref(&partition)).await?,
        partition: Arc::new(partition),
        last: None,
        horizon: Horizon::default(),
        shape: None,
    })
}

/// How much earlier than the time at which it was written the time in a row may be: half of what the last digit of the
/// column stands for, where the database rounds.
fn rounding_ms(columns: &[Column], timestamps: &[String], settings: &Settings) -> i64 {
    if !settings.dialect.rounds() {
        return 0;
    }
    let named = |column: &&Column| timestamps.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    let digits = columns.iter().filter(named).filter(|column| column.kind == Kind::Timestamp);
    match digits.filter_map(|column| column.scale).min() {
        Some(0) => 500,
        Some(1) => 50,
        Some(2) => 5,
        Some(_) => 1,
        None => 0,
    }
}

fn criteria(
    from: From,
    incrementing: Option<String>,
    timestamps: Vec<String>,
    settings: &Settings,
) -> Criteria {
    Criteria {
        from,
        incrementing,
        timestamps,
        suffix: settings.suffix.clone(),
        quoting: settings.quoting,
        qualified: settings.qualified,
        zone: settings.mapping.zone.clone(),
    }
}

/// The committed offset, or the one that the configuration begins with.
async fn committed(
    settings: &Settings,
    session: &mut dyn Session,
    context: &SourceContext,
    partitions: &[api::SourcePartition],
) -> Result<Offset> {
    if !settings.mode.incrementing() && !settings.mode.timestamps() {
        return Ok(Offset::default());
    }
    if let Some(offset) = offset::find(context, partitions).await? {
        return Ok(offset);
    }
    let timestamp = match settings.initial_now {
        true => Some(session.now().await?.millis()),
        false => settings.timestamp_initial,
    };
    let incrementing = Some(settings.incrementing_initial).filter(|initial| *initial != -1);
    Ok(Offset {
        incrementing: incrementing.filter(|_| settings.mode.incrementing()),
        timestamp: timestamp.filter(|_| settings.mode.timestamps()).map(Moment::of_millis),
    })
}

fn primary_key(columns: &[Column]) -> Vec<String> {
    let mut key: Vec<(u16, &str)> =
        columns.iter().filter_map(|column| Some((column.primary_key?, column.name.as_str()))).collect();
    key.sort_unstable();
    key.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// The incrementing and the timestamp columns of a table.
fn offset_columns(
    table: &TableId,
    columns: &[Column],
    settings: &Settings,
) -> Result<(Option<String>, Vec<String>)> {
    let mut incrementing = None;
    if settings.mode.incrementing() {
        let named = settings.incrementing.of_table(table, "incrementing.column.mapping")?.into_iter().next();
        let counted =
            || columns.iter().find(|column| column.auto_increment).map(|column| column.name.clone());
        incrementing = named.or_else(counted);
    }
    let mut timestamps = Vec::new();
    if settings.mode.timestamps() {
        timestamps = settings.timestamps.of_table(table, "timestamp.columns.mapping")?;
    }
    require(settings, incrementing.as_ref(), &timestamps)?;
    let quoted = settings.dialect.words().table(table, Quoting::Always);
    let check = Check { quoted: &quoted, columns };
    if let Some(name) = &mut incrementing {
        check.incrementing(name, settings.validate_non_null)?;
        check.spell(name);
    }
    if !timestamps.is_empty() {
        check.timestamps(&timestamps, settings.validate_non_null)?;
        timestamps.iter_mut().for_each(|name| check.spell(name));
    }
    Ok((incrementing, timestamps))
}

/// The mode has the columns that it needs.
fn require(settings: &Settings, incrementing: Option<&String>, timestamps: &[String]) -> Result<()> {
    if settings.mode.incrementing() && incrementing.is_none() {
        return Err(Error::fail(
            "the mode needs an incrementing column; set `incrementing.column.name`, as none is counted up by the database",
        ));
    }
    if settings.mode.timestamps() && timestamps.is_empty() {
        return Err(Error::fail("the mode needs a timestamp column; set `timestamp.column.name`"));
    }
    Ok(())
}

/// Checks the columns of a table, in Java's words.
struct Check<'a> {
    quoted: &'a str,
    columns: &'a [Column],
}

impl Check<'_> {
    /// The column of a name, or else the one whose name differs in case only.
    fn find(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| self.columns.iter().find(|column| column.name.to_lowercase() == name.to_lowercase()))
    }

    /// Spells a name as the table does, which SQL and the rows need.
    fn spell(&self, name: &mut String) {
        if let Some(column) = self.find(name) {
            name.clone_from(&column.name);
        }
    }

    fn incrementing(&self, name: &str, non_null: bool) -> Result<()> {
        let quoted = self.quoted;
        let column = self.find(name).ok_or_else(|| {
            Error::fail(format_args!("Incrementing column: {name} does not exist in table '{quoted}'"))
        })?;
        if non_null && column.nullable {
            return Err(Error::fail(format_args!(
                "Cannot make incremental queries using incrementing column {name} on {quoted} because this column is \
                 nullable."
            )));
        }
        if !COUNTS.contains(&column.kind) {
            return Err(Error::fail(format_args!(
                "the incrementing column `{name}` of {quoted} is of type `{}`, expected an integer",
                column.native
            )));
        }
        Ok(())
    }

    fn timestamps(&self, names: &[String], non_null: bool) -> Result<()> {
        let quoted = self.quoted;
        let missing: Vec<&str> =
            names.iter().filter(|name| self.find(name).is_none()).map(String::as_str).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(Error::fail(format_args!(
                "Timestamp columns: {missing} do not exist in table '{quoted}'"
            )));
        }
        let nullable = |name: &String| self.find(name).is_none_or(|column| column.nullable);
        if non_null && names.iter().all(nullable) {
            return Err(Error::fail(format_args!(
                "Cannot make incremental queries using timestamp columns {} on {quoted} because all of these columns \
                 are nullable.",
                names.join(", ")
            )));
        }
        Ok(())
    }
}
