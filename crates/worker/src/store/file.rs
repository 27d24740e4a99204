//! The file of source offsets, `offset.storage.file.filename`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{Error, OrReaction, Result, SourceOffset, SourcePartition};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::entries::Entries;
use super::{Commit, OffsetStore, format, java};

/// How large a file may be that is read: some millions of partitions.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Offsets in a file, which is replaced as a whole and is on disk when a write returns. Clones share it.
#[derive(Clone)]
pub struct FileStore {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    /// What the file holds.
    entries: Arc<Entries>,
    /// Whether the file is a Java worker's, which is kept beside ours once that is written.
    java: bool,
    /// What is to be written next; of the tasks of this worker each has one write here at most.
    waiting: Vec<Waiting>,
    /// Whether a write is under way, which takes what waits when it is done.
    writing: bool,
}

/// Offsets to be set, or forgotten where there is none.
type Changes = Vec<Commit>;

struct Waiting {
    connector: Box<str>,
    offsets: Changes,
    done: oneshot::Sender<Outcome>,
}

/// How a write went; the error goes to several writers, so it is only words.
type Outcome = std::result::Result<(), Arc<str>>;

impl FileStore {
    /// Reads the file, ours or a Java worker's, and makes sure that it can be written. A missing file has no
    /// offsets.
    ///
    /// # Errors
    /// The file cannot be read or written, or it is damaged: the words tell what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let bytes = read_bytes(&path)?;
        let java = bytes.as_deref().is_some_and(java::java);
        let entries = match &bytes {
            None => Entries::default(),
            Some(bytes) if bytes.is_empty() => {
                // A Java worker takes it so, and nobody but `touch` makes such a file: ours are replaced whole.
                warn!(file = %path.display(), "the offset file is empty");
                Entries::default()
            }
            Some(bytes) if java => java::read(bytes).or_else(|damage| refuse(&path, damage))?,
            Some(bytes) => format::read(bytes).or_else(|damage| refuse(&path, damage))?,
        };
        ensure_writable(&path)?;
        tell(&path, &entries, java);
        let state = State { entries: Arc::new(entries), java, waiting: Vec::new(), writing: false };
        Ok(Self { shared: Arc::new(Shared { path, state: Mutex::new(state) }) })
    }

    fn entries(&self) -> Arc<Entries> {
        self.shared.state.lock().entries.clone()
    }
}

#[async_trait]
impl OffsetStore for FileStore {
    async fn read(&self, connector: &str, partition: &SourcePartition) -> Result<Option<SourceOffset>> {
        Ok(self.entries().get(connector, partition))
    }

    async fn write(&self, connector: &str, offsets: Changes) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        let start = {
            let mut state = self.shared.state.lock();
            state.waiting.push(Waiting { connector: connector.into(), offsets, done });
            !std::mem::replace(&mut state.writing, true)
        };
        if start {
            // In a task of its own: a writer that is given up must not take the writes of others with it.
            tokio::spawn(write_all(self.shared.clone()));
        }
        let outcome = outcome.await.or_retry("cannot write the offset file: the worker is shutting down")?;
        outcome.map_err(|words| {
            Error::retry(format!("cannot write the offset file `{}`: {words}", self.shared.path.display()))
        })
    }

    async fn all(&self, connector: &str) -> Result<Vec<(SourcePartition, SourceOffset)>> {
        Ok(self.entries().of(connector))
    }
}

/// Writes until nothing waits: one file for all that came meanwhile.
async fn write_all(shared: Arc<Shared>) {
    while let Some(batch) = next_batch(&shared) {
        let outcome = write_batch(&shared, &batch).await;
        for waiting in batch {
            // A writer that was given up no longer listens.
            let _ = waiting.done.send(outcome.clone());
        }
    }
}

fn next_batch(shared: &Shared) -> Option<Vec<Waiting>> {
    let mut state = shared.state.lock();
    state.writing = !state.waiting.is_empty();
    state.writing.then(|| std::mem::take(&mut state.waiting))
}

async fn write_batch(shared: &Arc<Shared>, batch: &[Waiting]) -> Outcome {
    let (present, java) = {
        let state = shared.state.lock();
        (state.entries.clone(), state.java)
    };
    let mut next = present.as_ref().clone();
    let mut changed = false;
    for waiting in batch {
        for (partition, offset) in &waiting.offsets {
            changed |= next.set(&waiting.connector, partition, offset.as_ref());
        }
    }
    if !changed {
        return Ok(());
    }
    let next = Arc::new(next);
    let (path, content) = (shared.path.clone(), next.clone());
    let written = spawn_blocking(move || replace(&path, &content, java)).await;
    let written = written.map_err(io::Error::other).and_then(|result| result);
    written.map_err(|error| Arc::from(error.to_string()))?;
    let mut state = shared.state.lock();
    state.entries = next;
    state.java = false;
    Ok(())
}

/// Replaces the file: at every instant there is the old one or the new one, and the new one is on disk when this
/// returns (invariant 7).
fn replace(path: &Path, entries: &Entries, java: bool) -> io::Result<()> {
    if java {
        keep_java_file(path)?;
    }
    let temporary = beside(path, ".tmp");
    let mut file = File::create(&temporary)?;
    if let Ok(present) = fs::metadata(path) {
        file.set_permissions(present.permissions())?;
    }
    file.write_all(&format::write(entries))?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    sync_directory(path)
}

/// Keeps the file of a Java worker beside ours, for whoever wants to go back.
fn keep_java_file(path: &Path) -> io::Result<()> {
    let backup = beside(path, ".java-backup");
    fs::copy(path, &backup)?;
    File::open(&backup)?.sync_all()?;
    info!(backup = %backup.display(), "kept the offset file of the Java worker");
    Ok(())
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory(path))?.sync_all()
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    let cannot_read = || format!("cannot read the offset file `{}`", path.display());
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.or_fail(cannot_read())?,
    };
    if metadata.is_dir() {
        return Err(Error::fail(format!("{}: it is a directory", cannot_read())));
    }
    if metadata.len() > FILE_BYTES_MAX {
        let words = format!("{}: it has {} bytes, more than any offset file", cannot_read(), metadata.len());
        return Err(Error::fail(words));
    }
    fs::read(path).map(Some).or_fail(cannot_read())
}

fn refuse(path: &Path, damage: format::Damage) -> Result<Entries> {
    Err(Error::fail(format!(
        "cannot read the offset file `{}`: {damage}; hint: put a good copy in its place, or move it away to have all \
         source connectors begin anew",
        path.display()
    )))
}

/// Finds out at the start, not at the first commit, that nothing can be written.
fn ensure_writable(path: &Path) -> Result<()> {
    let directory = directory(path);
    if !directory.is_dir() {
        return Err(Error::fail(format!(
            "cannot write the offset file `{}`: there is no directory `{}`",
            path.display(),
            directory.display()
        )));
    }
    let temporary = beside(path, ".tmp");
    let tried = File::create(&temporary).and_then(|_| fs::remove_file(&temporary));
    tried.or_fail(format!("cannot write the offset file `{}`", path.display()))
}

fn tell(path: &Path, entries: &Entries, java: bool) {
    info!(file = %path.display(), partitions = entries.raw().count(), java, "read the offset file");
    if entries.foreign_count() > 0 {
        warn!(
            entries = entries.foreign_count(),
            "the offset file has entries that are no offsets of a partition"
        );
    }
    let unfit = entries.raw().filter(|(key, value)| !format::fits(key) || !format::fits(value)).count();
    if unfit > 0 {
        warn!(entries = unfit, "the offset file has entries that are no JSON, which will be left out");
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests;
