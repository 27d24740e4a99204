use std::time::Duration;

use api::Error;
use tokio_util::sync::CancellationToken;

use super::{Attempts, Retry, Waited};

fn not_now() -> Error {
    Error::retry("not now")
}

#[test]
fn delays_double_up_to_the_maximum_and_then_are_anything_below_it() {
    let retry = Retry::new(-1, 1_000);
    let millis = |failed, random| retry.delay(failed, random).as_millis();
    assert_eq!([millis(1, 7), millis(2, 7)], [300, 600]);
    assert_eq!([millis(3, 7), millis(3, 1_007), millis(1_000, 999)], [7, 7, 999]);
    assert_eq!(Retry::new(-1, 0).delay(1, 5), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn attempts_end_with_the_timeout() {
    let retry = Retry::new(1_000, 60_000);
    let (mut attempts, stop) = (Attempts::default(), CancellationToken::new());
    let mut waited = Vec::new();
    let started = tokio::time::Instant::now();
    for _ in 0..4 {
        waited.push(retry.wait(&mut attempts, &not_now(), &stop).await);
    }
    // 300 ms, 600 ms, and the 100 ms that are left.
    assert_eq!(waited, [Waited::Again, Waited::Again, Waited::Again, Waited::TimeUp]);
    assert_eq!(started.elapsed().as_millis(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_nothing_is_tried_again_and_below_0_it_never_ends() {
    let stop = CancellationToken::new();
    let none = Retry::new(0, 60_000);
    assert!(!none.wanted());
    assert_eq!(none.wait(&mut Attempts::default(), &not_now(), &stop).await, Waited::TimeUp);
    let (endless, mut attempts) = (Retry::new(-1, 10), Attempts::default());
    for _ in 0..1_000 {
        assert_eq!(endless.wait(&mut attempts, &not_now(), &stop).await, Waited::Again);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_at_once() {
    let (retry, stop) = (Retry::new(-1, 60_000), CancellationToken::new());
    stop.cancel();
    let started = tokio::time::Instant::now();
    assert_eq!(retry.wait(&mut Attempts::default(), &not_now(), &stop).await, Waited::Stopping);
    assert!(started.elapsed().is_zero());
}
