//! The task that writes a file.

use std::io;
use std::path::PathBuf;

use api::{Batch, Offsets, OrReaction, Result, SinkTask};
use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::Options;
use super::line::print;
use super::target::{Target, write_through};
use crate::file::offload::Offload;

/// Appends each record to a file or to standard output, as a line.
pub(super) struct Task {
    output: Offload<Output, (Vec<u8>, Result<()>)>,
    /// Whether something was put that was not made durable since.
    dirty: bool,
    /// Lines on their way, and in between the memory for the next ones.
    lines: Vec<u8>,
}

enum Output {
    File(Target),
    Stdout,
}

impl Task {
    pub(super) async fn start(options: Options) -> Result<Self> {
        let output = match options.file {
            None => Output::Stdout,
            Some(file) => Output::File(open(file).await?),
        };
        Ok(Self { output: Offload::new(output), dirty: false, lines: Vec::new() })
    }

    /// Runs a call on the file, behind one that was dropped before it ended.
    async fn run(
        &mut self,
        call: impl FnOnce(&mut Output, &[u8]) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let lines = std::mem::take(&mut self.lines);
        self.output.finish().await?;
        spawn_blocking(self.output.start(move |output| {
            let result = call(output, &lines);
            (lines, result)
        })?);
        let (lines, result) = self.output.finish().await?.expect("a call was started");
        self.lines = lines;
        self.lines.clear();
        result
    }
}

async fn open(file: String) -> Result<Target> {
    let path = PathBuf::from(&file);
    spawn_blocking(move || Target::open(&path))
        .await
        .or_fail("cannot open a file")?
        // Kafka's words.
        .or_fail(format_args!("Couldn't find or create file '{file}' for FileStreamSinkTask"))
}

#[async_trait]
impl SinkTask for Task {
    async fn put(&mut self, batches: &[Batch]) -> Result<()> {
        self.lines.clear();
        for batch in batches {
            print(batch, &mut self.lines);
        }
        if self.lines.is_empty() {
            // Nothing comes: memory for much is not needed.
            self.lines = Vec::new();
            return Ok(());
        }
        self.dirty = true;
        self.run(|output, lines| match output {
            Output::File(target) => target.append(lines),
            Output::Stdout => write_through(&mut io::stdout().lock(), lines, "standard output"),
        })
        .await
    }

    async fn pre_commit(&mut self, put: &Offsets) -> Result<Offsets> {
        if self.dirty {
            self.run(|output, _| match output {
                Output::File(target) => target.sync(),
                Output::Stdout => {
                    io::Write::flush(&mut io::stdout()).or_fail("cannot write to standard output")
                }
            })
            .await?;
            self.dirty = false;
        }
        // Invariant 2: all that was put is durable now.
        Ok(put.clone())
    }

    async fn stop(&mut self) -> Result<()> {
        self.output.finish().await?;
        self.lines = Vec::new();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
