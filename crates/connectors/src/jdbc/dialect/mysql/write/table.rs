//! Tables as `information_schema` describes them.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::jdbc::dialect::mysql::WORDS;
use crate::jdbc::dialect::{Quoting, TableId};
use crate::jdbc::sink::writer::{Column, Found, Reason, Refusal, Table};

use super::refusal::refusal;

/// A column of which nothing is to be known.
const PLAIN: u32 = 0;
/// A column of bytes, which are no text in any set of characters.
pub(super) const BYTES: u32 = 1;
/// A column of type BIT.
pub(super) const BIT: u32 = 2;
/// A column of JSON.
const JSON: u32 = 3;

const RELATIONS: &str = "SELECT TABLE_NAME, \
    CASE TABLE_TYPE WHEN 'BASE TABLE' THEN 'TABLE' WHEN 'SYSTEM VERSIONED' THEN 'TABLE' ELSE TABLE_TYPE END, \
    @@lower_case_table_names <> 0 \
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";

const COLUMNS: &str = "SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, COLLATION_NAME \
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION";

/// Finds a table by the name that a user wrote.
pub(super) async fn find(conn: &mut Conn, id: &TableId) -> Result<Found, Refusal> {
    let catalog = match &id.catalog {
        Some(catalog) => catalog.clone(),
        None => current(conn).await?,
    };
    let rows: Vec<(String, String, bool)> =
        conn.exec(RELATIONS, (&catalog, &id.name)).await.map_err(|error| refusal(&error))?;
    // The server compares without regard to case here, whether or not its tables' names have one.
    let exact = rows.iter().find(|(name, ..)| *name == id.name);
    let found = exact.or_else(|| rows.iter().find(|(_, _, any_case)| *any_case));
    let Some((name, kind, _)) = found else {
        let sql = written(&catalog, &id.name);
        return Ok(Found { shown: sql.clone(), sql, table: None });
    };
    let sql = written(&catalog, name);
    let columns: Vec<(String, String, String, Option<String>)> =
        conn.exec(COLUMNS, (&catalog, name)).await.map_err(|error| refusal(&error))?;
    let columns = columns.into_iter().map(column).collect();
    let kind = if kind == "VIEW" { "VIEW" } else { "TABLE" };
    let table = Table { sql: sql.clone(), shown: sql.clone(), kind, bulk: kind == "TABLE", columns };
    Ok(Found { shown: sql.clone(), sql, table: Some(table) })
}

async fn current(conn: &mut Conn) -> Result<String, Refusal> {
    let database: Option<Option<String>> =
        conn.query_first("SELECT DATABASE()").await.map_err(|error| refusal(&error))?;
    database.flatten().ok_or_else(|| {
        Refusal::new(Reason::Lasting, "neither `connection.url` nor the name of the table names a database")
    })
}

fn written(catalog: &str, name: &str) -> String {
    let id = TableId { catalog: Some(catalog.to_owned()), schema: None, name: name.to_owned() };
    WORDS.table(&id, Quoting::Always)
}

fn column((name, declared, native, collation): (String, String, String, Option<String>)) -> Column {
    let native = native.to_lowercase();
    let code = match native.as_str() {
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => BYTES,
        "bit" => BIT,
        "json" => JSON,
        _ => PLAIN,
    };
    let by_bytes = collation.as_ref().is_none_or(|collation| collation.ends_with("_bin"));
    let inexact = matches!(native.as_str(), "float" | "double" | "enum" | "set" | "json");
    Column { name, declared, cast: native, code, folded: inexact || !by_bytes }
}

/// Whether a column holds text, in which a value of another type is spelled as the server does.
pub(super) fn textual(column: &Column) -> bool {
    matches!(column.cast.as_str(), "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext")
}
