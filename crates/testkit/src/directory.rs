//! Places under the build's target directory.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, io, process, thread};

use anyhow::Context;

/// How long the directory of a process that died is kept for reading its logs.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// Returns the directory that holds what the testkit brings and writes: `target/kafka`.
pub(crate) fn root() -> PathBuf {
    target().join("kafka")
}

/// Returns cargo's target directory.
pub fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = workspace.canonicalize().unwrap_or(workspace);
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => workspace.join(target),
        None => workspace.join("target"),
    }
}

/// A directory for one started process; removed when dropped, kept for a while when the test panics.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Creates an empty directory whose name starts with this process's id and ends with `name`.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        Self::under(&root().join("run"), name)
    }

    /// Creates an empty directory that another user of this system can reach: as [`Directory::new`], or under the
    /// system's temporary directory when the target directory is closed to others.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn open_to_others(name: &str) -> anyhow::Result<Self> {
        let open = |path: &Path| fs::metadata(path).is_ok_and(|data| data.mode() & 0o001 != 0);
        if target().ancestors().filter(|path| path.exists()).all(open) {
            return Self::new(name);
        }
        Self::under(&env::temp_dir().join("ferroduct-run"), name)
    }

    fn under(run: &Path, name: &str) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(run).with_context(|| format!("cannot create `{}`", run.display()))?;
        sweep(run);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = run.join(format!("{}-{number}-{name}", process::id()));
        // A dead process with the same id may have left one.
        remove(&path)?;
        fs::create_dir(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
        Ok(Self(path))
    }

    /// Returns its absolute path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("kept `{}`", self.0.display());
            return;
        }
        if let Err(error) = remove(&self.0) {
            eprintln!("cannot remove `{}`: {error}", self.0.display());
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what processes that are gone left behind; a race with another sweep is harmless.
fn sweep(run: &Path) {
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let alive = name
            .to_str()
            .and_then(|name| name.split('-').next())
            .is_some_and(|pid| Path::new("/proc").join(pid).exists());
        let old = entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT));
        if !alive && old {
            let _ = remove(&entry.path());
        }
    }
}

/// An exclusive lock between processes, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock on `path`, which is created when missing.
    #[expect(unsafe_code, reason = "`File::lock` is newer than the compiler this workspace promises to need")]
    pub(crate) fn acquire(path: &Path) -> anyhow::Result<Self> {
        let describe = || format!("cannot lock `{}`", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(describe)?;
        }
        let file = File::options().create(true).append(true).open(path).with_context(describe)?;
        // SAFETY: the descriptor is open for as long as `file` lives.
        while unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error).with_context(describe);
            }
        }
        Ok(Self { _file: file })
    }
}
