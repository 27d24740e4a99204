//! A log of configurations, one of statuses, a coordinator of the group, and workers, all without I/O.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use api::config::Properties;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::cluster::assignor::{Balance, Moves, Policy};
use crate::cluster::config::{Change, Configs, Record};
use crate::cluster::protocol::{Assignment, Metadata, Protocol};
use crate::cluster::status::{Key, Statuses, Value};
use crate::cluster::topic::Entry;
use crate::herder::RawConfig;
use crate::herder::call::Request;
use crate::herder::distributed::state::{Action, Event, Settings, State, World, Write};
use crate::herder::entities::ConnectorType;
use crate::herder::state::{Action as Local, Event as News, Failure, Generation};
use crate::herder::view::Class;
use crate::restart;
use crate::status::TargetState;
use crate::task::{TaskEvent, TaskId};

const DELAY_MS: i32 = 1_000;

/// A write that is told to have failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It was not done.
    Lost,
    /// It was done.
    Done,
    /// Tasks for the leader are on their way for long.
    Late,
}

/// The name of a connector.
pub(super) fn name(number: u8) -> String {
    format!("c{number}")
}

pub(in super::super) fn config(name: &str, tasks: u8, version: u8) -> RawConfig {
    [("name", name.to_owned()), ("tasks.max", tasks.to_string()), ("version", version.to_string())]
        .map(|(key, value)| (key.to_owned(), Some(value)))
        .into()
}

/// Something that runs.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    connector: Arc<str>,
    /// None for the connector itself.
    task: Option<u32>,
    config: Properties,
    stopping: bool,
}

struct Worker {
    state: State,
    configs: Configs,
    read: usize,
    statuses: Statuses,
    statuses_read: usize,
    /// Statuses on their way, in order.
    tells: VecDeque<Entry>,
    /// Whether it cannot reach the brokers well: its statuses arrive after all others.
    cut: bool,
    /// What the worker will be told, in order.
    inbox: VecDeque<Event>,
    /// What plugins will have done, in any order.
    pending: Vec<News>,
    /// What is to be written, in order.
    writes: VecDeque<(Generation, Arc<str>, Write)>,
    runs: BTreeMap<Generation, Run>,
    /// The id that the coordinator gave it.
    member: Arc<str>,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Joining,
    Syncing,
    Stable,
}

pub(super) struct Cluster {
    now_ms: i64,
    log: Vec<Entry>,
    status_log: Vec<Entry>,
    workers: BTreeMap<u32, Worker>,
    next_worker: u32,
    next_member: u32,
    calls: u64,
    fault: Option<Fault>,
    /// Tasks on their way to a leader, whose senders have given up.
    late: Vec<(u32, Arc<str>, Vec<RawConfig>)>,
    /// Who waits for the answer to a request: the leader, the sender, and its name for it.
    sent: BTreeMap<u64, (u32, u32, Generation)>,
    phase: Phase,
    generation: i32,
    joined: BTreeMap<u32, Metadata>,
    leader: Option<u32>,
    stops: BTreeSet<Arc<str>>,
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self {
            now_ms: 1,
            log: Vec::new(),
            status_log: Vec::new(),
            workers: BTreeMap::new(),
            next_worker: 0,
            next_member: 0,
            calls: 0,
            fault: None,
            late: Vec::new(),
            sent: BTreeMap::new(),
            phase: Phase::Stable,
            generation: 0,
            joined: BTreeMap::new(),
            leader: None,
            stops: BTreeSet::new(),
        }
    }

    pub(super) fn workers(&self) -> usize {
        self.workers.values().filter(|worker| !worker.ended).count()
    }

    pub(super) fn join(&mut self) {
        if self.workers() >= 5 {
            return;
        }
        self.next_worker += 1;
        let id = self.next_worker;
        let mut worker = Worker {
            state: state(id, Arc::default()),
            configs: Configs::default(),
            read: 0,
            statuses: Statuses::default(),
            statuses_read: 0,
            tells: VecDeque::new(),
            cut: false,
            inbox: VecDeque::new(),
            pending: Vec::new(),
            writes: VecDeque::new(),
            runs: BTreeMap::new(),
            member: self.member(),
            ended: false,
        };
        read(&mut worker, &self.log);
        worker.inbox.clear();
        worker.state = state(id, Arc::new(worker.configs.clone()));
        self.workers.insert(id, worker);
        self.round();
    }

    fn member(&mut self) -> Arc<str> {
        self.next_member += 1;
        format!("m{:03}", self.next_member).into()
    }

    fn pick(&self, choice: u8) -> Option<u32> {
        let alive: Vec<u32> =
            self.workers.iter().filter(|(_, worker)| !worker.ended).map(|(id, _)| *id).collect();
        (!alive.is_empty()).then(|| alive[usize::from(choice) % alive.len()])
    }

    pub(super) fn leave(&mut self, choice: u8) {
        if let Some(id) = self.pick(choice) {
            self.call(id, "", Request::Shutdown);
        }
    }

    pub(super) fn crash(&mut self, choice: u8) {
        if let Some(id) = self.pick(choice) {
            self.workers.remove(&id);
            self.hang_up(id);
            self.joined.remove(&id);
            self.round();
        }
    }

    pub(super) fn expel(&mut self, choice: u8) {
        let Some(id) = self.pick(choice) else { return };
        let member = self.member();
        let worker = self.workers.get_mut(&id).unwrap();
        worker.member = member;
        worker.cut = true;
        worker.inbox.push_back(Event::Lost);
        self.round();
    }

    /// Something that runs will fail of something that passes.
    pub(super) fn fail(&mut self, choice: u8) {
        let Some(id) = self.pick(choice) else { return };
        let worker = self.workers.get_mut(&id).unwrap();
        let running = worker.runs.iter().filter(|(_, run)| !run.stopping);
        let count = running.clone().count();
        let Some((&generation, run)) =
            running.clone().nth(usize::from(choice / 8).checked_rem(count).unwrap_or(0))
        else {
            return;
        };
        let connector = run.connector.clone();
        worker.pending.push(match run.task {
            Some(task) => {
                let event = TaskEvent::Failed { trace: "it broke".to_owned(), may_pass: true };
                News::TaskReported { id: TaskId { connector, task }, generation, event }
            }
            None => {
                let failure = Failure { transient: true, ..Failure::of("it broke") };
                News::ConnectorFailed { name: connector, instance: generation, failure }
            }
        });
    }

    /// The tasks of a connector that run, whoever runs them.
    pub(super) fn tasks(&self, name: &str) -> usize {
        let runs = self.workers.values().flat_map(|worker| worker.runs.values());
        runs.filter(|run| *run.connector == *name && run.task.is_some()).count()
    }

    pub(super) fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        let ids: Vec<u32> = self.workers.keys().copied().collect();
        ids.into_iter().for_each(|id| self.tell(id, Event::Tick));
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// Asks a worker, and those that it names instead.
    pub(super) fn ask(&mut self, choice: u8, name: &str, request: Request) {
        if let Some(id) = self.pick(choice) {
            self.call(id, name, request);
        }
    }

    fn call(&mut self, id: u32, name: &str, request: Request) {
        self.calls += 1;
        let (call, name) = (self.calls, name.into());
        let again = News::Called { call, name, request };
        for target in [Some(id), self.leader].into_iter().flatten() {
            if !self.workers.contains_key(&target) {
                continue;
            }
            let actions = self.step(target, Event::News(again.clone()));
            let elsewhere = actions.iter().any(|action| {
                matches!(action, Action::Local(Local::Reply { outcome: Err(error), .. })
                    if matches!(error, crate::herder::HerderError::Elsewhere(_)))
            });
            self.perform(target, actions);
            if !elsewhere {
                return;
            }
        }
    }

    /// The coordinator has everybody join again.
    pub(super) fn round(&mut self) {
        self.joined.clear();
        self.phase = Phase::Joining;
        for worker in self.workers.values_mut().filter(|worker| !worker.ended) {
            // Whoever has not heard of the last round never will.
            worker.inbox.retain(|event| !matches!(event, Event::Elected { .. } | Event::Assigned { .. }));
            if !worker.inbox.iter().any(|event| matches!(event, Event::Prepare)) {
                worker.inbox.push_back(Event::Prepare);
            }
        }
    }

    fn step(&mut self, id: u32, event: Event) -> Vec<Action> {
        let now_ms = self.now_ms;
        let Some(worker) = self.workers.get_mut(&id) else { return Vec::new() };
        let world = World { now_ms, wall_ms: now_ms, statuses: &worker.statuses };
        worker.state.step(world, event)
    }

    fn tell(&mut self, id: u32, event: Event) {
        let actions = self.step(id, event);
        self.perform(id, actions);
    }

    fn perform(&mut self, id: u32, actions: Vec<Action>) {
        for action in actions {
            self.perform_one(id, action);
        }
    }

    fn perform_one(&mut self, id: u32, action: Action) {
        match action {
            Action::Local(local) => self.local(id, local),
            Action::Join(metadata) => self.joined(id, metadata),
            Action::Assign { protocol, assignments } => self.assign(id, protocol, assignments),
            Action::Rejoin(_) => {
                // A round that goes on is as good as another one, but for those that have joined it.
                if self.phase != Phase::Joining || self.joined.contains_key(&id) {
                    self.round();
                }
            }
            Action::Leave => {
                while self.do_tell(id) {}
                self.joined.remove(&id);
                self.workers.get_mut(&id).unwrap().ended = true;
                self.hang_up(id);
                self.round();
            }
            Action::Refresh => {
                let worker = self.workers.get_mut(&id).unwrap();
                read(worker, &self.log);
                let configs = Some(Arc::new(worker.configs.clone()));
                worker.inbox.push_back(Event::Refreshed { configs });
            }
            Action::Verify => {
                let worker = self.workers.get_mut(&id).unwrap();
                read(worker, &self.log);
                let configs = Some(Arc::new(worker.configs.clone()));
                worker.inbox.push_back(Event::Verified { configs });
            }
            Action::Write { token, name, write } => {
                self.workers.get_mut(&id).unwrap().writes.push_back((token, name, write));
            }
            Action::Send { token, name, leader, tasks } => self.send(id, token, name, &leader, tasks),
            Action::Tell { safe, values } => self.put_statuses(id, safe, values),
            // Nothing that anybody wants is there any more.
            Action::RemoveStrangers => {}
            Action::Read { .. } | Action::FenceOff { .. } => unreachable!("nothing here writes exactly once"),
            Action::SetLevel { .. } | Action::WatchOut | Action::Abandon | Action::TellStranger(_) => {}
        }
    }

    fn local(&mut self, id: u32, local: Local) {
        let worker = self.workers.get_mut(&id).unwrap();
        match local {
            Local::Reply { call, outcome } => {
                if let Some((_, sender, token)) = self.sent.remove(&call) {
                    let outcome = outcome.map(|_| ()).map_err(|error| error.to_string());
                    self.answer(sender, token, outcome);
                }
            }
            Local::Exit => assert!(worker.runs.is_empty(), "something runs after the end"),
            Local::Validate { name, token, config } => {
                let config = config.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                let class = Class { kind: ConnectorType::Source, version: "1".into() };
                worker.pending.push(News::Validated { name, token, outcome: Ok((config, class)) });
            }
            Local::StartConnector { name, instance, config } => {
                let run =
                    Run { connector: name.clone(), task: None, config: (*config).clone(), stopping: false };
                worker.runs.insert(instance, run);
                worker.pending.push(News::ConnectorStarted { name, instance, outcome: Ok(()) });
            }
            Local::SplitConnector { name, instance, tasks_max } => {
                let config = worker.runs[&instance].config.clone();
                let task = |task: usize| {
                    let mut config = config.clone();
                    config.insert("task".to_owned(), task.to_string());
                    config
                };
                // A connector that does not keep to what it may have.
                let tasks = tasks_max + usize::from(config.contains_key("excess"));
                let outcome = Ok((0..tasks).map(task).collect());
                worker.pending.push(News::ConnectorSplit { name, instance, outcome });
            }
            Local::SplitLater { name, instance, .. } => {
                worker.pending.push(News::ReconfigurationRequested { name, instance });
            }
            Local::RestartLater { name, task, token, .. } => {
                worker.pending.push(News::RestartDue { name, task, token });
            }
            Local::StopConnector { name, instance, .. } => {
                worker.runs.get_mut(&instance).unwrap().stopping = true;
                self.stops.insert(name.clone());
                worker.pending.push(News::ConnectorStopped { name, instance });
            }
            Local::StartTask(start) => {
                let run = Run {
                    connector: start.id.connector.clone(),
                    task: Some(start.id.task),
                    config: (*start.task).clone(),
                    stopping: false,
                };
                worker.runs.insert(start.generation, run);
                let (id, generation) = (start.id, start.generation);
                worker.pending.push(News::TaskReported { id, generation, event: TaskEvent::Running });
            }
            Local::StopTasks { name, token, tasks } => {
                for (_, generation) in tasks {
                    worker.runs.get_mut(&generation).unwrap().stopping = true;
                    // Found again when the step is done.
                    worker
                        .runs
                        .get_mut(&generation)
                        .unwrap()
                        .config
                        .insert("token".to_owned(), token.to_string());
                }
                self.stops.insert(name.clone());
                worker.pending.push(News::TasksStopped { name, token });
            }
            Local::SetTaskTarget { .. } | Local::ChangeOffsets { .. } | Local::Watch { .. } => {}
        }
    }

    /// A worker has joined the round; the last one of all ends it.
    fn joined(&mut self, id: u32, metadata: Metadata) {
        if self.phase != Phase::Joining {
            return;
        }
        self.joined.insert(id, metadata);
        let alive: Vec<u32> =
            self.workers.iter().filter(|(_, worker)| !worker.ended).map(|(id, _)| *id).collect();
        if !alive.iter().all(|id| self.joined.contains_key(id)) {
            return;
        }
        self.generation += 1;
        self.phase = Phase::Syncing;
        let leader = self.leader.filter(|leader| alive.contains(leader)).unwrap_or(alive[0]);
        self.leader = Some(leader);
        let members =
            alive.iter().map(|id| (self.workers[id].member.clone(), self.joined[id].clone())).collect();
        let worker = self.workers.get_mut(&leader).unwrap();
        let (me, generation) = (worker.member.clone(), self.generation);
        worker.inbox.push_back(Event::Elected { me, generation, protocol: Protocol::Sessioned, members });
    }

    fn assign(&mut self, id: u32, protocol: Protocol, assignments: Vec<(Arc<str>, Assignment)>) {
        if self.phase != Phase::Syncing || self.leader != Some(id) {
            return;
        }
        self.phase = Phase::Stable;
        for (member, assignment) in assignments {
            let worker = self.workers.values_mut().find(|worker| worker.member == member && !worker.ended);
            if let Some(worker) = worker {
                let (me, generation) = (member, self.generation);
                worker.inbox.push_back(Event::Assigned { me, generation, protocol, assignment });
            }
        }
    }

    /// The leader is asked to write tasks, if it is there.
    fn send(&mut self, id: u32, token: Generation, name: Arc<str>, leader: &str, tasks: Vec<RawConfig>) {
        let there = self.workers.iter().find(|(id, worker)| url(**id) == leader && !worker.ended);
        let Some(leader) = there.map(|(id, _)| *id) else {
            return self.answer(id, token, Err("nobody is there".to_owned()));
        };
        if self.fault.take_if(|fault| matches!(fault, Fault::Late)).is_some() {
            self.late.push((leader, name, tasks));
            return self.answer(id, token, Err("nobody answers".to_owned()));
        }
        self.calls += 1;
        self.sent.insert(self.calls, (leader, id, token));
        self.put_tasks(leader, name, tasks);
    }

    /// A request of the number that was given out last arrives.
    fn put_tasks(&mut self, leader: u32, name: Arc<str>, tasks: Vec<RawConfig>) {
        let request = Request::PutTasks(tasks);
        self.tell(leader, Event::News(News::Called { call: self.calls, name, request }));
    }

    /// Tasks arrive that were on their way for long.
    pub(super) fn arrive(&mut self, choice: u8) {
        if self.late.is_empty() {
            return;
        }
        let (leader, name, tasks) = self.late.remove(usize::from(choice) % self.late.len());
        if self.workers.get(&leader).is_some_and(|worker| !worker.ended) {
            self.calls += 1;
            self.put_tasks(leader, name, tasks);
        }
    }

    /// Whoever has had tasks written is told of it.
    fn answer(&mut self, id: u32, token: Generation, outcome: Result<(), String>) {
        if let Some(worker) = self.workers.get_mut(&id) {
            let configs = Arc::new(worker.configs.clone());
            worker.inbox.push_back(Event::Written { token, outcome: outcome.map(|()| configs) });
        }
    }

    /// Nobody answers any more what a worker was asked for.
    fn hang_up(&mut self, gone: u32) {
        let (hung_up, sent) =
            std::mem::take(&mut self.sent).into_iter().partition(|(_, sent)| sent.0 == gone);
        self.sent = sent;
        let hung_up: BTreeMap<u64, (u32, u32, Generation)> = hung_up;
        for (_, id, token) in hung_up.into_values() {
            self.answer(id, token, Err("nobody is there any more".to_owned()));
        }
    }

    /// What may be told is on its way; what others say until it arrives counts for nothing.
    fn put_statuses(&mut self, id: u32, safe: bool, values: Vec<(Key, Option<Value>)>) {
        let worker = self.workers.get_mut(&id).unwrap();
        let statuses = &worker.statuses;
        for (key, value) in values {
            let unsafe_report = match &value {
                Some(Value::Report(report)) => safe && !statuses.safe(&key, report),
                _ => false,
            };
            if !unsafe_report {
                let entry = value.map_or_else(|| (key.encode(), None), |value| value.entry(&key));
                worker.tells.push_back(entry);
            }
        }
    }

    /// A status arrives, if one is on its way.
    fn do_tell(&mut self, id: u32) -> bool {
        let told = self.workers.get_mut(&id).and_then(|worker| worker.tells.pop_front());
        let there = told.is_some();
        self.status_log.extend(told);
        there
    }

    fn append(&mut self, records: &[Record]) {
        self.log.extend(records.iter().map(Record::encode));
    }

    /// Something that is under way with some worker is done.
    pub(super) fn go_on(&mut self, choice: u8) {
        let Some(id) = self.pick(choice) else { return };
        let worker = self.workers.get_mut(&id).unwrap();
        match choice / 16 % 8 {
            0..=2 => {
                if let Some(event) = worker.inbox.pop_front() {
                    self.tell(id, event);
                }
            }
            3 | 4 => self.do_pending(id, usize::from(choice)),
            5 if choice.is_multiple_of(2) => self.do_write(id),
            5 if !worker.cut => drop(self.do_tell(id)),
            5 => {}
            6 => read(worker, &self.log),
            _ => read_statuses(worker, &self.status_log),
        }
    }

    fn do_pending(&mut self, id: u32, choice: usize) {
        let worker = self.workers.get_mut(&id).unwrap();
        if worker.pending.is_empty() {
            return;
        }
        let news = worker.pending.remove(choice % worker.pending.len());
        match &news {
            News::ConnectorStopped { instance, .. } => drop(worker.runs.remove(instance)),
            News::TaskReported { generation, event: TaskEvent::Failed { .. }, .. } => {
                worker.runs.remove(generation);
            }
            News::TasksStopped { token, .. } => {
                let token = token.to_string();
                worker.runs.retain(|_, run| run.config.get("token") != Some(&token));
            }
            _ => {}
        }
        self.tell(id, Event::News(news));
    }

    fn do_write(&mut self, id: u32) {
        let Some((token, name, write)) = self.workers.get_mut(&id).unwrap().writes.pop_front() else {
            return;
        };
        let fault = self.fault.take_if(|fault| !matches!(fault, Fault::Late));
        if !matches!(fault, Some(Fault::Lost)) {
            self.append(&records(&name, write));
        }
        let worker = self.workers.get_mut(&id).unwrap();
        read(worker, &self.log);
        let configs = Arc::new(worker.configs.clone());
        let outcome = if fault.is_some() { Err("it may not be written".to_owned()) } else { Ok(configs) };
        worker.inbox.push_back(Event::Written { token, outcome });
    }

    /// Everything that is under way is done, and time passes, until nothing happens any more.
    pub(super) fn come_to_rest(&mut self, strict: bool) -> TestCaseResult {
        self.fault = None;
        while !self.late.is_empty() {
            self.arrive(0);
        }
        let mut quiet = 0;
        for _ in 0..5_000 {
            let busy = self.workers.values().any(|worker| {
                !worker.inbox.is_empty()
                    || !worker.pending.is_empty()
                    || !worker.writes.is_empty()
                    || (!worker.tells.is_empty() && !worker.cut)
            });
            let read_all = self.workers.values().all(|worker| {
                worker.ended
                    || (worker.read == self.log.len() && worker.statuses_read == self.status_log.len())
            });
            for worker in self.workers.values_mut() {
                worker.cut &= quiet < 4;
            }
            quiet = if busy || !read_all { 0 } else { quiet + 1 };
            if quiet > 8 {
                return Ok(());
            }
            let ids: Vec<u32> = self.workers.keys().copied().collect();
            for id in ids {
                read(self.workers.get_mut(&id).unwrap(), &self.log);
                read_statuses(self.workers.get_mut(&id).unwrap(), &self.status_log);
                if let Some(event) = self.workers.get_mut(&id).unwrap().inbox.pop_front() {
                    self.tell(id, event);
                }
                self.do_pending(id, 0);
                self.do_write(id);
                while !self.workers[&id].cut && self.do_tell(id) {}
                self.check_once(strict)?;
            }
            self.wait(i64::from(DELAY_MS) / 4);
        }
        Err(TestCaseError::fail("the cluster does not come to rest"))
    }

    /// Nothing runs twice; where a worker may have been thrown out, nothing runs twice that was not asked to end.
    pub(super) fn check_once(&self, strict: bool) -> TestCaseResult {
        let mut seen = BTreeSet::new();
        for run in self.workers.values().flat_map(|worker| worker.runs.values()) {
            if !strict && run.stopping {
                continue;
            }
            prop_assert!(seen.insert((run.connector.clone(), run.task)), "{:?} runs twice", run);
        }
        Ok(())
    }

    /// What is configured runs, and nothing else.
    pub(super) fn check_all_runs(&self) -> TestCaseResult {
        let mut configs = Configs::default();
        for (offset, (key, value)) in (0..).zip(&self.log) {
            configs.take(offset, key, value.as_deref()).unwrap();
        }
        let mut wanted = BTreeSet::new();
        for (name, connector) in &configs.connectors {
            prop_assert!(!connector.inconsistent());
            let target = configs.target(name);
            if target == TargetState::Started {
                wanted.insert((name.clone(), None));
                let max: usize = connector.config["tasks.max"].as_deref().unwrap().parse().unwrap();
                prop_assert_eq!(connector.tasks().len(), max, "tasks of {}", name);
            }
            if target == TargetState::Stopped {
                prop_assert_eq!(connector.tasks().len(), 0, "tasks of {}, which is stopped", name);
            } else {
                wanted.extend(connector.tasks().map(|(task, _)| (name.clone(), Some(task))));
            }
        }
        let runs = self.workers.values().flat_map(|worker| worker.runs.values());
        let running: BTreeSet<_> = runs.clone().map(|run| (run.connector.clone(), run.task)).collect();
        prop_assert_eq!(&running, &wanted);
        let mut statuses = Statuses::default();
        for (key, value) in &self.status_log {
            statuses.take(key, value.as_deref());
        }
        for (id, worker) in &self.workers {
            for run in worker.runs.values() {
                let report = match run.task {
                    Some(task) => statuses.task(&TaskId { connector: run.connector.clone(), task }),
                    None => statuses.connector(&run.connector),
                };
                let told = report.map(|report| &*report.worker_id);
                prop_assert_eq!(told, Some(&*format!("w{id}:8083")), "told last of {:?}", run);
            }
        }
        for run in runs {
            let connector = &configs.connectors[&run.connector];
            // Tasks of a connector that is paused are those that it had.
            if configs.target(&run.connector) == TargetState::Started {
                let version = connector.config["version"].as_deref();
                prop_assert_eq!(run.config.get("version").map(String::as_str), version, "{:?}", run);
            }
        }
        self.check_shown()
    }

    /// The leader shows each thing that runs with the worker that runs it, and why.
    fn check_shown(&self) -> TestCaseResult {
        let leader = self.workers.values().find(|worker| !worker.ended && worker.state.signs());
        let Some(leader) = leader else { return Err(TestCaseError::fail("nobody leads a group at rest")) };
        let world = World { now_ms: self.now_ms, wall_ms: self.now_ms, statuses: &leader.statuses };
        let view = leader.state.group_view(world);
        let Some(sharing) = view.sharing else { return Err(TestCaseError::fail("the leader shows nothing")) };
        prop_assert!(sharing.held.is_empty() && sharing.taken.is_empty(), "{:?}", sharing);
        for (id, worker) in &self.workers {
            for run in worker.runs.values() {
                let mut members = sharing.members.iter().filter(|member| *member.url == *url(*id));
                let shown = members.any(|member| match run.task {
                    None => member.connectors.get(&run.connector).is_some_and(Option::is_some),
                    Some(task) => {
                        let task = TaskId { connector: run.connector.clone(), task };
                        member.tasks.get(&task).is_some_and(Option::is_some)
                    }
                });
                prop_assert!(shown, "{:?} of {} is not in {:?}", run, id, sharing);
            }
        }
        Ok(())
    }

    pub(super) fn forget_stops(&mut self) {
        self.stops.clear();
    }

    /// The connectors of which something was stopped.
    pub(super) fn stops(&self) -> &BTreeSet<Arc<str>> {
        &self.stops
    }
}

fn url(id: u32) -> String {
    format!("http://w{id}:8083/")
}

pub(in super::super) fn state(id: u32, configs: Arc<Configs>) -> State {
    let settings = Settings {
        worker_id: format!("w{id}:8083").into(),
        url: url(id).into(),
        policy: Policy { max_delay_ms: DELAY_MS, moves: Moves::AfterMembership, balance: Balance::Count },
        rejects_conflicts: false,
        tracks_topics: true,
        exactly_once: false,
        restart: restart::Policy { max: None, backoff_ms: 100, backoff_max_ms: 1_000, reset_ms: 10_000 },
        describe: Box::new(|_| None),
    };
    State::new(settings, configs)
}

/// Reads records behind those that were read before.
pub(in super::super) fn read_records(configs: &mut Configs, records: &[Record]) -> Vec<Change> {
    let mut changes = Vec::new();
    for record in records {
        let (key, value) = record.encode();
        changes.extend(configs.take(configs.offset.max(0), &key, value.as_deref()).unwrap());
    }
    changes
}

/// A worker reads the log of configurations to its end, and is told what came of it.
fn read(worker: &mut Worker, log: &[Entry]) {
    let mut changes = Vec::new();
    for (key, value) in &log[worker.read..] {
        changes.extend(worker.configs.take(worker.read as i64, key, value.as_deref()).unwrap());
        worker.read += 1;
    }
    if !changes.is_empty() {
        let configs = Arc::new(worker.configs.clone());
        worker.inbox.push_back(Event::Configs { configs, changes });
    }
}

fn read_statuses(worker: &mut Worker, log: &[Entry]) {
    let mut keys = Vec::new();
    for (key, value) in &log[worker.statuses_read..] {
        keys.extend(worker.statuses.take(key, value.as_deref()));
        worker.statuses_read += 1;
    }
    if !keys.is_empty() {
        worker.inbox.push_back(Event::Statuses(keys));
    }
}

pub(in super::super) fn records(name: &Arc<str>, write: Write) -> Vec<Record> {
    let target = |target| Record::Target { name: name.clone(), target };
    match write {
        Write::Connector { config, target: first } => {
            let config = Record::Connector { name: name.clone(), config: Some(config) };
            first.map(|first| target(Some(first))).into_iter().chain([config]).collect()
        }
        Write::Remove => vec![Record::Connector { name: name.clone(), config: None }, target(None)],
        Write::Tasks(tasks) => {
            let count = tasks.len() as u32;
            let id = |task| TaskId { connector: name.clone(), task };
            let tasks =
                (0..).zip(tasks).map(|(task, config)| Record::Task { id: id(task), config: Some(config) });
            tasks.chain([Record::Commit { name: name.clone(), tasks: Some(count) }]).collect()
        }
        Write::Fencing(tasks) => vec![Record::Fencing { name: name.clone(), tasks }],
        Write::Target(wanted) => vec![target(Some(wanted))],
        Write::Stop => {
            vec![Record::Commit { name: name.clone(), tasks: Some(0) }, target(Some(TargetState::Stopped))]
        }
        Write::Level(level) => vec![Record::LoggerLevel { namespace: name.clone(), level }],
        Write::Restart { include_tasks, only_failed } => {
            vec![Record::Restart { name: name.clone(), include_tasks, only_failed }]
        }
    }
}
