use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::tests::cluster;
use super::super::{Action, Event, State, World, Write};
use crate::cluster::Share;
use crate::cluster::config::{Configs, Record};
use crate::cluster::protocol::{Assignment, Protocol};
use crate::cluster::status::Statuses;
use crate::herder::HerderError;
use crate::herder::call::{OffsetChange, Outcome, Reply, Request};
use crate::herder::entities::ConnectorType;
use crate::herder::state::{Action as Local, Event as News, Generation};
use crate::herder::view::Class;
use crate::status::TargetState;
use crate::task::TaskId;

/// A leader whose sources write exactly once, and the topic of configurations that it has read.
struct Bench {
    state: State,
    configs: Configs,
    calls: u64,
}

impl Bench {
    fn new() -> Self {
        let mut configs = Configs::default();
        let class = BTreeMap::from([("connector.class".to_owned(), Some("Source".to_owned()))]);
        take(&mut configs, &Record::Connector { name: "s".into(), config: Some(class) });
        let mut state = cluster::state(0, Arc::new(configs.clone()));
        state.settings.exactly_once = true;
        let class = || Class { kind: ConnectorType::Source, version: "1".into() };
        state.settings.describe = Box::new(move |_| Some(class()));
        let share = Share::default;
        let assignment = Assignment {
            error: 0,
            leader: "w".into(),
            leader_url: "http://w:1/".into(),
            config_offset: 0,
            assigned: share(),
            revoked: share(),
            delay_ms: 0,
        };
        let mut bench = Self { state, configs, calls: 0 };
        let protocol = Protocol::Sessioned;
        bench.step(Event::Assigned { me: "w".into(), generation: 1, protocol, assignment });
        bench
    }

    fn step(&mut self, event: Event) -> Vec<Action> {
        let world = World { now_ms: 1, wall_ms: 1, statuses: &Statuses::default() };
        let mut actions = self.state.step(world, event);
        // New tasks are to be shared out, too.
        actions.retain(|action| !matches!(action, Action::Rejoin(_)));
        actions
    }

    fn write(&mut self, record: &Record) {
        take(&mut self.configs, record);
    }

    /// The connector is given so many tasks.
    fn tasks(&mut self, count: u32) {
        for task in 0..count {
            let id = TaskId { connector: "s".into(), task };
            self.write(&Record::Task { id, config: Some(BTreeMap::new()) });
        }
        self.write(&Record::Commit { name: "s".into(), tasks: Some(count) });
    }

    fn ask(&mut self, request: Request) -> Action {
        self.calls += 1;
        only(self.step(Event::News(News::Called { call: self.calls, name: "s".into(), request })))
    }

    /// What was asked for is done, and the topic read.
    fn done(&mut self, token: Generation) -> Action {
        let configs = Arc::new(self.configs.clone());
        only(self.step(Event::Written { token, outcome: Ok(configs) }))
    }

    /// Asks for a round, and reads the topic; answers what the leader wants done then.
    fn fence(&mut self) -> Action {
        let Action::Read { token } = self.ask(Request::Fence) else { panic!("the topic is read first") };
        self.done(token)
    }

    /// The connector is given so many tasks, the first that there are, and a round is done for them.
    fn first_round(&mut self, count: u32) {
        self.tasks(count);
        let action = self.fence();
        self.recorded(action, count);
    }

    /// Asks for a round in which so many former tasks are fenced off.
    fn fence_off(&mut self, former: u32) -> Generation {
        let action = self.fence();
        let Action::FenceOff { token, tasks, .. } = action else { panic!("{action:?}") };
        assert_eq!(tasks, former);
        token
    }

    /// The leader writes down that there are so many tasks now, and answers.
    fn recorded(&mut self, action: Action, count: u32) {
        let Action::Write { token, write, .. } = action else { panic!("{action:?}") };
        assert_eq!(write, Write::Fencing(count));
        self.write(&Record::Fencing { name: "s".into(), tasks: count });
        let answered = self.done(token);
        assert_eq!(outcome(answered), Ok(Reply::Done));
    }
}

fn take(configs: &mut Configs, record: &Record) {
    let (key, value) = record.encode();
    let offset = configs.offset.max(0);
    configs.take(offset, &key, value.as_deref()).unwrap();
}

fn only(actions: Vec<Action>) -> Action {
    let [action] = <[Action; 1]>::try_from(actions).unwrap_or_else(|actions| panic!("{actions:?}"));
    action
}

fn outcome(action: Action) -> Outcome {
    match action {
        Action::Local(Local::Reply { outcome, .. }) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_tasks_have_nobody_to_fence_off() {
    let mut bench = Bench::new();
    bench.first_round(3);
    // That was done: nothing is left to do for other tasks of the same set.
    let answered = bench.fence();
    assert_eq!(outcome(answered), Ok(Reply::Done));
}

#[test]
fn a_single_task_takes_the_place_of_a_single_one_by_itself() {
    let mut bench = Bench::new();
    for _ in 0..2 {
        bench.tasks(1);
        let action = bench.fence();
        bench.recorded(action, 1);
    }
}

#[test]
fn former_tasks_are_fenced_off_before_others_start() {
    let mut bench = Bench::new();
    bench.first_round(3);
    bench.tasks(2);
    let token = bench.fence_off(3);
    let action = bench.done(token);
    bench.recorded(action, 2);
}

#[test]
fn those_who_ask_while_others_are_served_wait_and_find_it_done() {
    let mut bench = Bench::new();
    bench.first_round(2);
    bench.tasks(3);
    let token = bench.fence_off(2);
    let waits = bench.step(Event::News(News::Called { call: 99, name: "s".into(), request: Request::Fence }));
    assert_eq!(waits, []);
    let Action::Write { token, .. } = bench.done(token) else { panic!("it is written down") };
    bench.write(&Record::Fencing { name: "s".into(), tasks: 3 });
    let configs = Arc::new(bench.configs.clone());
    let mut both = bench.step(Event::Written { token, outcome: Ok(configs) });
    let Some(Action::Read { token }) = both.pop() else { panic!("the second one's turn") };
    assert_eq!(outcome(only(both)), Ok(Reply::Done));
    let answered = bench.done(token);
    assert_eq!(outcome(answered), Ok(Reply::Done));
}

#[test]
fn other_tasks_that_come_meanwhile_are_a_conflict() {
    let mut bench = Bench::new();
    bench.first_round(2);
    bench.tasks(2);
    let token = bench.fence_off(2);
    bench.tasks(4);
    let answered = bench.done(token);
    assert!(matches!(outcome(answered), Err(HerderError::Conflict(_))));
}

#[test]
fn what_cannot_be_fenced_off_is_not_written_down() {
    let mut bench = Bench::new();
    bench.first_round(2);
    bench.tasks(2);
    let token = bench.fence_off(2);
    let answered = only(bench.step(Event::Written { token, outcome: Err("no broker".to_owned()) }));
    assert_eq!(outcome(answered), Err(HerderError::Internal("no broker".to_owned())));
    // The next round does all of it.
    assert!(matches!(bench.fence(), Action::FenceOff { tasks: 2, .. }));
}

#[test]
fn offsets_are_changed_once_former_tasks_are_fenced_off() {
    let mut bench = Bench::new();
    bench.first_round(2);
    bench.tasks(0);
    bench.write(&Record::Target { name: "s".into(), target: Some(TargetState::Stopped) });
    let (configs, changes) = (Arc::new(bench.configs.clone()), Vec::new());
    bench.step(Event::Configs { configs, changes });
    let Action::Read { token } = bench.ask(Request::ChangeOffsets(OffsetChange::Reset)) else {
        panic!("the topic is read first")
    };
    let Action::FenceOff { token, tasks: 2, .. } = bench.done(token) else { panic!("they are fenced off") };
    let Action::Write { token, write: Write::Fencing(0), .. } = bench.done(token) else {
        panic!("it is written down")
    };
    bench.write(&Record::Fencing { name: "s".into(), tasks: 0 });
    let Action::Local(Local::ChangeOffsets { change, token, .. }) = bench.done(token) else {
        panic!("offsets are changed")
    };
    assert_eq!(change, OffsetChange::Reset);
    let outcome_of = Ok("done".to_owned());
    let answered =
        bench.step(Event::News(News::OffsetsChanged { name: "s".into(), token, outcome: outcome_of }));
    assert_eq!(outcome(only(answered)), Ok(Reply::Message("done".to_owned())));
}

#[test]
fn every_task_starts_anew_with_a_new_set_of_tasks() {
    let mut bench = Bench::new();
    bench.tasks(1);
    let before = bench.configs.generation("s");
    bench.tasks(1);
    assert_eq!(bench.configs.generation("s"), before + 1);
    // None is given by a commit alone.
    bench.write(&Record::Commit { name: "s".into(), tasks: Some(0) });
    assert_eq!(bench.configs.generation("s"), before + 1);
    assert!(bench.configs.unfenced("s"));
}
