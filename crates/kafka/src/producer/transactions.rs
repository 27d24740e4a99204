//! Where a producer is in its transactions, as plain data.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{coordinator::Given, queue::Target};
use crate::error::Error;

/// The transactions of a producer, one after the other.
pub(super) struct Transactions {
    /// What names them to the coordinator.
    pub(super) id: Arc<str>,
    /// How long one may be open.
    pub(super) timeout: Duration,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// What the coordinator has given last.
    given: Option<Given>,
    /// The partitions that the open transaction has.
    partitions: BTreeSet<Target>,
}

enum Phase {
    /// There is no producer id yet.
    New,
    /// No transaction is open.
    Ready,
    /// Something belongs to a transaction.
    Open,
    /// The transaction is being ended.
    Ending,
    /// Something of the transaction is not known to be written, or its end is not known: it cannot be committed.
    Failed(Error),
}

/// What is to be done before a batch of a partition is sent.
#[derive(Debug, PartialEq)]
pub(super) enum Entry {
    /// Nothing.
    Admitted,
    /// The coordinator is to be told of the partition.
    Add(Given),
}

impl Transactions {
    pub(super) fn new(id: Arc<str>, timeout: Duration) -> Transactions {
        let state = State { phase: Phase::New, given: None, partitions: BTreeSet::new() };
        Transactions { id, timeout, state: Mutex::new(state) }
    }

    /// What the coordinator has given last.
    pub(super) fn given(&self) -> Option<Given> {
        self.state.lock().given
    }

    /// Takes what the coordinator has given: nothing is open any more.
    pub(super) fn ready(&self, given: Given) {
        let mut state = self.state.lock();
        state.partitions.clear();
        (state.phase, state.given) = (Phase::Ready, Some(given));
    }

    /// Puts a partition into the transaction, which it opens if none is.
    pub(super) fn enter(&self, target: &Target) -> Result<Entry, Error> {
        let mut state = self.state.lock();
        let given = state.given.ok_or_else(|| order(target, "its transactions are not initialised"))?;
        match &state.phase {
            Phase::Ready | Phase::Open => state.phase = Phase::Open,
            Phase::Failed(error) => return Err(error.clone()),
            Phase::New | Phase::Ending => return Err(order(target, "no transaction can begin")),
        }
        if given.v2 || state.partitions.contains(target) {
            return Ok(Entry::Admitted);
        }
        Ok(Entry::Add(given))
    }

    /// The coordinator knows of the partition.
    pub(super) fn added(&self, target: Target) {
        self.state.lock().partitions.insert(target);
    }

    /// Whether something belongs to a transaction that has not been ended.
    pub(super) fn open(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Open | Phase::Ending | Phase::Failed(_))
    }

    /// Begins to end the open transaction, if there is one.
    pub(super) fn end(&self) -> Result<Option<Given>, Error> {
        let mut state = self.state.lock();
        match &state.phase {
            Phase::New | Phase::Ready => Ok(None),
            Phase::Open => {
                state.phase = Phase::Ending;
                Ok(state.given)
            }
            Phase::Ending => Err(Error::Closed),
            Phase::Failed(error) => Err(error.clone()),
        }
    }

    /// Why the transaction cannot be committed, if it cannot.
    pub(super) fn failure(&self) -> Option<Error> {
        match &self.state.lock().phase {
            Phase::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// Takes note of a failure; the first one counts, unless a later one says that somebody else has the id.
    pub(super) fn fail(&self, error: Error) {
        let mut state = self.state.lock();
        let told = matches!(&state.phase, Phase::Failed(_)) && !error.fenced();
        if !told && !matches!(state.phase, Phase::New) {
            state.phase = Phase::Failed(error);
        }
    }
}

fn order((topic, partition): &Target, reason: &str) -> Error {
    Error::Order { topic: topic.clone(), partition: *partition, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::error::ResponseError;

    use super::*;
    use crate::producer::queue::Identity;

    fn given(v2: bool) -> Given {
        Given { identity: Identity { producer_id: 7, epoch: 1 }, v2 }
    }

    fn transactions() -> Transactions {
        Transactions::new("id".into(), Duration::from_secs(60))
    }

    fn target(partition: i32) -> Target {
        ("t".into(), partition)
    }

    #[test]
    fn nothing_is_sent_before_there_is_a_producer_id() {
        assert!(matches!(transactions().enter(&target(0)), Err(Error::Order { .. })));
    }

    #[test]
    fn each_partition_is_told_of_once_in_a_transaction() {
        let transactions = transactions();
        transactions.ready(given(false));
        assert_eq!(transactions.enter(&target(0)).unwrap(), Entry::Add(given(false)));
        // It was not told of as far as is known.
        assert_eq!(transactions.enter(&target(0)).unwrap(), Entry::Add(given(false)));
        transactions.added(target(0));
        assert_eq!(transactions.enter(&target(0)).unwrap(), Entry::Admitted);
        assert_eq!(transactions.enter(&target(1)).unwrap(), Entry::Add(given(false)));
        assert_eq!(transactions.end().unwrap(), Some(given(false)));
        transactions.ready(given(false));
        assert_eq!(transactions.enter(&target(0)).unwrap(), Entry::Add(given(false)));
    }

    #[test]
    fn brokers_that_add_partitions_are_not_told() {
        let transactions = transactions();
        transactions.ready(given(true));
        assert_eq!(transactions.enter(&target(0)).unwrap(), Entry::Admitted);
        assert!(transactions.open());
    }

    #[test]
    fn what_is_not_open_needs_no_end() {
        let transactions = transactions();
        assert_eq!(transactions.end().unwrap(), None);
        transactions.ready(given(true));
        assert_eq!(transactions.end().unwrap(), None);
    }

    #[test]
    fn a_transaction_that_failed_is_not_committed_until_it_is_initialised_again() {
        let transactions = transactions();
        transactions.ready(given(true));
        transactions.enter(&target(0)).unwrap();
        transactions.fail(Error::Closed);
        assert!(matches!(transactions.end(), Err(Error::Closed)));
        assert!(matches!(transactions.enter(&target(0)), Err(Error::Closed)));
        transactions.fail(Error::broker(ResponseError::ProducerFenced, "write"));
        assert!(transactions.failure().unwrap().fenced());
        transactions.fail(Error::Closed);
        assert!(transactions.failure().unwrap().fenced());
        transactions.ready(given(true));
        assert!(transactions.failure().is_none() && !transactions.open());
    }

    #[test]
    fn nothing_enters_while_a_transaction_is_being_ended() {
        let transactions = transactions();
        transactions.ready(given(true));
        transactions.enter(&target(0)).unwrap();
        transactions.end().unwrap();
        assert!(transactions.enter(&target(0)).is_err());
        assert!(transactions.end().is_err());
    }
}
