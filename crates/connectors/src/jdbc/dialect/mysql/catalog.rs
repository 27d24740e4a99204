//! What the server says about tables and columns.

use api::Result;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::native::kind;
use super::settings::Reading;
use crate::jdbc::dialect::{Access, Column, Scope, Table, TableId};

/// Tables, by the names of types that MariaDB's driver gives them. Those of the server itself are only listed where
/// they are asked for by their catalog.
const TABLES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, \
    CASE TABLE_TYPE WHEN 'BASE TABLE' THEN 'TABLE' WHEN 'SYSTEM VERSIONED' THEN 'TABLE' ELSE TABLE_TYPE END AS found \
    FROM information_schema.TABLES WHERE (? IS NULL OR TABLE_SCHEMA LIKE ?) \
    ORDER BY found, TABLE_SCHEMA, TABLE_NAME";

const COLUMNS: &str = "SELECT c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.IS_NULLABLE, c.COLUMN_DEFAULT, c.EXTRA, \
    CAST(c.CHARACTER_MAXIMUM_LENGTH AS SIGNED), CAST(c.NUMERIC_PRECISION AS SIGNED), \
    CAST(c.NUMERIC_SCALE AS SIGNED), CAST(c.DATETIME_PRECISION AS SIGNED), CAST(k.ORDINAL_POSITION AS SIGNED) \
    FROM information_schema.COLUMNS c LEFT JOIN information_schema.KEY_COLUMN_USAGE k \
    ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME \
    AND k.CONSTRAINT_NAME = 'PRIMARY' \
    WHERE c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION";

/// The tables of a scope.
pub(crate) async fn tables(
    conn: &mut Conn,
    access: &Access,
    reading: &Reading,
    scope: &Scope,
) -> Result<Vec<Table>> {
    let current = access.url.database.clone().filter(|_| reading.current_catalog);
    // A pattern of the user's; the name of the database is none.
    let pattern = match scope.catalog.as_deref() {
        // No table here is without one; the driver takes the connection's own.
        None | Some("") => {
            current.map(|name| name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
        }
        Some(pattern) => Some(pattern.to_owned()),
    };
    let request = conn.exec::<(String, String, String), _, _>(TABLES, (&pattern, &pattern));
    let rows = super::connect::within(access, "cannot list the tables", request).await?;
    let wanted = rows.into_iter().filter(|(_, _, found)| scope.types.iter().any(|wanted| wanted == found));
    Ok(wanted
        .map(|(catalog, name, _)| Table { id: TableId { catalog: Some(catalog), schema: None, name } })
        .collect())
}

/// The columns of a table; none: there is no such table, or it cannot be seen.
pub(crate) async fn columns(
    conn: &mut Conn,
    access: &Access,
    reading: &Reading,
    table: &TableId,
) -> Result<Vec<Column>> {
    let request = conn.exec::<Row, _, _>(COLUMNS, (&table.catalog, &table.name));
    let rows = super::connect::within(access, "cannot read about columns", request).await?;
    Ok(rows.iter().filter_map(|row| column(row, reading)).collect())
}

/// A row of [`COLUMNS`]; `None`: it has no name and type, which cannot be.
fn column(row: &Row, reading: &Reading) -> Option<Column> {
    let text = |at: usize| row.get_opt::<Option<String>, _>(at).and_then(Result::ok).flatten();
    let number = |at: usize| row.get_opt::<Option<i64>, _>(at).and_then(Result::ok).flatten();
    let small = |at: usize| number(at).and_then(|number| i32::try_from(number).ok());
    let (native, whole, extra) = (text(1)?.to_lowercase(), text(2)?.to_lowercase(), text(5)?.to_uppercase());
    let kind = kind(&native, whole.contains("unsigned"), width(&whole), reading);
    let mut column = Column::new(text(0)?, native, kind);
    column.nullable = text(3).is_none_or(|nullable| nullable != "NO");
    column.auto_increment = extra.contains("AUTO_INCREMENT");
    column.generated =
        ["VIRTUAL GENERATED", "STORED GENERATED", "PERSISTENT"].iter().any(|mark| extra.contains(mark));
    // MariaDB writes a default of null as a word.
    let default = text(4).is_some_and(|default| default != "NULL") || extra.contains("DEFAULT_GENERATED");
    column.default = (default || column.auto_increment) && !column.generated;
    column.length = number(6).map(|length| i32::try_from(length).unwrap_or(i32::MAX));
    column.precision = small(7);
    column.scale = small(8).or(small(9));
    column.primary_key = number(10).and_then(|place| u16::try_from(place).ok());
    Some(column)
}

/// The number in the brackets of a type such as `bit(5)`; 0: there is none.
fn width(whole: &str) -> u32 {
    let inner = whole.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inner.and_then(|(inner, _)| inner.parse().ok()).unwrap_or(0)
}
