use api::{Offsets, TopicPartition};

use super::Progress;

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t", number)
}

fn offsets(entries: &[(i32, i64)]) -> Offsets {
    entries.iter().map(|(number, offset)| (partition(*number), *offset)).collect()
}

fn progress() -> Progress {
    let mut progress = Progress::default();
    progress.assign(&[(partition(0), 10), (partition(1), 20)]);
    progress.put(&offsets(&[(0, 15), (7, 99)]));
    progress
}

#[test]
fn nothing_is_uncommitted_where_nothing_was_put() {
    assert_eq!(progress().uncommitted(&[partition(0), partition(1)]), offsets(&[(0, 15)]));
    assert_eq!(progress().uncommitted(&[partition(1)]), Offsets::new());
}

#[test]
fn commits_stay_between_the_last_commit_and_what_was_put() {
    let progress = progress();
    assert_eq!(progress.committable(&offsets(&[(0, 12), (1, 21), (7, 99)])), offsets(&[(0, 12)]));
    assert_eq!(progress.committable(&offsets(&[(0, 16)])), Offsets::new(), "beyond what was put");
    assert_eq!(progress.committable(&offsets(&[(0, 10)])), Offsets::new(), "committed already");
    assert_eq!(progress.committable(&offsets(&[(0, 9)])), Offsets::new(), "backwards");
}

#[test]
fn a_rewind_goes_back_to_the_last_commit() {
    let mut progress = progress();
    progress.committed(&offsets(&[(0, 12)]));
    assert_eq!(progress.rewind(), offsets(&[(0, 12), (1, 20)]));
    assert_eq!(progress.uncommitted(&[partition(0)]), Offsets::new());
}

#[test]
fn revoked_partitions_are_forgotten() {
    let mut progress = progress();
    progress.revoke(&[partition(0)]);
    assert_eq!(progress.assigned(), [partition(1)]);
}
