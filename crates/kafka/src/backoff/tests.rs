use super::*;

#[test]
fn the_delay_doubles_up_to_its_maximum() {
    let backoff = Backoff { initial: Duration::from_millis(50), max: Duration::from_millis(1000) };
    for (failures, expected_ms) in
        [(0, 50.0), (1, 50.0), (2, 100.0), (5, 800.0), (6, 1000.0), (u32::MAX, 1000.0)]
    {
        let delay_ms = backoff.delay(failures).as_secs_f64() * 1000.0;
        assert!((0.79 * expected_ms..=1.21 * expected_ms).contains(&delay_ms), "{failures}: {delay_ms}");
    }
}

#[test]
fn delays_are_spread() {
    let backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_millis(100) };
    let first = backoff.delay(1);
    assert!((0..100).any(|_| backoff.delay(1) != first));
}
