//! The queue of what is written to the topics of the cluster, one thing after the other.

use std::sync::Arc;
use std::time::Duration;

use api::Result;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

use super::super::state::Generation;
use super::state::{Event, Write};
use crate::cluster::config::{ConfigStore, Record};
use crate::cluster::signature::SessionKey;
use crate::cluster::status::{Key, StatusStore, Value};

/// How many statuses are written together at most.
const TELLS_MAX: usize = 256;
/// How long statuses may take; later ones tell more.
const TELL_LIMIT: Duration = Duration::from_secs(30);

/// Something to be written.
pub(super) enum Job {
    /// A change of the configurations; answered by `Event::Written`.
    Write { token: Generation, name: Arc<str>, write: Write },
    /// What is left in the topic of configurations of connectors that are gone is deleted.
    RemoveStrangers,
    /// Statuses.
    Tell { safe: bool, values: Vec<(Key, Option<Value>)> },
    /// The key for signatures.
    Key(SessionKey),
    /// This worker leads from now on, and is the only one that may write what the leader writes.
    Claim,
    /// It does not lead any more.
    Relinquish,
    /// Answers once all statuses that were given before are written.
    Flush(oneshot::Sender<()>),
}

/// Starts the queues; they end with the sender.
///
/// They need no bounds of their own: users wait for what they want written, and nothing else writes more than once
/// for each thing that happens to a connector or a task.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    configs: Arc<ConfigStore>,
    statuses: Arc<StatusStore>,
    events: mpsc::UnboundedSender<Event>,
) -> mpsc::UnboundedSender<Job> {
    let (jobs, mut receiver) = mpsc::unbounded_channel();
    let (writes, writing) = mpsc::unbounded_channel();
    let (tells, telling) = mpsc::unbounded_channel();
    tasks.spawn(write_all(configs, writing, events));
    tasks.spawn(tell_all(statuses, telling));
    tasks.spawn(async move {
        while let Some(job) = receiver.recv().await {
            let taken = match job {
                Job::Write { .. } | Job::Key(_) | Job::RemoveStrangers | Job::Claim | Job::Relinquish => {
                    writes.send(job)
                }
                Job::Tell { .. } | Job::Flush(_) => tells.send(job),
            };
            if taken.is_err() {
                return;
            }
        }
    });
    jobs
}

async fn write_all(
    configs: Arc<ConfigStore>,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    events: mpsc::UnboundedSender<Event>,
) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Write { token, name, write: change } => {
                let outcome = write(&configs, &name, change).await;
                let outcome = match outcome {
                    Ok(()) => Ok(configs.snapshot()),
                    Err(error) => {
                        warn!(
                            connector = &*name,
                            error = format!("{error:#}"),
                            "cannot write a configuration"
                        );
                        Err(format!("{error:#}"))
                    }
                };
                let _ = events.send(Event::Written { token, outcome });
            }
            Job::Key(key) => {
                if let Err(error) = configs.put(Record::SessionKey(key)).await {
                    warn!(error = format!("{error:#}"), "cannot write the key for requests between workers");
                }
            }
            Job::RemoveStrangers => {
                if let Err(error) = configs.remove_strangers().await {
                    warn!(
                        error = format!("{error:#}"),
                        "cannot delete what is left of the tasks of connectors that are gone"
                    );
                }
            }
            Job::Claim => {
                if let Err(error) = configs.claim().await {
                    warn!(
                        error = format!("{error:#}"),
                        "cannot claim the topic of configurations; the next write does"
                    );
                }
            }
            Job::Relinquish => configs.relinquish().await,
            Job::Tell { .. } | Job::Flush(_) => {}
        }
    }
}

async fn write(configs: &ConfigStore, name: &Arc<str>, change: Write) -> Result<()> {
    let target = |target| Record::Target { name: name.clone(), target: Some(target) };
    match change {
        Write::Connector { config, target } => configs.put_connector(name, config, target).await,
        Write::Remove => configs.remove_connector(name).await,
        Write::Tasks(tasks) => configs.put_tasks(name, tasks).await,
        Write::Fencing(tasks) => configs.put(Record::Fencing { name: name.clone(), tasks }).await,
        Write::Target(wanted) => configs.put_by_anybody(target(wanted)).await,
        Write::Stop => configs.stop_connector(name).await,
        Write::Level(level) => {
            configs.put_by_anybody(Record::LoggerLevel { namespace: name.clone(), level }).await
        }
        Write::Restart { include_tasks, only_failed } => {
            configs.put(Record::Restart { name: name.clone(), include_tasks, only_failed }).await
        }
    }
}

async fn tell_all(statuses: Arc<StatusStore>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, TELLS_MAX).await > 0 {
        // What was to be told while the last was written is written together, in its order.
        let mut gathered = Vec::new();
        for job in waiting.drain(..) {
            match job {
                Job::Tell { safe: true, values } => gathered.extend(statuses.safe(values)),
                Job::Tell { safe: false, values } => gathered.extend(values),
                Job::Flush(done) => {
                    tell(&statuses, &std::mem::take(&mut gathered)).await;
                    // Who asked may have gone away.
                    let _ = done.send(());
                }
                _ => {}
            }
        }
        tell(&statuses, &gathered).await;
    }
}

async fn tell(statuses: &StatusStore, values: &[(Key, Option<Value>)]) {
    match timeout(TELL_LIMIT, statuses.put(values)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(error = format!("{error:#}"), "cannot write statuses"),
        Err(_) => warn!("statuses could not be written in time"),
    }
}
