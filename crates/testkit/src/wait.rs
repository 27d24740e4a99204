//! Waiting for something to become true, with a bound.

use std::thread;
use std::time::{Duration, Instant};

/// Calls `attempt` every `pause` until it gives a value; gives up with an error that names `what` after `limit`.
pub fn until<T>(
    what: &str,
    limit: Duration,
    pause: Duration,
    mut attempt: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = attempt()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            anyhow::bail!("{what} did not happen within {limit:?}");
        }
        thread::sleep(pause);
    }
}
