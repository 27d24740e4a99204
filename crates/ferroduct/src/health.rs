//! `ferroduct health`: asks a worker whether it is ready, for images that have nothing else to ask with.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::runtime::Builder;

/// Less than engines of containers wait for an answer by default.
const LIMIT: Duration = Duration::from_secs(10);
/// Where a worker listens that does not say otherwise.
const PORT: &str = "8083";

/// Asks the worker at a URL, or the one on this machine that the same environment configures.
pub(crate) fn run(url: Option<&str>) -> Result<()> {
    let listeners = std::env::var("CONNECT_LISTENERS").unwrap_or_default();
    let url = url.map_or_else(|| format!("http://127.0.0.1:{}", port(&listeners)), str::to_owned);
    let url = format!("{}/health", url.trim_end_matches('/'));
    let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(ask(&url))
}

async fn ask(url: &str) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().context("cannot start")?;
    let answer = client.get(url).send().await.with_context(|| format!("cannot reach `{url}`"))?;
    let status = answer.status();
    let words = answer.text().await.with_context(|| format!("cannot read the answer of `{url}`"))?;
    ensure!(status.is_success(), "`{url}` answers {status}: {words}");
    Ok(())
}

/// The port of the first listener with plain HTTP.
fn port(listeners: &str) -> &str {
    let plain = listeners.split(',').find_map(|listener| listener.trim().strip_prefix("http://"));
    let port = plain.and_then(|address| Some(address.trim_end_matches('/').rsplit_once(':')?.1));
    port.filter(|port| !port.is_empty()).unwrap_or(PORT)
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn the_port_is_that_of_the_first_plain_listener() {
        for (listeners, expected) in [
            ("", "8083"),
            ("http://:8084", "8084"),
            ("https://:8443, http://[::]:8085/", "8085"),
            ("http://worker", "8083"),
        ] {
            assert_eq!(port(listeners), expected, "{listeners}");
        }
    }
}
