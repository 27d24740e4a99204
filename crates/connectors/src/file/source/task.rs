//! The task that reads a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{Batch, Result, Schema, SourceContext, SourceOffset, SourcePartition, SourceTask, Type};
use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::block::Block;
use super::stream::Stream;
use super::tail::{Step, Tail};
use super::{FILENAME, Options, POSITION, committed_position};
use crate::file::offload::Offload;

/// How soon to look again at a file that had nothing to give; twice as long each time, as long as it stays so.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// How late a new line may be seen. Java waits as long.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// How long to wait for one of the shared threads: where a file system hangs, the others read on.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many records a batch has at most, whatever `batch.size` allows: empty lines cost memory, too.
const RECORDS_MAX: usize = 16 * 1024;

/// Reads the lines of a file or a stream.
pub(super) struct Task {
    topic: Arc<str>,
    schema: Arc<Schema>,
    records_max: usize,
    /// The path, and the partition whose positions are kept; none for a stream.
    file: Option<(PathBuf, Arc<SourcePartition>)>,
    input: Input,
    /// Lines that were read and not yet given away.
    block: Option<Block>,
    wait: Duration,
    readers: Arc<Semaphore>,
    /// Held while the file is looked at, until the thread that did it is free again.
    permit: Option<OwnedSemaphorePermit>,
}

enum Input {
    Tail(Offload<Tail, Result<Step>>),
    Stream(Stream),
    Stopped,
}

impl Task {
    pub(super) async fn start(
        options: Options,
        context: &SourceContext,
        readers: Arc<Semaphore>,
    ) -> Result<Self> {
        let (file, input) = match options.file {
            None => (None, Input::Stream(Stream::stdin()?)),
            Some(file) => {
                let partition = SourcePartition::of(FILENAME, file.as_str());
                let offset = context.offsets.offset(&partition).await?;
                let committed = offset.as_ref().map(committed_position).transpose()?.flatten();
                let tail = Tail::new(PathBuf::from(&file), committed);
                (Some((PathBuf::from(file), Arc::new(partition))), Input::Tail(Offload::new(tail)))
            }
        };
        Ok(Self {
            topic: options.topic.into(),
            schema: Schema::of(Type::String).build(),
            // Java gives one record where none or fewer are asked for.
            records_max: usize::try_from(options.batch_size).unwrap_or(0).clamp(1, RECORDS_MAX),
            file,
            input,
            block: None,
            wait: WAIT_MIN,
            readers,
            permit: None,
        })
    }

    /// What the input has to give; waits where that is nothing.
    async fn read(&mut self) -> Result<Step> {
        match &mut self.input {
            Input::Tail(tail) => {
                if !tail.running() {
                    let permit = timeout(PATIENCE, self.readers.clone().acquire_owned()).await;
                    self.permit = permit.ok().and_then(Result::ok);
                    tail.start(Tail::step)?;
                }
                let step = tail.finish().await;
                self.permit = None;
                step?.unwrap_or(Ok(Step::Nothing))
            }
            Input::Stream(stream) => match timeout(WAIT_MAX, stream.next()).await {
                Ok(block) => block.map(Step::Lines),
                Err(_) => Ok(Step::Nothing),
            },
            Input::Stopped => Ok(Step::Nothing),
        }
    }

    async fn rest(&mut self) {
        let wait = self.wait;
        self.wait = (wait * 2).min(WAIT_MAX);
        sleep(wait).await;
    }

    /// The next records of the block.
    fn batch(&mut self, mut block: Block) -> Batch {
        let records = block.take(self.records_max);
        let mut batch = self.empty_batch(block.position());
        batch.records = records;
        self.block = (!block.done()).then_some(block);
        batch
    }

    /// A batch that only says where the source stands.
    fn empty_batch(&self, position: u64) -> Batch {
        let mut batch = Batch::new(self.topic.clone());
        batch.value_schema = Some(self.schema.clone());
        if let (Some((_, partition)), Input::Tail(_)) = (&self.file, &self.input) {
            batch.positions.push((partition.clone(), SourceOffset::of(POSITION, position)));
        }
        batch
    }

    fn stream(&mut self) -> Result<()> {
        let path = self.file.as_ref().map_or(Path::new(""), |(path, _)| path);
        self.input = Input::Stream(Stream::open(path)?);
        Ok(())
    }
}

#[async_trait]
impl SourceTask for Task {
    async fn poll(&mut self) -> Result<Vec<Batch>> {
        if let Some(block) = self.block.take() {
            return Ok(vec![self.batch(block)]);
        }
        match self.read().await? {
            Step::Lines(block) => {
                self.wait = WAIT_MIN;
                Ok(vec![self.batch(block)])
            }
            Step::Restarted => Ok(vec![self.empty_batch(0)]),
            Step::Stream => {
                self.stream()?;
                Ok(Vec::new())
            }
            Step::Nothing => {
                // For a stream, `read` has waited.
                if !matches!(self.input, Input::Stream(_)) {
                    self.rest().await;
                }
                Ok(Vec::new())
            }
        }
    }

    async fn stop(&mut self) -> Result<()> {
        self.input = Input::Stopped;
        self.block = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
