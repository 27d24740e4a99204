//! The bytes of the group and the assignor, judged by Connect's own classes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value as Json, json};
use testkit::java::Judge;
use worker::cluster::assignor::{Balance, Configured, Cooperative, Members, Moves, Plan, Policy, Round};
use worker::cluster::protocol::{Assignment, Metadata, Protocol};
use worker::cluster::{Loads, Share, Work};
use worker::task::TaskId;

const PROTOCOLS: [Protocol; 3] = [Protocol::Eager, Protocol::Compatible, Protocol::Sessioned];

fn ask(judge: &RefCell<Judge>, question: &Json) -> Json {
    serde_json::from_str(&judge.borrow_mut().ask(&question.to_string()).unwrap()).unwrap()
}

/// Names whose order in a hash map of Java is that of the alphabet.
fn any_share() -> impl Strategy<Value = Share> {
    let connectors = prop::collection::btree_set("[a-h]", 0..5);
    let tasks = prop::collection::btree_set(("[a-h]", 0_u32..9), 0..9);
    (connectors, tasks).prop_map(|(connectors, tasks)| Share {
        connectors: connectors.into_iter().map(Arc::from).collect(),
        tasks: tasks
            .into_iter()
            .map(|(connector, task)| TaskId { connector: connector.into(), task })
            .collect(),
    })
}

fn any_assignment() -> impl Strategy<Value = Assignment> {
    let texts = ("\\PC{0,9}", "http://[a-z]{1,9}:8083/");
    (0_i16..3, texts, any::<i64>(), any_share(), any_share(), any::<i32>()).prop_map(
        |(error, (leader, leader_url), config_offset, assigned, revoked, delay_ms)| Assignment {
            error,
            leader: leader.into(),
            leader_url: leader_url.into(),
            config_offset,
            assigned,
            revoked,
            delay_ms,
        },
    )
}

/// The bytes keep what belongs to a connector together, and otherwise no order.
fn ordered(assignment: Assignment) -> Assignment {
    let ordered = |share: &Share| Work::of([share]).into_share();
    let (assigned, revoked) = (ordered(&assignment.assigned), ordered(&assignment.revoked));
    Assignment { assigned, revoked, ..assignment }
}

#[test]
fn the_bytes_of_the_group_are_javas() {
    let judge = RefCell::new(Judge::start("ConnectGroupJudge").unwrap());
    let inputs = (any_assignment(), prop::option::of(any_assignment()), 0..PROTOCOLS.len());
    TestRunner::default()
        .run(&inputs, |(assignment, current, version)| {
            let protocol = PROTOCOLS[version];
            let again = |op: &str, bytes: &[u8]| {
                let question = json!({"op": op, "bytes": hex::encode(bytes), "version": version});
                hex::decode(ask(&judge, &question).as_str().unwrap()).unwrap()
            };
            let bytes = assignment.encode(protocol).unwrap();
            prop_assert_eq!(&again("assignment", &bytes), &bytes);
            let metadata =
                Metadata { url: "http://w:1/".into(), config_offset: 7, current, loads: Loads::new() };
            let bytes = metadata.encode(protocol).unwrap();
            prop_assert_eq!(&again("metadata", &bytes), &bytes);
            // Java passes over what a worker tells of the loads of its tasks.
            let loads = assignment.assigned.tasks.iter().map(|task| (task.clone(), 250)).collect();
            let loaded = Metadata { loads, ..metadata.clone() }.encode(protocol).unwrap();
            prop_assert_eq!(&again("metadata", &loaded), &bytes);
            if protocol != Protocol::Eager {
                let decoded = Assignment::decode(&assignment.encode(protocol).unwrap()).unwrap();
                prop_assert_eq!(ordered(decoded), ordered(assignment));
                let decoded = Metadata::decode(&bytes).unwrap();
                prop_assert_eq!(decoded.current.map(ordered), metadata.current.map(ordered));
            }
            Ok(())
        })
        .unwrap();
}

/// What happens before a round.
#[derive(Clone, Debug)]
enum Deed {
    /// A member comes.
    Join(u8),
    /// A member goes with all that it has.
    Leave(u8),
    /// A member goes and comes back without work under another id.
    Bounce(u8, u8),
    /// A connector gets so many tasks.
    Configure(u8, u32),
    /// A connector goes.
    Delete(u8),
    /// Nobody hears of the last plan.
    SyncFails,
    /// One member does not hear of it.
    Misses(u8),
    /// A member has what another one has too.
    Duplicate(u8, u8),
    /// Time passes.
    Wait(i64),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0_u8..6).prop_map(Deed::Join),
        2 => (0_u8..6).prop_map(Deed::Leave),
        1 => (0_u8..6, 0_u8..6).prop_map(|(from, to)| Deed::Bounce(from, to)),
        4 => (0_u8..7, 0_u32..9).prop_map(|(connector, tasks)| Deed::Configure(connector, tasks)),
        2 => (0_u8..7).prop_map(Deed::Delete),
        1 => Just(Deed::SyncFails),
        1 => (0_u8..6).prop_map(Deed::Misses),
        1 => (0_u8..6, 0_u8..6).prop_map(|(from, to)| Deed::Duplicate(from, to)),
        4 => (0_i64..400_000).prop_map(Deed::Wait),
    ]
}

/// A name that a hash map of Java keeps in the order of the alphabet.
fn name(number: u8) -> Arc<str> {
    char::from(b'a' + number).to_string().into()
}

/// A group without I/O: what its members have, and what they were told last.
struct Group {
    now_ms: i64,
    generation: i32,
    completed: i32,
    configured: Configured,
    members: Members,
    plan: Plan,
}

impl Group {
    fn new() -> Self {
        Self {
            now_ms: 1,
            generation: 0,
            completed: -1,
            configured: Configured::new(),
            members: Members::from([(name(0), Share::default())]),
            plan: Plan::default(),
        }
    }

    /// What happens to the last plan, and then to the group.
    fn happen(&mut self, deed: &Deed) {
        match deed {
            Deed::SyncFails => {}
            Deed::Misses(member) => self.complete(Some(&name(*member))),
            _ => self.complete(None),
        }
        match deed {
            Deed::Join(member) => drop(self.members.entry(name(*member)).or_default()),
            Deed::Leave(member) if self.members.len() > 1 => drop(self.members.remove(&name(*member))),
            Deed::Bounce(from, to) if self.members.remove(&name(*from)).is_some() => {
                self.members.entry(name(*to)).or_default();
            }
            Deed::Configure(connector, tasks) => drop(self.configured.insert(name(*connector), *tasks)),
            Deed::Delete(connector) => drop(self.configured.remove(&name(*connector))),
            Deed::Duplicate(from, to) => self.duplicate(&name(*from), &name(*to)),
            Deed::Wait(ms) => self.now_ms += ms,
            _ => {}
        }
    }

    /// The members do as they were told.
    fn complete(&mut self, but: Option<&str>) {
        self.completed = self.generation;
        for (member, plan) in &self.plan.members {
            if let Some(share) = self.members.get_mut(member).filter(|_| but != Some(member)) {
                share.take(&Work::of([&plan.revoked]));
                share.extend(plan.assigned.clone());
            }
        }
    }

    fn duplicate(&mut self, from: &str, to: &str) {
        let task = self.members.get(from).and_then(|share| share.tasks.first().cloned());
        if let Some((task, share)) = task.zip(self.members.get_mut(to))
            && !share.tasks.contains(&task)
        {
            share.tasks.push(task);
        }
    }

    fn round<'a>(&'a self, released: &'a Work, loads: &'a Loads) -> Round<'a> {
        Round {
            now_ms: self.now_ms,
            configured: &self.configured,
            completed_generation: self.completed,
            generation: self.generation,
            members: &self.members,
            released,
            loads,
        }
    }
}

fn share_json(share: &Share) -> Json {
    let connectors: Vec<&str> = share.connectors.iter().map(|connector| &**connector).collect();
    let tasks: Vec<Json> = share.tasks.iter().map(|id| json!([&*id.connector, id.task])).collect();
    json!({"connectors": connectors, "tasks": tasks})
}

fn sorted(share: &Share) -> Json {
    share_json(&Work::of([share]).into_share())
}

fn sorted_json(share: &Json) -> Json {
    let mut share = share.clone();
    for list in ["connectors", "tasks"] {
        share[list].as_array_mut().unwrap().sort_by_key(Json::to_string);
    }
    share
}

/// What Java's assignor tells the members.
fn java(judge: &RefCell<Judge>, group: &Group) -> Json {
    let members: BTreeMap<&str, Json> =
        group.members.iter().map(|(id, share)| (&**id, share_json(share))).collect();
    let configured: BTreeMap<&str, u32> =
        group.configured.iter().map(|(name, tasks)| (&**name, *tasks)).collect();
    let question = json!({
        "op": "assign", "now": group.now_ms, "completed": group.completed, "generation": group.generation,
        "configured": configured, "members": members,
    });
    ask(judge, &question)
}

fn same(group: &Group, java: &Json) -> Result<(), TestCaseError> {
    let near = (i64::from(group.plan.delay_ms) - java["delay"].as_i64().unwrap()).abs() <= 1;
    prop_assert!(near, "delays {} and {}", group.plan.delay_ms, java["delay"]);
    for (id, plan) in &group.plan.members {
        let javas = &java["members"][&**id];
        prop_assert_eq!(sorted(&plan.assigned), sorted_json(&javas["assigned"]), "what {} starts", id);
        prop_assert_eq!(sorted(&plan.revoked), sorted_json(&javas["revoked"]), "what {} stops", id);
    }
    Ok(())
}

#[test]
fn the_cooperative_assignor_is_javas() {
    let judge = RefCell::new(Judge::start("ConnectGroupJudge").unwrap());
    let delays = prop_oneof![Just(0), Just(1), Just(300_000), 2..100_000];
    let inputs = (delays, prop::collection::vec(any_deed(), 1..40));
    TestRunner::new(Config::with_cases(300))
        .run(&inputs, |(max_delay_ms, deeds)| {
            ask(&judge, &json!({"op": "new", "delay": max_delay_ms}));
            let mut ours =
                Cooperative::new(Policy { max_delay_ms, moves: Moves::Always, balance: Balance::Count });
            let mut group = Group::new();
            for deed in &deeds {
                group.happen(deed);
                group.generation += 1;
                let javas = java(&judge, &group);
                group.plan = ours.assign(group.round(&Work::default(), &Loads::new()));
                same(&group, &javas)?;
            }
            Ok(())
        })
        .unwrap();
}
