//! The session that reads.

use std::sync::Arc;

use api::{Error, Reaction, Result};
use async_trait::async_trait;
use tokio_postgres::Column as Described;
use tokio_postgres::types::ToSql;
use tracing::warn;

use super::connect::Connection;
use super::native::{self, Form};
use super::plan::Plan;
use super::rows::{Rows, Sending};
use super::{WORDS, catalog};
use crate::jdbc::dialect::{
    Access, Block, Column, Open, Quoting, Scope, Select, Session, Shape, Table, TableId,
};
use crate::jdbc::value::{Mapping, Moment};

/// What `transaction.isolation.mode` may set.
const LEVELS: [&str; 4] = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/// A connection that reads.
pub(super) struct Reader {
    connection: Connection,
    mapping: Mapping,
    rows: Option<Rows>,
    /// Whether queries are copied; not any more once that was refused.
    copies: bool,
}

impl Reader {
    pub(super) async fn open(access: &Access, mapping: &Mapping) -> Result<Self> {
        let connection = Connection::open(access).await?;
        catalog::mark_reader(&connection).await?;
        Ok(Self { connection, mapping: mapping.clone(), rows: None, copies: true })
    }

    async fn described(&self, sql: &str) -> Result<(Vec<Column>, Vec<Form>)> {
        let request = self.connection.client.prepare(sql);
        let statement = self.connection.within("cannot prepare a query", request).await?;
        let columns = catalog::columns(&self.connection, statement.columns()).await?;
        let form = |(described, column): (&Described, &Column)| native::form(described.type_(), &column.kind);
        let forms = statement.columns().iter().zip(&columns).map(form).collect();
        Ok((columns, forms))
    }

    /// Has the rows of a query sent: copied, or one by one where that is refused.
    async fn send(&mut self, sql: &str) -> Result<Sending> {
        if !self.copies {
            return self.send_rows(sql).await;
        }
        let sql_copied = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
        let mut state = None;
        let request = async {
            let copied = self.connection.client.copy_out(&sql_copied).await;
            copied.inspect_err(|error| state = error.code().map(|state| state.code().to_owned()))
        };
        match self.connection.within("cannot copy a query", request).await {
            Ok(stream) => return Ok(Sending::Copy(Box::pin(stream))),
            Err(error) if error.reaction() == Reaction::Retry => return Err(error),
            Err(_) => {}
        }
        // What is wrong with the query itself is so without COPY, too.
        let sending = self.send_rows(sql).await?;
        // The words of the server quote the query, which may be a masked one.
        warn!(sqlstate = state, "the server does not copy a query: its rows are read one by one, slower");
        self.copies = false;
        Ok(sending)
    }

    async fn send_rows(&self, sql: &str) -> Result<Sending> {
        let client = &self.connection.client;
        let request = client.query_raw(sql, std::iter::empty::<&(dyn ToSql + Sync)>());
        let stream = self.connection.within("cannot start a query", request).await?;
        Ok(Sending::Rows(Box::pin(stream)))
    }

    fn idle(&self) -> Result<()> {
        match self.rows {
            Some(_) => Err(Error::retry("the connection is in the middle of a query")),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Session for Reader {
    async fn tables(&mut self, scope: &Scope) -> Result<Vec<Table>> {
        self.idle()?;
        catalog::tables(&self.connection, scope).await
    }

    async fn columns(&mut self, table: &TableId) -> Result<Vec<Column>> {
        self.idle()?;
        let sql = format!("SELECT * FROM {}", WORDS.table(table, Quoting::Always));
        Ok(self.described(&sql).await?.0)
    }

    async fn readable(&mut self, table: &TableId) -> Result<bool> {
        self.idle()?;
        catalog::readable(&self.connection, &WORDS.table(table, Quoting::Always)).await
    }

    async fn now(&mut self) -> Result<Moment> {
        self.integer("SELECT (extract(epoch FROM CURRENT_TIMESTAMP) * 1000000)::int8")
            .await?
            .map(Moment::of_micros)
            .ok_or_else(|| Error::retry("the database does not tell the time"))
    }

    async fn integer(&mut self, sql: &str) -> Result<Option<i64>> {
        self.idle()?;
        let sql = format!("SELECT ({sql})::int8");
        let row = self
            .connection
            .within("cannot query a number", self.connection.client.query_one(&sql, &[]))
            .await?;
        row.try_get(0).map_err(|error| super::connect::failure("cannot read a number", &error))
    }

    async fn open_transactions(&mut self, table: Option<&TableId>) -> Result<Option<Open>> {
        self.idle()?;
        let table = table.map(|table| WORDS.table(table, Quoting::Always));
        catalog::open_transactions(&self.connection, table.as_deref()).await.map(Some)
    }

    async fn prepare(&mut self, sql: &str) -> Result<Vec<Column>> {
        self.idle()?;
        Ok(self.described(sql).await?.0)
    }

    async fn isolate(&mut self, level: &str) -> Result<()> {
        if !LEVELS.contains(&level) {
            warn!(level, "PostgreSQL has no such isolation of transactions");
            return Ok(());
        }
        let sql = format!("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}");
        self.connection
            .within("cannot set the isolation of transactions", self.connection.client.batch_execute(&sql))
            .await
    }

    async fn start(&mut self, select: &Select) -> Result<Arc<Shape>> {
        self.idle()?;
        let request = self.connection.client.prepare(&select.sql);
        let statement = self.connection.within("cannot prepare a query", request).await?;
        let columns = catalog::columns(&self.connection, statement.columns()).await?;
        let types: Vec<_> = statement.columns().iter().map(|column| column.type_().clone()).collect();
        let forms: Vec<Form> =
            types.iter().zip(&columns).map(|(native, column)| native::form(native, &column.kind)).collect();
        let plan = Plan::new(select, columns, &types, &forms, &self.mapping)?;
        let shape = plan.layout.shape.clone();
        let sending = self.send(&casted(&select.sql, &forms)).await?;
        self.rows = Some(Rows::new(sending, plan));
        Ok(shape)
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

/// The query itself, or around it one that casts columns whose binary form is not read here. The order of the rows is
/// that of the query within: nothing is done to them.
fn casted(sql: &str, forms: &[Form]) -> String {
    let sql = inner(sql);
    if forms.iter().all(|form| *form == Form::Plain) {
        return sql;
    }
    let names: Vec<String> = (0..forms.len()).map(|place| format!("c{place}")).collect();
    let list: Vec<String> =
        names.iter().zip(forms).map(|(name, form)| format!("q.{name}{}", form.cast())).collect();
    format!("SELECT {} FROM ({sql}) AS q({})", list.join(", "), names.join(", "))
}

/// A query as a part of another one: without the semicolon that may end it, and with the end of a line behind a comment.
fn inner(sql: &str) -> String {
    format!("{}\n", sql.trim_end().trim_end_matches(';'))
}

#[cfg(test)]
mod tests;
