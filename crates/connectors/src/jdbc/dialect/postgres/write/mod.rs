//! Writing: rows arrive by COPY where they are inserted into a plain table, and otherwise by statements whose
//! parameters are whole columns.

mod encode;
mod literal;
mod numeric;
mod refusal;
mod rows;
mod statement;
mod table;
mod words;

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use api::Result;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::time::timeout;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use crate::jdbc::dialect::postgres::connect::Connection;
use crate::jdbc::dialect::{Access, Quoting, TableId};
use crate::jdbc::sink::cell::Row;
use crate::jdbc::sink::config::{InsertMode, Options};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::writer::{Found, Reason, Refusal, Step, Target, Writer};

use encode::Encoding;
use refusal::refusal;
use rows::{Array, Slot, Stream};
use words::Definitions;

/// Fewer rows are not worth a COPY.
const COPY_ROWS_MIN: usize = 8;
/// The bytes of a message of COPY.
const COPY_BYTES: usize = 256 * 1024;
/// The rows of a statement: an array is one message, which has a bound.
const STATEMENT_BYTES: usize = 16 * 1024 * 1024;
/// The statements that are kept prepared.
const STATEMENTS_MAX: usize = 128;

/// A connection to PostgreSQL that writes.
pub(crate) struct PostgresWriter {
    connection: Connection,
    definitions: Definitions,
    statements: HashMap<String, Statement>,
    answer_timeout: Option<Duration>,
}

impl PostgresWriter {
    /// Opens a connection.
    ///
    /// # Errors
    /// Those of [`Connection::open`].
    pub(crate) async fn open(access: &Access, quoting: Quoting, options: &Options) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(access).await?,
            definitions: Definitions { quoting, clock: options.clock.clone() },
            statements: HashMap::new(),
            answer_timeout: access.url.settings.socket_timeout,
        })
    }

    async fn within<T>(
        &self,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Refusal> {
        let answered = match self.answer_timeout {
            Some(limit) => timeout(limit, request)
                .await
                .map_err(|_| Refusal::new(Reason::Passing, "no answer within `socketTimeout`"))?,
            None => request.await,
        };
        answered.map_err(|error| refusal(&error))
    }

    async fn prepared(&mut self, sql: String) -> Result<Statement, Refusal> {
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let statement = self.within(self.connection.client.prepare(&sql)).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// Runs a statement of which each parameter is a column of rows.
    async fn run(&mut self, sql: String, slots: &[Slot<'_>], rows: &[Row<'_>]) -> Result<(), Refusal> {
        let statement = self.prepared(sql).await?;
        let mut rest = rows;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(bounded(slots, rest));
            rest = behind;
            let clock = &self.definitions.clock;
            let arrays: Vec<Array> =
                slots.iter().map(|slot| Array::of(slot, clock, part)).collect::<Result<_, _>>()?;
            let parameters: Vec<&(dyn ToSql + Sync)> =
                arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
            self.within(self.connection.client.execute(&statement, &parameters)).await?;
        }
        Ok(())
    }

    async fn copy(&mut self, target: &Target, slots: Vec<Slot<'_>>, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let mut stream = Stream::new(slots);
        let statement = self.prepared(statement::copy(target, stream.text())).await?;
        let mut sink = pin!(self.within(self.connection.client.copy_in::<_, Bytes>(&statement)).await?);
        for row in rows {
            stream.row(&self.definitions.clock, *row)?;
            if stream.bytes.len() >= COPY_BYTES {
                let bytes = Bytes::from(std::mem::take(&mut stream.bytes));
                self.within(sink.send(bytes)).await?;
            }
        }
        stream.finish();
        self.within(sink.send(Bytes::from(stream.bytes))).await?;
        self.within(sink.finish()).await.map(drop)
    }
}

/// The words of the dialect alone.
#[cfg(test)]
pub(in crate::jdbc) fn ddl(quoting: Quoting, clock: crate::jdbc::sink::clock::Clock) -> Box<dyn Ddl> {
    Box::new(Definitions { quoting, clock })
}

/// How many rows, at least one, stay below the bound of a statement.
fn bounded(slots: &[Slot<'_>], rows: &[Row<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&Row<'_>| {
        bytes += slots.iter().map(|slot| slot.field.cell(**row).size() + 8).sum::<usize>();
        bytes <= STATEMENT_BYTES
    };
    rows.iter().take_while(fits).count().max(1)
}

#[async_trait]
impl Writer for PostgresWriter {
    fn ddl(&self) -> &dyn Ddl {
        &self.definitions
    }

    async fn find(&mut self, table: &TableId) -> Result<Found, Refusal> {
        table::find(&self.connection.client, table, self.definitions.quoting).await
    }

    async fn define(&mut self, sql: &str) -> Result<(), Refusal> {
        self.statements.clear();
        match self.within(self.connection.client.batch_execute(sql)).await {
            // Two tasks that create one table at the same time may meet in the catalog instead.
            Err(refusal) if refusal.reason == Reason::Row => Err(refusal.because(Reason::Structure)),
            done => done,
        }
    }

    async fn change(&mut self, sql: &str) -> Result<u64, Refusal> {
        self.within(self.connection.client.execute(sql, &[])).await
    }

    async fn offsets(&mut self, sql: &str) -> Result<Vec<(String, i64, i64)>, Refusal> {
        let rows = self.within(self.connection.client.query(sql, &[])).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i32>(1).into(), row.get(2))).collect())
    }

    async fn step(&mut self, step: Step) -> Result<(), Refusal> {
        let sql = match step {
            Step::Begin => "BEGIN",
            Step::CheckAtOnce => "SET CONSTRAINTS ALL IMMEDIATE",
            Step::Savepoint => "SAVEPOINT ferroduct",
            Step::Release => "RELEASE SAVEPOINT ferroduct",
            Step::RollBackToSavepoint => "ROLLBACK TO SAVEPOINT ferroduct; RELEASE SAVEPOINT ferroduct",
            Step::Commit => "COMMIT",
            Step::RollBack => "ROLLBACK",
        };
        if step == Step::RollBack {
            // Tables may have changed, and with them what the statements answer.
            self.statements.clear();
        }
        self.within(self.connection.client.batch_execute(sql)).await
    }

    async fn write(&mut self, target: &Target, mode: InsertMode, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let slots: Vec<Slot<'_>> = target.pairs().map(Slot::of).collect();
        if mode == InsertMode::Insert && target.table.bulk && rows.len() >= COPY_ROWS_MIN {
            return self.copy(target, slots, rows).await;
        }
        let Some(sql) = statement::write(target, mode) else { return Ok(()) };
        if mode == InsertMode::Update && !self.sortable(target) {
            // Of two rows for the same row of the table an update takes any, so that each gets its own.
            for row in rows {
                self.run(sql.clone(), &slots, std::slice::from_ref(row)).await?;
            }
            return Ok(());
        }
        self.run(sql, &slots, rows).await
    }

    async fn delete(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let slots: Vec<Slot<'_>> = target.key_pairs().map(Slot::of).collect();
        self.run(statement::delete(target), &slots, rows).await
    }

    fn sortable(&self, target: &Target) -> bool {
        target.key_pairs().all(|(field, column)| {
            !column.folded && Encoding::of(field.kind, column.code) != Encoding::Literal
        })
    }
}
