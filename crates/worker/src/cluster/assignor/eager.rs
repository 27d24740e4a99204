//! The assignor of the eager protocol.

use std::sync::Arc;

use super::{Configured, MemberPlan, Plan, work_of};

/// Deals connectors, then tasks, like cards to the members in the order of their ids.
///
/// Members of this protocol have stopped everything before they joined, so nothing is revoked.
pub fn eager(configured: &Configured, members: impl IntoIterator<Item = Arc<str>>) -> Plan {
    let mut members: Vec<(Arc<str>, MemberPlan)> =
        members.into_iter().map(|id| (id, MemberPlan::default())).collect();
    members.sort_by(|left, right| left.0.cmp(&right.0));
    let work = work_of(configured);
    let mut places = (0..members.len()).cycle();
    for connector in work.connectors {
        let Some(place) = places.next() else { break };
        members[place].1.assigned.connectors.push(connector);
    }
    for task in work.tasks {
        let Some(place) = places.next() else { break };
        members[place].1.assigned.tasks.push(task);
    }
    for (_, plan) in &mut members {
        plan.owned = plan.assigned.clone();
    }
    Plan { members: members.into_iter().collect(), ..Plan::default() }
}
