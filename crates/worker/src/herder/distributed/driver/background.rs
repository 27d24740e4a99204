//! What the loop has done beside itself, as it takes its time: it is told of the outcome by an event.

use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use kafka::Admin;
use tokio::time::sleep;
use tracing::warn;

use super::super::super::configure;
use super::super::super::entities::RawConfig;
use super::super::super::state::Generation;
use super::super::leader::Signatures;
use super::super::sending::Sending;
use super::super::state::Event;
use super::Driver;
use crate::cluster::config::Configs;

/// How long to wait before a topic that could not be read is read again.
const REFRESH_RETRY: Duration = Duration::from_secs(1);
/// How long it may take to fence off former tasks, as in Kafka.
const FENCE_LIMIT: Duration = Duration::from_secs(90);

impl Driver {
    /// Reads the topic of configurations to its end, and tells of that.
    pub(super) fn read_configs(&mut self, told: fn(Option<Arc<Configs>>) -> Event) {
        let (configs, sender, limit) = (self.configs.clone(), self.sender.clone(), self.config.sync_timeout);
        self.background.spawn(async move {
            let read = match configs.refresh(limit).await {
                Ok(()) => Some(configs.snapshot()),
                Err(error) => {
                    warn!(error = format!("{error:#}"), "cannot read the configurations of the cluster");
                    sleep(REFRESH_RETRY).await;
                    None
                }
            };
            let _ = sender.send(told(read));
        });
    }

    /// Reads the topic of configurations to its end for something that is done to a connector.
    pub(super) fn read(&mut self, token: Generation) {
        let (configs, sender, limit) = (self.configs.clone(), self.sender.clone(), self.config.sync_timeout);
        self.background.spawn(async move {
            let read = configs.refresh_all(limit).await;
            let outcome = read.map(|()| configs.snapshot());
            let words = "Failed to read to end of config topic before performing zombie fencing";
            let outcome = outcome.map_err(|error| format!("{words}: {error:#}"));
            let _ = sender.send(Event::Written { token, outcome });
        });
    }

    /// Fences off the producers of former tasks of a source.
    pub(super) fn fence_off(
        &mut self,
        token: Generation,
        name: &Arc<str>,
        tasks: u32,
        config: Arc<Properties>,
    ) {
        let (configs, sender, services) = (self.configs.clone(), self.sender.clone(), self.services.clone());
        let ids: Vec<String> = (0..tasks).map(|task| self.config.transactional_id(name, task)).collect();
        let name = name.clone();
        self.background.spawn(async move {
            let fenced = async {
                let config =
                    configure::resolved(&services, &config).await.map_err(|error| error.to_string())?;
                let client = services.clients.admin(&config).map_err(|error| format!("{error:#}"))?;
                let admin = Admin::new(client).with_timeout(FENCE_LIMIT);
                admin.fence_producers(ids).await.map_err(|error| error.to_string())
            };
            let outcome = fenced.await.map(|()| configs.snapshot());
            if let Err(error) = &outcome {
                warn!(connector = &*name, error, "cannot fence off former tasks");
            }
            let _ = sender.send(Event::Written { token, outcome });
        });
    }

    /// Has the leader write the tasks of a connector that runs here.
    pub(super) fn send(
        &mut self,
        token: Generation,
        name: Arc<str>,
        leader: Arc<str>,
        tasks: Vec<RawConfig>,
    ) {
        let (sender, configs) = (self.sender.clone(), self.configs.clone());
        let sending = Sending {
            peers: self.peers.clone(),
            signatures: Signatures::new(self.config.clone(), configs.clone(), self.signed.clone()),
            configs: configs.clone(),
            limit: self.config.sync_timeout,
        };
        self.background.spawn(async move {
            let sent = sending.send(&leader, &name, &tasks).await;
            let _ = sender.send(Event::Written { token, outcome: sent.map(|()| configs.snapshot()) });
        });
    }
}
