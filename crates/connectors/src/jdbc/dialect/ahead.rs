//! Rows of a query that are read ahead, beside whoever takes them.
//!
//! A task or a thread of its own reads and decodes, and hands over blocks through a [`Feed`]; the session keeps the
//! [`Ahead`]. So the server, the decoding and what becomes of the records are at work at the same time, and a call that
//! is dropped loses nothing.

use std::sync::Arc;
use std::vec;

use api::{Error, Record, Result};
use tokio::sync::{mpsc, oneshot};

use super::{Block, Mark, Shape};

/// How many bytes of rows a block holds, about.
pub(super) const BLOCK_BYTES: usize = 1 << 18;
/// How many rows a block holds.
pub(super) const BLOCK_ROWS: usize = 2000;
/// Blocks that are read ahead: enough that neither side waits for the other at every block.
const BLOCKS_AHEAD: usize = 2;

/// Where it goes what the rows look like. Whoever started the query may have given it up; then that finds nobody, and
/// so does the first block.
pub(super) type Started = oneshot::Sender<Arc<Shape>>;

/// Where blocks go.
pub(super) struct Feed(mpsc::Sender<Result<Block>>);

/// The blocks of a query that runs.
pub(super) struct Ahead {
    started: Option<oneshot::Receiver<Arc<Shape>>>,
    blocks: mpsc::Receiver<Result<Block>>,
    /// A block of which only a part was taken.
    records: vec::IntoIter<Record>,
    marks: vec::IntoIter<Mark>,
}

/// The ends, for one query.
pub(super) fn channel() -> (Started, Feed, Ahead) {
    let (sender, blocks) = mpsc::channel(BLOCKS_AHEAD);
    let (shape, started) = oneshot::channel();
    let (records, marks) = (Vec::new().into_iter(), Vec::new().into_iter());
    (shape, Feed(sender), Ahead { started: Some(started), blocks, records, marks })
}

impl Feed {
    /// Hands over a block or an error; false: nobody wants it any more.
    pub(super) async fn send(&self, block: Result<Block>) -> bool {
        self.0.send(block).await.is_ok()
    }

    /// [`Feed::send`] for a thread that may wait.
    pub(super) fn send_blocking(&self, block: Result<Block>) -> bool {
        self.0.blocking_send(block).is_ok()
    }

    /// Ends when nobody wants blocks any more.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

impl Ahead {
    /// What the rows look like.
    ///
    /// # Errors
    /// Those of the query.
    pub(super) async fn shape(&mut self) -> Result<Arc<Shape>> {
        if let Some(started) = &mut self.started
            && let Ok(shape) = started.await
        {
            self.started = None;
            return Ok(shape);
        }
        match self.blocks.recv().await {
            Some(Err(error)) => Err(error),
            _ => Err(Error::retry("the query has ended before it began")),
        }
    }

    /// The next rows, at most so many; `None`: there are no more. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// Those of the query, and of values that cannot be read.
    pub(super) async fn next(&mut self, rows_max: usize) -> Result<Option<Block>> {
        if self.records.len() == 0 {
            let Some(block) = self.blocks.recv().await else { return Ok(None) };
            let block = block?;
            (self.records, self.marks) = (block.records.into_iter(), block.marks.into_iter());
        }
        let rows_max = rows_max.max(1);
        let records = self.records.by_ref().take(rows_max).collect();
        let marks = self.marks.by_ref().take(rows_max).collect();
        Ok(Some(Block { records, marks }))
    }
}

#[cfg(test)]
mod tests;
