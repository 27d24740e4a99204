//! Connections of the source.

use api::{Reaction, Result};
use tokio::time::sleep;
use tracing::warn;

use super::settings::Settings;
use crate::jdbc::dialect::Session;

/// Opens a connection.
pub(super) async fn open(settings: &Settings) -> Result<Box<dyn Session>> {
    let mut session = settings.dialect.open(&settings.access, &settings.mapping).await?;
    if let Some(level) = &settings.isolation {
        session.isolate(level).await?;
    }
    Ok(session)
}

/// Opens a connection, as often as `connection.attempts` allows.
///
/// # Errors
/// That of the last attempt, or one that no other attempt would change.
pub(super) async fn open_patiently(settings: &Settings) -> Result<Box<dyn Session>> {
    let mut attempt = 1;
    loop {
        match open(settings).await {
            Err(error) if error.reaction() == Reaction::Retry && attempt < settings.attempts => {
                warn!(attempt, error = format!("{error:#}"), "cannot connect, tries again");
                attempt += 1;
                sleep(settings.backoff).await;
            }
            opened => return opened,
        }
    }
}
