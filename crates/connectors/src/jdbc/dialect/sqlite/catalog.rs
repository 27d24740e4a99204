//! What SQLite says about tables and columns. Blocks.

use api::{Error, Result};
use rusqlite::types::Type;
use rusqlite::{Connection, Statement};

use super::connect::failure;
use super::native;
use crate::jdbc::dialect::{Column, Quoting, Scope, Table, TableId};

const TABLES: &str = "SELECT name, upper(type) FROM sqlite_master WHERE type IN ('table', 'view') \
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY upper(type), name";

const COLUMNS: &str = "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?1) \
    WHERE hidden <> 1 ORDER BY cid";

pub(super) fn tables(connection: &Connection, scope: &Scope) -> Result<Vec<Table>> {
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        connection.prepare(TABLES)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let found = read().map_err(|error| failure("cannot list the tables", &error))?;
    let wanted = found.into_iter().filter(|(_, found)| scope.types.contains(found));
    Ok(wanted.map(|(name, _)| Table { id: TableId { name, ..TableId::default() } }).collect())
}

/// The columns of a table.
///
/// # Errors
/// There is no such table.
pub(crate) fn columns(connection: &Connection, table: &TableId) -> Result<Vec<Column>> {
    let described = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Column> {
        let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let mut column = native::column(&name, &declared, None);
        let place: u16 = row.get(4)?;
        column.primary_key = (place > 0).then_some(place);
        column.nullable = !row.get::<_, bool>(2)?;
        column.default = row.get(3)?;
        // 2 and 3: generated columns, virtual and stored.
        column.generated = row.get::<_, i64>(5)? > 1;
        Ok(column)
    };
    let read = || -> rusqlite::Result<Vec<Column>> {
        connection.prepare(COLUMNS)?.query_map([&table.name], described)?.collect()
    };
    let mut columns = read().map_err(|error| failure("cannot read about columns", &error))?;
    if columns.is_empty() {
        return Err(Error::fail(format_args!("there is no table `{}`", table.name)));
    }
    mark_row_id(connection, table, &mut columns);
    Ok(columns)
}

/// A column `INTEGER PRIMARY KEY` is the number of the row: never null, and counted up.
fn mark_row_id(connection: &Connection, table: &TableId, columns: &mut [Column]) {
    let mut keys = columns.iter_mut().filter(|column| column.primary_key.is_some());
    let (Some(key), None) = (keys.next(), keys.next()) else { return };
    let sql = format!("SELECT rowid FROM {} LIMIT 0", super::WORDS.table(table, Quoting::Always));
    // Tables WITHOUT ROWID have no such column.
    if key.native == "integer" && connection.prepare(&sql).is_ok() {
        key.nullable = false;
        key.auto_increment = true;
        key.default = true;
    }
}

/// The columns of a query; `first` are the kinds of its first row's values.
pub(super) fn result(
    connection: &Connection,
    statement: &Statement<'_>,
    first: &[Type],
) -> Result<Vec<Column>> {
    let describe = |(place, name): (usize, &str)| {
        let origin =
            statement.column_metadata(place).map_err(|error| failure("cannot read about columns", &error))?;
        let Some((_, table, origin, declared, _, not_null, ..)) = origin else {
            return Ok(native::column(name, "", first.get(place).copied()));
        };
        let declared = declared.map(|declared| declared.to_string_lossy().into_owned()).unwrap_or_default();
        let mut column = native::column(name, &declared, None);
        let table = TableId { name: table.to_string_lossy().into_owned(), ..TableId::default() };
        column.nullable = !not_null;
        if let Some(of_table) = columns(connection, &table)
            .ok()
            .and_then(|columns| columns.into_iter().find(|column| column.name == origin.to_string_lossy()))
        {
            column.nullable = of_table.nullable;
            column.auto_increment = of_table.auto_increment;
            column.primary_key = of_table.primary_key;
        }
        Ok(column)
    };
    statement.column_names().into_iter().enumerate().map(describe).collect()
}
