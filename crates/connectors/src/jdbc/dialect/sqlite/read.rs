//! The session that reads: a thread of its own with the connection, as SQLite blocks.

use std::sync::Arc;

use api::{Error, Result};
use async_trait::async_trait;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use super::connect::{self, failure};
use super::decode::integer;
use super::moment::parse;
use super::{catalog, rows};
use crate::jdbc::dialect::ahead::{self, Ahead};
use crate::jdbc::dialect::{Access, Block, Column, Open, Scope, Select, Session, Shape, Table, TableId};
use crate::jdbc::value::{Mapping, Moment};

/// Requests that wait: a call that was dropped leaves one behind.
const REQUESTS: usize = 4;

type Request = Box<dyn FnOnce(&Connection) + Send>;

/// A connection that reads.
pub(super) struct Reader {
    mapping: Mapping,
    requests: mpsc::Sender<Request>,
    interrupt: InterruptHandle,
    rows: Option<Ahead>,
}

impl Reader {
    pub(super) async fn open(access: &Access, mapping: &Mapping) -> Result<Self> {
        let (requests, received) = mpsc::channel(REQUESTS);
        let (opened, answer) = oneshot::channel();
        let access = access.clone();
        let thread = std::thread::Builder::new().name("sqlite".to_owned());
        thread
            .spawn(move || serve(&access, opened, received))
            .map_err(|error| Error::retry("cannot start a thread for SQLite").caused_by(error))?;
        let interrupt = answer.await.map_err(|_| gone())??;
        Ok(Self { mapping: mapping.clone(), requests, interrupt, rows: None })
    }

    /// Has a request done by the thread.
    async fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.rows.is_some() {
            return Err(Error::retry("the connection is in the middle of a query"));
        }
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |connection| {
            // Nobody waits any more for the answer of a call that was dropped.
            let _ = answer.send(request(connection));
        });
        self.requests.send(request).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Ends a query that computes; the thread ends when it finds its requests closed.
        self.interrupt.interrupt();
    }
}

fn gone() -> Error {
    Error::retry("the thread of SQLite has ended")
}

/// Serves requests until the session is dropped.
fn serve(
    access: &Access,
    opened: oneshot::Sender<Result<InterruptHandle>>,
    mut requests: mpsc::Receiver<Request>,
) {
    let connection = match connect::open(access, false) {
        Ok(connection) => connection,
        Err(error) => return drop(opened.send(Err(error))),
    };
    if opened.send(Ok(connection.get_interrupt_handle())).is_err() {
        return;
    }
    while let Some(request) = requests.blocking_recv() {
        request(&connection);
    }
}

#[async_trait]
impl Session for Reader {
    async fn tables(&mut self, scope: &Scope) -> Result<Vec<Table>> {
        let scope = scope.clone();
        self.ask(move |connection| catalog::tables(connection, &scope)).await
    }

    async fn columns(&mut self, table: &TableId) -> Result<Vec<Column>> {
        let table = table.clone();
        self.ask(move |connection| catalog::columns(connection, &table)).await
    }

    /// UTC's wall clock, which `CURRENT_TIMESTAMP` shows; like other texts it counts as one of the database's zone.
    async fn now(&mut self) -> Result<Moment> {
        const SQL: &str = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')";
        const WORDS: &str = "cannot ask for the time";
        let read = |connection: &Connection| {
            connection
                .query_row(SQL, [], |row| row.get::<_, String>(0))
                .map_err(|error| failure(WORDS, &error))
        };
        let (local, _) = parse(&self.ask(read).await?).ok_or_else(|| Error::fail(WORDS))?;
        Ok(self.mapping.moment(local))
    }

    async fn integer(&mut self, sql: &str) -> Result<Option<i64>> {
        const WORDS: &str = "cannot query a number";
        let sql = sql.to_owned();
        let read = move |connection: &Connection| {
            let value: rusqlite::types::Value =
                connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| failure(WORDS, &error))?;
            match value {
                rusqlite::types::Value::Null => Ok(None),
                value => {
                    integer((&value).into()).map(Some).map_err(|error| Error::fail(WORDS).caused_by(error))
                }
            }
        };
        self.ask(read).await
    }

    /// None: SQLite has one writer at a time, so that rows become visible in the order in which they were written.
    async fn open_transactions(&mut self, _table: Option<&TableId>) -> Result<Option<Open>> {
        Ok(Some(Open::default()))
    }

    async fn prepare(&mut self, sql: &str) -> Result<Vec<Column>> {
        let sql = sql.to_owned();
        let describe = move |connection: &Connection| {
            let statement =
                connection.prepare(&sql).map_err(|error| failure("cannot prepare a query", &error))?;
            catalog::result(connection, &statement, &[])
        };
        self.ask(describe).await
    }

    async fn start(&mut self, select: &Select) -> Result<Arc<Shape>> {
        if self.rows.is_some() {
            return Err(Error::retry("the connection is in the middle of a query"));
        }
        let (select, mapping) = (select.clone(), self.mapping.clone());
        let (started, feed, blocks) = ahead::channel();
        let request: Request = Box::new(move |connection| {
            if let Err(error) = rows::read(connection, &select, &mapping, started, &feed) {
                // Nobody waits: the session was dropped.
                feed.send_blocking(Err(error));
            }
        });
        self.requests.send(request).await.map_err(|_| gone())?;
        self.rows.insert(blocks).shape().await
    }

    async fn next(&mut self, rows_max: usize) -> Result<Option<Block>> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        let block = rows.next(rows_max).await?;
        if block.is_none() {
            self.rows = None;
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests;
