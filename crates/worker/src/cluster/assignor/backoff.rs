//! How long to wait between rounds that take work away again and again.

/// Each pause is 40 times the one before, up to the limit; the first is 40 ms.
const MULTIPLIER: f64 = 40.0;

/// The pause after so many rounds, at most `max_ms`; the arithmetic is that of Kafka's `ExponentialBackoff`.
pub(super) fn delay_ms(rounds: u32, max_ms: i32) -> i32 {
    let initial = if max_ms == 0 { 0 } else { 1 };
    if max_ms <= initial {
        return initial;
    }
    let limit = f64::from(max_ms).ln() / MULTIPLIER.ln();
    let term = MULTIPLIER.powf(f64::from(rounds).min(limit));
    // Cut off as Java does; never above `max_ms`.
    (term as i32).min(max_ms)
}

#[cfg(test)]
mod tests {
    use super::delay_ms;

    #[test]
    fn pauses_grow_up_to_the_limit() {
        let pauses = |max_ms| [1, 2, 3].map(|rounds| delay_ms(rounds, max_ms));
        assert_eq!(pauses(300_000), [40, 1_600, 64_000]);
        // Logarithms are not exact, in Java neither.
        assert!((299_999..=300_000).contains(&delay_ms(4, 300_000)));
        assert_eq!(pauses(0), [0, 0, 0]);
        assert_eq!(pauses(1), [1, 1, 1]);
        assert!(pauses(10).iter().all(|pause| (9..=10).contains(pause)));
    }
}
