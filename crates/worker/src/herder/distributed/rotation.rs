//! How long a key for requests between workers is good for yet, by a clock that does not jump.
//!
//! A key tells by the clock of the worker that made it when that was. Once a worker has seen it, its own clock may be
//! set back or forth: the key is made anew when the time has passed that was left then.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::signature::SessionKey;
use crate::config::Signing;

/// The key that was seen last.
#[derive(Default)]
pub(super) struct Rotation {
    seen: Option<Seen>,
}

struct Seen {
    created_ms: i64,
    /// None for one that is good for ever.
    ends_at: Option<Instant>,
}

impl Rotation {
    /// How long the key is good for yet; none of one that has to be made anew.
    pub(super) fn left(
        &mut self,
        signing: &Signing,
        key: &SessionKey,
        wall_ms: i64,
        now: Instant,
    ) -> Option<Duration> {
        if self.seen.as_ref().is_none_or(|seen| seen.created_ms != key.created_ms) {
            // Not more than all of its time, though it be made in what is the future here.
            let left = signing.left(key, wall_ms.max(key.created_ms))?;
            self.seen = Some(Seen { created_ms: key.created_ms, ends_at: now.checked_add(left) });
        }
        // Settings other than those that it was made for are told whatever the time.
        signing.left(key, key.created_ms)?;
        match self.seen.as_ref()?.ends_at {
            Some(ends_at) => Some(ends_at.saturating_duration_since(now)).filter(|left| !left.is_zero()),
            None => Some(Duration::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::signature::Algorithm;

    const HOUR_MS: i64 = 3_600_000;
    const HOUR: Duration = Duration::from_secs(3_600);

    fn signing(key_ttl_ms: i64) -> Signing {
        Signing {
            key_algorithm: Algorithm::HmacSha256,
            key_bits: None,
            key_ttl_ms,
            algorithm: Algorithm::HmacSha256,
            accepted: vec![Algorithm::HmacSha256],
        }
    }

    fn key(created_ms: i64) -> SessionKey {
        SessionKey::generate(Algorithm::HmacSha256, None, created_ms).expect("a key")
    }

    #[test]
    fn a_clock_that_jumps_makes_no_key_older_or_younger() {
        let (signing, begin) = (signing(HOUR_MS), Instant::now());
        let key = key(100 * HOUR_MS);
        let mut rotation = Rotation::default();
        let mut left =
            |wall_ms: i64, passed: Duration| rotation.left(&signing, &key, wall_ms, begin + passed);
        assert_eq!(left(100 * HOUR_MS, Duration::ZERO), Some(HOUR));
        assert_eq!(left(500 * HOUR_MS, HOUR / 2), Some(HOUR / 2));
        assert_eq!(left(3 * HOUR_MS, HOUR / 2), Some(HOUR / 2));
        assert_eq!(left(3 * HOUR_MS, HOUR), None);
    }

    #[test]
    fn a_key_is_as_old_as_it_says_when_it_is_seen_first() {
        let (signing, begin) = (signing(HOUR_MS), Instant::now());
        let left =
            |created_ms: i64| Rotation::default().left(&signing, &key(created_ms), 10 * HOUR_MS, begin);
        assert_eq!(left(10 * HOUR_MS - HOUR_MS / 4), Some(HOUR * 3 / 4));
        assert_eq!(left(8 * HOUR_MS), None);
        assert_eq!(left(90 * HOUR_MS), Some(HOUR));
    }

    #[test]
    fn other_settings_want_another_key_and_without_a_limit_none_gets_old() {
        let (begin, made) = (Instant::now(), key(0));
        let mut rotation = Rotation::default();
        assert_eq!(rotation.left(&signing(0), &made, HOUR_MS, begin), Some(Duration::MAX));
        assert_eq!(rotation.left(&signing(0), &made, HOUR_MS, begin + HOUR * 1_000), Some(Duration::MAX));
        let other = Signing { key_bits: Some(512), ..signing(0) };
        assert_eq!(rotation.left(&other, &made, HOUR_MS, begin), None);
    }
}
