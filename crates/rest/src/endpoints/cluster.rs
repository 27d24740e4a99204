//! The workers of the cluster.

use std::sync::Arc;

use axum::extract::State;

use super::query::Parameters;
use crate::answer::{Answer, ok};
use crate::peer::survey;
use crate::router::App;

/// The workers and what they have. With `scope=worker`, which workers ask of each other, only what this one knows.
pub(crate) async fn show(State(app): State<Arc<App>>, parameters: Parameters) -> Answer {
    let herder = app.herder().await?;
    let mut info = herder.cluster()?;
    if parameters.all("scope").next() != Some("worker")
        && let Some(peers) = &app.peers
    {
        survey(peers, herder, &mut info).await;
    }
    ok(info)
}
