//! The beginning and the ends of a producer's transactions.

use kafka_protocol::error::ResponseError;
use tokio::time::{self, Instant};

use super::Producer;
use super::coordinator::{Coordinator, Given};
use super::queue::Identity;
use super::transactions::Transactions;
use super::wire;
use crate::error::Error;

/// Transactions, with `transactional_id` among the options.
///
/// What is sent after the producer was initialised belongs to a transaction, which begins by itself and ends with
/// [`Producer::commit`] or [`Producer::abort`]. Once something of it is not known to be written, or its end is not
/// known, nothing more is sent and it cannot be committed: [`Producer::abort`] gets a new epoch, under which nothing of
/// it can arrive any more. A producer that was fenced off stays so.
///
/// Calls are made one after the other.
impl Producer {
    /// Ends what a former producer with the transactional id has left open, and fences it off. Waits for up to
    /// `max.block.ms`.
    pub async fn init_transactions(&self) -> Result<(), Error> {
        let transactions = self.transactions()?;
        let given = self.coordinator(transactions).init(None, transactions.timeout, self.deadline()).await?;
        self.ready(transactions, given);
        Ok(())
    }

    /// Waits until all that was sent is written, and commits it; does nothing if nothing was sent. Waits for up to
    /// `max.block.ms`.
    ///
    /// # Errors
    /// It may be committed all the same.
    pub async fn commit(&self) -> Result<(), Error> {
        let transactions = self.transactions()?;
        let Some(given) = transactions.end()? else { return Ok(()) };
        match self.commit_all(transactions, given).await {
            Ok(identity) => {
                let next = Given { identity, ..given };
                if next == given {
                    transactions.ready(next)
                } else {
                    self.ready(transactions, next)
                }
                Ok(())
            }
            Err(error) => {
                transactions.fail(error.clone());
                Err(error)
            }
        }
    }

    /// Ends the transaction, if one is open, so that nothing of it is seen by those who read what is committed. Waits
    /// for up to `max.block.ms`.
    ///
    /// # Errors
    /// The transaction is still open, until the coordinator ends it (`transaction.timeout.ms`) or the next producer
    /// with this id.
    pub async fn abort(&self) -> Result<(), Error> {
        let transactions = self.transactions()?;
        if !transactions.open() {
            return Ok(());
        }
        self.abandon();
        let Some(given) = transactions.given() else { return Ok(()) };
        match self.abort_all(transactions, given).await {
            Ok(given) => {
                self.ready(transactions, given);
                Ok(())
            }
            Err(error) => {
                transactions.fail(error.clone());
                Err(error)
            }
        }
    }

    /// Ends the transaction and gets a new epoch: what is on its way arrives too late then.
    async fn abort_all(&self, transactions: &Transactions, given: Given) -> Result<Given, Error> {
        let (coordinator, deadline) = (self.coordinator(transactions), self.deadline());
        match coordinator.end(given, false, deadline).await {
            Ok(identity) if given.v2 => return Ok(Given { identity, ..given }),
            // The coordinator knows of none, or has ended it in another way already.
            Err(error) if error.code() != Some(ResponseError::InvalidTxnState) => return Err(error),
            Ok(_) | Err(_) => {}
        }
        coordinator.init(Some(given.identity), transactions.timeout, deadline).await
    }

    /// Whether something was sent that was neither committed nor aborted.
    pub fn in_transaction(&self) -> bool {
        self.inner.transactions.as_ref().is_some_and(Transactions::open)
    }

    async fn commit_all(&self, transactions: &Transactions, given: Given) -> Result<Identity, Error> {
        let deadline = self.deadline();
        let after = self.inner.options.max_block;
        let late = |_| Error::Timeout { what: "write all of a transaction".into(), after };
        time::timeout_at(deadline, self.flush()).await.map_err(late)?;
        match transactions.failure() {
            Some(error) => Err(error),
            None => self.coordinator(transactions).end(given, true, deadline).await,
        }
    }

    fn ready(&self, transactions: &Transactions, given: Given) {
        let version_max = if given.v2 { wire::VERSION_MAX } else { wire::VERSION_MAX_ADDED };
        self.inner.sender.lock().identify(given.identity, version_max);
        transactions.ready(given);
    }

    fn transactions(&self) -> Result<&Transactions, Error> {
        self.inner.transactions.as_ref().ok_or(Error::Closed)
    }

    pub(super) fn coordinator(&self, transactions: &Transactions) -> Coordinator {
        let timeout = self.inner.options.request_timeout;
        Coordinator::new(self.inner.client.clone(), transactions.id.clone(), self.inner.lane, timeout)
    }

    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.inner.options.max_block
    }
}
