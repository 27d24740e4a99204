//! The task that reads a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{Batch, Result, Schema, SourceContext, SourceOffset, SourcePartition, SourceTask, Type};
use async_trait::async_trait;
use tokio::time::{sleep, timeout};

use super::block::Block;
use super::stream::Stream;
use super::tail::{Step, Tail};
use super::{FILENAME, Options, POSITION, Shared, committed_position};
use crate::file::offload::Offload;

/// How long a poll waits for lines. The watch wakes it, unless that hangs.
const WAIT: Duration = Duration::from_secs(10);
/// How long a task waits for its turn to read before it asks for another thread.
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
    shared: Shared,
}

enum Input {
    Tail(Offload<Tail, Result<Step>>),
    Stream(Stream),
    Stopped,
}

impl Task {
    pub(super) async fn start(options: Options, context: &SourceContext, shared: Shared) -> Result<Self> {
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
            shared,
        })
    }

    /// What the input has to give; waits where that is nothing.
    async fn read(&mut self) -> Result<Step> {
        match &mut self.input {
            Input::Tail(tail) => {
                if !tail.running() {
                    self.shared.readers.submit(Box::new(tail.start(Tail::step)?));
                }
                loop {
                    if let Ok(step) = timeout(PATIENCE, tail.finish()).await {
                        return step?.unwrap_or(Ok(Step::Nothing));
                    }
                    self.shared.readers.hurry();
                }
            }
            Input::Stream(stream) => match timeout(WAIT, stream.next()).await {
                Ok(block) => block.map(Step::Lines),
                Err(_) => Ok(Step::Nothing),
            },
            Input::Stopped => Ok(Step::Nothing),
        }
    }

    /// Waits until the file has changed, or for long enough.
    async fn wait(&self) -> Result<()> {
        match &self.input {
            Input::Tail(tail) => match tail.idle().map(|tail| (tail.path(), tail.known())) {
                Some((path, known)) => {
                    timeout(WAIT, self.shared.watch.changed(path, known)).await.unwrap_or(Ok(()))
                }
                None => Ok(()),
            },
            // `read` has waited.
            Input::Stream(_) => Ok(()),
            Input::Stopped => {
                sleep(WAIT).await;
                Ok(())
            }
        }
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
            Step::Lines(block) => Ok(vec![self.batch(block)]),
            Step::Restarted => Ok(vec![self.empty_batch(0)]),
            Step::Stream => {
                self.stream()?;
                Ok(Vec::new())
            }
            Step::Nothing => {
                self.wait().await?;
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
