//! Asks one broker, again and again.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    sync::Arc,
};

use kafka_protocol::{
    error::ResponseError,
    messages::{BrokerId, FetchResponse},
};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::{Shared, session::Session, state::Ask};
use crate::{Client, Error, IsolationLevel, Lane, TopicPartition, error::check};

/// What a broker may send at least, however many brokers share the bound on memory.
const ANSWER_BYTES_MIN: usize = 1024 * 1024;

/// Reads what this broker leads, for as long as the fetcher lives.
pub(super) async fn run(shared: Arc<Shared>, broker: i32) {
    let lane = LaneGuard { client: shared.client.clone(), lane: Lane::dedicated() };
    let mut session = Session::default();
    let mut failures = 0;
    loop {
        let asks = next_asks(&shared, broker).await;
        match ask(&shared, broker, lane.lane, &mut session, &asks).await {
            Ok(response) => {
                if failures > 0 {
                    info!(broker, "reading again");
                }
                failures = 0;
                accept(&shared, &asks, response);
            }
            Err(error) => {
                session.reset();
                if session_gone(&error) {
                    debug!(broker, %error, "beginning another fetch session");
                    continue;
                }
                if failures == 0 {
                    warn!(broker, %error, "cannot read from the broker; trying again");
                }
                failures += 1;
                forget(&shared, broker);
                sleep(shared.client.options().retry_backoff.delay(failures)).await;
            }
        }
    }
}

/// Gives the connection back when the task ends, however it ends.
struct LaneGuard {
    client: Client,
    lane: Lane,
}

impl Drop for LaneGuard {
    fn drop(&mut self) {
        self.client.close_lane(self.lane);
    }
}

/// Waits until there is something to ask and room for the answer.
async fn next_asks(shared: &Shared, broker: i32) -> BTreeMap<TopicPartition, Ask> {
    loop {
        let mut changed = pin!(shared.changed.notified());
        changed.as_mut().enable();
        let asks = shared.state.lock().asks(broker);
        match asks {
            Some(asks) => return asks,
            None => changed.await,
        }
    }
}

async fn ask(
    shared: &Shared,
    broker: i32,
    lane: Lane,
    session: &mut Session,
    asks: &BTreeMap<TopicPartition, Ask>,
) -> Result<FetchResponse, Error> {
    let options = &shared.options;
    let sharers = shared.state.lock().brokers().max(1);
    let answer_bytes = (options.fetch_max_bytes / sharers).max(ANSWER_BYTES_MIN.min(options.fetch_max_bytes));
    let request = session
        .request(asks, saturating(options.max_partition_fetch_bytes))
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(saturating(options.fetch_max_wait.as_millis() as usize))
        .with_min_bytes(saturating(options.fetch_min_bytes))
        .with_max_bytes(saturating(answer_bytes))
        .with_isolation_level(i8::from(options.isolation_level == IsolationLevel::ReadCommitted));
    let timeout = shared.client.options().request_timeout + options.fetch_max_wait;
    let response = shared.client.request(broker, lane, timeout, |_| request).await?;
    check(response.error_code, "read from the broker")?;
    session.answered(response.session_id);
    Ok(response)
}

fn saturating(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Whether the broker only forgot the session, as it may at any time.
fn session_gone(error: &Error) -> bool {
    let codes = [ResponseError::FetchSessionIdNotFound, ResponseError::InvalidFetchSessionEpoch];
    error.code().is_some_and(|code| codes.contains(&code))
}

fn accept(shared: &Shared, asks: &BTreeMap<TopicPartition, Ask>, response: FetchResponse) {
    if response.responses.is_empty() {
        return;
    }
    let mut ready = false;
    let mut doubtful = HashMap::new();
    let mut state = shared.state.lock();
    for topic in response.responses {
        for data in topic.partitions {
            let partition = TopicPartition::new(topic.topic.as_str(), data.partition_index);
            // The name that is shared with everybody, not one more copy of it.
            let Some((partition, ask)) = asks.get_key_value(&partition) else { continue };
            match state.accept(partition.clone(), *ask, data) {
                Ok(news) => ready |= news,
                Err(code) => {
                    doubtful.insert(partition.clone(), code);
                }
            }
        }
    }
    drop(state);
    if ready {
        shared.ready.notify_one();
    }
    for (partition, code) in &doubtful {
        debug!(%partition, ?code, "looking for the partition's leader or offset");
        shared.client.invalidate(&partition.topic);
    }
    if !doubtful.is_empty() {
        shared.changed.notify_waiters();
    }
}

/// Has the leaders of the broker's partitions looked up afresh.
fn forget(shared: &Shared, broker: i32) {
    for partition in shared.state.lock().broker_lost(broker) {
        shared.client.invalidate(&partition.topic);
    }
    shared.changed.notify_waiters();
}
