//! The loop around the state of a cluster's herder: the group, the topics, what runs here, and users.
//!
//! The loop itself never waits for a plugin or for Kafka: writes and statuses go through queues of their own, in
//! the order in which they were decided.

mod background;
mod rounds;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::super::call::{Call, Outcome, Reply, Request};
use super::super::entities::ConnectorType;
use super::super::runner::{CONNECTOR_PATIENCE, Guarded, Runner};
use super::super::state::{Action as Local, CallId, Event as News, closing};
use super::super::view::{Class, Snapshot};
use super::guard::ClusterGuard;
use super::leader::{Leader, Signatures};
use super::levels::Levels;
use super::membership::Membership;
use super::reach::Reach;
use super::rotation::Rotation;
use super::shared::Cluster;
use super::state::{Action, Describe, Event, Settings, State, World};
use super::writer::{self, Job};
use crate::cluster::assignor::Balance;
use crate::cluster::config::ConfigStore;
use crate::cluster::offset::TopicStore;
use crate::cluster::protocol::Metadata;
use crate::cluster::status::{Key, StatusStore, Value};
use crate::config::{Distributed, ExactlyOnce};
use crate::plugins::ConnectorPlugin;
use crate::task::Services;

/// How long the last statuses of a worker that ends may take.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// What the loop holds.
pub(in crate::herder) struct Driver {
    state: State,
    snapshot: Arc<Snapshot>,
    runner: Runner,
    news: mpsc::UnboundedReceiver<News>,
    events: mpsc::UnboundedReceiver<Event>,
    sender: mpsc::UnboundedSender<Event>,
    membership: Membership,
    config: Arc<Distributed>,
    configs: Arc<ConfigStore>,
    statuses: Arc<StatusStore>,
    offsets: Arc<TopicStore>,
    jobs: mpsc::UnboundedSender<Job>,
    describe: Describe,
    peers: Arc<dyn Leader>,
    levels: Arc<dyn Levels>,
    reach: Reach,
    signed: Arc<AtomicBool>,
    replies: BTreeMap<CallId, oneshot::Sender<Outcome>>,
    calls: CallId,
    background: JoinSet<()>,
    began: Instant,
    key_look_at: Instant,
    rotation: Rotation,
    /// When readings of loads are taken next.
    loads_at: Instant,
    /// Whether this worker leads a group whose requests are signed.
    signing: bool,
    /// Whether it has the right to write as the leader.
    claimed: bool,
    services: Arc<Services>,
}

impl Driver {
    /// A loop of a worker that is in no group yet; has to be made inside a tokio runtime.
    pub(in crate::herder) fn new(
        services: &Arc<Services>,
        snapshot: Arc<Snapshot>,
        worker_id: &str,
        cluster: Cluster,
        peers: Arc<dyn Leader>,
        levels: Arc<dyn Levels>,
        calls: mpsc::WeakSender<Call>,
    ) -> Self {
        let Cluster { config, client, configs, statuses, offsets, events, sender, signed } = cluster;
        let settings = Settings {
            worker_id: worker_id.into(),
            url: format!("http://{worker_id}/").into(),
            policy: config.policy,
            rejects_conflicts: config.rejects_conflicts,
            tracks_topics: services.config.topic_tracking_enable,
            exactly_once: config.exactly_once == ExactlyOnce::Enabled,
            restart: services.config.restart,
            describe: describe(services.clone()),
        };
        let guarded = settings.exactly_once.then(|| {
            let guard = ClusterGuard {
                calls,
                peers: peers.clone(),
                signatures: Signatures::new(config.clone(), configs.clone(), signed.clone()),
                configs: configs.clone(),
                limit: config.sync_timeout,
            };
            Guarded { guard: Arc::new(guard), config: config.clone() }
        });
        let activities = snapshot.activities().clone();
        let (runner, news) = Runner::new(services.clone(), activities, CONNECTOR_PATIENCE, guarded);
        let mut background = JoinSet::new();
        let jobs = writer::start(&mut background, configs.clone(), statuses.clone(), sender.clone());
        Self {
            state: State::new(settings, configs.snapshot()),
            snapshot,
            runner,
            news,
            events,
            sender,
            membership: Membership::new(client, services.clients.clone(), config.clone()),
            config,
            configs,
            statuses,
            offsets,
            jobs,
            describe: describe(services.clone()),
            peers,
            levels,
            reach: Reach::default(),
            signed,
            replies: BTreeMap::new(),
            calls: 0,
            background,
            began: Instant::now(),
            key_look_at: Instant::now(),
            rotation: Rotation::default(),
            loads_at: Instant::now(),
            signing: false,
            claimed: false,
            services: services.clone(),
        }
    }

    /// Runs until a shutdown is done, or until there is no handle left.
    pub(in crate::herder) async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        self.publish();
        loop {
            let deadline = self.runner.deadline();
            let tick_at = self.next_tick();
            let event = tokio::select! {
                Some(news) = self.news.recv() => {
                    self.runner.heed(&news);
                    Event::News(news)
                }
                Some(event) = self.events.recv() => event,
                event = self.membership.next() => event,
                call = calls.recv() => match call {
                    Some(call) => self.admit(call),
                    None => break,
                },
                () = sleep_until(tick_at) => Event::Tick,
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    warn!("not everything ended within `task.shutdown.graceful.timeout.ms`; the rest is given up");
                    self.leave().await;
                    break;
                }
                Some(()) = self.runner.tidy() => continue,
            };
            if self.handle(event).await.is_break() {
                break;
            }
        }
        self.give_up();
    }

    fn next_tick(&self) -> Instant {
        let own = self.key_look_at.min(self.loads_at);
        let wake_at = self.state.wake_at_ms().map(|at_ms| self.instant(at_ms));
        wake_at.map_or(own, |wake_at| wake_at.min(own))
    }

    fn admit(&mut self, call: Call) -> Event {
        self.calls += 1;
        self.replies.insert(self.calls, call.reply);
        if call.request == Request::Shutdown {
            self.runner.shut_down();
        }
        Event::News(News::Called { call: self.calls, name: call.name, request: call.request })
    }

    async fn handle(&mut self, event: Event) -> ControlFlow<()> {
        let now_ms = self.elapsed_ms();
        let (actions, group) = self.statuses.read(|statuses| {
            let world = World { now_ms, wall_ms: crate::cluster::topic::now_ms(), statuses };
            (self.state.step(world, event), self.state.take_group_view(world))
        });
        if let Some(group) = group {
            self.snapshot.publish_group(group);
        }
        // Readers see what was done before whoever asked for it is answered.
        self.publish();
        for action in actions {
            if self.perform(action).await.is_break() {
                return ControlFlow::Break(());
            }
        }
        self.claim();
        self.renew_key();
        self.look_around();
        self.read_loads();
        ControlFlow::Continue(())
    }

    async fn perform(&mut self, action: Action) -> ControlFlow<()> {
        match action {
            Action::Local(local) => return self.perform_local(local),
            Action::Join(metadata) => self.membership.join(&self.with_loads(metadata)).await,
            Action::Assign { protocol, assignments } => self.membership.assign(protocol, assignments).await,
            Action::Rejoin(reason) => self.membership.rejoin(reason).await,
            Action::Leave => self.leave().await,
            Action::WatchOut => self.membership.watch_out().await,
            Action::Abandon => self.offsets.abandon(),
            Action::Refresh => self.read_configs(|configs| Event::Refreshed { configs }),
            Action::Verify => self.read_configs(|configs| Event::Verified { configs }),
            Action::Read { token } => self.read(token),
            Action::FenceOff { token, name, tasks, config } => self.fence_off(token, &name, tasks, config),
            Action::RemoveStrangers => self.job(Job::RemoveStrangers),
            Action::Write { token, name, write } => self.job(Job::Write { token, name, write }),
            Action::Send { token, name, leader, tasks } => self.send(token, name, leader, tasks),
            Action::Tell { safe, values } => {
                let values = values.into_iter().map(|value| self.with_version(value)).collect();
                self.job(Job::Tell { safe, values });
            }
            Action::TellStranger(worker) => warn!(
                worker = &*worker,
                group = self.config.group,
                "a worker that is not in the group says that it runs what runs here. hint: if it has not just been \
                 lost, two clusters use the same topics and run every connector twice: workers of one cluster need \
                 the same `group.id`, and clusters need `config.storage.topic`, `offset.storage.topic` and \
                 `status.storage.topic` of their own"
            ),
            Action::SetLevel { namespace, level } => self.levels.set(&namespace, &level),
        }
        ControlFlow::Continue(())
    }

    fn perform_local(&mut self, local: Local) -> ControlFlow<()> {
        match self.runner.perform(local) {
            Some(Local::Reply { call, outcome }) => {
                if let Some(reply) = self.replies.remove(&call) {
                    // Whoever asked may have gone away.
                    let _ = reply.send(outcome);
                }
            }
            Some(Local::Exit) => return ControlFlow::Break(()),
            Some(_) | None => {}
        }
        ControlFlow::Continue(())
    }

    /// The writer ends with this loop, not before.
    fn job(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// Who shares out by load is told what tasks take.
    fn with_loads(&self, metadata: Metadata) -> Metadata {
        match self.config.policy.balance {
            Balance::Count => metadata,
            Balance::Load => Metadata { loads: self.snapshot.activities().loads(), ..metadata },
        }
    }

    /// Statuses tell the version of the plugin that runs.
    fn with_version(&self, (key, value): (Key, Option<Value>)) -> (Key, Option<Value>) {
        let Some(Value::Report(mut report)) = value else { return (key, value) };
        let name = match &key {
            Key::Connector(name) => Some(name),
            Key::Task(id) => Some(&id.connector),
            Key::Topic { .. } => None,
        };
        let connector = name.and_then(|name| self.state.configs().connectors.get(name));
        let class = connector.and_then(|connector| connector.config.get("connector.class")?.as_deref());
        let class = class.and_then(|class| (self.describe)(class.trim()));
        report.version = class.map(|class| class.version.to_string());
        (key, Some(Value::Report(report)))
    }

    /// Leaves the group, after what was to be told has been told.
    async fn leave(&mut self) {
        let (done, flushed) = oneshot::channel();
        self.job(Job::Flush(done));
        if tokio::time::timeout(FLUSH_LIMIT, flushed).await.is_err() {
            warn!("not all statuses could be written in time");
        }
        self.membership.leave().await;
    }

    /// Shows readers what has changed.
    fn publish(&mut self) {
        for name in self.state.take_changed() {
            let view = self.statuses.read(|statuses| self.state.view(&name, statuses));
            self.snapshot.publish(name, view);
        }
    }

    fn elapsed_ms(&self) -> i64 {
        // Above zero, which the assignor takes for no time.
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX - 1) + 1
    }

    fn instant(&self, at_ms: i64) -> Instant {
        self.began + Duration::from_millis(at_ms.max(0).unsigned_abs())
    }

    /// Answers whoever still waits; what still runs is given up as it is dropped.
    fn give_up(mut self) {
        let shutting_down = self.runner.deadline().is_some();
        for reply in std::mem::take(&mut self.replies).into_values() {
            let _ = reply.send(if shutting_down { Ok(Reply::Done) } else { Err(closing()) });
        }
    }
}

fn describe(services: Arc<Services>) -> Describe {
    Box::new(move |class| {
        let plugin = ConnectorPlugin::find(&services.registry, class).ok()?;
        let kind = match plugin {
            ConnectorPlugin::Source(_) => ConnectorType::Source,
            ConnectorPlugin::Sink(_) => ConnectorType::Sink,
        };
        Some(Class { kind, version: plugin.description().version.into() })
    })
}
