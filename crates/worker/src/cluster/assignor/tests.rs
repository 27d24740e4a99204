mod weighed;

use proptest::prelude::*;

use super::*;

fn name(number: u8) -> Arc<str> {
    char::from(b'a' + number).to_string().into()
}

/// Within how many rounds a group comes to rest.
const ROUNDS: usize = 100;

/// A leader and its members, all of which hear every plan.
struct Group {
    assignor: Cooperative,
    now_ms: i64,
    generation: i32,
    configured: Configured,
    members: Members,
    released: Work,
    loads: Loads,
}

impl Group {
    fn new(moves: Moves, members: u8) -> Self {
        Self::balanced(Balance::Count, moves, members)
    }

    fn balanced(balance: Balance, moves: Moves, members: u8) -> Self {
        Self {
            assignor: Cooperative::new(Policy { max_delay_ms: 1_000, moves, balance }),
            now_ms: 1,
            generation: 0,
            configured: Configured::new(),
            members: (0..members).map(|member| (name(member), Share::default())).collect(),
            released: Work::default(),
            loads: Loads::new(),
        }
    }

    /// One round; answers the plan.
    fn round(&mut self) -> Plan {
        self.generation += 1;
        let plan = self.assignor.assign(Round {
            now_ms: self.now_ms,
            configured: &self.configured,
            completed_generation: self.generation - 1,
            generation: self.generation,
            members: &self.members,
            released: &self.released,
            loads: &self.loads,
        });
        for (member, plan) in &plan.members {
            let share = self.members.get_mut(member).expect("plans are for members");
            share.take(&Work::of([&plan.revoked]));
            share.extend(plan.assigned.clone());
            assert_eq!(Work::of([&*share]), Work::of([&plan.owned]));
        }
        plan
    }

    /// Rounds until nothing changes any more.
    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            let plan = self.round();
            self.now_ms += i64::from(plan.delay_ms);
            let quiet = plan.members.values().all(|plan| plan.assigned.is_empty() && plan.revoked.is_empty());
            if quiet && plan.delay_ms == 0 {
                return;
            }
        }
        panic!("the group does not come to rest");
    }

    fn held(&self) -> (usize, Work) {
        let count = self.members.values().map(|share| share.connectors.len() + share.tasks.len()).sum();
        (count, Work::of(self.members.values()))
    }

    fn spread(&self, count: impl Fn(&Share) -> usize) -> usize {
        let counts = || self.members.values().map(&count);
        counts().max().unwrap_or(0) - counts().min().unwrap_or(0)
    }
}

#[test]
fn a_member_that_went_is_waited_for_and_then_replaced() {
    let mut group = Group::new(Moves::Always, 2);
    group.configured.insert(name(0), 4);
    group.settle();
    group.members.remove("b");
    let plan = group.round();
    assert_eq!((plan.delay_ms, plan.members["a"].assigned.is_empty()), (1_000, true));
    group.now_ms += 1_000;
    let plan = group.round();
    assert_eq!(plan.delay_ms, 0);
    assert_eq!(group.held(), (5, work_of(&group.configured)));
}

#[test]
fn a_member_that_comes_back_takes_up_its_own_work() {
    let mut group = Group::new(Moves::Always, 3);
    group.configured.insert(name(0), 6);
    group.settle();
    let lost = group.members.remove("c").expect("a member");
    assert_eq!(group.round().delay_ms, 1_000);
    group.members.insert("z".into(), Share::default());
    group.now_ms += 400;
    assert_eq!(group.round().delay_ms, 600);
    group.now_ms += 600;
    let plan = group.round();
    assert_eq!(Work::of([&plan.members["z"].assigned]), Work::of([&lost]));
}

#[test]
fn work_that_ended_in_good_order_is_not_waited_for() {
    let mut group = Group::new(Moves::Always, 2);
    group.configured.insert(name(0), 4);
    group.settle();
    let released = group.members.remove("b").expect("a member");
    group.released = Work::of([&released]);
    let plan = group.round();
    assert_eq!(plan.delay_ms, 0);
    assert_eq!(Work::of([&plan.members["a"].assigned]), Work::of([&released]));
}

#[test]
fn a_member_that_joins_gets_its_share() {
    for moves in [Moves::Always, Moves::AfterMembership] {
        let mut group = Group::new(moves, 1);
        group.configured.insert(name(0), 6);
        group.settle();
        group.members.insert("b".into(), Share::default());
        group.settle();
        assert_eq!(group.members["b"].tasks.len(), 3);
    }
}

#[test]
fn cards_are_dealt_to_members_in_order() {
    let configured = Configured::from([(name(0), 2), (name(1), 1)]);
    let plan = eager(&configured, [name(1), name(0)]);
    let tasks = |member: &str| plan.members[member].assigned.tasks.iter().map(ToString::to_string).collect();
    let connectors = |member: &str| plan.members[member].assigned.connectors.clone();
    assert_eq!((connectors("a"), connectors("b")), (vec![name(0)], vec![name(1)]));
    assert_eq!((tasks("a"), tasks("b")), (vec!["a-0".to_owned(), "b-0".to_owned()], vec!["a-1".to_owned()]));
    assert!(eager(&configured, []).members.is_empty());
}

#[derive(Clone, Debug)]
enum Deed {
    Join(u8),
    Leave(u8),
    Release(u8),
    Configure(u8, u32),
    Delete(u8),
    Wait(i64),
}

fn any_deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        (0_u8..6).prop_map(Deed::Join),
        (0_u8..6).prop_map(Deed::Leave),
        (0_u8..6).prop_map(Deed::Release),
        (0_u8..7, 0_u32..9).prop_map(|(connector, tasks)| Deed::Configure(connector, tasks)),
        (0_u8..7).prop_map(Deed::Delete),
        (0_i64..2_000).prop_map(Deed::Wait),
    ];
    prop::collection::vec(deed, 1..40)
}

/// Does it; answers whether the members changed.
fn happen(group: &mut Group, deed: Deed) -> bool {
    match deed {
        Deed::Join(member) => drop(group.members.entry(name(member)).or_default()),
        Deed::Leave(member) if group.members.len() > 1 => drop(group.members.remove(&name(member))),
        Deed::Release(member) if group.members.len() > 1 => {
            let share = group.members.remove(&name(member)).unwrap_or_default();
            group.released.add(&share);
        }
        Deed::Configure(connector, tasks) => drop(group.configured.insert(name(connector), tasks)),
        Deed::Delete(connector) => drop(group.configured.remove(&name(connector))),
        Deed::Wait(ms) => group.now_ms += ms,
        Deed::Leave(_) | Deed::Release(_) => {}
    }
    matches!(deed, Deed::Join(_) | Deed::Leave(_) | Deed::Release(_))
}

/// Lets something happen and the group share out.
fn nothing_runs_twice_after(group: &mut Group, deed: Deed) -> Result<(), TestCaseError> {
    happen(group, deed);
    group.round();
    group.released = Work::default();
    let (count, held) = group.held();
    prop_assert_eq!(count, held.connectors.len() + held.tasks.len(), "something runs twice");
    Ok(())
}

proptest! {
    #[test]
    fn nothing_runs_twice_and_all_runs_in_the_end(deeds in any_deeds(), always in any::<bool>()) {
        let mut group = Group::new(if always { Moves::Always } else { Moves::AfterMembership }, 1);
        for deed in deeds {
            nothing_runs_twice_after(&mut group, deed)?;
        }
        group.settle();
        prop_assert_eq!(group.held().1, work_of(&group.configured));
        if always {
            prop_assert!(group.spread(|share| share.connectors.len()) <= 1);
            prop_assert!(group.spread(|share| share.tasks.len()) <= 1);
        }
    }

    #[test]
    fn with_the_same_members_nothing_stops_but_what_was_deleted(deeds in any_deeds()) {
        let mut group = Group::new(Moves::AfterMembership, 3);
        group.settle();
        for deed in deeds.into_iter().filter(|deed| matches!(deed, Deed::Configure(..) | Deed::Delete(_))) {
            happen(&mut group, deed);
            let wanted = work_of(&group.configured);
            for plan in group.round().members.into_values() {
                prop_assert!(!Work::of([&plan.revoked]).meets(&wanted), "{:?} was stopped", plan.revoked);
            }
        }
    }

    #[test]
    fn cards_are_even(configured in prop::collection::btree_map(0_u8..9, 0_u32..9, 0..9), members in 1_u8..6) {
        let configured: Configured = configured.into_iter().map(|(connector, tasks)| (name(connector), tasks)).collect();
        let plan = eager(&configured, (0..members).map(name));
        let sizes = plan.members.values().map(|plan| plan.owned.connectors.len() + plan.owned.tasks.len());
        let (most, least) = (sizes.clone().max(), sizes.min());
        prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1);
        prop_assert_eq!(Work::of(plan.members.values().map(|plan| &plan.owned)), work_of(&configured));
    }
}
