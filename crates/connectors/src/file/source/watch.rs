//! Looks at idle files: one thread for all of them, so that hundreds of idle tasks cost next to nothing.
//!
//! It only says that a look is worth while. A task that hears nothing looks by itself now and then: where a file
//! system hangs, the thread hangs, but no task waits for it for ever.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use api::{OrReaction, Result};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::file::identity::{Identity, look};

/// How late a change is seen. Java looks every second.
const INTERVAL: Duration = Duration::from_millis(250);

/// What is known of a path; `None`: there is nothing.
pub(super) type Known = Option<(Identity, u64)>;

/// The files that tasks wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    files: Arc<Mutex<Files>>,
}

#[derive(Debug, Default)]
struct Files {
    /// A task that no longer waits has dropped its file.
    waiting: Vec<Weak<File>>,
    /// Whether there is a thread; it ends when nobody waits.
    watched: bool,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    known: Known,
    changed: Notify,
}

impl Watch {
    /// Waits until there is something else at a path than is known.
    pub(super) async fn changed(&self, path: &Path, known: Known) -> Result<()> {
        let file = Arc::new(File { path: path.to_owned(), known, changed: Notify::new() });
        self.add(&file)?;
        file.changed.notified().await;
        Ok(())
    }

    fn add(&self, file: &Arc<File>) -> Result<()> {
        let mut files = self.files.lock();
        files.waiting.push(Arc::downgrade(file));
        if !files.watched {
            let watch = self.clone();
            let thread = thread::Builder::new().name("file-watch".to_owned());
            thread.spawn(move || watch.run()).or_retry("cannot start a thread")?;
            files.watched = true;
        }
        Ok(())
    }

    fn run(&self) {
        loop {
            thread::sleep(INTERVAL);
            let Some(waiting) = self.waiting() else { return };
            // Without the lock: a look may take as long as the file system likes.
            for file in waiting.iter().filter_map(Weak::upgrade) {
                if file.differs() {
                    file.changed.notify_one();
                }
            }
        }
    }

    /// The files that are waited for; `None`: there are none, and the thread ends.
    fn waiting(&self) -> Option<Vec<Weak<File>>> {
        let mut files = self.files.lock();
        files.waiting.retain(|file| file.strong_count() > 0);
        files.watched = !files.waiting.is_empty();
        files.watched.then(|| files.waiting.clone())
    }
}

impl File {
    /// Whether a look is worth while; also where looking fails, because the task has the words for that.
    fn differs(&self) -> bool {
        look(&self.path).map_or(true, |found| found.as_ref().map(known) != self.known)
    }
}

/// What of a file tells whether it has changed.
fn known(metadata: &std::fs::Metadata) -> (Identity, u64) {
    (Identity::from(metadata), metadata.len())
}

#[cfg(test)]
mod tests;
