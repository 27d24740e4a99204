use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{collection, prop_assert, prop_assert_eq, proptest};

use api::config::Properties;

use super::*;
use crate::herder::HerderError;
use crate::herder::call::OffsetChange;
use crate::herder::entities::{ConnectorType, RawConfig};
use crate::herder::view::Class;
use crate::status::{State as Shown, Status, TargetState};

/// What a plugin of the world does when it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mood {
    Good,
    Fails,
    FailsForNow,
    Hangs,
}

/// The world that the driver would run: what was started and has not ended, and what is still to be answered.
#[derive(Default)]
struct World {
    connectors: BTreeMap<Generation, Arc<str>>,
    tasks: BTreeMap<Generation, (TaskId, TargetState)>,
    pending: Vec<Event>,
    replies: BTreeMap<CallId, Vec<Outcome>>,
    /// Every task that was asked to end.
    stopped: Vec<TaskId>,
    exits: usize,
}

impl World {
    /// One of what is pending; what one task tells keeps its order.
    fn take(&mut self, which: usize) -> Event {
        let task = |event: &Event| match event {
            Event::TaskReported { generation, .. } => Some(*generation),
            _ => None,
        };
        let first = match task(&self.pending[which]) {
            Some(generation) => self.pending.iter().position(|event| task(event) == Some(generation)),
            None => Some(which),
        };
        self.pending.remove(first.expect("it is there"))
    }
}

/// A herder and its world.
struct Simulation {
    state: State,
    world: World,
    calls: CallId,
    snapshot: BTreeMap<Arc<str>, ConnectorView>,
    /// How many tasks a connector answers with, by name.
    split: BTreeMap<String, usize>,
    now_ms: i64,
}

const POLICY: Policy = Policy { max: Some(2), backoff_ms: 1_000, backoff_max_ms: 10_000, reset_ms: 60_000 };

fn config(entries: &[(&str, &str)]) -> RawConfig {
    entries.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
}

fn failure(transient: bool) -> Failure {
    Failure { message: "it broke".to_owned(), trace: "it broke\nCaused by: age".to_owned(), transient }
}

impl Simulation {
    fn new() -> Self {
        Self {
            state: State::new("host:8083", true, POLICY),
            world: World::default(),
            calls: 0,
            snapshot: BTreeMap::new(),
            split: BTreeMap::new(),
            now_ms: 0,
        }
    }

    fn call(&mut self, name: &str, request: Request) -> CallId {
        self.calls += 1;
        self.tell(Event::Called { call: self.calls, name: name.into(), request });
        self.calls
    }

    fn tell(&mut self, event: Event) {
        if let Event::ConnectorStopped { instance, .. } = &event {
            self.world.connectors.remove(instance);
        }
        if let Event::TaskReported {
            generation, event: TaskEvent::Failed { .. } | TaskEvent::Stopped, ..
        } = &event
        {
            self.world.tasks.remove(generation);
        }
        let now = Now { now_ms: self.now_ms, wall_ms: 1_700_000_000_000 + self.now_ms };
        let actions = self.state.step(now, event);
        for (name, view) in self.state.take_changed() {
            match view {
                Some(view) => drop(self.snapshot.insert(name, view)),
                None => drop(self.snapshot.remove(&name)),
            }
        }
        for action in actions {
            self.perform(action);
        }
    }

    /// Does what the driver does; whatever waits becomes a pending event.
    fn perform(&mut self, action: Action) {
        let world = &mut self.world;
        match action {
            Action::Reply { call, outcome } => world.replies.entry(call).or_default().push(outcome),
            Action::Validate { name, token, config } => {
                world.pending.push(Event::Validated { name, token, outcome: validated(config) });
            }
            Action::StartConnector { name, instance, .. } => {
                assert!(!world.connectors.values().any(|live| *live == name), "one instance of a connector");
                world.connectors.insert(instance, name.clone());
                world.pending.push(Event::ConnectorStarted { name, instance, outcome: Ok(()) });
            }
            Action::SplitConnector { name, instance, tasks_max } => {
                assert!(world.connectors.contains_key(&instance), "a connector that runs is split");
                let count = self.split.get(&*name).copied().unwrap_or(tasks_max);
                let outcome = Ok((0..count).map(task_config).collect());
                world.pending.push(Event::ConnectorSplit { name, instance, outcome });
            }
            Action::SplitLater { name, instance, .. } => {
                world.pending.push(Event::ReconfigurationRequested { name, instance });
            }
            Action::RestartLater { name, task, token, .. } => {
                world.pending.push(Event::RestartDue { name, task, token });
            }
            Action::StopConnector { name, instance, .. } => {
                world.pending.push(Event::ConnectorStopped { name, instance });
            }
            Action::StartTask(start) => {
                assert!(!world.tasks.values().any(|(id, _)| *id == start.id), "one task of a name");
                world.tasks.insert(start.generation, (start.id.clone(), start.target));
                let event = shown(start.target);
                world.pending.push(Event::TaskReported { id: start.id, generation: start.generation, event });
            }
            Action::SetTaskTarget { id, generation, target } => {
                if let Some((_, present)) = world.tasks.get_mut(&generation)
                    && std::mem::replace(present, target) != target
                {
                    world.pending.push(Event::TaskReported { id, generation, event: shown(target) });
                }
            }
            Action::StopTasks { name, token, tasks } => {
                for (id, generation) in tasks {
                    world.tasks.remove(&generation);
                    world.stopped.push(id);
                }
                world.pending.push(Event::TasksStopped { name, token });
            }
            Action::ChangeOffsets { name, token, .. } => {
                world.pending.push(Event::OffsetsChanged { name, token, outcome: Ok("done".to_owned()) });
            }
            Action::Watch { name, token } => world.pending.push(Event::Overdue { name, token }),
            Action::Exit => world.exits += 1,
        }
    }

    /// Lets the world answer one of what is pending, in some mood. Time is over only for what hangs.
    fn answer(&mut self, which: usize, mood: Mood) {
        if self.world.pending.is_empty() {
            return;
        }
        let mut event = self.world.take(which % self.world.pending.len());
        let outcome_of = |mood| match mood {
            Mood::Good | Mood::Hangs => None,
            Mood::Fails => Some(failure(false)),
            Mood::FailsForNow => Some(failure(true)),
        };
        match &mut event {
            Event::ConnectorStarted { outcome, .. } => {
                if mood == Mood::Hangs {
                    return;
                }
                if let Some(failure) = outcome_of(mood) {
                    *outcome = Err(failure);
                }
            }
            Event::ConnectorSplit { outcome, .. } => {
                if mood == Mood::Hangs {
                    return;
                }
                if let Some(failure) = outcome_of(mood) {
                    *outcome = Err(failure);
                }
            }
            Event::TaskReported { event, .. } if matches!(mood, Mood::Fails | Mood::FailsForNow) => {
                let may_pass = mood == Mood::FailsForNow;
                *event = TaskEvent::Failed { trace: "it broke".to_owned(), may_pass };
            }
            _ => {}
        }
        self.tell(event);
    }

    /// Lets the world answer everything, well and in order.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.world.pending.is_empty() {
                return;
            }
            self.answer(0, Mood::Good);
        }
        panic!("the herder never comes to rest");
    }

    fn reply(&self, call: CallId) -> Outcome {
        let replies = self.world.replies.get(&call).expect("an answer");
        assert_eq!(replies.len(), 1, "one answer");
        replies[0].clone()
    }

    fn create(&mut self, name: &str, tasks: usize) {
        let max = tasks.to_string();
        let request =
            Request::Create { config: config(&[("tasks.max", &max)]), target: TargetState::Started };
        let call = self.call(name, request);
        self.settle();
        assert!(matches!(self.reply(call), Ok(Reply::Put(true, _))));
    }

    fn shown(&self, name: &str) -> String {
        let Some(view) = self.snapshot.get(name) else { return "absent".to_owned() };
        let tasks: Vec<String> =
            view.tasks.iter().map(|(task, view)| format!("{task} {:?}", view.status.state)).collect();
        format!("{:?} [{}]", view.status.state, tasks.join(", "))
    }
}

fn shown(target: TargetState) -> TaskEvent {
    match target {
        TargetState::Started => TaskEvent::Running,
        TargetState::Paused | TargetState::Stopped => TaskEvent::Paused,
    }
}

fn task_config(task: usize) -> Properties {
    Properties::from([("task".to_owned(), task.to_string())])
}

fn validated(config: RawConfig) -> Result<(Properties, Class), HerderError> {
    if config.contains_key("bad") {
        return Err(HerderError::BadRequest("it is bad".to_owned()));
    }
    let config = config.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    Ok((config, Class { kind: ConnectorType::Source, version: "1".into() }))
}

#[test]
fn a_created_connector_runs_with_its_tasks_on_their_way() {
    let mut herder = Simulation::new();
    let request = Request::Create { config: config(&[("tasks.max", "2")]), target: TargetState::Started };
    let call = herder.call("a", request);
    for _ in 0..3 {
        herder.answer(0, Mood::Good);
    }
    let Ok(Reply::Put(true, info)) = herder.reply(call) else { panic!("created") };
    assert_eq!(info.tasks.len(), 2);
    assert_eq!(herder.shown("a"), "Running [0 Unassigned, 1 Unassigned]");
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running]");
}

#[test]
fn a_connector_is_created_paused_or_stopped_without_tasks() {
    for (target, expected) in [(TargetState::Paused, "Paused []"), (TargetState::Stopped, "Stopped []")] {
        let mut herder = Simulation::new();
        let call = herder.call("a", Request::Create { config: config(&[]), target });
        herder.settle();
        assert!(matches!(herder.reply(call), Ok(Reply::Put(true, _))));
        assert_eq!(herder.shown("a"), expected);
        herder.call("a", Request::SetTarget(TargetState::Started));
        herder.settle();
        assert_eq!(herder.shown("a"), "Running [0 Running]");
    }
}

#[test]
fn requests_are_refused_in_kafkas_words() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    let cases = [
        (
            "a",
            Request::Create { config: config(&[]), target: TargetState::Started },
            "Connector a already exists",
        ),
        ("b", Request::Delete, "Connector b not found"),
        ("b", Request::Patch { patch: config(&[]) }, "Connector b not found"),
        ("b", Request::SetTarget(TargetState::Paused), "Unknown connector b"),
        ("b", Request::Stop, "Unknown connector b"),
        ("b", Request::RestartConnector, "Unknown connector: b"),
        ("b", Request::Restart { include_tasks: true, only_failed: true }, "Unknown connector: b"),
        ("b", Request::RestartTask(0), "Unknown connector: b"),
        ("a", Request::RestartTask(9), "Task a-9 not found"),
        ("b", Request::ChangeOffsets(OffsetChange::Reset), "Connector b not found"),
        ("b", Request::Put { config: config(&[("bad", "")]) }, "it is bad"),
    ];
    for (name, request, expected) in cases {
        let call = herder.call(name, request);
        herder.settle();
        assert_eq!(herder.reply(call).expect_err(expected).to_string(), expected);
    }
    assert_eq!(herder.shown("b"), "absent");
}

#[test]
fn offsets_change_only_while_a_connector_is_stopped() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    let refused = herder.call("a", Request::ChangeOffsets(OffsetChange::Reset));
    assert!(matches!(herder.reply(refused), Err(HerderError::BadRequest(_))));
    herder.call("a", Request::Stop);
    herder.settle();
    assert_eq!(herder.shown("a"), "Stopped []");
    let changed = herder.call("a", Request::ChangeOffsets(OffsetChange::Reset));
    herder.call("a", Request::SetTarget(TargetState::Started));
    assert!(herder.world.connectors.is_empty(), "nothing starts while offsets change");
    herder.settle();
    assert_eq!(herder.reply(changed), Ok(Reply::Message("done".to_owned())));
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn the_same_configuration_stops_no_task() {
    let mut herder = Simulation::new();
    herder.create("a", 2);
    let same = herder.snapshot["a"].config.as_ref().clone();
    let same = same.into_iter().map(|(key, value)| (key, Some(value))).collect();
    let call = herder.call("a", Request::Put { config: same });
    herder.settle();
    assert!(matches!(herder.reply(call), Ok(Reply::Put(false, _))));
    assert!(herder.world.stopped.is_empty());
}

#[test]
fn another_split_stops_only_the_tasks_that_change() {
    let mut herder = Simulation::new();
    herder.split.insert("a".to_owned(), 2);
    herder.create("a", 4);
    herder.split.insert("a".to_owned(), 1);
    let instance = *herder.world.connectors.keys().next().expect("a connector");
    herder.tell(Event::ReconfigurationRequested { name: "a".into(), instance });
    herder.settle();
    assert_eq!(herder.world.stopped, [TaskId { connector: "a".into(), task: 1 }]);
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn another_configuration_restarts_every_task() {
    let mut herder = Simulation::new();
    herder.create("a", 2);
    herder.call("a", Request::Patch { patch: config(&[("transforms", "x")]) });
    herder.settle();
    assert_eq!(herder.world.stopped.len(), 2);
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running]");
}

#[test]
fn a_patch_changes_some_keys_and_null_removes_one() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    herder.call("a", Request::Patch { patch: config(&[("x", "1"), ("y", "2")]) });
    herder.call("a", Request::Patch { patch: RawConfig::from([("x".to_owned(), None)]) });
    herder.settle();
    let config = herder.snapshot["a"].config.as_ref();
    assert_eq!(config.get("x"), None);
    assert_eq!(config.get("y").map(String::as_str), Some("2"));
}

#[test]
fn a_connector_that_fails_to_start_stays_and_tells_why() {
    let mut herder = Simulation::new();
    let call = herder.call("a", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    herder.answer(0, Mood::Fails);
    herder.settle();
    assert_eq!(herder.reply(call), Err(HerderError::Internal("it broke".to_owned())));
    assert_eq!(herder.snapshot["a"].status, Status::failed("it broke\nCaused by: age"));
    herder.call("a", Request::RestartConnector);
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn too_many_tasks_fail_the_connector_unless_that_is_allowed() {
    let mut herder = Simulation::new();
    herder.split.insert("a".to_owned(), 3);
    let call = herder.call("a", Request::Put { config: config(&[("tasks.max", "2")]) });
    herder.settle();
    let error = herder.reply(call).expect_err("too many").to_string();
    assert!(error.starts_with("The connector a has generated 3 tasks, which is greater than 2"), "{error}");
    assert_eq!(herder.shown("a"), "Failed []");
    herder.call("a", Request::Patch { patch: config(&[("tasks.max.enforce", "false")]) });
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running, 2 Running]");
}

#[test]
fn a_split_that_fails_for_now_is_tried_again() {
    let mut herder = Simulation::new();
    let call = herder.call("a", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    herder.answer(0, Mood::Good);
    herder.answer(0, Mood::FailsForNow);
    assert!(matches!(herder.reply(call), Ok(Reply::Put(true, info)) if info.tasks.is_empty()));
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn a_start_that_hangs_holds_up_nobody_for_long() {
    let mut herder = Simulation::new();
    let hanging = herder.call("a", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    herder.answer(0, Mood::Hangs);
    herder.create("b", 1);
    let deleted = herder.call("a", Request::Delete);
    herder.settle();
    assert!(matches!(herder.reply(hanging), Err(HerderError::Conflict(_))));
    assert_eq!(herder.reply(deleted), Ok(Reply::Done));
    assert_eq!(herder.shown("a"), "absent");
    assert_eq!(herder.shown("b"), "Running [0 Running]");
}

#[test]
fn a_restart_of_what_failed_leaves_the_rest_alone() {
    let mut herder = Simulation::new();
    herder.create("a", 2);
    let (&generation, (id, _)) = herder.world.tasks.iter().find(|(_, (id, _))| id.task == 1).expect("task 1");
    let event = TaskEvent::Failed { trace: "it broke".to_owned(), may_pass: false };
    herder.tell(Event::TaskReported { id: id.clone(), generation, event });
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Failed]");

    let call = herder.call("a", Request::Restart { include_tasks: true, only_failed: true });
    let Ok(Reply::State(planned)) = herder.reply(call) else { panic!("a plan") };
    let states: Vec<Shown> = planned.tasks.iter().map(|task| task.state).collect();
    assert_eq!((planned.connector.state, states), (Shown::Running, vec![Shown::Running, Shown::Restarting]));
    herder.settle();
    assert!(herder.world.stopped.is_empty());
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running]");
}

#[test]
fn what_an_earlier_start_of_a_task_tells_is_ignored() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    let (&generation, (id, _)) = herder.world.tasks.first_key_value().expect("a task");
    let id = id.clone();
    herder.call("a", Request::RestartTask(0));
    herder.settle();
    let event = TaskEvent::Failed { trace: "late".to_owned(), may_pass: false };
    herder.tell(Event::TaskReported { id, generation, event });
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn a_failed_connector_is_paused_and_resumed_without_being_restarted() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    let instance = *herder.world.connectors.keys().next().expect("a connector");
    herder.tell(Event::ConnectorFailed { name: "a".into(), instance, failure: Failure::of("gone") });
    for target in [TargetState::Paused, TargetState::Started] {
        herder.call("a", Request::SetTarget(target));
        herder.settle();
        assert_eq!(herder.snapshot["a"].status, Status::failed("gone"));
    }
    assert_eq!(herder.shown("a"), "Failed [0 Running]");
}

#[test]
fn an_error_raised_while_the_connector_starts_ends_the_request() {
    let mut herder = Simulation::new();
    let call = herder.call("a", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    let instance = *herder.world.connectors.keys().next().expect("a connector");
    herder.tell(Event::ConnectorFailed { name: "a".into(), instance, failure: Failure::of("gone") });
    herder.settle();
    assert!(herder.reply(call).is_err());
    assert_eq!(herder.shown("a"), "Failed []");
}

#[test]
fn topics_are_noted_until_they_are_reset() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    let (&generation, (id, _)) = herder.world.tasks.first_key_value().expect("a task");
    let event = TaskEvent::Topic("t".into());
    herder.tell(Event::TaskReported { id: id.clone(), generation, event });
    assert_eq!(herder.snapshot["a"].topics, BTreeSet::from(["t".into()]));
    let call = herder.call("a", Request::ResetTopics);
    assert_eq!(herder.reply(call), Ok(Reply::Done));
    assert!(herder.snapshot["a"].topics.is_empty());
}

#[test]
fn too_many_waiting_requests_are_refused() {
    let mut herder = Simulation::new();
    let calls: Vec<CallId> = (0..WAITING_MAX + 2).map(|_| herder.call("a", Request::Stop)).collect();
    assert_eq!(calls.len(), WAITING_MAX + 2);
    let mut herder = Simulation::new();
    herder.call("a", Request::Put { config: config(&[]) });
    let calls: Vec<CallId> = (0..=WAITING_MAX).map(|_| herder.call("a", Request::Stop)).collect();
    let last = *calls.last().expect("calls");
    assert!(matches!(herder.reply(last), Err(HerderError::Conflict(_))));
}

#[test]
fn a_shutdown_ends_everything_and_refuses_what_comes_later() {
    let mut herder = Simulation::new();
    herder.create("a", 2);
    let hanging = herder.call("b", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    let closing = herder.call("", Request::Shutdown);
    let late = herder.call("a", Request::Delete);
    herder.settle();
    assert_eq!(herder.reply(closing), Ok(Reply::Done));
    assert!(herder.reply(hanging).is_err() && herder.reply(late).is_err());
    assert!(herder.world.tasks.is_empty() && herder.world.connectors.is_empty());
    assert_eq!(herder.world.exits, 1);
}

/// Something that happens to a herder.
#[derive(Clone, Debug)]
enum Deed {
    Call(&'static str, Request),
    Answer(usize, Mood),
    /// A task fails by itself.
    TaskFails(usize),
    /// A connector fails or wants to be split anew, by itself.
    Instance(usize, bool),
    Split(&'static str, usize),
}

fn name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b")]
}

fn request() -> impl Strategy<Value = Request> {
    let some_config = (0..3_u8, 1..4_u8).prop_map(|(x, max)| {
        config(&[("x", x.to_string().as_str()), ("tasks.max", max.to_string().as_str())])
    });
    let target =
        prop_oneof![Just(TargetState::Started), Just(TargetState::Paused), Just(TargetState::Stopped)];
    prop_oneof![
        3 => (some_config.clone(), target).prop_map(|(config, target)| Request::Create { config, target }),
        3 => some_config.clone().prop_map(|config| Request::Put { config }),
        2 => some_config.prop_map(|patch| Request::Patch { patch }),
        1 => Just(Request::Put { config: config(&[("bad", "")]) }),
        1 => Just(Request::Delete),
        2 => Just(Request::RestartConnector),
        2 => any::<(bool, bool)>()
            .prop_map(|(include_tasks, only_failed)| Request::Restart { include_tasks, only_failed }),
        2 => (0..3_u32).prop_map(Request::RestartTask),
        2 => Just(Request::SetTarget(TargetState::Started)),
        2 => Just(Request::SetTarget(TargetState::Paused)),
        2 => Just(Request::Stop),
        1 => Just(Request::ChangeOffsets(OffsetChange::Reset)),
        1 => Just(Request::ResetTopics),
        1 => Just(Request::Ping),
    ]
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        8 => Just(Mood::Good),
        1 => Just(Mood::Fails),
        1 => Just(Mood::FailsForNow),
        1 => Just(Mood::Hangs),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (name(), request()).prop_map(|(name, request)| Deed::Call(name, request)),
        6 => (any::<usize>(), mood()).prop_map(|(which, mood)| Deed::Answer(which, mood)),
        1 => any::<usize>().prop_map(Deed::TaskFails),
        1 => any::<(usize, bool)>().prop_map(|(which, fails)| Deed::Instance(which, fails)),
        1 => (name(), 0..4_usize).prop_map(|(name, count)| Deed::Split(name, count)),
    ]
}

fn happen(herder: &mut Simulation, deed: Deed) {
    match deed {
        Deed::Call(name, request) => drop(herder.call(name, request)),
        Deed::Answer(which, mood) => herder.answer(which, mood),
        Deed::TaskFails(which) => {
            let count = herder.world.tasks.len();
            let task = herder.world.tasks.iter().nth(which.checked_rem(count).unwrap_or(0));
            if let Some((&generation, (id, _))) = task {
                let event = TaskEvent::Failed { trace: "it broke".to_owned(), may_pass: false };
                herder.tell(Event::TaskReported { id: id.clone(), generation, event });
            }
        }
        Deed::Instance(which, fails) => {
            let count = herder.world.connectors.len();
            let connector = herder.world.connectors.iter().nth(which.checked_rem(count).unwrap_or(0));
            if let Some((&instance, name)) = connector {
                let name = name.clone();
                herder.tell(match fails {
                    true => Event::ConnectorFailed { name, instance, failure: Failure::of("gone") },
                    false => Event::ReconfigurationRequested { name, instance },
                });
            }
        }
        Deed::Split(name, count) => drop(herder.split.insert(name.to_owned(), count)),
    }
}

/// What is true at every instant.
fn holds_always(herder: &Simulation) -> Result<(), TestCaseError> {
    for (call, replies) in &herder.world.replies {
        prop_assert!(replies.len() <= 1, "request {call} is answered once");
    }
    for lane in herder.state.lanes.values() {
        let Some(connector) = &lane.connector else { continue };
        if connector.target != TargetState::Started && lane.operation.is_none() {
            prop_assert!(connector.started().is_none(), "a connector that is not to run does not");
        }
    }
    Ok(())
}

/// What is true once nothing is left to be done.
fn holds_at_rest(herder: &Simulation) -> Result<(), TestCaseError> {
    for call in 1..=herder.calls {
        prop_assert!(herder.world.replies.contains_key(&call), "request {call} is answered");
    }
    for (name, view) in &herder.snapshot {
        let instances = herder.world.connectors.values().filter(|live| *live == name).count();
        match (view.target, view.status.state) {
            (TargetState::Started, Shown::Running) => prop_assert_eq!(instances, 1),
            (_, Shown::Failed) => prop_assert!(instances <= 1),
            (target, state) => {
                prop_assert_eq!(instances, 0);
                prop_assert_eq!(state, Shown::from(target));
            }
        }
        for (&task, view_of_task) in &view.tasks {
            let id = TaskId { connector: name.clone(), task };
            let live = herder.world.tasks.values().find(|(live, _)| *live == id);
            match view_of_task.status.state {
                Shown::Failed => prop_assert_eq!(live, None),
                Shown::Running => prop_assert_eq!(live, Some(&(id, TargetState::Started))),
                Shown::Paused => prop_assert!(live.is_some_and(|(_, target)| *target == TargetState::Paused)),
                other => prop_assert!(false, "task {id} is {other:?} at rest"),
            }
            if view.target == TargetState::Paused {
                prop_assert!(view_of_task.status.state != Shown::Running, "paused never polls");
            }
        }
        prop_assert!(view.target != TargetState::Stopped || view.tasks.is_empty());
    }
    for (id, _) in herder.world.tasks.values() {
        let known = herder.snapshot.get(&id.connector).is_some_and(|view| view.tasks.contains_key(&id.task));
        prop_assert!(known, "nothing runs that is not configured: {id}");
    }
    Ok(())
}

fn fail_task(herder: &mut Simulation, task: u32, may_pass: bool) {
    let (&generation, (id, _)) =
        herder.world.tasks.iter().find(|(_, (id, _))| id.task == task).expect("the task");
    let event = TaskEvent::Failed { trace: "it broke".to_owned(), may_pass };
    herder.tell(Event::TaskReported { id: id.clone(), generation, event });
}

#[test]
fn a_task_that_fails_for_now_is_started_anew_as_often_as_its_budget_allows() {
    let mut herder = Simulation::new();
    herder.create("a", 2);
    for count in 1..=2 {
        fail_task(&mut herder, 1, true);
        assert_eq!(herder.shown("a"), "Running [0 Running, 1 Failed]");
        let told = herder.snapshot["a"].tasks[&1].status.restart.clone().expect("a restart");
        assert_eq!((told.count, told.max, &*told.reason), (count, Some(2), "it broke"));
        assert!(told.next_attempt.is_some());
        herder.settle();
        assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running]");
        let told = herder.snapshot["a"].tasks[&1].status.restart.clone().expect("what was");
        assert_eq!((told.count, told.next_attempt), (count, None));
    }
    fail_task(&mut herder, 1, true);
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Failed]");
    assert!(herder.world.stopped.is_empty(), "the other task goes on");

    herder.call("a", Request::RestartTask(1));
    herder.settle();
    assert_eq!(herder.snapshot["a"].tasks[&1].status, Status::of(Shown::Running));
    fail_task(&mut herder, 1, true);
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running]", "a user's restart gives the budget back");
}

#[test]
fn a_task_that_has_run_well_for_long_has_its_whole_budget() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    for _ in 0..5 {
        fail_task(&mut herder, 0, true);
        herder.settle();
        assert_eq!(herder.shown("a"), "Running [0 Running]");
        herder.now_ms += 60_000;
    }
}

#[test]
fn what_fails_for_good_stays_failed() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    fail_task(&mut herder, 0, false);
    herder.settle();
    assert_eq!(herder.snapshot["a"].tasks[&0].status, Status::failed("it broke"));
}

#[test]
fn a_connector_that_cannot_start_for_now_starts_later() {
    let mut herder = Simulation::new();
    let call = herder.call("a", Request::Put { config: config(&[]) });
    herder.answer(0, Mood::Good);
    herder.answer(0, Mood::FailsForNow);
    assert!(herder.reply(call).is_err());
    assert_eq!(herder.shown("a"), "Failed []");
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running]");
}

#[test]
fn tasks_above_a_lowered_maximum_end_also_where_the_connector_ignores_it() {
    let mut herder = Simulation::new();
    herder.create("a", 3);
    herder.split.insert("a".to_owned(), 3);
    let lowered = herder.call("a", Request::Put { config: config(&[("tasks.max", "2")]) });
    herder.settle();
    assert!(herder.reply(lowered).is_err());
    assert_eq!(herder.shown("a"), "Failed []");
    assert!(herder.world.tasks.is_empty());

    let allowed = config(&[("tasks.max", "2"), ("tasks.max.enforce", "false")]);
    herder.call("a", Request::Put { config: allowed });
    herder.settle();
    assert_eq!(herder.shown("a"), "Running [0 Running, 1 Running, 2 Running]");
}

#[test]
fn a_restart_that_comes_late_changes_nothing() {
    let mut herder = Simulation::new();
    herder.create("a", 1);
    fail_task(&mut herder, 0, true);
    let due = herder.world.pending.remove(0);
    assert!(matches!(due, Event::RestartDue { task: Some(0), .. }));
    herder.call("a", Request::RestartTask(0));
    herder.settle();
    herder.tell(due);
    herder.settle();
    assert_eq!(herder.snapshot["a"].tasks[&0].status, Status::of(Shown::Running));
    assert!(herder.world.stopped.is_empty());
}

proptest! {
    #[test]
    fn whatever_happens_the_herder_does_what_users_want(deeds in collection::vec(deed(), 0..60)) {
        let mut herder = Simulation::new();
        for deed in deeds {
            happen(&mut herder, deed);
            holds_always(&herder)?;
        }
        // Whatever hangs is unblocked by a request that ends it.
        for name in ["a", "b"] {
            herder.call(name, Request::RestartConnector);
        }
        herder.settle();
        holds_always(&herder)?;
        holds_at_rest(&herder)?;
    }

    #[test]
    fn whatever_happens_a_shutdown_ends_it(deeds in collection::vec(deed(), 0..40)) {
        let mut herder = Simulation::new();
        for deed in deeds {
            happen(&mut herder, deed);
        }
        let closing = herder.call("", Request::Shutdown);
        herder.settle();
        prop_assert_eq!(herder.reply(closing), Ok(Reply::Done));
        prop_assert!(herder.world.tasks.is_empty());
        prop_assert!(herder.world.connectors.is_empty());
        for call in 1..=herder.calls {
            prop_assert!(herder.world.replies.contains_key(&call), "request {call} is answered");
        }
        prop_assert_eq!(herder.world.exits, 1);
    }
}
