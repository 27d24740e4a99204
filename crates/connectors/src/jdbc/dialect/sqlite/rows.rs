//! Rows of one query. Blocks its thread.

use api::{DataError, Error, OrReaction, Record, Result, Value};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row};

use super::catalog;
use super::connect::failure;
use super::decode::{decode, integer, moment};
use crate::jdbc::dialect::ahead::{BLOCK_BYTES, BLOCK_ROWS, Feed, Started};
use crate::jdbc::dialect::layout::Layout;
use crate::jdbc::dialect::{Block, Kind, Mark, Select};
use crate::jdbc::value::Mapping;

/// What a cell takes beside its text.
const CELL_BYTES: usize = 16;

/// Runs a query and sends its rows until there are no more or nobody wants them.
///
/// # Errors
/// Those of the query, and of values that cannot be read.
pub(super) fn read(
    connection: &Connection,
    select: &Select,
    mapping: &Mapping,
    started: Started,
    feed: &Feed,
) -> Result<()> {
    const WORDS: &str = "cannot read the rows of a query";
    let wrong = |error: rusqlite::Error| failure(WORDS, &error);
    let mut statement =
        connection.prepare(&select.sql).map_err(|error| failure("cannot prepare a query", &error))?;
    let first = first_kinds(&mut statement).map_err(wrong)?;
    let layout = Layout::new(catalog::result(connection, &statement, &first)?, select, mapping)?;
    check(&layout)?;
    let _ = started.send(layout.shape.clone());
    let plan = Plan { layout, mapping };
    let mut rows = statement.query([]).map_err(wrong)?;
    let (mut block, mut bytes) = (Block::default(), 0);
    while let Some(row) = rows.next().map_err(wrong)? {
        plan.row(row, &mut block, &mut bytes)?;
        if bytes >= BLOCK_BYTES || block.records.len() >= BLOCK_ROWS {
            if !feed.send_blocking(Ok(std::mem::take(&mut block))) {
                return Ok(());
            }
            bytes = 0;
        }
    }
    if !block.records.is_empty() {
        // Nobody takes the last rows of a query that was given up.
        feed.send_blocking(Ok(block));
    }
    Ok(())
}

/// The kinds of the first row's values; none without a row. The query runs a second time for its rows: a statement
/// cannot be asked about its columns while it runs.
fn first_kinds(statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<Vec<Type>> {
    let count = statement.column_count();
    let declared = (0..count).all(|place| matches!(statement.column_metadata(place), Ok(Some(_))));
    if declared && count > 0 {
        return Ok(Vec::new());
    }
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    (0..count).map(|place| row.get_ref(place).map(|value| value.data_type())).collect()
}

fn check(layout: &Layout) -> Result<()> {
    let fits = |places: &[usize], kinds: &[Kind], role: &str, expected: &str| {
        for place in places {
            let column = &layout.shape.columns[*place];
            if !kinds.contains(&column.kind) {
                return Err(Error::fail(format_args!(
                    "the {role} column `{}` is of type `{}`, expected {expected}",
                    column.name, column.native
                )));
            }
        }
        Ok(())
    };
    let counts = [Kind::Int8, Kind::Int16, Kind::Int32, Kind::Int64, Kind::Numeric, Kind::Decimal];
    fits(layout.incrementing.as_slice(), &counts, "incrementing", "an integer")?;
    // An expression has no declared type.
    let moments = [Kind::Timestamp, Kind::Date, Kind::Int64, Kind::Text, Kind::Numeric];
    fits(&layout.timestamps, &moments, "timestamp", "a timestamp")
}

struct Plan<'a> {
    layout: Layout,
    mapping: &'a Mapping,
}

impl Plan<'_> {
    fn row(&self, row: &Row<'_>, block: &mut Block, bytes: &mut usize) -> Result<()> {
        if self.layout.marked() {
            block.marks.push(self.mark(row)?);
        }
        let mut values = Vec::with_capacity(self.layout.shape.value.fields.len());
        for (place, target) in self.layout.targets.iter().enumerate() {
            let Some(target) = target else { continue };
            let sent = value(row, place)?;
            *bytes += CELL_BYTES
                + if let ValueRef::Text(text) | ValueRef::Blob(text) = sent { text.len() } else { 0 };
            values.push(decode(sent, target, self.mapping).map_err(|error| self.unreadable(place, error))?);
        }
        block.records.push(Record {
            key: self.layout.shape.key.as_ref().map(|_| self.key(&values)),
            value: Some(Value::Struct(values.into_boxed_slice())),
            ..Record::default()
        });
        Ok(())
    }

    fn key(&self, values: &[Value]) -> Value {
        Value::Struct(self.layout.key.iter().map(|place| values[*place].clone()).collect())
    }

    fn mark(&self, row: &Row<'_>) -> Result<Mark> {
        let mut mark = Mark::default();
        if let Some(place) = self.layout.incrementing {
            let sent = value(row, place)?;
            mark.incrementing = Some(integer(sent).map_err(|error| self.unreadable(place, error))?);
        }
        for place in &self.layout.timestamps {
            let sent = value(row, *place)?;
            if sent != ValueRef::Null {
                mark.timestamp =
                    Some(moment(sent, self.mapping).map_err(|error| self.unreadable(*place, error))?);
                break;
            }
        }
        Ok(mark)
    }

    fn unreadable(&self, place: usize, error: DataError) -> Error {
        let name = &self.layout.shape.columns[place].name;
        Err::<(), _>(error).or_fail(format_args!("cannot read column `{name}`")).expect_err("it is an error")
    }
}

fn value<'a>(row: &'a Row<'_>, place: usize) -> Result<ValueRef<'a>> {
    row.get_ref(place).map_err(|error| failure("cannot read a row", &error))
}
