//! What is read while a put is under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use api::{Batch, Error, Result, SinkContext, TopicPartition};

use super::{Picky, Stage, committed, fill};
use crate::cluster::eventually;

/// What a slow task asks for at the end of its first `put`.
enum Wish {
    /// That the same records come again.
    Retry,
    /// That no more records come.
    Pause,
}

/// A task whose first `put` takes its time.
pub(super) struct Slow {
    wish: Wish,
    context: OnceLock<Arc<dyn SinkContext>>,
    /// The offsets of what was taken.
    taken: Mutex<Vec<i64>>,
    puts: AtomicUsize,
}

impl Slow {
    fn new(wish: Wish) -> Arc<Self> {
        Arc::new(Self { wish, context: OnceLock::new(), taken: Mutex::default(), puts: AtomicUsize::new(0) })
    }

    pub(super) async fn put(&self, batches: &[Batch], context: &Arc<dyn SinkContext>) -> Result<()> {
        let offsets = batches.iter().flat_map(|batch| &batch.records).map(|record| record.offset);
        let first = self.puts.fetch_add(1, Ordering::AcqRel) == 0;
        if first {
            // Long enough for the next records to be read meanwhile.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        match self.wish {
            Wish::Retry if first => return Err(Error::retry("not now")),
            Wish::Pause if first => context.pause(&[partition(batches)]),
            _ => {}
        }
        self.taken.lock().unwrap().extend(offsets);
        self.context.get_or_init(|| context.clone());
        Ok(())
    }
}

fn partition(batches: &[Batch]) -> TopicPartition {
    TopicPartition { topic: batches[0].offset_topic().clone(), partition: 0 }
}

/// More than two puts hold.
const MANY: usize = 25_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_ahead_of_a_put_that_is_tried_again_comes_behind_it() {
    fill("picky-again", MANY);
    let slow = Slow::new(Wish::Retry);
    let stage = Stage::start("picky-again", Picky::Slow(slow.clone()), &[]);
    eventually("all records", || slow.taken.lock().unwrap().len() >= MANY);
    assert!(slow.taken.lock().unwrap().iter().copied().eq(0..MANY as i64), "each once and in order");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_ahead_of_a_partition_that_the_task_pauses_waits_until_it_is_resumed() {
    fill("picky-halted", MANY);
    let slow = Slow::new(Wish::Pause);
    let stage = Stage::start("picky-halted", Picky::Slow(slow.clone()), &[]);
    eventually("the first records", || slow.context.get().is_some());
    let before = slow.taken.lock().unwrap().len();
    eventually("a commit of them", || committed("picky-halted") == before as u64);
    assert_eq!(slow.taken.lock().unwrap().len(), before, "nothing more comes");
    let halted = TopicPartition { topic: "picky-halted".into(), partition: 0 };
    slow.context.get().unwrap().resume(&[halted]);
    eventually("all records", || slow.taken.lock().unwrap().len() >= MANY);
    assert!(slow.taken.lock().unwrap().iter().copied().eq(0..MANY as i64), "each once and in order");
    stage.stop().await;
}
