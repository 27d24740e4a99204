//! How much of a processor a task takes: the time that its future is being polled.
//!
//! That counts transforms, converters and whatever a connector computes, and waiting for others counts nothing. It
//! leaves out what runs on other threads for the task: connections to Kafka, and connectors that block.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Activity;

/// How far back a load looks: an hour of work a week ago says nothing of tomorrow, and a second nothing of today.
const WINDOW: Duration = Duration::from_secs(60);

/// The time for which a future was polled.
#[derive(Debug, Default)]
pub(super) struct Busy {
    nanos: AtomicU64,
}

impl Busy {
    fn add(&self, time: Duration) {
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }
}

/// A future whose time is counted.
pub(super) struct Counted<F> {
    future: Pin<Box<F>>,
    activity: Arc<Activity>,
}

impl<F: Future> Counted<F> {
    pub(super) fn new(future: F, activity: Arc<Activity>) -> Self {
        Self { future: Box::pin(future), activity }
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let began = Instant::now();
        let polled = self.future.as_mut().poll(context);
        self.activity.busy().add(began.elapsed());
        polled
    }
}

/// Makes a load of how a total grows.
#[derive(Debug, Default)]
pub(super) struct Meter {
    reading: Mutex<Option<Reading>>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    total: Duration,
    at: Instant,
    /// Of a processor; none after the first reading.
    load: Option<f64>,
}

impl Meter {
    /// Takes a reading; older ones fade.
    pub(super) fn read(&self, total: Duration, at: Instant) {
        let mut reading = self.reading.lock();
        let load = reading.and_then(|last| {
            let span = at.saturating_duration_since(last.at);
            if span.is_zero() {
                return last.load;
            }
            let rate = total.saturating_sub(last.total).as_secs_f64() / span.as_secs_f64();
            let fresh = 1.0 - (-span.as_secs_f64() / WINDOW.as_secs_f64()).exp();
            Some(last.load.map_or(rate, |load| load + (rate - load) * fresh))
        });
        *reading = Some(Reading { total, at, load });
    }

    /// Thousandths of a processor.
    pub(super) fn load(&self) -> Option<u32> {
        // Within what a u32 has: a future is polled by one thread at a time.
        let load = (*self.reading.lock())?.load?;
        Some((load * 1000.0).round() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_follows_what_is_taken_and_forgets_what_was() {
        let (meter, begin) = (Meter::default(), Instant::now());
        let read = |busy_ms: u64, at_secs: u64| {
            meter.read(Duration::from_millis(busy_ms), begin + Duration::from_secs(at_secs));
            meter.load()
        };
        assert_eq!(read(500, 0), None);
        assert_eq!(read(5_500, 10), Some(500));
        assert_eq!(read(5_500, 10), Some(500));
        let less = read(5_500, 20).expect("a load");
        assert!((400..500).contains(&less), "{less}");
        assert_eq!(read(5_500, 2_000), Some(0));
    }

    #[tokio::test]
    async fn waiting_is_no_load() {
        let activity = Arc::new(Activity::default());
        let nap = Duration::from_millis(20);
        Counted::new(tokio::time::sleep(Duration::from_millis(500)), activity.clone()).await;
        let waited = activity.busy().total();
        Counted::new(async { std::thread::sleep(nap) }, activity.clone()).await;
        assert!(activity.busy().total() >= waited + nap);
        assert!(waited < Duration::from_millis(500), "{waited:?}");
    }
}
