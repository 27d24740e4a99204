use std::collections::BTreeSet;

use tokio::time::{Instant, advance};

use super::{Bound, Horizon, LOOK_MAX, Next, READER_PATIENCE, Waiting};
use crate::jdbc::dialect::Open;

const BOUND: Bound = Bound { incrementing: Some(7), timestamp: None };

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn open(writers: &[&str], others: &[&str]) -> Open {
    Open { writers: names(writers), others: names(others) }
}

fn waiting(writers: &[&str], others: &[&str]) -> Horizon {
    let (writers, others) = (names(writers), names(others));
    Horizon {
        waiting: Some(Waiting { bound: BOUND, writers, others, since: Instant::now(), looks: 0 }),
        warned: false,
    }
}

fn look(horizon: &mut Horizon, now: &Open) -> Next {
    if let Some(waiting) = &mut horizon.waiting {
        waiting.forget_ended(now);
    }
    horizon.decide()
}

#[tokio::test(start_paused = true)]
async fn writers_are_waited_for_however_long_they_take() {
    let mut horizon = waiting(&["a", "b"], &[]);
    assert!(matches!(look(&mut horizon, &open(&["a", "b", "later"], &[])), Next::Look(_)));
    advance(READER_PATIENCE * 100).await;
    assert!(matches!(look(&mut horizon, &open(&["a", "later"], &[])), Next::Look(_)));
    // Those that began later have rows behind the bound.
    assert_eq!(look(&mut horizon, &open(&["later"], &[])), Next::Read(BOUND));
    assert!(horizon.waiting.is_none());
}

#[tokio::test(start_paused = true)]
async fn readers_are_waited_for_for_a_while() {
    let mut horizon = waiting(&[], &["report", "slow"]);
    assert!(matches!(look(&mut horizon, &open(&[], &["report", "slow"])), Next::Look(_)));
    // One of them begins to write.
    assert!(matches!(look(&mut horizon, &open(&["slow"], &["report"])), Next::Look(_)));
    advance(READER_PATIENCE).await;
    assert!(matches!(look(&mut horizon, &open(&["slow"], &["report"])), Next::Look(_)));
    assert_eq!(look(&mut horizon, &open(&[], &["report"])), Next::Read(BOUND));
}

#[tokio::test(start_paused = true)]
async fn looks_become_rarer() {
    let mut horizon = waiting(&["a"], &[]);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let Next::Look(pause) = look(&mut horizon, &open(&["a"], &[])) else { panic!("it is waited for") };
        pauses.push(pause);
    }
    assert!(pauses.is_sorted());
    assert_eq!(pauses.last(), Some(&LOOK_MAX));
}
