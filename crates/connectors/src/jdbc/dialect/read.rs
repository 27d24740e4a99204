//! Reading: tables, columns, and the rows of queries.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Record, Result, Schema};
use async_trait::async_trait;
use tracing::warn;

use super::{Column, TableId};
use crate::jdbc::value::Moment;

/// Where tables are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// `catalog.pattern`, a LIKE pattern; empty: only tables without a catalog; `None`: any.
    pub(crate) catalog: Option<String>,
    /// `schema.pattern`, likewise.
    pub(crate) schema: Option<String>,
    /// `table.types` in upper case, such as `TABLE`, `VIEW`, `PARTITIONED TABLE`.
    pub(crate) types: Vec<String>,
}

/// A table that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) id: TableId,
}

/// A query that is to be run, and the columns that say where its rows stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Select {
    /// The SQL, complete: nothing is bound.
    pub(crate) sql: String,
    /// The incrementing column's name.
    pub(crate) incrementing: Option<String>,
    /// The timestamp columns' names, of which the first that is not null counts.
    pub(crate) timestamps: Vec<String>,
    /// The columns of the key, in order; empty: no key.
    pub(crate) key: Vec<String>,
    /// The schema name of the values; `None`: none.
    pub(crate) name: Option<String>,
}

/// What the rows of a query look like.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The schema of the values: a struct of all columns that are not dropped, in order.
    pub(crate) value: Arc<Schema>,
    /// The schema of the keys; `None`: there are none.
    pub(crate) key: Option<Arc<Schema>>,
    /// The columns of the result in order, with those that are dropped.
    pub(crate) columns: Vec<Column>,
}

/// Rows of a query, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// The rows: values, and keys if the query has some.
    pub(crate) records: Vec<Record>,
    /// Where each row stands; empty where the query has neither an incrementing nor a timestamp column.
    pub(crate) marks: Vec<Mark>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Mark {
    /// The value of the incrementing column.
    pub(crate) incrementing: Option<i64>,
    /// The moment in the timestamp columns, in full precision.
    pub(crate) timestamp: Option<Moment>,
}

/// The transactions that are open in a database, by any names that are not used again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Open {
    /// Those that have written, or are about to.
    pub(crate) writers: BTreeSet<String>,
    /// Those that have not written anything yet, and may never do.
    pub(crate) others: BTreeSet<String>,
}

/// A connection that reads. It runs one query at a time.
///
/// Every call may be dropped at an await point and another one made: a session that is in the middle of an answer
/// then reads on where it was, or says by an error of [`api::Reaction::Retry`] that it is of no use any more. After
/// any error a session is thrown away.
#[async_trait]
pub(crate) trait Session: Send {
    /// The tables of a scope that this user may see, in the order in which Java's driver lists them (by type, catalog,
    /// schema, name).
    async fn tables(&mut self, scope: &Scope) -> Result<Vec<Table>>;

    /// The columns of a table in order.
    ///
    /// # Errors
    /// There is no such table, or it cannot be seen.
    async fn columns(&mut self, table: &TableId) -> Result<Vec<Column>>;

    /// Whether this user may read a table that is listed. A database that lists no others says yes.
    async fn readable(&mut self, _table: &TableId) -> Result<bool> {
        Ok(true)
    }

    /// The database's clock.
    async fn now(&mut self) -> Result<Moment>;

    /// Runs a query that answers one row with one integer, or null, such as `SELECT max(id) …`.
    async fn integer(&mut self, sql: &str) -> Result<Option<i64>>;

    /// The transactions that are open now, without this session's. With a table: the writers are those that write to
    /// it. `None`: the database or the rights of the user do not tell.
    ///
    /// A row that a transaction which is not named here commits later has an incrementing value above all that the
    /// table held before this call, and, with `now()` as its timestamp, a moment after this call.
    async fn open_transactions(&mut self, table: Option<&TableId>) -> Result<Option<Open>>;

    /// Checks that a query can be run, without running it.
    async fn prepare(&mut self, sql: &str) -> Result<Vec<Column>>;

    /// Sets the isolation of transactions, by its name in SQL; a database that has no such level goes on with its own.
    async fn isolate(&mut self, level: &str) -> Result<()> {
        warn!(level, "the database has no such isolation of transactions");
        Ok(())
    }

    /// Starts a query; the one before has ended or is given up.
    ///
    /// # Errors
    /// The query is wrong; an incrementing or timestamp column is not in the result or of a type that cannot be one.
    async fn start(&mut self, select: &Select) -> Result<Arc<Shape>>;

    /// The next rows of the query that was started, about 1 MiB or `rows_max` of them; `None`: there are no more, and
    /// the query's transaction has ended.
    async fn next(&mut self, rows_max: usize) -> Result<Option<Block>>;
}
