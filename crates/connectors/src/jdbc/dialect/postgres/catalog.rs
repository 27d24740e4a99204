//! What PostgreSQL's catalog says about tables, columns and transactions.

use std::collections::HashMap;

use api::{Reaction, Result};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Column as Described, Row};

use super::connect::Connection;
use super::native;
use crate::jdbc::dialect::{Column, Open, Scope, Table, TableId};

/// The advisory lock that marks sessions of this connector, which only read.
const READER_LOCK: (i32, i32) = (0x0F_E2_20, 1);

/// The tables, by the names of types that pgjdbc gives them.
const TABLES: &str = "
SELECT found.kind, found.schema, found.name FROM (
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    CASE
      WHEN n.nspname IN ('pg_catalog', 'information_schema') THEN
        CASE c.relkind WHEN 'r' THEN 'SYSTEM TABLE' WHEN 'v' THEN 'SYSTEM VIEW' END
      WHEN n.nspname = 'pg_toast' THEN CASE c.relkind WHEN 'r' THEN 'SYSTEM TOAST TABLE' END
      WHEN n.nspname LIKE 'pg\\_%' THEN
        CASE c.relkind WHEN 'r' THEN 'TEMPORARY TABLE' WHEN 'v' THEN 'TEMPORARY VIEW' END
      ELSE CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW'
        WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' END
    END AS kind
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE ($1 = '' OR $1 = current_database()) AND ($2 = '' OR n.nspname LIKE $2)
) found
WHERE found.kind = ANY($3) ORDER BY found.kind, found.schema, found.name";

const ATTRIBUTES: &str = "
SELECT a.attrelid, a.attnum, a.attnotnull, a.atthasdef OR a.attidentity <> '' AS has_default,
  a.attgenerated <> '' AS generated,
  a.attidentity <> '' OR COALESCE(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) AS counted,
  (SELECT k.place FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) WHERE k.attnum = a.attnum) AS place
FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = ANY($1) AND a.attnum > 0";

/// The open transactions of this database without those of this connector's readers: each with whether it holds a
/// transaction number, and whether it holds a lock of writers on one of some tables, or on any where there are none.
const TRANSACTIONS: &str = "
SELECT l.virtualtransaction, bool_or(l.locktype = 'transactionid') AS numbered,
  bool_or(l.locktype = 'relation' AND (l.relation = ANY($1) OR cardinality($1) = 0 AND l.relation >= 16384)
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) AS locking
FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = l.pid
WHERE (l.locktype IN ('virtualxid', 'transactionid')
    OR l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
  AND (l.pid IS NULL OR l.pid <> pg_backend_pid())
  AND (s.datname IS NULL OR s.datname = current_database())
  AND COALESCE(s.backend_type, '') NOT IN ('autovacuum worker', 'walsender')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks r WHERE r.locktype = 'advisory' AND r.pid = l.pid
    AND r.classid = $2::int4::oid AND r.objid = $3::int4::oid)
GROUP BY l.virtualtransaction";

/// A table with its partitions and those that it is a partition of; nothing for what is no table.
const RELATIVES: &str = "
SELECT DISTINCT r.oid FROM pg_catalog.pg_class c CROSS JOIN LATERAL (
  SELECT c.oid UNION ALL SELECT relid::oid FROM pg_partition_tree(c.oid)
  UNION ALL SELECT relid::oid FROM pg_partition_ancestors(c.oid)
  UNION ALL SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = c.oid) AS r(oid)
WHERE c.oid = to_regclass($1)::oid AND c.relkind IN ('r', 'p', 'f') AND r.oid IS NOT NULL";

/// Marks the session as one that only reads, so that other readers do not wait for it.
pub(super) async fn mark_reader(connection: &Connection) -> Result<()> {
    let sql = format!("SELECT pg_advisory_lock_shared({}, {})", READER_LOCK.0, READER_LOCK.1);
    connection.within("cannot mark the session as a reader", connection.client.batch_execute(&sql)).await
}

pub(super) async fn tables(connection: &Connection, scope: &Scope) -> Result<Vec<Table>> {
    let (catalog, schema) = (scope.catalog.as_deref().unwrap_or(""), scope.schema.as_deref().unwrap_or(""));
    let parameters: [&(dyn ToSql + Sync); 3] = [&catalog, &schema, &scope.types];
    let request = connection.client.query(TABLES, &parameters);
    let rows = connection.within("cannot list the tables", request).await?;
    let table =
        |row: &Row| Table { id: TableId { catalog: None, schema: Some(row.get(1)), name: row.get(2) } };
    Ok(rows.iter().map(table).collect())
}

/// Whether the user may read a table, whose name is quoted.
pub(super) async fn readable(connection: &Connection, table: &str) -> Result<bool> {
    const SQL: &str = "SELECT has_any_column_privilege($1::text, 'SELECT')";
    let parameters: [&(dyn ToSql + Sync); 1] = [&table];
    let request = connection.client.query_one(SQL, &parameters);
    match connection.within("cannot ask about the rights on a table", request).await {
        Ok(row) => Ok(row.get(0)),
        Err(error) if error.reaction() == Reaction::Retry => Err(error),
        // Its schema may not be used.
        Err(_) => Ok(false),
    }
}

/// The columns of a query, with what the catalog says about those that are columns of tables.
pub(super) async fn columns(connection: &Connection, described: &[Described]) -> Result<Vec<Column>> {
    let attributes = attributes(connection, described).await?;
    let column = |described: &Described| {
        let mut column = native::column(described.name(), described.type_(), described.type_modifier());
        if let Some(attribute) = origin(described).and_then(|origin| attributes.get(&origin)) {
            attribute.apply(&mut column);
        }
        column
    };
    Ok(described.iter().map(column).collect())
}

fn origin(described: &Described) -> Option<(u32, i16)> {
    Some((described.table_oid()?, described.column_id()?))
}

struct Attribute {
    not_null: bool,
    default: bool,
    generated: bool,
    counted: bool,
    place: Option<i64>,
}

impl Attribute {
    fn apply(&self, column: &mut Column) {
        column.nullable = !self.not_null;
        column.default = self.default && !self.generated;
        column.generated = self.generated;
        column.auto_increment = self.counted;
        column.primary_key = self.place.and_then(|place| u16::try_from(place).ok());
    }
}

async fn attributes(
    connection: &Connection,
    described: &[Described],
) -> Result<HashMap<(u32, i16), Attribute>> {
    let mut tables: Vec<u32> = described.iter().filter_map(Described::table_oid).collect();
    tables.sort_unstable();
    tables.dedup();
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = connection
        .within("cannot read about columns", connection.client.query(ATTRIBUTES, &[&tables]))
        .await?;
    let attribute = |row: &Row| Attribute {
        not_null: row.get(2),
        default: row.get(3),
        generated: row.get(4),
        counted: row.get(5),
        place: row.get(6),
    };
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), attribute(row))).collect())
}

pub(super) async fn open_transactions(connection: &Connection, table: Option<&str>) -> Result<Open> {
    const WORDS: &str = "cannot list the open transactions";
    let relations: Vec<u32> = match table {
        Some(table) => {
            let rows = connection.within(WORDS, connection.client.query(RELATIVES, &[&table])).await?;
            rows.iter().map(|row| row.get(0)).collect()
        }
        None => Vec::new(),
    };
    let parameters: [&(dyn ToSql + Sync); 3] = [&relations, &READER_LOCK.0, &READER_LOCK.1];
    let request = connection.client.query(TRANSACTIONS, &parameters);
    let mut open = Open::default();
    for row in connection.within(WORDS, request).await? {
        let (name, numbered, locking): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        let writes = if table.is_some() { locking } else { numbered || locking };
        let side = if writes { &mut open.writers } else { &mut open.others };
        side.insert(name);
    }
    Ok(open)
}
