//! The rows of one query, read beside whoever takes them.
//!
//! The fast way is `COPY (query) TO STDOUT`. Where the server, or a proxy before it, does not let that query be copied,
//! it is run as it is: the same columns in the same binary form, a message for each row.

use std::pin::Pin;

use api::{Error, Result};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{CopyOutStream, Row, RowStream};

use super::connect::failure;
use super::copy::Unpacker;
use super::decode::Sent;
use super::plan::Plan;
use crate::jdbc::dialect::Block;
use crate::jdbc::dialect::ahead::{self, Ahead, BLOCK_BYTES, BLOCK_ROWS, Feed};

const WORDS: &str = "cannot read the rows of a query";

/// How the server sends rows.
pub(super) enum Sending {
    Copy(Pin<Box<CopyOutStream>>),
    Rows(Pin<Box<RowStream>>),
}

/// A query that runs.
pub(super) struct Rows {
    blocks: Ahead,
    task: JoinHandle<()>,
}

impl Rows {
    /// Reads what the server sends.
    pub(super) fn new(sending: Sending, plan: Plan) -> Self {
        let (_, feed, blocks) = ahead::channel();
        Self { blocks, task: tokio::spawn(run(sending, plan, feed)) }
    }

    /// The next rows, at most so many; `None`: there are no more. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// Those of the query, and of values that cannot be read.
    pub(super) async fn next(&mut self, rows_max: usize) -> Result<Option<Block>> {
        self.blocks.next(rows_max).await
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(sending: Sending, plan: Plan, feed: Feed) {
    let read = match sending {
        Sending::Copy(stream) => copied(stream, &plan, &feed).await,
        Sending::Rows(stream) => sent(stream, &plan, &feed).await,
    };
    if let Err(error) = read {
        // Nobody waits where the session was dropped.
        feed.send(Err(error)).await;
    }
}

/// Reads what is copied. The end of the stream is that of the query's transaction.
async fn copied(mut stream: Pin<Box<CopyOutStream>>, plan: &Plan, feed: &Feed) -> Result<()> {
    let (mut unpacker, mut block, mut bytes) = (Unpacker::default(), Block::default(), 0);
    while let Some(sent) = stream.next().await {
        let sent = sent.map_err(|error| failure(WORDS, &error))?;
        bytes += unpacker.receive(sent, plan, &mut block)?;
        if !hand_over(&mut block, &mut bytes, feed).await {
            return Ok(());
        }
    }
    if !unpacker.ended {
        return Err(Error::retry("the rows of a query ended before their end"));
    }
    finish(block, feed).await;
    Ok(())
}

/// Reads rows one by one.
async fn sent(mut stream: Pin<Box<RowStream>>, plan: &Plan, feed: &Feed) -> Result<()> {
    let (mut block, mut bytes) = (Block::default(), 0);
    while let Some(row) = stream.next().await {
        let row = row.map_err(|error| failure(WORDS, &error))?;
        bytes += row.raw_size_bytes();
        let (record, mark) = plan.read(|place| field(&row, place))?;
        block.records.push(record);
        if plan.layout.marked() {
            block.marks.push(mark);
        }
        if !hand_over(&mut block, &mut bytes, feed).await {
            return Ok(());
        }
    }
    finish(block, feed).await;
    Ok(())
}

/// Hands a block over once it is full; false: nobody wants it any more.
async fn hand_over(block: &mut Block, bytes: &mut usize, feed: &Feed) -> bool {
    if *bytes < BLOCK_BYTES && block.records.len() < BLOCK_ROWS {
        return true;
    }
    *bytes = 0;
    feed.send(Ok(std::mem::take(block))).await
}

async fn finish(block: Block, feed: &Feed) {
    if !block.records.is_empty() {
        // Nobody takes the last rows of a query that was given up.
        feed.send(Ok(block)).await;
    }
}

/// A field of a row, as the server sent it.
fn field(row: &Row, place: usize) -> Result<Option<Sent<'_>>> {
    let raw: Option<Raw<'_>> = row.try_get(place).map_err(|error| failure("cannot read a row", &error))?;
    Ok(raw.map(|raw| Sent { bytes: raw.0, within: None }))
}

/// The bytes of a value of any type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
