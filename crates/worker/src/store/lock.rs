//! Keeps two workers from committing to one offset file.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use api::{Error, OrReaction, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tracing::warn;

/// The right to commit to an offset file, until this is dropped or the process is gone.
///
/// What is locked is a file beside it: the offset file itself is replaced with every commit. The one beside it stays
/// when the worker ends, since another may be waiting with it open.
#[derive(Debug)]
pub struct FileLock {
    _file: Option<File>,
}

impl FileLock {
    /// Takes the lock of an offset file. A file system without locks is told and gone on with.
    ///
    /// # Errors
    /// Another worker has it, or the file beside cannot be used.
    pub fn take(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let beside = beside(&path);
        let mut file = match File::options().read(true).write(true).create(true).truncate(false).open(&beside)
        {
            Ok(file) => file,
            // Then neither can the offset file be made, which its own store tells in better words.
            Err(_) if !beside.exists() => return Ok(Self { _file: None }),
            Err(error) => {
                let hint = "hint: remove it once no worker uses the offset file";
                return Err(error).or_fail(format!("cannot open `{}`; {hint}", beside.display()));
            }
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                note_process(&mut file).or_fail(format!("cannot write `{}`", beside.display()))?;
                Ok(Self { _file: Some(file) })
            }
            Err(Errno::WOULDBLOCK) => Err(in_use(&path, &beside)),
            Err(error) => {
                warn!(
                    file = %beside.display(), %error,
                    "the file system has no locks: nothing keeps another worker from using the same offset file"
                );
                Ok(Self { _file: None })
            }
        }
    }
}

/// For whoever is refused.
fn note_process(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn in_use(path: &Path, beside: &Path) -> Error {
    let process = fs::read_to_string(beside).unwrap_or_default();
    let process = match process.trim() {
        "" => String::new(),
        process => format!(" (process {process})"),
    };
    Error::fail(format!(
        "another worker{process} uses the offset file `{}` (`offset.storage.file.filename`); hint: give each standalone \
         worker a file of its own",
        path.display()
    ))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn one_worker_at_a_time_has_a_file_whatever_it_is_called() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("offsets"), directory.path().join("link"));
        fs::write(&path, "").expect("a file");
        symlink(&path, &link).expect("a link");
        let first = FileLock::take(&path).expect("nobody has it");
        let words = FileLock::take(&link).expect_err("it is taken").to_string();
        let process = format!("another worker (process {}) uses the offset file", std::process::id());
        assert!(words.starts_with(&process) && words.contains("`offset.storage.file.filename`"), "{words}");
        drop(first);
        FileLock::take(&link).expect("it is free again");
    }

    #[test]
    fn a_directory_that_is_not_there_is_for_the_store_to_tell() {
        let directory = tempfile::tempdir().expect("a directory");
        FileLock::take(directory.path().join("nowhere/offsets")).expect("no error of the lock");
    }
}
