//! Workers of a cluster without I/O: a log, a group and what runs, in whatever order things may happen.

pub(super) mod cluster;
pub(super) mod worker;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::*;
use cluster::{Cluster, Fault};

/// What happens next.
#[derive(Clone, Debug)]
enum Deed {
    /// Things go on that are under way.
    GoOn(u8),
    /// A worker comes.
    Join,
    /// A worker ends in good order.
    Leave(u8),
    /// A worker is gone.
    Crash(u8),
    /// Something that runs fails of something that passes.
    Fail(u8),
    /// A worker loses its place in the group.
    Expel(u8),
    /// The group begins another round before everybody has heard of the last.
    Round,
    /// Time passes.
    Wait(i64),
    /// A user wants something of a connector, from some worker.
    Ask(u8, u8, Wish),
    /// The next write may or may not be done, or is done late, and is told to have failed.
    Fault(Fault),
    /// Tasks arrive at a leader whose sender has given up.
    Arrive(u8),
}

#[derive(Clone, Debug)]
enum Wish {
    Put { tasks: u8, version: u8 },
    Delete,
    Target(TargetStateWish),
    Stop,
    Restart { include_tasks: bool },
    RestartTask(u8),
}

#[derive(Clone, Copy, Debug)]
enum TargetStateWish {
    Started,
    Paused,
}

impl Wish {
    fn request(&self, name: &str) -> Request {
        match *self {
            Self::Put { tasks, version } => Request::Put { config: cluster::config(name, tasks, version) },
            Self::Delete => Request::Delete,
            Self::Target(TargetStateWish::Started) => Request::SetTarget(crate::status::TargetState::Started),
            Self::Target(TargetStateWish::Paused) => Request::SetTarget(crate::status::TargetState::Paused),
            Self::Stop => Request::Stop,
            Self::Restart { include_tasks } => Request::Restart { include_tasks, only_failed: false },
            Self::RestartTask(task) => Request::RestartTask(task.into()),
        }
    }
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        4 => (0_u8..5, 0_u8..3).prop_map(|(tasks, version)| Wish::Put { tasks, version }),
        1 => Just(Wish::Delete),
        1 => Just(Wish::Target(TargetStateWish::Started)),
        1 => Just(Wish::Target(TargetStateWish::Paused)),
        1 => Just(Wish::Stop),
        1 => any::<bool>().prop_map(|include_tasks| Wish::Restart { include_tasks }),
        1 => (0_u8..5).prop_map(Wish::RestartTask),
    ]
}

fn any_ask() -> impl Strategy<Value = Deed> {
    (any::<u8>(), 0_u8..4, any_wish())
        .prop_map(|(worker, connector, wish)| Deed::Ask(worker, connector, wish))
}

fn any_fault() -> impl Strategy<Value = Deed> {
    let fault = prop_oneof![Just(Fault::Lost), Just(Fault::Done), Just(Fault::Late)];
    prop_oneof![fault.prop_map(Deed::Fault), any::<u8>().prop_map(Deed::Arrive)]
}

fn any_deed(expel: bool) -> impl Strategy<Value = Deed> {
    let expelled = if expel { 1 } else { 0 };
    prop_oneof![
        20 => any::<u8>().prop_map(Deed::GoOn),
        2 => Just(Deed::Join),
        1 => any::<u8>().prop_map(Deed::Leave),
        1 => any::<u8>().prop_map(Deed::Crash),
        1 => any::<u8>().prop_map(Deed::Fail),
        expelled => any::<u8>().prop_map(Deed::Expel),
        1 => Just(Deed::Round),
        2 => (0_i64..3_000).prop_map(Deed::Wait),
        6 => any_ask(),
        2 => any_fault(),
    ]
}

fn happen(cluster: &mut Cluster, deed: Deed) {
    match deed {
        Deed::GoOn(choice) => cluster.go_on(choice),
        Deed::Join => cluster.join(),
        Deed::Leave(choice) => cluster.leave(choice),
        Deed::Crash(choice) => cluster.crash(choice),
        Deed::Fail(choice) => cluster.fail(choice),
        Deed::Expel(choice) => cluster.expel(choice),
        Deed::Round => cluster.round(),
        Deed::Wait(ms) => cluster.wait(ms),
        Deed::Ask(worker, connector, wish) => {
            let name = cluster::name(connector);
            cluster.ask(worker, &name, wish.request(&name));
        }
        Deed::Fault(fault) => cluster.fault(fault),
        Deed::Arrive(choice) => cluster.arrive(choice),
    }
}

fn run(deeds: Vec<Deed>, strict: bool) -> TestCaseResult {
    let mut cluster = Cluster::new();
    cluster.join();
    for deed in deeds {
        happen(&mut cluster, deed);
        cluster.check_once(strict)?;
    }
    cluster.come_to_rest(strict)?;
    if cluster.workers() == 0 {
        cluster.join();
        cluster.come_to_rest(strict)?;
    }
    cluster.check_all_runs()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_each_task_runs_once_and_all_run_in_the_end(
        deeds in prop::collection::vec(any_deed(false), 1..150),
    ) {
        run(deeds, true)?;
    }

    /// A worker that was thrown out learns of it late: what it runs ends while others may have begun.
    #[test]
    fn a_worker_that_was_thrown_out_ends_all_it_has(deeds in prop::collection::vec(any_deed(true), 1..150)) {
        run(deeds, false)?;
    }

    #[test]
    fn a_change_of_one_connector_stops_nothing_of_another(
        asks in prop::collection::vec(any_ask(), 1..25),
        workers in 1_u8..4,
    ) {
        let mut cluster = Cluster::new();
        (0..workers).for_each(|_| cluster.join());
        cluster.come_to_rest(true)?;
        for ask in asks {
            let Deed::Ask(_, connector, _) = &ask else { unreachable!() };
            let name = cluster::name(*connector);
            cluster.forget_stops();
            happen(&mut cluster, ask);
            cluster.come_to_rest(true)?;
            let stopped: Vec<&str> = cluster.stops().iter().map(|stopped| &**stopped).collect();
            prop_assert!(stopped.iter().all(|stopped| *stopped == name), "{:?} for {}", stopped, name);
        }
    }
}

#[test]
fn tasks_above_a_lowered_maximum_end_also_where_the_connector_ignores_it() {
    let mut cluster = Cluster::new();
    (0..2).for_each(|_| cluster.join());
    cluster.come_to_rest(true).unwrap();
    let put = |cluster: &mut Cluster, tasks: u8, entries: &[(&str, &str)]| {
        let mut config = cluster::config("c0", tasks, 0);
        config.extend(entries.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))));
        cluster.ask(0, "c0", Request::Put { config });
        cluster.come_to_rest(true).unwrap();
        cluster.tasks("c0")
    };
    assert_eq!(put(&mut cluster, 3, &[]), 3);
    assert_eq!(put(&mut cluster, 1, &[("excess", "1")]), 0);
    assert_eq!(put(&mut cluster, 1, &[("excess", "1"), ("tasks.max.enforce", "false")]), 2);
}
