//! The session that reads.

use std::sync::Arc;

use api::{Error, Result};
use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value as Sent};
use tracing::warn;

use super::connect::{self, within};
use super::decode::count;
use super::rows::{Order, Rows};
use super::settings::Reading;
use super::{catalog, horizon, native};
use crate::jdbc::dialect::{Access, Block, Column, Open, Scope, Select, Session, Shape, Table, TableId};
use crate::jdbc::value::{Local, Mapping, Moment};

/// A connection that reads.
pub(super) struct Reader {
    access: Access,
    mapping: Mapping,
    reading: Reading,
    /// `None`: it is in use, or was lost with a call or a query that was given up.
    conn: Option<Conn>,
    rows: Option<Rows>,
    /// What every connection begins with: the isolation of transactions, if it was set.
    isolation: Option<String>,
}

/// What `transaction.isolation.mode` may set.
const LEVELS: [&str; 4] = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

impl Reader {
    pub(super) async fn open(access: &Access, mapping: &Mapping) -> Result<Self> {
        let reading = Reading::of(&access.url)?;
        let conn = connect::open(access).await?;
        Ok(Self {
            access: access.clone(),
            mapping: mapping.clone(),
            reading,
            conn: Some(conn),
            rows: None,
            isolation: None,
        })
    }

    /// Takes the connection out: a call that is dropped in the middle of an answer loses it, as nobody knows what
    /// the server sends next.
    async fn take(&mut self) -> Result<Conn> {
        if self.rows.is_some() {
            return Err(Error::retry("the connection is in the middle of a query"));
        }
        match self.conn.take() {
            Some(conn) => Ok(conn),
            None => self.reconnect().await,
        }
    }

    async fn reconnect(&self) -> Result<Conn> {
        let mut conn = connect::open(&self.access).await?;
        if let Some(sql) = &self.isolation {
            within(&self.access, "cannot set the isolation of transactions", conn.query_drop(sql)).await?;
        }
        Ok(conn)
    }

    async fn first(&mut self, sql: &str, words: &str) -> Result<Option<Row>> {
        let mut conn = self.take().await?;
        let row = within(&self.access, words, conn.query_first::<Row, _>(sql)).await?;
        self.conn = Some(conn);
        Ok(row)
    }
}

#[async_trait]
impl Session for Reader {
    async fn tables(&mut self, scope: &Scope) -> Result<Vec<Table>> {
        let mut conn = self.take().await?;
        let tables = catalog::tables(&mut conn, &self.access, &self.reading, scope).await?;
        self.conn = Some(conn);
        Ok(tables)
    }

    async fn columns(&mut self, table: &TableId) -> Result<Vec<Column>> {
        let mut conn = self.take().await?;
        let columns = catalog::columns(&mut conn, &self.access, &self.reading, table).await?;
        self.conn = Some(conn);
        match columns.is_empty() {
            true => {
                Err(Error::fail(format_args!("there is no table `{}`, or it cannot be seen", table.plain())))
            }
            false => Ok(columns),
        }
    }

    /// Whole seconds, as Java has them: columns of whole seconds hold rows that are still to come in this one.
    async fn now(&mut self) -> Result<Moment> {
        const SQL: &str = "SELECT CAST(TIMESTAMPDIFF(SECOND, '1970-01-01', CURRENT_TIMESTAMP) AS SIGNED)";
        let seconds = self.integer(SQL).await?;
        let seconds = seconds.ok_or_else(|| Error::retry("the database does not tell the time"))?;
        Ok(self.mapping.zone.moment(Local::of_seconds(seconds, 0)))
    }

    async fn integer(&mut self, sql: &str) -> Result<Option<i64>> {
        let row = self.first(sql, "cannot query a number").await?;
        let sent = row.and_then(|row| row.unwrap().into_iter().next()).unwrap_or(Sent::NULL);
        count(&sent).map_err(|error| Error::fail("cannot read a number").caused_by(error))
    }

    async fn open_transactions(&mut self, _table: Option<&TableId>) -> Result<Option<Open>> {
        let conn = self.take().await?;
        let (conn, open) = horizon::open_transactions(conn, &self.access).await?;
        self.conn = Some(conn);
        Ok(open)
    }

    async fn prepare(&mut self, sql: &str) -> Result<Vec<Column>> {
        let mut conn = self.take().await?;
        let prepared = within(&self.access, "cannot prepare a query", conn.prep(sql)).await?;
        let columns = prepared.columns().iter().map(|sent| native::of_result(sent, &self.reading)).collect();
        within(&self.access, "cannot prepare a query", conn.close(prepared)).await?;
        self.conn = Some(conn);
        Ok(columns)
    }

    async fn isolate(&mut self, level: &str) -> Result<()> {
        if !LEVELS.contains(&level) {
            warn!(level, "the database has no such isolation of transactions");
            return Ok(());
        }
        let sql = format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}");
        let mut conn = self.take().await?;
        within(&self.access, "cannot set the isolation of transactions", conn.query_drop(&sql)).await?;
        (self.conn, self.isolation) = (Some(conn), Some(sql));
        Ok(())
    }

    async fn start(&mut self, select: &Select) -> Result<Arc<Shape>> {
        let conn = self.take().await?;
        let order = Order {
            select: select.clone(),
            mapping: self.mapping.clone(),
            reading: self.reading,
            limit: self.access.url.settings.socket_timeout,
        };
        let rows = self.rows.insert(Rows::start(conn, order));
        rows.blocks.shape().await
    }

    async fn next(&mut self, rows_max: usize) -> Result<Option<Block>> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        if let Some(block) = rows.blocks.next(rows_max).await? {
            return Ok(Some(block));
        }
        self.conn = rows.end().await;
        self.rows = None;
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
