//! The file that a sink appends to: whole lines or nothing, durable when it says so.
//!
//! Several tasks, of several workers, may append to one file. Each append holds the file's lock, so that what
//! fails half way is taken back before anybody writes behind it. What a killed process left half way is taken
//! back by the next append: while an append goes on, a mark on the file says where it began and how long it is.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use api::{Error, OrReaction, Result};
use rustix::fs::{FlockOperation, XattrFlags, fgetxattr, flock, fremovexattr, fsetxattr};
use rustix::io::Errno;
use tracing::{debug, info, warn};

use crate::file::identity::{Identity, look};

/// The extended attribute that holds the mark: `start length`, as long as an append goes on.
const MARK: &str = "user.ferroduct.append";

/// A file that is appended to.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    file: File,
    identity: Identity,
    /// Whether it is a file with an end that can be taken back; not a pipe or a device.
    regular: bool,
    /// Whether its end can be looked at.
    readable: bool,
    /// Whether the entry in its directory may not be durable yet.
    created: bool,
    /// Whether something was written that is not durable yet.
    written: bool,
    /// Whether something is gone that was neither durable nor committed.
    lost: bool,
}

impl Target {
    /// Opens a file, or creates it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let found = look(path)?;
        // A pipe opened for reading as well would never miss its reader.
        let regular = found.as_ref().is_none_or(Metadata::is_file);
        let (file, readable) = match open(path, regular) {
            Err(error) if regular && error.kind() == io::ErrorKind::PermissionDenied => {
                (open(path, false)?, false)
            }
            opened => (opened?, regular),
        };
        let identity = Identity::from(&file.metadata()?);
        Ok(Self {
            path: path.to_owned(),
            file,
            identity,
            regular,
            readable,
            created: found.is_none(),
            written: false,
            lost: false,
        })
    }

    /// Appends whole lines, or nothing if it fails.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<()> {
        self.follow()?;
        if !self.regular {
            return write_through(&mut &self.file, lines, &self.name());
        }
        self.written = true;
        let _lock = Lock::of(&self.file).or_retry(format_args!("cannot lock {}", self.name()))?;
        let start = self.mend().or_retry(format_args!("cannot mend the end of {}", self.name()))?;
        self.mark(start, lines.len());
        let written = (&self.file).write_all(lines);
        if written.is_err() {
            // Not to be tried again: the same lines would follow the half of them that is there.
            let name = self.name();
            self.file.set_len(start).or_fail(format_args!("cannot take back a write to {name}"))?;
        }
        self.unmark();
        written.map_err(|error| reaction_to(error, &self.name()))
    }

    /// Makes what was appended durable. After an error, all that was not committed has to come again.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.follow()?;
        if std::mem::take(&mut self.lost) {
            return Err(Error::retry(format_args!(
                "{} lost records that were not committed: they have to come again",
                self.name()
            )));
        }
        self.make_durable().or_retry(format_args!("cannot make {} durable", self.name()))
    }

    fn make_durable(&mut self) -> io::Result<()> {
        if self.regular && self.written {
            self.file.sync_data()?;
            if std::mem::take(&mut self.created) {
                sync_directory(&self.path);
            }
            self.written = false;
        }
        Ok(())
    }

    /// Goes on with the file that is at the path now, if ours was renamed or removed.
    fn follow(&mut self) -> Result<()> {
        if !self.regular {
            return Ok(());
        }
        let found = look(&self.path).or_retry(format_args!("cannot look at {}", self.name()))?;
        if found.is_some_and(|metadata| Identity::from(&metadata) == self.identity) {
            return Ok(());
        }
        let next = Self::open(&self.path).or_retry(format_args!("cannot open {} again", self.name()))?;
        let removed = self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0);
        info!(file = %self.path.display(), removed, "file was replaced: goes on with a new one");
        // Invariant 2: what is in a file that nobody can open is not in the target.
        let lost = self.lost || (removed && self.written) || self.left_behind();
        *self = Self { lost, ..next };
        Ok(())
    }

    /// Makes durable what is in a file that is left; answers whether that failed.
    fn left_behind(&mut self) -> bool {
        match self.make_durable() {
            Ok(()) => false,
            Err(error) => {
                warn!(file = %self.path.display(), %error, "cannot make the replaced file durable");
                true
            }
        }
    }

    /// Sees to it that a line begins at the end of the file, and answers where that is. The lock is held.
    fn mend(&self) -> io::Result<u64> {
        let len = self.file.metadata()?.len();
        if !self.readable {
            return Ok(len);
        }
        let len = self.take_back_unfinished(len)?;
        let mut last = [b'\n'];
        if len > 0 {
            self.file.read_exact_at(&mut last, len - 1)?;
        }
        if last == *b"\n" {
            return Ok(len);
        }
        // Somebody else's text: it stays, and its line ends here.
        (&self.file).write_all(b"\n")?;
        Ok(len + 1)
    }

    /// Takes back the append that a process was killed in; it was never committed, and comes again.
    fn take_back_unfinished(&self, len: u64) -> io::Result<u64> {
        let Some((start, length)) = self.marked() else { return Ok(len) };
        if len < start || len - start > length {
            return Ok(len);
        }
        warn!(file = %self.path.display(), bytes = len - start, "takes back what a killed worker wrote by half");
        self.file.set_len(start)?;
        Ok(start)
    }

    /// Where the append began that was never finished, and how long it was to be.
    fn marked(&self) -> Option<(u64, u64)> {
        let mut value = [0; 64];
        let count = fgetxattr(&self.file, MARK, &mut value[..]).ok()?;
        let (start, length) = std::str::from_utf8(&value[..count]).ok()?.split_once(' ')?;
        Some((start.parse().ok()?, length.parse().ok()?))
    }

    /// Says where an append begins. Where the file system cannot keep that, a line that is torn by a kill is
    /// ended, not taken back.
    fn mark(&self, start: u64, length: usize) {
        let value = format!("{start} {length}");
        if let Err(error) = fsetxattr(&self.file, MARK, value.as_bytes(), XattrFlags::empty()) {
            debug!(file = %self.path.display(), %error, "cannot mark an append");
        }
    }

    fn unmark(&self) {
        if let Err(error) = fremovexattr(&self.file, MARK) {
            debug!(file = %self.path.display(), %error, "cannot remove the mark of an append");
        }
    }

    fn name(&self) -> String {
        format!("`file` `{}`", self.path.display())
    }
}

fn open(path: &Path, readable: bool) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).read(readable).open(path)
}

/// Writes to what cannot take anything back: standard output, a pipe, a device.
pub(super) fn write_through(out: &mut impl Write, lines: &[u8], name: &str) -> Result<()> {
    let mut rest = lines;
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(0) => return Err(Error::fail(format_args!("cannot write to {name}: it takes nothing"))),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if rest.len() == lines.len() => return Err(reaction_to(error, name)),
            Err(error) => {
                return Err(
                    Error::fail(format_args!("cannot write to {name}: a part is written")).caused_by(error)
                );
            }
        }
    }
    Ok(())
}

/// A disk that is full may have room later; all else needs somebody to look at it.
fn reaction_to(error: io::Error, name: &str) -> Error {
    let message = format!("cannot write to {name}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::retry(message),
        _ => Error::fail(message),
    }
    .caused_by(error)
}

/// Makes the entry of a new file durable.
fn sync_directory(path: &Path) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = File::open(directory).and_then(|directory| directory.sync_all()) {
        // A directory that may not be read, or a file system that keeps its entries by itself.
        debug!(directory = %directory.display(), %error, "cannot make a directory durable");
    }
}

/// The lock on a file among those who append to it; given back when dropped.
struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    fn of(file: &'a File) -> io::Result<Self> {
        loop {
            match flock(file, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                // A file system without locks: there, one task per file is safe.
                Ok(()) | Err(Errno::NOTSUP | Errno::NOLCK | Errno::NOSYS) => return Ok(Self(file)),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if let Err(error) = flock(self.0, FlockOperation::Unlock) {
            debug!(%error, "cannot unlock a file");
        }
    }
}

#[cfg(test)]
mod tests;
