//! What a producer asks the coordinator of its transactional id for.

use std::{sync::Arc, time::Duration};

use kafka_protocol::{
    error::ResponseError,
    messages::{
        AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest, InitProducerIdRequest,
        ProducerId, TopicName, TransactionalId, add_partitions_to_txn_request::AddPartitionsToTxnTopic,
    },
};
use tokio::time::{self, Instant};

use super::queue::{Identity, Target};
use crate::{
    backoff::delay,
    client::{Client, Coordinated},
    connection::{self, Connection},
    error::{self, Error},
    pool::Lane,
    request::{Request, text},
};

/// The highest version of EndTxn that leaves the epoch as it is.
const END_MAX_V1: i16 = 4;

/// How often it is told that a question is asked again.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// The coordinator of a transactional id. Each question waits out errors that pass, until a deadline; each may be
/// asked again after an unknown outcome, as the coordinator tells a repetition by the epoch.
#[derive(Clone)]
pub(crate) struct Coordinator {
    client: Client,
    id: Arc<str>,
    lane: Lane,
    request_timeout: Duration,
}

/// A producer id that the coordinator has given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Given {
    pub(crate) identity: Identity,
    /// Whether each transaction has an epoch of its own.
    pub(crate) v2: bool,
}

impl Coordinator {
    pub(crate) fn new(client: Client, id: Arc<str>, lane: Lane, request_timeout: Duration) -> Coordinator {
        Coordinator { client, id, lane, request_timeout }
    }

    /// Ends whatever transaction is open under the id, fences off who has it, and gets a new epoch. With `known`,
    /// somebody who has taken the id since is not fenced off: it is an error.
    pub(crate) async fn init(
        &self,
        known: Option<Identity>,
        timeout: Duration,
        deadline: Instant,
    ) -> Result<Given, Error> {
        let (producer_id, epoch) = known.map_or((-1, -1), |known| (known.producer_id, known.epoch));
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(self.transactional_id()))
            .with_transaction_timeout_ms(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))
            .with_producer_id(ProducerId(producer_id))
            .with_producer_epoch(epoch);
        let what = format!("get a producer id for transactional id `{}`", self.id);
        self.ask(deadline, i16::MAX, &request, |response, connection| {
            if let Some(code) = ResponseError::try_from_code(response.error_code) {
                return Err(Error::broker_with(code, &what, hint(code)));
            }
            let identity = Identity { producer_id: response.producer_id.0, epoch: response.producer_epoch };
            Ok(Given { identity, v2: connection.transactions_v2() })
        })
        .await
    }

    /// Adds a partition to the open transaction.
    pub(crate) async fn add(
        &self,
        identity: Identity,
        (topic, partition): &Target,
        deadline: Instant,
    ) -> Result<(), Error> {
        let added = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![*partition]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(self.transactional_id())
            .with_v3_and_below_producer_id(ProducerId(identity.producer_id))
            .with_v3_and_below_producer_epoch(identity.epoch)
            .with_v3_and_below_topics(vec![added]);
        let what = format!("add topic `{topic}` partition {partition} to the transaction of `{}`", self.id);
        self.ask(deadline, i16::MAX, &request, |response, _| error::check(code_of(&response)?, &what)).await
    }

    /// Commits or aborts the open transaction; answers what the next one is sent under.
    pub(crate) async fn end(
        &self,
        given: Given,
        committed: bool,
        deadline: Instant,
    ) -> Result<Identity, Error> {
        let Given { identity, v2 } = given;
        let request = EndTxnRequest::default()
            .with_transactional_id(self.transactional_id())
            .with_producer_id(ProducerId(identity.producer_id))
            .with_producer_epoch(identity.epoch)
            .with_committed(committed);
        let verb = if committed { "commit" } else { "abort" };
        let what = format!("{verb} the transaction of `{}`", self.id);
        let version_max = if v2 { i16::MAX } else { END_MAX_V1 };
        self.ask(deadline, version_max, &request, |response, _| {
            error::check(response.error_code, &what)?;
            let bumped = Identity { producer_id: response.producer_id.0, epoch: response.producer_epoch };
            Ok(if v2 { bumped } else { identity })
        })
        .await
    }

    fn transactional_id(&self) -> TransactionalId {
        TransactionalId(text(&self.id))
    }

    /// Asks until there is an answer that is no error that passes.
    async fn ask<R: Request, T>(
        &self,
        deadline: Instant,
        version_max: i16,
        request: &R,
        judge: impl Fn(R::Response, &Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (mut failures, mut told) = (0, Instant::now());
        loop {
            let answer = self.ask_once(deadline, version_max, request, &judge).await;
            let error = match answer {
                Err(error) if passes(&error) => error,
                answer => return answer,
            };
            if error.code() != Some(ResponseError::ConcurrentTransactions) {
                self.client.invalidate_coordinator_of(Coordinated::Transactions, &self.id);
            }
            failures += 1;
            if told + TELL_EVERY <= Instant::now() {
                told = Instant::now();
                let (id, request) = (&*self.id, R::KEY);
                tracing::warn!(id, ?request, failures, %error, "the coordinator of transactions cannot do it yet");
            }
            let next = Instant::now() + delay(self.client.options().retry_backoff, failures, &error);
            if deadline <= next {
                return Err(error);
            }
            time::sleep_until(next).await;
        }
    }

    async fn ask_once<R: Request, T>(
        &self,
        deadline: Instant,
        version_max: i16,
        request: &R,
        judge: &impl Fn(R::Response, &Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let until = deadline.min(Instant::now() + self.request_timeout);
        let what = || connection::what(R::KEY).into();
        let timed_out = |_| Error::Timeout { what: what(), after: self.request_timeout };
        let connecting = async {
            let broker = self.client.coordinator_of(Coordinated::Transactions, &self.id).await?;
            self.client.connection(broker, self.lane).await
        };
        let connection = time::timeout_at(until, connecting).await.map_err(timed_out)??;
        let version = connection.version::<R>()?.min(version_max);
        let exchange = async { connection.send(request, version).await?.wait().await };
        match time::timeout_at(until, exchange).await {
            Ok(answer) => judge(answer?, &connection),
            Err(elapsed) => {
                // Whatever comes on it yet is an answer to what nobody waits for.
                connection.close("the coordinator of a transaction did not answer in time");
                Err(timed_out(elapsed))
            }
        }
    }
}

/// The error for the only partition that was to be added.
fn code_of(response: &AddPartitionsToTxnResponse) -> Result<i16, Error> {
    let partitions =
        response.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
    let code = partitions.map(|partition| partition.partition_error_code).next();
    code.ok_or_else(|| Error::corrupt("AddPartitionsToTxn response: the partition is missing"))
}

/// Whether the same question may well be answered later.
fn passes(error: &Error) -> bool {
    error.retriable() || error.code() == Some(ResponseError::ConcurrentTransactions)
}

fn hint(code: ResponseError) -> Option<&'static str> {
    match code {
        ResponseError::InvalidTransactionTimeout => {
            Some("hint: `transaction.timeout.ms` is above `transaction.max.timeout.ms` of the brokers")
        }
        ResponseError::TransactionalIdAuthorizationFailed => {
            Some("hint: this needs the permissions Write and Describe on the transactional id")
        }
        _ => None,
    }
}
