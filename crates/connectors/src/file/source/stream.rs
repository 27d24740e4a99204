//! Reads what has no positions: standard input, pipes, terminals. It blocks, so it has a thread of its own.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use api::{Error, OrReaction, Result};
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::block::{Block, complete_len};
use super::tail::{BLOCK_BYTES, LINE_BYTES_MAX};

/// How long the thread waits for input before it looks whether it is still wanted.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// How long it waits where the input has ended: another writer may open the pipe, a file may grow.
const ENDED: Duration = Duration::from_millis(250);

/// Lines of a stream. The thread ends with it.
#[derive(Debug)]
pub(super) struct Stream {
    // One block waits while the next is read: what a stop throws away is bounded.
    blocks: mpsc::Receiver<Result<Block>>,
}

impl Stream {
    /// Reads standard input.
    pub(super) fn stdin() -> Result<Self> {
        Self::start("standard input".to_owned(), None)
    }

    /// Reads a pipe or a terminal.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = format!("`file` `{}`", path.display());
        // Without waiting: a pipe may have no writer for a long time.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = File::options()
            .read(true)
            .custom_flags(flags)
            .open(path)
            .or_fail(format_args!("cannot open {name}"))?;
        Self::start(name, Some(file))
    }

    fn start(name: String, file: Option<File>) -> Result<Self> {
        let (sender, blocks) = mpsc::channel(1);
        thread::Builder::new()
            .name("file-stream".to_owned())
            .spawn(move || {
                let stdin = io::stdin();
                let input = file.as_ref().map_or_else(|| stdin.as_fd(), AsFd::as_fd);
                Reader { name, input, unfinished: Vec::new() }.run(&sender);
            })
            .or_retry("cannot start a thread")?;
        Ok(Self { blocks })
    }

    /// The next block, as soon as there is one.
    pub(super) async fn next(&mut self) -> Result<Block> {
        self.blocks.recv().await.unwrap_or_else(|| Err(Error::fail("the stream has failed before")))
    }
}

struct Reader<'a> {
    name: String,
    input: BorrowedFd<'a>,
    /// A line of which more is to come.
    unfinished: Vec<u8>,
}

impl Reader<'_> {
    fn run(mut self, blocks: &mpsc::Sender<Result<Block>>) {
        while !blocks.is_closed() {
            let block = match self.read() {
                Ok(None) => continue,
                Ok(Some(block)) => Ok(block),
                Err(error) => Err(error),
            };
            let failed = block.is_err();
            if blocks.blocking_send(block).is_err() || failed {
                return;
            }
        }
    }

    /// Reads what is there; `None`: no complete line yet.
    fn read(&mut self) -> Result<Option<Block>> {
        let readable = self.wait().or_fail(format_args!("cannot wait for {}", self.name))?;
        if !readable {
            return Ok(None);
        }
        let before = self.unfinished.len();
        self.unfinished.reserve(BLOCK_BYTES as usize);
        match rustix::io::read(self.input, spare_capacity(&mut self.unfinished)) {
            Ok(0) => {
                thread::sleep(ENDED);
                Ok(None)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Ok(_) => self.cut(before),
            Err(error) => Err(error).or_fail(format_args!("cannot read {}", self.name)),
        }
    }

    fn wait(&self) -> io::Result<bool> {
        match poll(&mut [PollFd::new(&self.input, PollFlags::IN)], Some(&LOOK)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the complete lines and keeps the rest; no line ended in front of `before`, but for a `\r` there.
    fn cut(&mut self, before: usize) -> Result<Option<Block>> {
        let before = before.saturating_sub(1);
        let complete = match complete_len(&self.unfinished[before..]) {
            0 => 0,
            len => before + len,
        };
        if complete == 0 && self.unfinished.len() as u64 >= LINE_BYTES_MAX {
            return Err(Error::fail(format_args!(
                "cannot read {}: a line is longer than {LINE_BYTES_MAX} bytes",
                self.name
            )));
        }
        if complete == 0 {
            return Ok(None);
        }
        let unfinished = self.unfinished.split_off(complete);
        let mut lines = std::mem::replace(&mut self.unfinished, unfinished);
        // A terminal or a slow pipe gives a line at a time: it is not to hold the memory of a whole block.
        if lines.len() < lines.capacity() / 2 {
            lines.shrink_to_fit();
        }
        Ok(Some(Block::new(Bytes::from(lines), 0)))
    }
}

#[cfg(test)]
mod tests;
