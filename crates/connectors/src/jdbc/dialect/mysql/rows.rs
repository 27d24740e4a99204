//! Rows of one query, read beside whoever takes them.
//!
//! The driver's result borrows its connection and cannot stay with a session between two calls, and a call may be
//! dropped anywhere: so a task of its own reads ahead, a few blocks at most, and gives the connection back at the end.

use std::time::Duration;

use api::{DataError, Error, OrReaction, Record, Result, Value};
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Conn, QueryResult, Row, Value as Sent};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connect::failure;
use super::decode::{Decoder, count, moment};
use super::horizon::READER;
use super::native;
use super::settings::Reading;
use crate::jdbc::dialect::ahead::{self, Ahead, BLOCK_BYTES, BLOCK_ROWS, Feed, Started};
use crate::jdbc::dialect::layout::Layout;
use crate::jdbc::dialect::{Block, Column, Mark, Select};
use crate::jdbc::value::Mapping;

/// What a cell takes beside its text.
const CELL_BYTES: usize = 16;

/// What is needed to read rows.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) select: Select,
    pub(super) mapping: Mapping,
    pub(super) reading: Reading,
    /// How long the server may be silent.
    pub(super) limit: Option<Duration>,
}

/// A query that runs.
pub(super) struct Rows {
    pub(super) blocks: Ahead,
    /// Ends by itself soon after `blocks` is dropped; only then it has no connection to give back.
    task: JoinHandle<Option<Conn>>,
}

impl Rows {
    /// Starts a query on a connection.
    pub(super) fn start(conn: Conn, order: Order) -> Self {
        let (started, feed, blocks) = ahead::channel();
        Self { blocks, task: tokio::spawn(run(conn, order, started, feed)) }
    }

    /// The connection, when there are no more rows; `None`: it is lost.
    pub(super) async fn end(&mut self) -> Option<Conn> {
        (&mut self.task).await.ok().flatten()
    }
}

/// Reads all rows; returns the connection if it can be used again.
async fn run(mut conn: Conn, order: Order, started: Started, feed: Feed) -> Option<Conn> {
    let outcome = tokio::select! {
        biased;
        outcome = read(&mut conn, &order, started, &feed) => outcome,
        () = feed.closed() => Ok(Ended::GivenUp),
    };
    match outcome {
        Ok(Ended::Read) => return Some(conn),
        Ok(Ended::GivenUp) => {}
        Err(error) => {
            // Nobody waits where the session was dropped.
            feed.send(Err(error)).await;
        }
    }
    // Not dropped: the driver would read the rest of the rows first.
    let _ = conn.disconnect().await;
    None
}

/// How reading came to its end.
enum Ended {
    Read,
    GivenUp,
}

async fn read(conn: &mut Conn, order: &Order, started: Started, feed: &Feed) -> Result<Ended> {
    let sql = format!("{READER} {}", order.select.sql);
    let prepared = within(order.limit, "cannot prepare a query", conn.prep(sql)).await?;
    let mut result = within(order.limit, "cannot run a query", conn.exec_iter(&prepared, ())).await?;
    let columns = result.columns().ok_or_else(|| Error::fail("the query has no rows to give"))?;
    let plan =
        Plan::new(columns.iter().map(|sent| native::of_result(sent, &order.reading)).collect(), order)?;
    let _ = started.send(plan.layout.shape.clone());
    while let Some(block) = plan.block(&mut result, order.limit).await? {
        if !feed.send(Ok(block)).await {
            return Ok(Ended::GivenUp);
        }
    }
    drop(result);
    within(order.limit, "cannot end a query", conn.close(prepared)).await?;
    Ok(Ended::Read)
}

async fn within<T>(
    limit: Option<Duration>,
    words: &str,
    request: impl Future<Output = Result<T, mysql_async::Error>>,
) -> Result<T> {
    let answered = match limit {
        Some(limit) => timeout(limit, request)
            .await
            .map_err(|_| Error::retry(format_args!("{words}: no answer within `socketTimeout`")))?,
        None => request.await,
    };
    answered.map_err(|error| failure(words, &error))
}

/// How the rows of a query are read.
struct Plan<'a> {
    layout: Layout,
    /// `None`: the column is dropped.
    decoders: Vec<Option<Decoder>>,
    order: &'a Order,
}

impl<'a> Plan<'a> {
    fn new(columns: Vec<Column>, order: &'a Order) -> Result<Self> {
        let layout = Layout::new(columns, &order.select, &order.mapping)?;
        let decoder = |(column, target): (&Column, &Option<_>)| {
            target.as_ref().and_then(|target| Decoder::of(&column.native, target))
        };
        let decoders: Vec<_> = layout.shape.columns.iter().zip(&layout.targets).map(decoder).collect();
        let plan = Self { layout, decoders, order };
        plan.check(plan.layout.incrementing.as_slice(), Decoder::counts, "incrementing", "an integer")?;
        plan.check(&plan.layout.timestamps, Decoder::timestamp, "timestamp", "a timestamp")?;
        Ok(plan)
    }

    fn check(&self, places: &[usize], fits: fn(Decoder) -> bool, role: &str, expected: &str) -> Result<()> {
        for place in places {
            if !self.decoders[*place].is_some_and(fits) {
                let column = &self.layout.shape.columns[*place];
                return Err(Error::fail(format_args!(
                    "the {role} column `{}` is of type `{}`, expected {expected}",
                    column.name, column.native
                )));
            }
        }
        Ok(())
    }

    /// The next rows of the server; `None`: there are no more.
    async fn block(
        &self,
        result: &mut QueryResult<'_, '_, BinaryProtocol>,
        limit: Option<Duration>,
    ) -> Result<Option<Block>> {
        let mut block = Block::default();
        let mut bytes = 0;
        while bytes < BLOCK_BYTES && block.records.len() < BLOCK_ROWS {
            let Some(row) = within(limit, "cannot read the rows of a query", result.next()).await? else {
                break;
            };
            self.row(row, &mut block, &mut bytes)?;
        }
        Ok((!block.records.is_empty()).then_some(block))
    }

    fn row(&self, row: Row, block: &mut Block, bytes: &mut usize) -> Result<()> {
        let sent = row.unwrap();
        if self.layout.marked() {
            block.marks.push(self.mark(&sent)?);
        }
        let mut values = Vec::with_capacity(self.layout.shape.value.fields.len());
        for (place, (sent, decoder)) in sent.into_iter().zip(&self.decoders).enumerate() {
            let Some(decoder) = decoder else { continue };
            *bytes += CELL_BYTES + if let Sent::Bytes(text) = &sent { text.len() } else { 0 };
            let null = sent == Sent::NULL;
            let value = decoder.decode(sent, self.order.reading.zero_date, &self.order.mapping);
            let value = value.map_err(|error| self.unreadable(place, error))?;
            if value == Value::Null && !null && !self.layout.shape.columns[place].nullable {
                return Err(self.unreadable(place, zero_in_required()));
            }
            values.push(value);
        }
        block.records.push(Record {
            key: self.layout.shape.key.as_ref().map(|_| self.key(&values)),
            value: Some(Value::Struct(values.into_boxed_slice())),
            ..Record::default()
        });
        Ok(())
    }

    fn key(&self, values: &[Value]) -> Value {
        Value::Struct(self.layout.key.iter().map(|place| values[*place].clone()).collect())
    }

    fn mark(&self, sent: &[Sent]) -> Result<Mark> {
        let mut mark = Mark::default();
        if let Some(place) = self.layout.incrementing {
            let counted = count(&sent[place]).map_err(|error| self.unreadable(place, error))?;
            if counted.is_none() {
                let name = &self.layout.shape.columns[place].name;
                return Err(Error::fail(format_args!("the incrementing column `{name}` holds a null")));
            }
            mark.incrementing = counted;
        }
        for place in &self.layout.timestamps {
            let found = moment(&sent[*place], self.order.reading.zero_date, &self.order.mapping);
            mark.timestamp = found.map_err(|error| self.unreadable(*place, error))?;
            if mark.timestamp.is_some() {
                break;
            }
        }
        Ok(mark)
    }

    fn unreadable(&self, place: usize, error: DataError) -> Error {
        let name = &self.layout.shape.columns[place].name;
        Err::<(), _>(error).or_fail(format_args!("cannot read column `{name}`")).expect_err("it is an error")
    }
}

/// A schema that requires a value has no null for a zero date; Java's connector fails, too.
fn zero_in_required() -> DataError {
    DataError::new(
        "a date has no year, month or day, and the column is NOT NULL, hint: zeroDateTimeBehavior=ROUND in the \
         database URL makes it 0001-01-01",
    )
}
