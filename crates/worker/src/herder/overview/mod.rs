//! The cluster as readers see it: who is in the group, what each worker has, and why.

mod described;
mod entities;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use entities::{
    ClusterInfo, DelayInfo, GroupState, LeaderInfo, PlacedConnector, PlacedTask, UnassignedInfo, WorkerInfo,
    WorkerKind,
};

pub(super) use described::sharing as described;

use super::view::Snapshot;
use crate::cluster::protocol::Protocol;
use crate::cluster::{Loads, Work};
use crate::task::TaskId;

/// Why something is where it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    /// It was there before this worker began to lead.
    Found,
    /// Its worker had the fewest connectors, or tasks.
    Fewest,
    /// Its worker had the least load.
    Lightest,
    /// It was taken from a worker with more load.
    Moved,
    /// It was held back for a worker that was gone, and given to one that came meanwhile.
    Returned,
    /// All was dealt anew, as the eager protocol does.
    Dealt,
}

/// Since when something is where it is, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Placement {
    pub(super) reason: Reason,
    pub(super) generation: i32,
}

/// A worker as the leader, or the group, knows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) url: Arc<str>,
    /// What it has; the leader knows why.
    pub(super) connectors: BTreeMap<Arc<str>, Option<Placement>>,
    pub(super) tasks: BTreeMap<TaskId, Option<Placement>>,
    /// What it has told of its tasks.
    pub(super) loads: Loads,
}

/// Who has what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sharing {
    pub(super) members: Vec<Member>,
    /// What is with nobody because its worker is gone.
    pub(super) held: Work,
    /// What is being taken from these URLs, to be given to others.
    pub(super) taken: Vec<(Arc<str>, Work)>,
    /// What is with nobody, for reasons that only the leader knows.
    pub(super) nowhere: Work,
}

/// What a worker knows of its group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct GroupView {
    /// Whether the group is at rest.
    pub(super) stable: bool,
    /// The last generation that began; -1 before the first.
    pub(super) generation: i32,
    pub(super) protocol: Option<Protocol>,
    /// The member id of this worker.
    pub(super) me: Arc<str>,
    /// Member id and URL.
    pub(super) leader: Option<(Arc<str>, Arc<str>)>,
    /// What is this worker's.
    pub(super) mine: Work,
    /// When all join again, in milliseconds since 1970-01-01 UTC.
    pub(super) rejoin_at_ms: Option<i64>,
    /// Who has what, if this worker leads.
    pub(super) sharing: Option<Arc<Sharing>>,
}

impl Reason {
    fn words(self, generation: i32, what: &str) -> String {
        match self {
            Self::Found => {
                format!("kept where it was when the leader of generation {generation} began to lead")
            }
            Self::Fewest => format!("given in generation {generation} to the worker with the fewest {what}"),
            Self::Lightest => format!("given in generation {generation} to the worker with the least load"),
            Self::Moved => format!("moved in generation {generation} from a worker with more load"),
            Self::Returned => format!(
                "held back for a worker that was gone, and given in generation {generation} to one that came"
            ),
            Self::Dealt => {
                format!("dealt with all else in generation {generation}, as the eager protocol does")
            }
        }
    }
}

impl Placement {
    /// In plain words, as of a generation.
    fn words(self, now: i32, what: &str) -> String {
        let words = self.reason.words(self.generation, what);
        if self.generation == now || self.reason == Reason::Found {
            words
        } else {
            format!("kept where it was; {words}")
        }
    }
}

impl GroupView {
    /// What this worker can tell by itself; `url` is its own.
    pub(super) fn info(&self, group: &str, worker_id: &str, snapshot: &Snapshot) -> ClusterInfo {
        let url: Arc<str> = format!("http://{worker_id}/").into();
        let delay = self.rejoin_at_ms.and_then(instant);
        let mut info = ClusterInfo {
            group_id: group.to_owned(),
            kafka_cluster_id: None,
            state: if self.stable { GroupState::Stable } else { GroupState::Rebalancing },
            generation: (self.generation >= 0).then_some(self.generation),
            protocol: self.protocol.map(|protocol| protocol.name().to_owned()),
            leader: self.leader.as_ref().map(|(id, url)| LeaderInfo {
                worker_id: worker_of(url),
                url: url.to_string(),
                member_id: id.to_string(),
            }),
            delay: delay.map(|until| DelayInfo { until, reason: self.delay_reason().to_owned() }),
            workers: Vec::new(),
            unassigned: Vec::new(),
            notes: Vec::new(),
        };
        if self.leader.is_none() {
            let words = "the group shares out and has no leader that is known: only this worker is shown. Ask again in \
                         a moment";
            info.notes.push(words.to_owned());
        }
        match &self.sharing {
            Some(sharing) => self.show(sharing, &mut info, snapshot),
            None => {
                let own = Member {
                    id: self.me.clone(),
                    url,
                    connectors: self.mine.connectors.iter().map(|name| (name.clone(), None)).collect(),
                    tasks: self.mine.tasks.iter().map(|id| (id.clone(), None)).collect(),
                    loads: Loads::new(),
                };
                self.show(&Sharing { members: vec![own], ..Sharing::default() }, &mut info, snapshot);
            }
        }
        if let Some(own) = info.workers.iter_mut().find(|worker| worker.worker_id == worker_id) {
            own.reachable = true;
            own.kind = Some(WorkerKind::Ferroduct);
            own.version = Some(env!("CARGO_PKG_VERSION").to_owned());
            own.set_loads(&snapshot.activities().loads());
        }
        info
    }

    /// Shows who has what.
    pub(super) fn show(&self, sharing: &Sharing, info: &mut ClusterInfo, snapshot: &Snapshot) {
        let worker = |member: &Member| self.worker(member, snapshot);
        info.workers = sharing.members.iter().map(worker).collect();
        info.workers.sort_by(|left, right| left.worker_id.cmp(&right.worker_id));
        let held = match &info.delay {
            Some(delay) => {
                format!("its worker is gone; held back until {} in case it comes back", delay.until)
            }
            None => "its worker is gone".to_owned(),
        };
        info.unassigned = unassigned(&sharing.held, &held);
        info.unassigned.extend(unassigned(
            &sharing.nowhere,
            "with no worker: only the leader knows why, and it does not tell",
        ));
        for (url, work) in &sharing.taken {
            let words =
                format!("taken from {} and given to another worker once it has ended there", worker_of(url));
            info.unassigned.extend(unassigned(work, &words));
        }
    }

    fn worker(&self, member: &Member, snapshot: &Snapshot) -> WorkerInfo {
        let (generation, views) = (self.generation, |name: &str| snapshot.get(name));
        let connectors = member.connectors.iter().map(|(name, placement)| PlacedConnector {
            name: name.to_string(),
            state: views(name).map(|view| view.status.state),
            since_generation: placement.map(|placement| placement.generation),
            reason: placement.map(|placement| placement.words(generation, "connectors")),
        });
        let tasks = member.tasks.iter().map(|(id, placement)| PlacedTask {
            connector: id.connector.to_string(),
            task: id.task,
            state: views(&id.connector).and_then(|view| Some(view.tasks.get(&id.task)?.status.state)),
            load: None,
            since_generation: placement.map(|placement| placement.generation),
            reason: placement.map(|placement| placement.words(generation, "tasks")),
        });
        let mut worker = WorkerInfo {
            worker_id: worker_of(&member.url),
            url: member.url.to_string(),
            member_id: member.id.to_string(),
            leader: self.leader.as_ref().is_some_and(|(id, _)| *id == member.id),
            reachable: false,
            kind: None,
            version: None,
            load: None,
            connectors: connectors.collect(),
            tasks: tasks.collect(),
        };
        worker.set_loads(&member.loads);
        worker
    }

    fn delay_reason(&self) -> &'static str {
        match &self.sharing {
            Some(sharing) if !sharing.held.is_empty() => {
                "what a worker ran that is gone is held back in case it comes back"
            }
            Some(_) => "work has just moved, and moves again no sooner than this",
            None => "the leader waits for a worker that is gone, or before it moves more",
        }
    }
}

/// Host and port, as statuses name a worker.
pub(super) fn worker_of(url: &str) -> String {
    url.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/').to_owned()
}

fn instant(at_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| format!("{at:.3}"))
}

fn unassigned(work: &Work, reason: &str) -> Vec<UnassignedInfo> {
    let entry = |connector: &Arc<str>, task| UnassignedInfo {
        connector: connector.to_string(),
        task,
        reason: reason.to_owned(),
    };
    let connectors = work.connectors.iter().map(|name| entry(name, None));
    connectors.chain(work.tasks.iter().map(|id| entry(&id.connector, Some(id.task)))).collect()
}
