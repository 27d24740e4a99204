//! Follows a file: reads what is appended, waits while it is missing, begins anew where it was cut or replaced.
//!
//! The position always stands behind a line end. It is the only thing that decides what comes next: a line that
//! is not complete is read again, from its beginning, once there is more of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::{Error, OrReaction, Result};
use bytes::Bytes;
use tracing::{info, warn};

use super::block::{Block, complete_len};
use super::pread;
use super::watch::Known;
use crate::file::identity::{Identity, look, streams};

/// How much is read at once: large enough that the calls cost nothing, small enough to stay in the cache of a
/// core until it is encoded (measured: docs/decisions/20261121-file-source.md).
pub(super) const BLOCK_BYTES: u64 = 256 * 1024;

/// How long a line may be. Kafka takes messages of 1 MiB unless it is told otherwise, and of 2 GiB never.
pub(super) const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long a file that was replaced may stand still before it counts as finished: its writer may still have it
/// open.
const REPLACED_GRACE: Duration = Duration::from_secs(1);

/// What a look at the file brought.
#[derive(Debug)]
pub(super) enum Step {
    /// Lines.
    Lines(Block),
    /// Nothing for now.
    Nothing,
    /// Another file is at the path, or the file was written anew: the position is 0.
    Restarted,
    /// The path leads to a pipe or a terminal, which has no positions.
    Stream,
}

/// A file that is followed by its path.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    open: Option<Open>,
    /// Where the next line begins. Before the file was opened for the first time: what was committed.
    position: u64,
    /// Whether `position` is what was committed, by us or by Java, and not yet compared with the file.
    committed: bool,
    /// Whether it was said that the file is not there.
    missing: bool,
    grace: Duration,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    /// How long the file was when it last held no complete line.
    seen_len: Option<u64>,
    /// Since when another file is at the path and this one stands still.
    replaced: Option<Instant>,
}

/// What lies behind the position.
enum Read {
    Lines(Block),
    Nothing,
    /// There is no line end in front of the position any more.
    Rewritten,
}

impl Tail {
    /// Follows a file from a committed position on; `None`: from its beginning.
    pub(super) fn new(path: PathBuf, committed: Option<u64>) -> Self {
        Self {
            path,
            open: None,
            position: committed.unwrap_or(0),
            committed: committed.is_some(),
            missing: false,
            grace: REPLACED_GRACE,
        }
    }

    /// Reads the next lines, if there are some.
    pub(super) fn step(&mut self) -> Result<Step> {
        let Some(mut open) = self.open.take() else { return self.open_path() };
        let len = match open.file.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => {
                // A handle gone stale: opens the path again and goes on where it was.
                self.committed = true;
                return Err(error).or_retry(format_args!("cannot look at {}", self.name()));
            }
        };
        if len < self.position {
            warn!(file = %self.path.display(), position = self.position, len, "file was cut: reads it again");
            return Ok(self.restart(open));
        }
        if open.seen_len == Some(len) {
            return self.at_end(open, len);
        }
        let read = self.read(&open.file, len);
        open.replaced = None;
        open.seen_len = matches!(read, Ok(Read::Nothing)).then_some(len);
        match read {
            Ok(Read::Lines(block)) => {
                self.position = block.end();
                self.open = Some(open);
                Ok(Step::Lines(block))
            }
            Ok(Read::Nothing) => self.at_end(open, len),
            Ok(Read::Rewritten) => {
                warn!(file = %self.path.display(), position = self.position, "file was rewritten: reads it again");
                Ok(self.restart(open))
            }
            Err(error) => {
                self.open = Some(open);
                Err(error)
            }
        }
    }

    /// What was last found, for those who watch for a change.
    pub(super) fn known(&self) -> Known {
        self.open.as_ref().map(|open| (open.identity, open.seen_len.unwrap_or(0)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn open_path(&mut self) -> Result<Step> {
        let found = look(&self.path).or_fail(format_args!("cannot look at {}", self.name()))?;
        let Some(metadata) = found else {
            self.say_missing();
            return Ok(Step::Nothing);
        };
        if metadata.is_dir() {
            return Err(Error::fail(format_args!("cannot read {}: it is a directory", self.name())));
        }
        if streams(&metadata) {
            return Ok(Step::Stream);
        }
        let file = match File::open(&self.path) {
            // It went away since the look.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Step::Nothing),
            opened => opened.or_fail(format_args!("cannot open {}", self.name()))?,
        };
        self.begin(file)
    }

    fn begin(&mut self, file: File) -> Result<Step> {
        let metadata = file.metadata().or_retry(format_args!("cannot look at {}", self.name()))?;
        let start = if self.committed { self.resume(&file, metadata.len())? } else { 0 };
        if self.missing {
            info!(file = %self.path.display(), "file is there");
        }
        self.missing = false;
        self.committed = false;
        self.position = start;
        self.open = Some(Open { file, identity: Identity::from(&metadata), seen_len: None, replaced: None });
        self.step()
    }

    /// Where to go on in a file whose committed position may be Java's, which counts characters, or that of a
    /// file which is no longer there: never behind a line that may not be in Kafka yet.
    fn resume(&self, file: &File, len: u64) -> Result<u64> {
        let committed = self.position;
        if committed > len {
            warn!(file = %self.path.display(), position = committed, len, "file is shorter than it was: reads it from the beginning");
            return Ok(0);
        }
        let start = line_start(file, committed)
            .or_retry(format_args!("cannot read {} at position {committed}", self.name()))?;
        if start < committed {
            warn!(file = %self.path.display(), position = committed, start, "position is within a line: reads the line again");
        }
        Ok(start)
    }

    /// Nothing more can be read: is it still the file at the path?
    fn at_end(&mut self, mut open: Open, len: u64) -> Result<Step> {
        let found = look(&self.path).or_retry(format_args!("cannot look at {}", self.name()));
        match found.as_ref().map(|found| found.as_ref().map(Identity::from)) {
            Err(_) => {}
            // Removed or renamed: what is appended to it still counts, until another file takes its place.
            Ok(None) => self.say_missing(),
            Ok(Some(identity)) if identity == open.identity => {
                self.missing = false;
                open.replaced = None;
            }
            Ok(Some(_)) => {
                let since = *open.replaced.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.grace {
                    return self.finish(open, len);
                }
            }
        }
        self.open = Some(open);
        found.map(|_| Step::Nothing)
    }

    /// Leaves a file that was replaced; its last line is complete now, even without a line end.
    fn finish(&mut self, open: Open, len: u64) -> Result<Step> {
        let mut rest = Vec::with_capacity((len - self.position) as usize);
        if let Err(error) = pread::fill(&open.file, &mut rest, self.position) {
            self.open = Some(open);
            return Err(error).or_retry(format_args!("cannot read {}", self.name()));
        }
        info!(file = %self.path.display(), position = self.position, "file was replaced: goes on with the new one");
        let start = self.position;
        self.position = 0;
        self.missing = false;
        if rest.is_empty() {
            return Ok(Step::Restarted);
        }
        Ok(Step::Lines(Block::last(Bytes::from(rest), start)))
    }

    fn restart(&mut self, mut open: Open) -> Step {
        self.position = 0;
        open.seen_len = None;
        self.open = Some(open);
        Step::Restarted
    }

    /// Reads a block of complete lines, longer than usual where a line is.
    fn read(&self, file: &File, len: u64) -> Result<Read> {
        let left = len - self.position;
        let mut want = left.min(BLOCK_BYTES);
        // One byte more, the line end before the position.
        let lead = usize::from(self.position > 0);
        loop {
            let mut bytes = Vec::with_capacity(lead + want as usize);
            pread::fill(file, &mut bytes, self.position - lead as u64).or_retry(format_args!(
                "cannot read {} at position {}",
                self.name(),
                self.position
            ))?;
            if lead == 1 && !matches!(bytes.first(), Some(b'\n' | b'\r')) {
                return Ok(Read::Rewritten);
            }
            let complete = lead + complete_len(&bytes[lead..]);
            if complete > lead {
                bytes.truncate(complete);
                return Ok(Read::Lines(Block::new(Bytes::from(bytes).slice(lead..), self.position)));
            }
            if want >= LINE_BYTES_MAX {
                return Err(self.line_too_long());
            }
            if want == left {
                return Ok(Read::Nothing);
            }
            want = left.min(want * 4);
        }
    }

    fn line_too_long(&self) -> Error {
        Error::fail(format_args!(
            "cannot read {}: the line at position {} is longer than {LINE_BYTES_MAX} bytes",
            self.name(),
            self.position
        ))
    }

    fn say_missing(&mut self) {
        if !self.missing {
            warn!(file = %self.path.display(), "file is not there: waits for it");
        }
        self.missing = true;
    }

    /// The file in words of an error: the key and its value.
    fn name(&self) -> String {
        format!("`file` `{}`", self.path.display())
    }
}

/// The position itself if a line begins there, otherwise where the line around it begins.
fn line_start(file: &File, position: u64) -> io::Result<u64> {
    const CHUNK: u64 = 64 * 1024;
    // One byte behind the position tells a `\r` from half of a `\r\n`.
    let mut after = pread::byte(file, position)?;
    let mut end = position;
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        let mut bytes = Vec::with_capacity((end - start) as usize);
        pread::fill(file, &mut bytes, start)?;
        for (index, byte) in bytes.iter().enumerate().rev() {
            if *byte == b'\n' || *byte == b'\r' && after != Some(b'\n') {
                return Ok(start + index as u64 + 1);
            }
            after = Some(*byte);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
