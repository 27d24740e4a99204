//! A running connector. Its code runs on threads of its own, one call at a time, so that neither a panic nor a
//! call that never returns is felt elsewhere (invariant 5).

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::config::Properties;
use api::{Connector, ConnectorContext, Result};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use super::configure;
use super::reload::Reload;
use super::runner::Events;
use super::state::{Event, Failure, Generation};
use crate::plugins::ConnectorPlugin;
use crate::provider::Resolved;
use crate::restart;
use crate::task::{Services, panic_words, trace};

/// How many commands may wait for a connector: a split and a stop, as the state gives them one by one.
const COMMANDS_MAX: usize = 4;

/// The words of a connector that was given up in the middle of a call.
const GIVEN_UP: &str = "the connector was given up: it did not return in time";

/// Names a start of a connector.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// The connector.
    pub(super) connector: Arc<str>,
    /// The start.
    pub(super) generation: Generation,
}

/// What a running connector is asked for.
enum Command {
    Split { tasks_max: usize },
    Stop,
}

/// The handle of a running connector.
pub(super) struct Instance {
    name: Name,
    commands: mpsc::Sender<Command>,
    requested: Arc<AtomicBool>,
    abandon: CancellationToken,
    living: JoinHandle<()>,
}

impl Instance {
    /// Starts a connector, which tells by events how that went.
    pub(super) fn start(
        name: Name,
        config: Arc<Properties>,
        services: Arc<Services>,
        events: Events,
    ) -> Self {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let requested = Arc::new(AtomicBool::new(false));
        let abandon = CancellationToken::new();
        let context = Context { name: name.clone(), events: events.clone(), requested: requested.clone() };
        let calls = Calls { abandon: abandon.clone(), ..Calls::new(&services.runtime) };
        let life = Life { name: name.clone(), config, services, calls, events };
        let span = info_span!("connector", name = %name.connector);
        let living = tokio::spawn(life.live(Arc::new(context), receiver).instrument(span));
        Self { name, commands, requested, abandon, living }
    }

    /// Asks for the configurations of the tasks.
    pub(super) fn split(&self, tasks_max: usize) {
        self.requested.store(false, Ordering::Release);
        self.command(Command::Split { tasks_max });
    }

    /// Ends the connector, and gives it up if that takes longer than this.
    pub(super) async fn stop(mut self, patience: Duration) {
        self.command(Command::Stop);
        if timeout(patience, &mut self.living).await.is_err() {
            warn!(connector = %self.name.connector, "connector did not stop in time and is given up");
        }
    }

    fn command(&self, command: Command) {
        // A full queue cannot be: there is one command at a time, and a stop. A closed one has ended already.
        let _ = self.commands.try_send(command);
    }
}

impl Drop for Instance {
    /// Ends the connector at its next await point, if it has not ended, without waiting for that.
    fn drop(&mut self) {
        self.abandon.cancel();
        self.living.abort();
    }
}

/// What a connector may ask of the herder.
struct Context {
    name: Name,
    events: Events,
    /// Whether a split was asked for and has not begun: one is enough.
    requested: Arc<AtomicBool>,
}

impl ConnectorContext for Context {
    fn request_reconfiguration(&self) {
        if !self.requested.swap(true, Ordering::AcqRel) {
            let (name, instance) = (self.name.connector.clone(), self.name.generation);
            self.events.send(Event::ReconfigurationRequested { name, instance });
        }
    }

    fn raise_error(&self, error: api::Error) {
        let (name, instance) = (self.name.connector.clone(), self.name.generation);
        self.events.send(Event::ConnectorFailed { name, instance, failure: failure(&error) });
    }
}

/// A connector between its start and its end.
struct Life {
    name: Name,
    /// Its configuration, with its variables.
    config: Arc<Properties>,
    services: Arc<Services>,
    calls: Calls,
    events: Events,
}

/// A connector that has started.
struct Running {
    plugin: ConnectorPlugin,
    /// The configuration that it was started with.
    config: Resolved,
    /// None: an earlier call of it failed.
    connector: Option<Box<dyn Connector>>,
}

impl Life {
    async fn live(self, context: Arc<Context>, mut commands: mpsc::Receiver<Command>) {
        let (name, instance) = (self.name.connector.clone(), self.name.generation);
        let started = self.start(context).await;
        let outcome = started.as_ref().map(drop).map_err(Failure::clone);
        let mut running = started.ok();
        let mut reload = running.as_ref().and_then(|running| Reload::of(&self.services, &running.config));
        self.events.send(Event::ConnectorStarted { name: name.clone(), instance, outcome });
        loop {
            let command = tokio::select! {
                command = commands.recv() => command,
                () = Reload::due(reload.as_ref()) => {
                    if self.changed(&mut reload).await {
                        self.events.send(Event::ReloadRequested { name: name.clone(), instance });
                    }
                    continue;
                }
            };
            match command {
                Some(Command::Split { tasks_max }) => {
                    let outcome = self.split(running.as_mut(), tasks_max).await;
                    self.events.send(Event::ConnectorSplit { name: name.clone(), instance, outcome });
                }
                Some(Command::Stop) => return self.stop(running).await,
                None => return,
            }
        }
    }

    async fn start(&self, context: Arc<Context>) -> Result<Running, Failure> {
        let (services, config) = (self.services.clone(), self.config.clone());
        let (name, instance, events) =
            (self.name.connector.clone(), self.name.generation, self.events.clone());
        let starting = async move {
            let config = configure::resolve(&services, &config)?;
            let mark = services.config.providers.mark(&config);
            events.send(Event::ConnectorResolved { name, instance, mark });
            let plugin = configure::plugin(&services, &config.properties)?;
            let connector = match &plugin {
                ConnectorPlugin::Source(plugin) => plugin.start(&config.properties, context).await,
                ConnectorPlugin::Sink(plugin) => plugin.start(&config.properties, context).await,
            };
            let connector = Some(connector.map_err(|error| failure(&error))?);
            Ok(Running { plugin, config, connector })
        };
        self.calls.run(starting).await?
    }

    async fn split(
        &self,
        running: Option<&mut Running>,
        tasks_max: usize,
    ) -> Result<Vec<Properties>, Failure> {
        let running = running.ok_or_else(not_running)?;
        let mut connector = running.connector.take().ok_or_else(not_running)?;
        let splitting = async move {
            let outcome = connector.split(tasks_max).await;
            (connector, outcome)
        };
        let (connector, outcome) = self.calls.run(splitting).await?;
        running.connector = Some(connector);
        let mut configs = outcome.map_err(|error| failure(&error))?;
        for config in &mut configs {
            running.config.restore(&self.config, config);
            self.complete(&running.plugin, config);
        }
        Ok(configs)
    }

    /// Adds to the configuration of a task what Kafka's worker adds.
    fn complete(&self, plugin: &ConnectorPlugin, task: &mut Properties) {
        task.insert("task.class".to_owned(), plugin.task_class().to_owned());
        if let ConnectorPlugin::Sink(_) = plugin {
            for key in ["topics", "topics.regex"] {
                if let Some(value) = self.config.get(key) {
                    task.insert(key.to_owned(), value.clone());
                }
            }
        }
    }

    /// Whether what the variables stand for has changed; looks at it and says when to look again.
    async fn changed(&self, reload: &mut Option<Reload>) -> bool {
        let Some(known) = reload.take() else { return false };
        let (services, config) = (self.services.clone(), self.config.clone());
        let again = self.calls.run(async move { configure::resolve(&services, &config) }).await;
        let (next, changed) = known.next(&self.services, again.and_then(|resolved| resolved));
        *reload = Some(next);
        changed
    }

    async fn stop(&self, running: Option<Running>) {
        let Some(mut connector) = running.and_then(|running| running.connector) else { return };
        let stopped = self.calls.run(async move { connector.stop().await }).await;
        match stopped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = format!("{error:#}"), "connector failed to stop in good order"),
            Err(failure) => warn!(error = failure.message, "connector failed to stop in good order"),
        }
    }
}

fn not_running() -> Failure {
    Failure::of("the connector does not run: an earlier call of it failed")
}

/// Runs calls into plugins.
#[derive(Clone)]
pub(super) struct Calls {
    /// Has the threads: not those that tasks read and write files with, which a call that hangs would take away.
    threads: Handle,
    /// Has the timers and sockets.
    runtime: Handle,
    abandon: CancellationToken,
}

impl Calls {
    /// Calls that are never given up, with timers and sockets of this runtime and threads of the herder's.
    pub(super) fn new(runtime: &Handle) -> Self {
        Self { threads: Handle::current(), runtime: runtime.clone(), abandon: CancellationToken::new() }
    }

    /// Runs one call on a thread that may block; a panic of it is a failure.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (runtime, abandon) = (self.runtime.clone(), self.abandon.clone());
        let call = abandon.run_until_cancelled_owned(AssertUnwindSafe(call).catch_unwind());
        let ran = self.threads.spawn_blocking(move || runtime.block_on(call)).await;
        match ran {
            Ok(Some(Ok(value))) => Ok(value),
            Ok(Some(Err(panic))) => {
                Err(Failure::of(format!("the connector panicked: {}", panic_words(&*panic))))
            }
            Ok(None) | Err(_) => Err(Failure::of(GIVEN_UP)),
        }
    }
}

fn failure(error: &api::Error) -> Failure {
    Failure { message: format!("{error:#}"), trace: trace(error), transient: restart::may_pass(error) }
}
