//! What a sink asks of a database: one trait, which each dialect implements.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use api::Error;
use async_trait::async_trait;

use super::cell::Row;
use super::config::InsertMode;
use super::ddl::Ddl;
use super::plan::{Field, Plan};
use crate::jdbc::dialect::TableId;

/// A connection that writes rows.
#[async_trait]
pub(in crate::jdbc) trait Writer: Send {
    /// The words of the dialect for tables and columns.
    fn ddl(&self) -> &dyn Ddl;

    /// Finds a table by the name that a user wrote.
    async fn find(&mut self, table: &TableId) -> Result<Found, Refusal>;

    /// Runs a statement that defines something, outside of a transaction.
    async fn define(&mut self, sql: &str) -> Result<(), Refusal>;

    /// Runs a statement and answers how many rows it has changed.
    async fn change(&mut self, sql: &str) -> Result<u64, Refusal>;

    /// Runs a query for texts and two numbers.
    async fn offsets(&mut self, sql: &str) -> Result<Vec<(String, i64, i64)>, Refusal>;

    /// Begins or ends a transaction or a part of it.
    async fn step(&mut self, step: Step) -> Result<(), Refusal>;

    /// Writes rows in order: none of them is written when it fails. With [`InsertMode::Upsert`] and
    /// [`InsertMode::Update`] no two rows have the same key, as far as can be told by their bytes.
    async fn write(&mut self, target: &Target, mode: InsertMode, rows: &[Row<'_>]) -> Result<(), Refusal>;

    /// Deletes the rows of the keys of these records.
    async fn delete(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<(), Refusal>;

    /// Whether rows of different keys may be written in any order.
    fn sortable(&self, target: &Target) -> bool;
}

/// Where a transaction begins and ends. At most one savepoint is there at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum Step {
    Begin,
    /// Whatever is checked at the end of a transaction is checked at each statement from now on.
    CheckAtOnce,
    Savepoint,
    Release,
    RollBackToSavepoint,
    Commit,
    RollBack,
}

/// The answer to a name.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Found {
    /// The name as it stands in SQL.
    pub(in crate::jdbc) sql: String,
    /// The name as it stands in messages.
    pub(in crate::jdbc) shown: String,
    /// `None`: there is no such table.
    pub(in crate::jdbc) table: Option<Table>,
}

/// What a table is like.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Table {
    /// The name as it stands in SQL.
    pub(in crate::jdbc) sql: String,
    /// The name as it stands in messages.
    pub(in crate::jdbc) shown: String,
    /// `TABLE`, `PARTITIONED TABLE`, `VIEW`, or what else it is.
    pub(in crate::jdbc) kind: &'static str,
    /// Whether the dialect's bulk path may be taken.
    pub(in crate::jdbc) bulk: bool,
    pub(in crate::jdbc) columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Column {
    pub(in crate::jdbc) name: String,
    /// The type, as SQL says it.
    pub(in crate::jdbc) declared: String,
    /// The type as a cast names it, which must neither cut nor round values.
    pub(in crate::jdbc) cast: String,
    /// The dialect's number for the type.
    pub(in crate::jdbc) code: u32,
    /// Whether two texts that differ may be the same key.
    pub(in crate::jdbc) folded: bool,
}

/// The columns that records of one plan are written to.
#[derive(Clone, Debug)]
pub(in crate::jdbc) struct Target {
    pub(in crate::jdbc) table: Arc<Table>,
    pub(in crate::jdbc) plan: Arc<Plan>,
    /// For each field of the plan the index of its column in the table.
    pub(in crate::jdbc) columns: Vec<usize>,
}

impl Target {
    /// A field of the plan and its column.
    pub(in crate::jdbc) fn pair(&self, index: usize) -> (&Field, &Column) {
        (&self.plan.fields[index], &self.table.columns[self.columns[index]])
    }

    /// All fields and their columns.
    pub(in crate::jdbc) fn pairs(&self) -> impl ExactSizeIterator<Item = (&Field, &Column)> {
        (0..self.columns.len()).map(|index| self.pair(index))
    }

    /// The fields of the key and their columns.
    pub(in crate::jdbc) fn key_pairs(&self) -> impl ExactSizeIterator<Item = (&Field, &Column)> {
        self.plan.keys.iter().map(|index| self.pair(*index))
    }
}

/// What a refusal calls for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::jdbc) enum Reason {
    /// It may pass: a deadlock, a lost connection, a lock.
    Passing,
    /// A row of those that were written is bad.
    Row,
    /// The table is not what it was.
    Structure,
    /// Nothing but a user can help.
    Lasting,
}

/// A database, or the encoding for it, does not take something. The words hold no data (invariant 8).
#[derive(Debug)]
pub(in crate::jdbc) struct Refusal {
    pub(in crate::jdbc) reason: Reason,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Refusal {
    /// A refusal with words.
    pub(in crate::jdbc) fn new(reason: Reason, message: impl fmt::Display) -> Self {
        Self { reason, message: message.to_string(), source: None }
    }

    /// A value of a row does not fit its column.
    pub(in crate::jdbc) fn misfit(column: &Column, found: impl fmt::Display) -> Self {
        let message = format_args!("column `{}` of type {} takes no {found}", column.name, column.declared);
        Self::new(Reason::Row, message)
    }

    /// The same for another reason.
    #[must_use]
    pub(in crate::jdbc) fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// Adds what caused it.
    #[must_use]
    pub(in crate::jdbc) fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Refusal {
    /// The same as an error that may pass, for which a worker may start a task anew that has given up.
    pub(in crate::jdbc) fn into_passing(self) -> Error {
        let error = Error::retry(self.message);
        match self.source {
            Some(source) => error.caused_by(source),
            None => error,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
