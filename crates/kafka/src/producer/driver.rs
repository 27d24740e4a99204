//! Does what the sender decides: connects, asks, sends, and tells it what came of it.

use std::{collections::HashMap, sync::Arc};

use futures_util::{
    future::{BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
};
use kafka_protocol::{
    error::ResponseError,
    messages::{
        InitProducerIdRequest, ProduceResponse, ProducerId, produce_response::PartitionProduceResponse,
    },
};
use tokio::time::{self, Instant};

use super::{
    Done, Inner,
    action::{Action, Event, leader_doubtful},
    queue::{Completed, Identity, Target},
    sender::Link,
    wire::Produce,
};
use crate::{
    config::Acks,
    connection::{self, Connection, Reply},
    error::Error,
    group::Lease,
    request::Request,
};

/// What a piece of work ends with: news for the sender, and a connection if that was the work.
type Outcome = (Event, Option<(i32, Arc<Connection>)>);
type Work = FuturesUnordered<BoxFuture<'static, Outcome>>;
type Links = HashMap<i32, Arc<Connection>>;

/// Runs until it is aborted, which the end of the producer does.
pub(super) async fn run(inner: Arc<Inner>) {
    let (mut work, mut links) = (Work::new(), Links::new());
    loop {
        let held = inner.lease.as_ref().is_none_or(Lease::holds);
        let wake_at = if held { step(&inner, &mut links, &work) } else { None };
        tokio::select! {
            () = inner.wake.notified(), if held => {}
            () = settled(inner.lease.as_ref()), if !held => if inner.lease.as_ref().is_some_and(Lease::ended) {
                if let Some(transactions) = &inner.transactions {
                    // Before what is under way is dropped: a transaction without it must not be committed.
                    transactions.fail(Error::Closed);
                }
                return inner.sender.lock().close();
            },
            Some((event, link)) = work.next(), if !work.is_empty() => {
                links.extend(link);
                handle(&inner, event);
            }
            () = time::sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {}
        }
    }
}

async fn settled(lease: Option<&Lease>) {
    match lease {
        Some(lease) => lease.settled().await,
        None => std::future::pending().await,
    }
}

/// Starts whatever is to be done now; answers when to look again though nothing happens.
fn step(inner: &Arc<Inner>, links: &mut Links, work: &Work) -> Option<Instant> {
    let mut completed = Vec::new();
    let (actions, wake_at) = {
        let mut sender = inner.sender.lock();
        links.retain(|broker, connection| {
            let open = connection.open_still();
            if !open {
                sender.set_link(*broker, Link::Down);
            }
            open
        });
        let now = Instant::now();
        let actions = sender.poll(now, &mut completed);
        (actions, sender.wake_at(now))
    };
    finish(inner, completed);
    for action in actions {
        work.push(start(inner.clone(), links, action));
    }
    wake_at
}

pub(super) fn finish(inner: &Inner, completed: Completed<Done>) {
    for (done, result) in completed {
        if let (Some(transactions), Err(error)) = (&inner.transactions, &result) {
            transactions.fail(error.clone());
        }
        // Whoever sent the batch may not care.
        let _ = done.result.send(result);
    }
}

fn handle(inner: &Inner, event: Event) {
    let completed = {
        let mut sender = inner.sender.lock();
        if let Event::Connected(broker, Err(_)) = &event {
            // Another broker may lead by now.
            sender.topics_led_by(*broker).for_each(|topic| inner.client.invalidate(topic));
        }
        sender.handle(event, Instant::now())
    };
    finish(inner, completed);
}

fn start(inner: Arc<Inner>, links: &Links, action: Action) -> BoxFuture<'static, Outcome> {
    match action {
        Action::Connect(broker) => connect(inner, broker).boxed(),
        Action::FindLeader(target) => find_leader(inner, target).map(only_news).boxed(),
        Action::InitProducerId => init_producer_id(inner).map(Event::ProducerId).map(only_news).boxed(),
        Action::Send(broker, produce) => {
            let connection = links.get(&broker).cloned();
            send(inner, connection, produce).map(only_news).boxed()
        }
    }
}

fn only_news(event: Event) -> Outcome {
    (event, None)
}

async fn connect(inner: Arc<Inner>, broker: i32) -> Outcome {
    match inner.client.connection(broker, inner.lane).await {
        Ok(connection) => (Event::Connected(broker, Ok(())), Some((broker, connection))),
        Err(error) => (Event::Connected(broker, Err(error)), None),
    }
}

async fn find_leader(inner: Arc<Inner>, target: Target) -> Event {
    let auto_create = inner.auto_create.lock().contains(&target.0);
    let leader = inner.client.leader_of(&target.0, target.1, auto_create).await;
    Event::Leader(target, leader.map(|leader| leader.broker))
}

async fn init_producer_id(inner: Arc<Inner>) -> Result<Identity, Error> {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(i32::MAX)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let response = inner.client.request_any(inner.options.request_timeout, |_| request.clone()).await?;
    match ResponseError::try_from_code(response.error_code) {
        None => Ok(Identity { producer_id: response.producer_id.0, epoch: response.producer_epoch }),
        Some(code) => Err(Error::broker_with(code, "get a producer id", hint(code))),
    }
}

fn hint(code: ResponseError) -> Option<&'static str> {
    let forbidden = code == ResponseError::ClusterAuthorizationFailed;
    forbidden.then_some("hint: this needs the permission IdempotentWrite; or set `enable.idempotence=false`")
}

/// Puts the request on its way before it returns, so that requests leave in the order of the calls; the future
/// waits for the answer.
fn send(
    inner: Arc<Inner>,
    connection: Option<Arc<Connection>>,
    produce: Produce,
) -> impl Future<Output = Event> + Send + 'static {
    let id = produce.id;
    let targets: Vec<Target> = produce.batches.iter().map(|(target, _)| target.clone()).collect();
    let sent = put_on_its_way(&inner, connection, produce);
    async move {
        let answer = match sent {
            Ok(sent) => wait(&inner, sent).await,
            Err(error) => Err(error),
        };
        let results = answer.and_then(|response| results(response, &targets));
        forget_leaders(&inner, &targets, &results);
        Event::Answered(id, results)
    }
}

enum Sent {
    Answered(Arc<Connection>, Reply<Produce>),
    /// With `acks=0` there is no answer.
    Unanswered(Arc<Connection>, Produce, i16),
}

fn put_on_its_way(
    inner: &Inner,
    connection: Option<Arc<Connection>>,
    produce: Produce,
) -> Result<Sent, Error> {
    let connection = connection.ok_or(Error::Closed)?;
    let version = connection.version::<Produce>()?.min(produce.version_max);
    if inner.options.acks == Acks::None {
        return Ok(Sent::Unanswered(connection, produce, version));
    }
    let reply = connection.try_send(&produce, version)?;
    let full =
        || Error::Disconnected { address: connection.address().clone(), reason: "it is overloaded".into() };
    let reply = reply.ok_or_else(full)?;
    Ok(Sent::Answered(connection, reply))
}

async fn wait(inner: &Inner, sent: Sent) -> Result<Option<ProduceResponse>, Error> {
    let timeout = inner.options.request_timeout;
    let (connection, answer) = match sent {
        Sent::Answered(connection, reply) => {
            (connection, time::timeout(timeout, reply.wait().map(|answer| answer.map(Some))).await)
        }
        Sent::Unanswered(connection, produce, version) => {
            let written = connection.send_unanswered(&produce, version).await;
            return written.map(|()| None);
        }
    };
    answer.unwrap_or_else(|_| {
        connection.close(&format!("no answer after {} ms", timeout.as_millis()));
        Err(Error::Timeout { what: connection::what(Produce::KEY).into(), after: timeout })
    })
}

/// One result for each batch of the request, in its order.
fn results(response: Option<ProduceResponse>, targets: &[Target]) -> Result<Vec<Result<i64, Error>>, Error> {
    let Some(response) = response else { return Ok(vec![Ok(-1); targets.len()]) };
    targets
        .iter()
        .map(|(topic, partition)| {
            let found = response.responses.iter().filter(|found| *found.name.0 == **topic);
            let mut partitions = found.flat_map(|found| &found.partition_responses);
            let answer = partitions.find(|answer| answer.index == *partition);
            let answer = answer.ok_or_else(|| Error::corrupt("Produce response: a partition is missing"))?;
            Ok(result(answer, topic, *partition))
        })
        .collect()
}

fn result(answer: &PartitionProduceResponse, topic: &str, partition: i32) -> Result<i64, Error> {
    let Some(code) = ResponseError::try_from_code(answer.error_code) else { return Ok(answer.base_offset) };
    let what = format_args!("write to topic `{topic}` partition {partition}");
    Err(Error::broker_with(code, what, answer.error_message.as_deref()))
}

/// Whatever makes us doubt a leader makes everybody ask again.
fn forget_leaders(inner: &Inner, targets: &[Target], results: &Result<Vec<Result<i64, Error>>, Error>) {
    for (index, (topic, _)) in targets.iter().enumerate() {
        let error = match results {
            Ok(results) => results[index].as_ref().err(),
            Err(error) => Some(error),
        };
        if error.is_some_and(leader_doubtful) {
            inner.client.invalidate(topic);
        }
    }
}
