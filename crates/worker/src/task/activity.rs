//! When a task last moved something, and how far it is behind: what tells a task that runs from one that is stuck.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::TaskId;
use super::load::{Busy, Meter};
use crate::cluster::Loads;
use crate::cluster::topic::now_ms;

/// No time, or no number.
const NEVER: i64 = -1;

/// What a task has done last. Written once for a batch, read whenever somebody asks.
#[derive(Debug)]
pub struct Activity {
    polled_ms: AtomicI64,
    put_ms: AtomicI64,
    committed_ms: AtomicI64,
    records: AtomicU64,
    lag: AtomicI64,
    busy: Busy,
    meter: Meter,
}

/// The same for a reader, in statuses: times as ISO 8601 has them, absent where nothing has happened yet.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ActivityInfo {
    /// When a source last answered a poll, and when a sink last read from Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_poll: Option<String>,
    /// When records were last given on: by a source to the producer, by a sink to its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_put: Option<String>,
    /// When offsets were last committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<String>,
    /// How many records were given on since the task was started.
    pub records: u64,
    /// How many records a sink has not read yet, as of its last read or commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
}

impl Default for Activity {
    fn default() -> Self {
        let never = || AtomicI64::new(NEVER);
        Self {
            polled_ms: never(),
            put_ms: never(),
            committed_ms: never(),
            records: AtomicU64::new(0),
            lag: never(),
            busy: Busy::default(),
            meter: Meter::default(),
        }
    }
}

impl Activity {
    pub(super) fn polled(&self) {
        self.polled_ms.store(now_ms(), Ordering::Relaxed);
    }

    pub(super) fn put(&self, records: usize) {
        self.put_ms.store(now_ms(), Ordering::Relaxed);
        self.records.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(super) fn committed(&self) {
        self.committed_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// How many records are not read yet; none where that is not known.
    pub(super) fn lags(&self, records: Option<u64>) {
        let records = records.and_then(|records| i64::try_from(records).ok());
        self.lag.store(records.unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// How long the task has kept a processor busy.
    pub(super) fn busy(&self) -> &Busy {
        &self.busy
    }

    /// What there is to show.
    pub fn info(&self) -> ActivityInfo {
        let instant = |at: &AtomicI64| {
            let at = Some(at.load(Ordering::Relaxed)).filter(|at| *at != NEVER)?;
            Timestamp::from_millisecond(at).ok().map(|at| format!("{at:.3}"))
        };
        ActivityInfo {
            last_poll: instant(&self.polled_ms),
            last_put: instant(&self.put_ms),
            last_commit: instant(&self.committed_ms),
            records: self.records.load(Ordering::Relaxed),
            lag: u64::try_from(self.lag.load(Ordering::Relaxed)).ok(),
        }
    }
}

/// What the tasks of a worker have done last.
#[derive(Debug, Default)]
pub struct Activities(RwLock<BTreeMap<TaskId, Arc<Activity>>>);

impl Activities {
    /// Begins anew for a task that starts.
    pub fn begin(&self, id: &TaskId) -> Arc<Activity> {
        let activity = Arc::new(Activity::default());
        self.0.write().insert(id.clone(), activity.clone());
        activity
    }

    /// Forgets a task that has ended, unless it has been started again meanwhile.
    pub fn end(&self, id: &TaskId, activity: &Arc<Activity>) {
        let mut all = self.0.write();
        if all.get(id).is_some_and(|known| Arc::ptr_eq(known, activity)) {
            all.remove(id);
        }
    }

    /// Takes a reading of what each task takes; to be called from time to time.
    pub fn read_loads(&self) {
        let now = Instant::now();
        for activity in self.0.read().values() {
            activity.meter.read(activity.busy.total(), now);
        }
    }

    /// What each task takes of a processor, on average of the last minute or so; without those that have just
    /// started.
    pub fn loads(&self) -> Loads {
        let load = |(id, activity): (&TaskId, &Arc<Activity>)| Some((id.clone(), activity.meter.load()?));
        self.0.read().iter().filter_map(load).collect()
    }

    /// What a task has done last; none where it does not run here.
    pub fn info(&self, id: &TaskId) -> Option<ActivityInfo> {
        self.0.read().get(id).map(|activity| activity.info())
    }
}
