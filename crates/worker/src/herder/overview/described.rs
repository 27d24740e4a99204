//! Who has what as the coordinator of the group tells it, for a leader that does not tell.

use kafka::GroupDescription;

use super::{Member, Sharing};
use crate::cluster::protocol::{Assignment, Malformed, Metadata};
use crate::cluster::{Share, Work};

/// The state of a group whose members have all been told what is theirs: only then is it described.
const STABLE: &str = "Stable";

/// Who has what; none while the group shares out.
///
/// # Errors
/// What a member has told, or was told, cannot be read.
pub(in crate::herder) fn sharing(
    group: &GroupDescription,
    configured: Work,
) -> Result<Option<Sharing>, Malformed> {
    if group.state != STABLE {
        return Ok(None);
    }
    let mut sharing = Sharing::default();
    let mut with_nobody = configured;
    for described in &group.members {
        let told = Metadata::decode(&described.metadata)?;
        // A member that the leader has forgotten was told nothing at all.
        let given = match described.assignment.is_empty() {
            true => None,
            false => Some(Assignment::decode(&described.assignment)?),
        };
        let owned = owned(told.current, given);
        with_nobody.remove(&owned);
        sharing.members.push(Member {
            id: described.member_id.as_str().into(),
            url: told.url,
            connectors: owned.connectors.into_iter().map(|name| (name, None)).collect(),
            tasks: owned.tasks.into_iter().map(|task| (task, None)).collect(),
            loads: told.loads,
        });
    }
    sharing.nowhere = with_nobody;
    Ok(Some(sharing))
}

/// What a member had when it joined, without what was taken from it, and what it was given.
fn owned(had: Option<Assignment>, given: Option<Assignment>) -> Share {
    let mut owned = had.map(|had| had.assigned).unwrap_or_default();
    if let Some(given) = given {
        owned.take(&Work::of([&given.revoked, &given.assigned]));
        owned.extend(given.assigned);
    }
    owned
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use kafka::GroupMember;

    use super::*;
    use crate::cluster::Loads;
    use crate::cluster::protocol::Protocol;
    use crate::task::TaskId;

    fn tasks(numbers: &[u32]) -> Share {
        let connector: Arc<str> = "c".into();
        let tasks = numbers.iter().map(|&task| TaskId { connector: connector.clone(), task }).collect();
        Share { connectors: Vec::new(), tasks }
    }

    fn member(had: &[u32], given: &[u32], taken: &[u32]) -> GroupMember {
        let assignment = |assigned: Share, revoked: Share| Assignment {
            error: 0,
            leader: "m".into(),
            leader_url: "http://w:1/".into(),
            config_offset: 1,
            assigned,
            revoked,
            delay_ms: 0,
        };
        let told = Metadata {
            url: "http://w:1/".into(),
            config_offset: 1,
            current: Some(assignment(tasks(had), Share::default())),
            loads: Loads::new(),
        };
        GroupMember {
            member_id: "m".to_owned(),
            group_instance_id: None,
            client_id: String::new(),
            client_host: String::new(),
            metadata: Bytes::from(told.encode(Protocol::Sessioned).expect("bytes")),
            assignment: Bytes::from(
                assignment(tasks(given), tasks(taken)).encode(Protocol::Sessioned).expect("bytes"),
            ),
        }
    }

    #[test]
    fn a_member_has_what_it_had_without_what_was_taken_and_with_what_it_was_given() {
        let group = |state: &str| GroupDescription {
            state: state.to_owned(),
            protocol_type: "connect".to_owned(),
            protocol: "sessioned".to_owned(),
            members: vec![member(&[0, 1, 2], &[3], &[1])],
        };
        let configured = Work::of([&tasks(&[0, 1, 2, 3])]);
        let described = sharing(&group(STABLE), configured.clone()).expect("bytes").expect("a group at rest");
        let owned: Vec<u32> = described.members[0].tasks.keys().map(|id| id.task).collect();
        assert_eq!(owned, [0, 2, 3]);
        assert_eq!(described.nowhere, Work::of([&tasks(&[1])]));
        assert_eq!(sharing(&group("PreparingRebalance"), configured), Ok(None));
    }
}
