//! A member of a consumer group that reads what the group gives it.
//!
//! The membership lives in a task of its own: heartbeats go on however long the caller takes with what it was
//! handed, and a slow caller keeps its partitions. (Java's consumer leaves its group when nobody polls for
//! `max.poll.interval.ms`; that guards against a caller that hangs, which here the worker watches itself.)
//! Only a rebalance waits for the caller: [`Event::Revoked`] has to be acknowledged within
//! `max.poll.interval.ms`, or the group goes on without this member and [`Event::Lost`] follows. A member that
//! was lost joins again when its caller asks for the next event, so that one that hangs takes nothing back.

mod driver;
mod offsets;
mod subscription;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kafka_protocol::error::ResponseError;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::timeout,
};

use self::driver::{Driver, Request};
pub use self::{offsets::OffsetAndMetadata, subscription::Subscription};
use crate::{
    Assignor, Client, ConsumerOptions, Error, FetchedBatch, TopicPartition,
    config::Problem,
    fetch::Fetcher,
    group::{self, Identity, Member},
};

/// Between two calls of the caller at most a loss, a revocation and an assignment come about; the driver
/// waits when there are more.
const EVENTS_MAX: usize = 8;

/// What happened; events keep their order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// These partitions are this consumer's from now on, at these positions; never empty.
    Assigned(Vec<(TopicPartition, i64)>),
    /// These partitions go to others once [`Consumer::acknowledge_revoked`] is called: commit first.
    Revoked(Vec<TopicPartition>),
    /// These partitions may belong to others already: nothing of them can be committed.
    Lost(Vec<TopicPartition>),
    /// Records of one partition.
    Records(FetchedBatch),
}

/// What the driver tells the consumer.
#[derive(Debug)]
enum News {
    Assigned(Vec<(TopicPartition, i64)>),
    /// With the number to acknowledge it by.
    Revoked(Vec<TopicPartition>, u64),
    Lost(Vec<TopicPartition>),
}

/// Reads the partitions that its group gives it.
pub struct Consumer {
    client: Client,
    options: Arc<ConsumerOptions>,
    fetcher: Fetcher,
    assignment: BTreeSet<TopicPartition>,
    news: mpsc::Receiver<Result<News, Error>>,
    requests: mpsc::Sender<Request>,
    identity: Arc<Mutex<Identity>>,
    /// How often the membership was lost, as the driver and as the caller know it.
    losses: Arc<AtomicU64>,
    losses_taken: watch::Sender<u64>,
    revocation: Option<u64>,
    /// Ends the driver, and with it the membership, with the consumer.
    _driver: JoinSet<()>,
}

impl Consumer {
    /// Starts to join the group.
    ///
    /// # Errors
    /// When the options lack `group.id`.
    pub fn new(
        client: Client,
        options: ConsumerOptions,
        subscription: Subscription,
    ) -> Result<Consumer, Error> {
        if options.group_id.is_empty() {
            let problem = Problem { key: "group.id".into(), problem: "expected the name of a group".into() };
            return Err(Error::Config(vec![problem]));
        }
        let options = Arc::new(options);
        let member = Member::new(client.clone(), member_options(&client, &options));
        let identity = member.identity();
        let fetcher = Fetcher::new(client.clone(), options.clone());
        let (news_sender, news) = mpsc::channel(EVENTS_MAX);
        let (requests, request_receiver) = mpsc::channel(EVENTS_MAX);
        let losses = Arc::new(AtomicU64::new(0));
        let (losses_taken, losses_taken_receiver) = watch::channel(0);
        let strategies =
            options.assignment_strategies.iter().filter_map(|name| Assignor::from_name(name)).collect();
        let driver = Driver::new(client.clone(), options.clone(), subscription, strategies, member);
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run(news_sender, request_receiver, losses.clone(), losses_taken_receiver));
        Ok(Consumer {
            client,
            options,
            fetcher,
            assignment: BTreeSet::new(),
            news,
            requests,
            identity,
            losses,
            losses_taken,
            revocation: None,
            _driver: tasks,
        })
    }

    /// The next thing that happened; cancel safe. After an error about one partition the others go on.
    ///
    /// # Errors
    /// When this member cannot be in the group, a partition cannot be read (corrupt records, no offset and
    /// `auto.offset.reset=none`, no permission), or nothing more can come ([`Error::Closed`]).
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            tokio::select! {
                biased;
                news = self.news.recv() => match self.take(news.ok_or(Error::Closed)??) {
                    Event::Lost(nothing) if nothing.is_empty() => {}
                    event => return Ok(event),
                },
                batch = self.fetcher.next() => return batch.map(Event::Records),
            }
        }
    }

    /// The next records alone, for a caller that cannot deal with anything else yet; cancel safe. Their partition may be
    /// revoked or lost, which the next event tells.
    ///
    /// # Errors
    /// When a partition cannot be read.
    pub async fn next_records(&mut self) -> Result<FetchedBatch, Error> {
        self.fetcher.next().await
    }

    /// The next event that is no records, for a caller that has enough of them; cancel safe.
    ///
    /// # Errors
    /// When this member cannot be in the group, or nothing more can come ([`Error::Closed`]).
    pub async fn next_change(&mut self) -> Result<Event, Error> {
        loop {
            let news = self.news.recv().await;
            match self.take(news.ok_or(Error::Closed)??) {
                Event::Lost(nothing) if nothing.is_empty() => {}
                event => return Ok(event),
            }
        }
    }

    fn take(&mut self, news: News) -> Event {
        match news {
            News::Assigned(positions) => {
                self.assignment.extend(positions.iter().map(|(partition, _)| partition.clone()));
                self.fetcher.assign(&positions);
                Event::Assigned(positions)
            }
            News::Revoked(partitions, number) => {
                self.revocation = Some(number);
                self.give_up(&partitions);
                Event::Revoked(partitions)
            }
            News::Lost(partitions) => {
                self.losses_taken.send_modify(|taken| *taken += 1);
                self.revocation = None;
                self.give_up(&partitions);
                Event::Lost(partitions)
            }
        }
    }

    fn give_up(&mut self, partitions: &[TopicPartition]) {
        self.fetcher.unassign(partitions);
        self.assignment.retain(|partition| !partitions.contains(partition));
    }

    /// Lets the rebalance go on after [`Event::Revoked`]; does nothing when none is open.
    pub async fn acknowledge_revoked(&mut self) {
        if let Some(number) = self.revocation.take() {
            // A driver that has ended waits for nothing.
            self.requests.send(Request::Acknowledge(number)).await.ok();
        }
    }

    /// Commits offsets for the group: each the offset of the next record to be read.
    ///
    /// Errors that pass are waited out for `default.api.timeout.ms`.
    ///
    /// # Errors
    /// `ILLEGAL_GENERATION` when the membership was lost since: what was read belongs to others.
    pub async fn commit(&self, offsets: &[(TopicPartition, OffsetAndMetadata)]) -> Result<(), Error> {
        let signer = || match self.losses.load(Ordering::Acquire) == *self.losses_taken.borrow() {
            true => Ok(self.identity.lock().clone()),
            false => {
                Err(Error::broker(ResponseError::IllegalGeneration, "commit offsets of lost partitions"))
            }
        };
        offsets::commit(&self.client, &self.options, signer, offsets).await
    }

    /// What the group has committed; partitions without an offset are left out.
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, OffsetAndMetadata>, Error> {
        offsets::committed(&self.client, &self.options, partitions).await
    }

    /// Goes on at another offset. Answers whether the partition is this consumer's.
    pub fn seek(&self, partition: &TopicPartition, offset: i64) -> bool {
        self.fetcher.seek(partition, offset)
    }

    /// Hands out no records of these partitions until they are resumed or assigned anew.
    pub fn pause(&self, partitions: &[TopicPartition]) {
        self.fetcher.pause(partitions);
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self, partitions: &[TopicPartition]) {
        self.fetcher.resume(partitions);
    }

    /// The offset of the next record to be handed out; `None` for partitions that are not this consumer's.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.fetcher.position(partition)
    }

    /// How many records of its partitions the caller has not been handed, as of what the brokers said last; `None`
    /// before they have said it of every partition. Counted in offsets, some of which may have no record.
    pub fn lag(&self) -> Option<u64> {
        self.fetcher.lag()
    }

    /// The partitions that are this consumer's.
    pub fn assignment(&self) -> &BTreeSet<TopicPartition> {
        &self.assignment
    }

    /// Leaves the group, so that others get the partitions at once; commits nothing.
    pub async fn close(self, limit: Duration) {
        let (done, left) = oneshot::channel();
        let leave = async {
            // A driver that has ended is in no group.
            self.requests.send(Request::Leave(done)).await.ok();
            left.await.ok();
        };
        if timeout(limit, leave).await.is_err() {
            tracing::warn!(
                group = &*self.options.group_id,
                "cannot leave the group in time; it will find out"
            );
        }
    }
}

fn member_options(client: &Client, options: &ConsumerOptions) -> group::Options {
    group::Options {
        group: options.group_id.clone(),
        instance_id: options.group_instance_id.clone(),
        client_id: options.member_client_id.clone(),
        protocol_type: "consumer",
        session_timeout: options.session_timeout,
        rebalance_timeout: options.max_poll_interval,
        heartbeat_interval: options.heartbeat_interval,
        ends_with_session: false,
        request_timeout: client.options().request_timeout,
        backoff: client.options().retry_backoff,
    }
}

#[cfg(test)]
mod tests;
