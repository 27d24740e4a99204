//! Tables as the catalog describes them.

use tokio_postgres::{Client, Row};

use crate::jdbc::dialect::postgres::WORDS;
use crate::jdbc::dialect::{Quoting, TableId};
use crate::jdbc::sink::writer::{Column, Found, Reason, Refusal, Table};

use super::refusal::refusal;
use super::words::folded;

/// What Java's driver calls a kind of relation.
const RELATIONS: &[(&str, &str)] = &[
    ("r", "TABLE"),
    ("p", "PARTITIONED TABLE"),
    ("v", "VIEW"),
    ("m", "MATERIALIZED VIEW"),
    ("f", "FOREIGN TABLE"),
];

/// A relation of a name; without a schema that which a query finds. COPY neither obeys rules nor policies.
const RELATION: &str = "\
    SELECT c.oid, n.nspname, c.relkind::text, \
           c.relkind IN ('r', 'p') AND NOT c.relhasrules AND NOT row_security_active(c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
      AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2::text END";

/// Its columns; a domain counts as the type that it is of. A modifier of -1 names a type without its length, so that
/// a cast cuts nothing.
const COLUMNS: &str = "\
    SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, \
           pg_catalog.format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, -1), \
           t.typname IN ('citext', 'bpchar', 'float4', 'float8') \
             OR NOT coalesce(k.collisdeterministic, true) \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// Finds a table by the name that a user wrote.
pub(super) async fn find(client: &Client, id: &TableId, quoting: Quoting) -> Result<Found, Refusal> {
    let name = folded(&id.name, quoting);
    let schema = id.schema.as_ref().map(|schema| folded(schema, quoting));
    let place = client
        .query_one("SELECT pg_catalog.current_database()::text, pg_catalog.current_schema()::text", &[])
        .await
        .map_err(|error| refusal(&error))?;
    let catalog = match &id.catalog {
        Some(catalog) => folded(catalog, quoting),
        None => place.get::<_, String>(0),
    };
    let relation = client.query_opt(RELATION, &[&name, &schema]).await.map_err(|error| refusal(&error))?;
    let Some(relation) = relation else {
        let schema = schema.or_else(|| place.get::<_, Option<String>>(1)).ok_or_else(|| {
            Refusal::new(Reason::Lasting, "no schema of the search path is there to create a table in")
        })?;
        let sql = written(&catalog, &schema, &name);
        return Ok(Found { shown: sql.clone(), sql, table: None });
    };
    let sql = written(&catalog, &relation.get::<_, String>(1), &name);
    let table = table(client, &relation, sql.clone()).await?;
    Ok(Found { shown: sql.clone(), sql, table: Some(table) })
}

fn written(catalog: &str, schema: &str, name: &str) -> String {
    let parts =
        TableId { catalog: Some(catalog.to_owned()), schema: Some(schema.to_owned()), name: name.to_owned() };
    WORDS.table(&parts, Quoting::Always)
}

async fn table(client: &Client, relation: &Row, sql: String) -> Result<Table, Refusal> {
    let columns =
        client.query(COLUMNS, &[&relation.get::<_, u32>(0)]).await.map_err(|error| refusal(&error))?;
    let kind: String = relation.get(2);
    let kind = RELATIONS.iter().find(|(code, _)| *code == kind).map_or("TABLE", |(_, name)| name);
    let columns = columns.iter().map(|row| Column {
        name: row.get(0),
        declared: row.get(1),
        code: row.get(2),
        cast: row.get(3),
        folded: row.get(4),
    });
    Ok(Table { shown: sql.clone(), sql, kind, bulk: relation.get(3), columns: columns.collect() })
}
