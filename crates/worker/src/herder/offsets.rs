//! Committed offsets as users see and change them (KIP-875): those of sources are in the offset store, those of
//! sinks are the consumer group's.

mod sink;

use std::fmt::Display;
use std::sync::Arc;

use api::config::Properties;
use api::{SourceOffset, SourcePartition, SourcePlugin};

use super::HerderError;
use super::call::OffsetChange;
use super::configure::resolved;
use super::entities::{ConnectorOffset, ConnectorOffsets, ConnectorType};
use super::instance::Calls;
use super::view::ConnectorView;
use crate::plugins::ConnectorPlugin;
use crate::task::{Services, offset_store};

/// The committed offsets of a connector.
pub(super) async fn read(
    services: &Services,
    name: &str,
    view: &ConnectorView,
) -> Result<ConnectorOffsets, HerderError> {
    if view.class.kind == ConnectorType::Sink {
        return sink::read(services, name, &*resolved(services, &view.config).await?).await;
    }
    let store = offset_store(services, &*resolved(services, &view.config).await?).await.map_err(internal)?;
    let offsets = store.all(name).await.map_err(internal)?;
    let shown = |(partition, offset)| ConnectorOffset { partition, offset: Some(offset) };
    Ok(ConnectorOffsets { offsets: offsets.into_iter().map(shown).collect() })
}

/// Changes the committed offsets of a stopped connector and answers words for the user.
pub(super) async fn change(
    services: &Services,
    name: &str,
    config: &Arc<Properties>,
    change: OffsetChange,
) -> Result<String, HerderError> {
    let verb = match change {
        OffsetChange::Alter(_) => "altered",
        OffsetChange::Reset => "reset",
    };
    let config = &resolved(services, config).await?;
    let class = config.get("connector.class").map_or("", |class| class.trim());
    let known = match ConnectorPlugin::find(&services.registry, class).map_err(internal)? {
        ConnectorPlugin::Source(plugin) => change_source(services, name, plugin, config, change).await?,
        ConnectorPlugin::Sink(plugin) => sink::change(services, name, plugin, config, change).await?,
    };
    Ok(words(verb, known))
}

/// Kafka's words for offsets that were changed; `known`: the connector says that they are right.
fn words(verb: &str, known: bool) -> String {
    if known {
        return format!("The offsets for this connector have been {verb} successfully");
    }
    format!(
        "The Connect framework-managed offsets for this connector have been {verb} successfully. However, if this \
         connector manages offsets externally, they will need to be manually {verb} in the system that the connector \
         uses."
    )
}

async fn change_source(
    services: &Services,
    name: &str,
    plugin: Arc<dyn SourcePlugin>,
    config: &Arc<Properties>,
    change: OffsetChange,
) -> Result<bool, HerderError> {
    let store = offset_store(services, config).await.map_err(internal)?;
    let offsets = match change {
        OffsetChange::Alter(offsets) => {
            offsets.into_iter().map(|offset| (offset.partition, offset.offset)).collect()
        }
        OffsetChange::Reset => forgotten(store.all(name).await.map_err(internal)?),
    };
    let config = config.clone();
    let ask = move || plugin.alter_offsets(&config, &offsets).map(|known| (known, offsets));
    let (known, offsets) = ask_plugin(services, ask).await?;
    let offsets = offsets.into_iter().map(|(partition, offset)| (Arc::new(partition), offset)).collect();
    store.write(name, offsets).await.map_err(internal)?;
    Ok(known)
}

/// Asks a plugin about offsets, where it harms nobody if it does not answer.
async fn ask_plugin<T: Send + 'static>(
    services: &Services,
    ask: impl FnOnce() -> api::Result<T> + Send + 'static,
) -> Result<T, HerderError> {
    let answer = Calls::new(&services.runtime).run(async move { ask() }).await;
    answer.map_err(|failure| HerderError::Internal(failure.message))?.map_err(internal)
}

fn forgotten(offsets: Vec<(SourcePartition, SourceOffset)>) -> Vec<(SourcePartition, Option<SourceOffset>)> {
    offsets.into_iter().map(|(partition, _)| (partition, None)).collect()
}

fn internal(error: impl Display) -> HerderError {
    HerderError::Internal(format!("{error:#}"))
}
