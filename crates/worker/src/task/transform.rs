//! The transforms of a connector: a chain between the connector and the converters, which moves whole batches.

mod link;
mod order;

use api::config::Properties;
use api::{
    Batch, ConnectorType, Error, OrReaction, Predicate, Reaction, Registry, Rejected, Result, Transform,
    Transformed,
};
use tokio_util::sync::CancellationToken;

use super::policy::{Attempts, Refusal, Retry, Stage, Waited};
use link::{Condition, Link};

/// The configured transforms of one task, in their order.
pub(super) struct Chain {
    links: Vec<Link>,
    connector: ConnectorType,
}

/// What comes out of a chain.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// The batches in order; one may have positions only.
    pub(super) batches: Vec<Batch>,
    /// The records that were refused, as they were before the transform that did so.
    pub(super) refused: Vec<(Refusal, Rejected)>,
}

impl Chain {
    /// Configures the transforms and predicates that a connector names in `transforms` and `predicates`.
    pub(super) fn of(
        connector: &Properties,
        registry: &Registry,
        connector_type: ConnectorType,
    ) -> Result<Self> {
        let links = list(connector, "transforms").map(|alias| link(connector, registry, alias));
        Ok(Self { links: links.collect::<Result<_>>()?, connector: connector_type })
    }

    /// Whether there is no transform: then batches are best left where they are.
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Sends batches through every transform. `None`: the task is to stop, and the batches are to come again.
    ///
    /// A record whose transform asks for another attempt gets it as `retry` says, and keeps its place. In a source the
    /// offsets of records have to number them then.
    pub(super) async fn run(
        &mut self,
        batches: Vec<Batch>,
        retry: &Retry,
        stop: &CancellationToken,
    ) -> Option<Changed> {
        let mut changed = Changed { batches, refused: Vec::new() };
        for link in &mut self.links {
            let mut out = Transformed::default();
            for batch in changed.batches {
                link.apply(batch, self.connector, &mut out);
            }
            if retry.wanted() {
                link.retry(self.connector, &mut out, retry, stop).await?;
            }
            changed.batches = out.batches;
            changed
                .refused
                .extend(out.rejected.into_iter().map(|mut rejected| (link.refusal(&mut rejected), rejected)));
        }
        Some(changed)
    }
}

impl Link {
    /// Tries again what asks for it, until it is changed or refused for good. `None`: the task is to stop.
    async fn retry(
        &mut self,
        connector: ConnectorType,
        out: &mut Transformed,
        retry: &Retry,
        stop: &CancellationToken,
    ) -> Option<()> {
        let again = |rejected: &mut Rejected| rejected.error.reaction() == Reaction::Retry;
        for rejected in out.rejected.extract_if(.., again).collect::<Vec<_>>() {
            let (mut attempts, mut rejected) = (Attempts::default(), rejected);
            loop {
                match retry.wait(&mut attempts, &rejected.error, stop).await {
                    Waited::Again => {}
                    Waited::Stopping => return None,
                    Waited::TimeUp => {
                        out.rejected.push(rejected);
                        break;
                    }
                }
                let (partition, offset) = (rejected.record.partition, rejected.record.offset);
                let origin = rejected.origin.clone();
                let mut one = Transformed::default();
                self.apply(alone(rejected), connector, &mut one);
                order::insert(
                    &mut out.batches,
                    one.batches,
                    &order::Place { origin, partition, offset, connector },
                );
                match one.rejected.pop() {
                    Some(still) if still.error.reaction() == Reaction::Retry => rejected = still,
                    refused => {
                        out.rejected.extend(refused);
                        break;
                    }
                }
            }
        }
        Some(())
    }

    /// Why a record was refused; its error is taken out of it.
    fn refusal(&self, rejected: &mut Rejected) -> Refusal {
        let error = std::mem::replace(&mut rejected.error, Error::reject("refused"));
        Refusal {
            stage: Stage::Transformation,
            class: self.class,
            transform: Some(self.alias.clone()),
            error,
        }
    }
}

/// A batch of the one record that was refused.
fn alone(rejected: Rejected) -> Batch {
    let Rejected { topic, origin, key_schema, value_schema, record, .. } = rejected;
    Batch { origin, key_schema, value_schema, records: vec![record], ..Batch::new(topic) }
}

fn link(connector: &Properties, registry: &Registry, alias: &str) -> Result<Link> {
    let prefix = format!("transforms.{alias}.");
    let (class, transform) = transform(connector, registry, alias, &prefix)?;
    let named = connector.get(&format!("{prefix}predicate")).map(|name| name.trim());
    let condition = match named.filter(|name| !name.is_empty()) {
        Some(name) => {
            let negate = connector.get(&format!("{prefix}negate"));
            let negate = negate.is_some_and(|negate| negate.trim().eq_ignore_ascii_case("true"));
            Some(Condition::new(predicate(connector, registry, name)?, negate))
        }
        None => None,
    };
    Ok(Link { alias: alias.into(), class, transform, condition })
}

fn transform(
    connector: &Properties,
    registry: &Registry,
    alias: &str,
    prefix: &str,
) -> Result<(&'static str, Box<dyn Transform>)> {
    let class = class(connector, prefix)?;
    let plugins = &registry.transforms;
    let plugin = plugins.iter().find(|plugin| plugin.description().class == class);
    let plugin = plugin.or_else(|| plugins.iter().find(|plugin| plugin.description().answers_to(class)));
    let plugin = plugin.ok_or_else(|| Error::fail(format_args!("no transform has the name `{class}`")))?;
    let configured = plugin.configure(&own(connector, prefix));
    let configured = configured.or_fail(format_args!("cannot configure transform `{alias}` (`{class}`)"))?;
    Ok((plugin.description().class, configured))
}

fn predicate(connector: &Properties, registry: &Registry, alias: &str) -> Result<Box<dyn Predicate>> {
    let prefix = format!("predicates.{alias}.");
    let class = class(connector, &prefix)?;
    let plugins = &registry.predicates;
    let plugin = plugins.iter().find(|plugin| plugin.description().class == class);
    let plugin = plugin.or_else(|| plugins.iter().find(|plugin| plugin.description().answers_to(class)));
    let plugin = plugin.ok_or_else(|| Error::fail(format_args!("no predicate has the name `{class}`")))?;
    let configured = plugin.configure(&own(connector, &prefix));
    configured.or_fail(format_args!("cannot configure predicate `{alias}` (`{class}`)"))
}

fn class<'a>(connector: &'a Properties, prefix: &str) -> Result<&'a str> {
    let class = connector.get(&format!("{prefix}type")).map(|class| class.trim());
    class.ok_or_else(|| Error::fail(format_args!("`{prefix}type` is not set")))
}

/// The properties below a prefix, without it.
fn own(connector: &Properties, prefix: &str) -> Properties {
    let own = connector.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
    own.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn list<'a>(connector: &'a Properties, key: &str) -> impl Iterator<Item = &'a str> {
    let text = connector.get(key).map_or("", String::as_str);
    text.split(',').map(str::trim).filter(|alias| !alias.is_empty())
}

#[cfg(test)]
mod tests;
