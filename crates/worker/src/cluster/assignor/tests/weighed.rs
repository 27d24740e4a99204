//! Tasks that are shared out by what they take.

use super::*;

fn task(connector: u8, task: u32) -> TaskId {
    TaskId { connector: name(connector), task }
}

/// A group of so many members with a connector of these loads; one of -1 is not known.
fn group(members: u8, loads: &[i32]) -> Group {
    let mut group = Group::balanced(Balance::Load, Moves::AfterMembership, members);
    group.configured.insert(name(0), loads.len() as u32);
    let known = |(number, load): (u32, &i32)| Some((task(0, number), u32::try_from(*load).ok()?));
    group.loads = (0..).zip(loads).filter_map(known).collect();
    group
}

/// What the members take together, in the order of their names.
fn sums(group: &Group) -> Vec<u32> {
    let load = |task| group.loads.get(task).copied().unwrap_or_default();
    group.members.values().map(|share| share.tasks.iter().map(load).sum()).collect()
}

#[test]
fn new_tasks_go_to_who_has_least_to_do() {
    let mut group = group(2, &[900, 300, 300, 300]);
    group.settle();
    assert_eq!(sums(&group), [900, 900]);
}

#[test]
fn idle_tasks_are_shared_out_by_number() {
    let mut group = group(3, &[0; 60]);
    group.settle();
    assert_eq!(group.spread(|share| share.tasks.len()), 0);
}

#[test]
fn a_member_that_joins_gets_its_share_of_the_load() {
    for (loads, share) in [(vec![0; 60], 0), (vec![400; 6], 1_200), (vec![800, 100, 100, 100, 100, 400], 800)]
    {
        let mut group = group(1, &loads);
        group.settle();
        group.members.insert("z".into(), Share::default());
        group.settle();
        assert_eq!(sums(&group)[1], share);
        assert!(!group.members["z"].tasks.is_empty());
    }
}

#[test]
fn what_is_taken_from_one_goes_to_whom_it_was_taken_for() {
    let mut group = group(1, &[500, 500]);
    group.settle();
    group.members.insert("z".into(), Share::default());
    let taken = group.round();
    assert_eq!(taken.members["a"].revoked.tasks.len(), 1);
    // A task that is new in the same round is none of these.
    group.configured.insert(name(1), 1);
    let given = group.round();
    assert_eq!(given.moved, Work::of([&taken.members["a"].revoked]));
    assert!(given.members["z"].assigned.tasks.contains(&taken.members["a"].revoked.tasks[0]));
    assert_eq!(given.members.values().map(|plan| plan.assigned.tasks.len()).sum::<usize>(), 2);
}

#[test]
fn loads_that_waver_move_nothing() {
    let mut group = group(2, &[500; 8]);
    group.settle();
    let before = group.members.clone();
    for step in 0_u32..50 {
        for (index, load) in group.loads.values_mut().enumerate() {
            *load = 480 + (step * 7 + index as u32 * 13) % 41;
        }
        // Members have come and gone, so that the group looks whether all have their share.
        group.assignor.unbalance();
        group.round();
    }
    assert_eq!(group.members, before);
}

#[test]
fn the_load_of_a_task_is_known_when_its_member_is_gone() {
    let mut group = group(3, &[900, 300, 300, 300]);
    group.settle();
    let heavy = group.members.iter().find(|(_, share)| share.tasks.contains(&task(0, 0)));
    let heavy = heavy.expect("a member with the heavy task").0.clone();
    let gone = group.members.remove(&heavy).expect("a member");
    let loads = group.loads.clone();
    group.loads.retain(|id, _| !gone.tasks.contains(id));
    group.released = Work::of([&gone]);
    group.settle();
    group.loads = loads;
    assert_eq!(sums(&group), [900, 900]);
}

/// The squares of what members weigh, summed: what every move makes less.
fn unevenness(group: &Group) -> u64 {
    let weight = |share: &Share| -> u64 {
        share.tasks.iter().map(|id| 10 + u64::from(group.loads.get(id).copied().unwrap_or_default())).sum()
    };
    group.members.values().map(|share| weight(share).pow(2)).sum()
}

fn any_loads() -> impl Strategy<Value = Loads> {
    let ids = (0_u8..7, 0_u32..9).prop_map(|(connector, number)| task(connector, number));
    prop::collection::btree_map(ids, 0_u32..2_000, 0..40)
}

proptest! {
    #[test]
    fn whatever_tasks_weigh_nothing_runs_twice_and_all_runs_in_the_end(
        deeds in prop::collection::vec((any_deeds(), any_loads()), 1..6),
        always in any::<bool>(),
    ) {
        let moves = if always { Moves::Always } else { Moves::AfterMembership };
        let mut group = Group::balanced(Balance::Load, moves, 1);
        for (deeds, loads) in deeds {
            group.loads = loads;
            for deed in deeds {
                nothing_runs_twice_after(&mut group, deed)?;
            }
        }
        group.settle();
        prop_assert_eq!(group.held().1, work_of(&group.configured));
        // Nothing moves in a group at rest, however often it shares out.
        let rest = group.members.clone();
        for _ in 0..5 {
            group.round();
        }
        prop_assert_eq!(&group.members, &rest);
    }

    #[test]
    fn moves_come_to_an_end_and_are_no_more_than_javas_or_one(
        loads in prop::collection::vec(0_i32..2_000, 1..40), joined in 1_u8..4,
    ) {
        let mut group = group(1, &loads);
        group.settle();
        for member in 0..joined {
            group.members.insert(name(10 + member), Share::default());
        }
        let mut uneven = u64::MAX;
        for round in 0.. {
            prop_assert!(round < ROUNDS, "the group does not come to rest");
            let fair = loads.len() / group.members.len();
            let above: usize = group.members.values().map(|share| share.tasks.len().saturating_sub(fair)).sum();
            let plan = group.round();
            group.now_ms += i64::from(plan.delay_ms);
            let taken: usize = plan.members.values().map(|plan| plan.revoked.tasks.len()).sum();
            prop_assert!(taken <= above.max(1), "{} of {} above", taken, above);
            if group.held().1 == work_of(&group.configured) {
                let now = unevenness(&group);
                prop_assert!(now <= uneven, "{} after {}", now, uneven);
                uneven = now;
                if taken == 0 && plan.delay_ms == 0 {
                    break;
                }
            }
        }
    }
}
