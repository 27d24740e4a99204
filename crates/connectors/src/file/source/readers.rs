//! The few threads that read files: many tasks must not mean many threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task;

/// How many files are read at the same moment.
pub(super) const THREADS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// A queue of reads and the threads of the runtime that work on it. Each task has one read in it at most.
#[derive(Clone, Default)]
pub(super) struct Readers {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
}

impl Readers {
    /// Runs a job as soon as a thread is free.
    pub(super) fn submit(&self, job: Job) {
        let mut queue = self.queue.lock();
        queue.jobs.push_back(job);
        if queue.threads < THREADS {
            self.work(&mut queue);
        }
    }

    /// Lends another thread to the queue: those that are there may hang in a file system that does.
    pub(super) fn hurry(&self) {
        let mut queue = self.queue.lock();
        if !queue.jobs.is_empty() {
            self.work(&mut queue);
        }
    }

    fn work(&self, queue: &mut Queue) {
        queue.threads += 1;
        let readers = self.clone();
        task::spawn_blocking(move || {
            while let Some(job) = readers.next() {
                // Whoever waits for the job hears of its end: what it was to answer through is dropped.
                let _panicked = catch_unwind(AssertUnwindSafe(job));
            }
        });
    }

    /// The next job; `None`: there is none, and the thread counts no more.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock();
        let job = queue.jobs.pop_front();
        if job.is_none() {
            queue.threads -= 1;
        }
        job
    }
}
