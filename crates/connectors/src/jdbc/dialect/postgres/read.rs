//! The session that reads.

use std::sync::Arc;

use api::{Error, Result, Schema, Type};
use async_trait::async_trait;
use tokio_postgres::Column as Described;
use tracing::warn;

use super::connect::Connection;
use super::copy::{Cell, Plan, Role, Rows};
use super::decode::Decoder;
use super::native::{self, Form};
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
}

impl Reader {
    pub(super) async fn open(access: &Access, mapping: &Mapping) -> Result<Self> {
        let connection = Connection::open(access).await?;
        catalog::mark_reader(&connection).await?;
        Ok(Self { connection, mapping: mapping.clone(), rows: None })
    }

    async fn described(&self, sql: &str) -> Result<(Vec<Column>, Vec<Form>)> {
        let request = self.connection.client.prepare(sql);
        let statement = self.connection.within("cannot prepare a query", request).await?;
        let columns = catalog::columns(&self.connection, statement.columns()).await?;
        let form = |(described, column): (&Described, &Column)| native::form(described.type_(), &column.kind);
        let forms = statement.columns().iter().zip(&columns).map(form).collect();
        Ok((columns, forms))
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
        let plan = plan(select, columns, &types, &forms, &self.mapping)?;
        let shape = plan.shape.clone();
        let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", casted(&select.sql, &forms));
        let stream =
            self.connection.within("cannot start a query", self.connection.client.copy_out(&sql)).await?;
        self.rows = Some(Rows::new(stream, plan));
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
    if forms.iter().all(|form| *form == Form::Plain) {
        return sql.to_owned();
    }
    let names: Vec<String> = (0..forms.len()).map(|place| format!("c{place}")).collect();
    let list: Vec<String> =
        names.iter().zip(forms).map(|(name, form)| format!("q.{name}{}", form.cast())).collect();
    format!("SELECT {} FROM ({sql}) AS q({})", list.join(", "), names.join(", "))
}

fn plan(
    select: &Select,
    columns: Vec<Column>,
    types: &[tokio_postgres::types::Type],
    forms: &[Form],
    mapping: &Mapping,
) -> Result<Plan> {
    let mut value = Schema::structure();
    let mut cells = Vec::with_capacity(columns.len());
    let mut fields: Vec<(&str, Arc<Schema>)> = Vec::new();
    for ((column, native), form) in columns.iter().zip(types).zip(forms) {
        let target = mapping.target(column);
        let decoder = target.as_ref().and_then(|target| Decoder::of(native, *form, target));
        if let (Some(target), Some(_)) = (&target, &decoder) {
            let schema = mapping.schema(column, target);
            if fields.iter().any(|(name, _)| *name == column.name) {
                return Err(Error::fail(format_args!(
                    "the query has two columns `{}`; give one of them another name with AS",
                    column.name
                )));
            }
            fields.push((&column.name, schema.clone()));
            value = value.field(&column.name, schema);
        }
        cells.push(Cell { decoder, role: Role::None });
    }
    mark_roles(select, &columns, &mut cells)?;
    let (key, key_schema) = key(select, &fields)?;
    if let Some(name) = &select.name {
        value = value.name(name);
    }
    let shape = Arc::new(Shape { value: value.build(), key: key_schema, columns });
    let marked = select.incrementing.is_some() || !select.timestamps.is_empty();
    Ok(Plan { shape, cells, key, mapping: mapping.clone(), marked })
}

/// Finds the columns that say where a row stands.
fn mark_roles(select: &Select, columns: &[Column], cells: &mut [Cell]) -> Result<()> {
    if let Some(name) = &select.incrementing {
        let place = columns.iter().position(|column| column.name == *name).ok_or_else(|| {
            Error::fail(format_args!("the incrementing column `{name}` is not in the result"))
        })?;
        if !cells[place].decoder.as_ref().is_some_and(Decoder::counts) {
            return Err(Error::fail(format_args!(
                "the incrementing column `{name}` is of type `{}`, expected an integer",
                columns[place].native
            )));
        }
        cells[place].role = Role::Incrementing;
    }
    for (order, name) in select.timestamps.iter().enumerate() {
        let place = timestamp_column(columns, name)?;
        if !cells[place].decoder.as_ref().is_some_and(Decoder::timestamp) {
            return Err(Error::fail(format_args!(
                "the timestamp column `{name}` is of type `{}`, expected a timestamp",
                columns[place].native
            )));
        }
        cells[place].role = Role::Timestamp(order);
    }
    Ok(())
}

/// The column of a name in the same letters, or else the only one in any.
fn timestamp_column(columns: &[Column], name: &str) -> Result<usize> {
    if let Some(place) = columns.iter().position(|column| column.name == name) {
        return Ok(place);
    }
    let wanted = name.to_lowercase();
    let mut found = columns.iter().enumerate().filter(|(_, column)| column.name.to_lowercase() == wanted);
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Ok(place),
        (None, _) => Err(Error::fail(format_args!("the timestamp column `{name}` is not in the result"))),
        (Some(_), Some(_)) => Err(Error::fail(format_args!(
            "the timestamp column `{name}` could be several columns of the result; write it in the letters of one"
        ))),
    }
}

type Key = (Vec<usize>, Option<Arc<Schema>>);

fn key(select: &Select, fields: &[(&str, Arc<Schema>)]) -> Result<Key> {
    if select.key.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut schema = Schema::of(Type::Struct);
    let mut places = Vec::with_capacity(select.key.len());
    for name in &select.key {
        let place = fields
            .iter()
            .position(|(field, _)| field == name)
            .ok_or_else(|| Error::fail(format_args!("the key column `{name}` is not in the result")))?;
        schema = schema.field(name, fields[place].1.clone());
        places.push(place);
    }
    Ok((places, Some(schema.build())))
}
