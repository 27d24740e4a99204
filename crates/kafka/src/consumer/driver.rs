//! Answers the group's questions for a consumer and tells it what became of its partitions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tracing::{info, warn};

use super::{News, Subscription, offsets};
use crate::{
    Assignor, Client, ConsumerOptions, Error, TopicPartition,
    assignor::{self, Assignment, GroupMember, PartitionCounts},
    group::{self, Member, NO_GENERATION, Peer, Protocols},
};

/// How often the leader looks for topics that are subscribed to and do not exist yet.
const MISSING_TOPICS_INTERVAL: Duration = Duration::from_secs(3);

/// What the consumer tells the driver.
#[derive(Debug)]
pub(super) enum Request {
    /// The caller is done with this revocation.
    Acknowledge(u64),
    Leave(oneshot::Sender<()>),
}

/// What to do once the caller has acknowledged a revocation or taken a loss.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    Join,
    Rejoin,
}

/// What the driver waits for before it goes on in the group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Awaited {
    /// The caller acknowledges the revocation of this number.
    Acknowledgement(u64),
    /// The caller has taken this many losses. One that hangs keeps the group from giving it partitions again,
    /// which would be read by nobody.
    LossTaken(u64),
}

type Positions = BoxFuture<'static, Result<Vec<(TopicPartition, i64)>, Error>>;

/// The consumer's side of a membership.
pub(super) struct Driver {
    client: Client,
    options: Arc<ConsumerOptions>,
    subscription: Subscription,
    strategies: Vec<Assignor>,
    member: Member,
    /// What the last join asked for.
    topics: Vec<Arc<str>>,
    /// What the group gave this member and it has not given up.
    owned: BTreeSet<TopicPartition>,
    /// The part of it that the caller knows.
    announced: BTreeSet<TopicPartition>,
    /// The search for the positions of the others.
    resolving: Option<Positions>,
    /// The group asked what to join with and has no answer yet.
    preparing: bool,
    waiting: Option<(Awaited, Then)>,
    revocations: u64,
    /// As the leader: the group's topics as it shared them out, `None` for those that do not exist.
    snapshot: Option<BTreeMap<Arc<str>, Option<i32>>>,
    refresh_at: Instant,
    generation: i32,
}

/// The driver is to end: the consumer is gone or the group refused it.
struct Ended;

impl Driver {
    pub(super) fn new(
        client: Client,
        options: Arc<ConsumerOptions>,
        subscription: Subscription,
        strategies: Vec<Assignor>,
        member: Member,
    ) -> Driver {
        Driver {
            refresh_at: Instant::now() + client.options().metadata_max_age,
            client,
            options,
            subscription,
            strategies,
            member,
            topics: Vec::new(),
            owned: BTreeSet::new(),
            announced: BTreeSet::new(),
            resolving: None,
            preparing: false,
            waiting: None,
            revocations: 0,
            snapshot: None,
            generation: NO_GENERATION,
        }
    }

    /// Runs until the consumer leaves or is dropped, or the group refuses the member.
    pub(super) async fn run(
        mut self,
        news: mpsc::Sender<Result<News, Error>>,
        mut requests: mpsc::Receiver<Request>,
        losses: Arc<AtomicU64>,
        mut losses_taken: watch::Receiver<u64>,
    ) {
        loop {
            let step = tokio::select! {
                event = self.member.next() => self.happened(event, &news, &losses).await,
                positions = resolved(&mut self.resolving) => self.announce(positions, &news).await,
                () = sleep_until(self.refresh_at), if self.refreshes() => {
                    self.refresh().await;
                    Ok(())
                }
                Ok(()) = losses_taken.changed() => {
                    let taken = *losses_taken.borrow_and_update();
                    self.answered(Awaited::LossTaken(taken)).await;
                    Ok(())
                }
                request = requests.recv() => match request {
                    Some(Request::Acknowledge(number)) => {
                        self.answered(Awaited::Acknowledgement(number)).await;
                        Ok(())
                    }
                    Some(Request::Leave(done)) => {
                        self.member.leave("the consumer was closed").await;
                        done.send(()).ok(); // nobody has to wait for it
                        return;
                    }
                    None => return,
                },
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn happened(
        &mut self,
        event: Option<group::Event>,
        news: &mpsc::Sender<Result<News, Error>>,
        losses: &AtomicU64,
    ) -> Result<(), Ended> {
        match event {
            Some(group::Event::Prepare { .. }) => self.prepare(news).await,
            Some(group::Event::Elected { protocol, members }) => self.lead(&protocol, members).await,
            Some(group::Event::Assigned { assignment, leader, .. }) => {
                self.assigned(&assignment, leader, news).await
            }
            Some(group::Event::Lost { .. }) => self.lost(news, losses).await,
            Some(group::Event::Failed(error)) => {
                news.send(Err(error)).await.ok(); // the driver ends either way
                Err(Ended)
            }
            None => Err(Ended),
        }
    }

    /// Gives up what must be given up before the next join, then joins.
    async fn prepare(&mut self, news: &mpsc::Sender<Result<News, Error>>) -> Result<(), Ended> {
        self.preparing = true;
        self.find_topics().await;
        let given_up: BTreeSet<TopicPartition> = match assignor::cooperative(&self.strategies) {
            true => self.owned.iter().filter(|owned| !self.topics.contains(&owned.topic)).cloned().collect(),
            false => std::mem::take(&mut self.owned),
        };
        self.revoke(given_up, Then::Join, news).await
    }

    /// Asks the cluster for what a pattern matches; without an answer the last one stands, for a while.
    async fn find_topics(&mut self) {
        match self.subscription.topics(&self.client, &self.options).await {
            Ok(topics) => self.topics = topics,
            Err(error) => {
                let group = &*self.options.group_id;
                info!(group, %error, "cannot look for topics; trying again");
                self.refresh_at = Instant::now() + MISSING_TOPICS_INTERVAL;
            }
        }
    }

    /// Takes partitions from the caller; what follows waits for it only if it knew of any.
    async fn revoke(
        &mut self,
        partitions: BTreeSet<TopicPartition>,
        then: Then,
        news: &mpsc::Sender<Result<News, Error>>,
    ) -> Result<(), Ended> {
        self.owned.retain(|owned| !partitions.contains(owned));
        self.resolving = None;
        self.resolve();
        let revoked: Vec<TopicPartition> = partitions.intersection(&self.announced).cloned().collect();
        if revoked.is_empty() {
            if self.waiting.is_none() {
                self.proceed(then).await;
            }
            return Ok(());
        }
        self.announced.retain(|announced| !partitions.contains(announced));
        self.revocations += 1;
        self.waiting = Some((Awaited::Acknowledgement(self.revocations), then));
        news.send(Ok(News::Revoked(revoked, self.revocations))).await.map_err(|_| Ended)
    }

    /// Takes an answer of the caller; one that a loss has overtaken answers nothing.
    async fn answered(&mut self, answer: Awaited) {
        if let Some((awaited, then)) = self.waiting
            && awaited == answer
        {
            self.waiting = None;
            self.proceed(then).await;
        }
    }

    /// Joins if the group waits for that; otherwise asks it for the round that hands on what was given up.
    async fn proceed(&mut self, then: Then) {
        if self.preparing {
            self.preparing = false;
            self.member.join(self.protocols()).await;
        } else if then == Then::Rejoin {
            self.member.rejoin("partitions were given up for others").await;
        }
    }

    fn protocols(&self) -> Protocols {
        let offer = |strategy: &Assignor| {
            let subscription = assignor::Subscription {
                topics: self.topics.clone(),
                user_data: strategy.user_data(self.generation),
                owned: self.owned.iter().cloned().collect(),
                generation: Some(self.generation),
                rack: None,
            };
            (strategy.name(), subscription.encode())
        };
        self.strategies.iter().map(offer).collect()
    }

    /// Shares the group's topics out among its members.
    async fn lead(&mut self, protocol: &str, peers: Vec<Peer>) -> Result<(), Ended> {
        let members: Vec<GroupMember> = peers.into_iter().map(group_member).collect();
        let wanted: BTreeSet<Arc<str>> =
            members.iter().flat_map(|member| member.subscription.topics.iter().cloned()).collect();
        let snapshot = self.partition_counts(&wanted.into_iter().collect::<Vec<_>>()).await;
        let counts: PartitionCounts =
            snapshot.iter().filter_map(|(topic, count)| Some((topic.clone(), (*count)?))).collect();
        let missing = snapshot.values().any(Option::is_none);
        self.snapshot = Some(snapshot);
        self.schedule_refresh(missing);
        // A group only ever chooses among the strategies that all members offered.
        let strategy = Assignor::from_name(protocol).unwrap_or(Assignor::Range);
        let shares = strategy.assign(&counts, &members);
        let assignments = members.iter().zip(shares).map(|(member, partitions)| {
            (member.id.clone(), Assignment { partitions, user_data: None }.encode())
        });
        self.member.assign(assignments.collect()).await;
        Ok(())
    }

    /// How many partitions the topics have, asked until the cluster answers: the group waits for it.
    async fn partition_counts(&mut self, topics: &[Arc<str>]) -> BTreeMap<Arc<str>, Option<i32>> {
        let mut failures = 0;
        loop {
            match self.partition_counts_once(topics).await {
                Ok(counts) => return counts,
                Err(error) => {
                    if failures == 0 {
                        let group = &*self.options.group_id;
                        warn!(group, %error, "cannot look at the topics of the group; trying again");
                    }
                    failures += 1;
                    sleep(self.client.options().retry_backoff.delay(failures)).await;
                }
            }
        }
    }

    async fn partition_counts_once(
        &mut self,
        topics: &[Arc<str>],
    ) -> Result<BTreeMap<Arc<str>, Option<i32>>, Error> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        let auto_create = self.options.allow_auto_create_topics && !self.subscription.open();
        let metadata = self.client.metadata(&names, auto_create).await?;
        let count = |topic: &Arc<str>| {
            let found = metadata.topics.get(topic).filter(|found| found.error.is_none())?;
            i32::try_from(found.partitions.len()).ok().filter(|count| *count > 0)
        };
        Ok(topics.iter().map(|topic| (topic.clone(), count(topic))).collect())
    }

    async fn assigned(
        &mut self,
        assignment: &[u8],
        leader: bool,
        news: &mpsc::Sender<Result<News, Error>>,
    ) -> Result<(), Ended> {
        let assignment = match Assignment::decode(assignment) {
            Ok(assignment) => assignment,
            Err(error) => {
                news.send(Err(error)).await.ok(); // the driver ends either way
                return Err(Ended);
            }
        };
        self.generation = self.member.identity().lock().generation;
        if !leader {
            self.snapshot = None;
            self.schedule_refresh(false);
        }
        let assigned: BTreeSet<TopicPartition> = assignment.partitions.into_iter().collect();
        let revoked: BTreeSet<TopicPartition> = self.owned.difference(&assigned).cloned().collect();
        self.owned = assigned;
        if revoked.is_empty() {
            self.resolving = None;
            self.resolve();
            return Ok(());
        }
        self.revoke(revoked, Then::Rejoin, news).await
    }

    /// Starts to look for the positions of what the caller does not know yet.
    fn resolve(&mut self) {
        let partitions: Vec<TopicPartition> = self.owned.difference(&self.announced).cloned().collect();
        if !partitions.is_empty() {
            let (client, options) = (self.client.clone(), self.options.clone());
            self.resolving =
                Some(async move { offsets::positions(&client, &options, partitions).await }.boxed());
        }
    }

    async fn announce(
        &mut self,
        positions: Result<Vec<(TopicPartition, i64)>, Error>,
        news: &mpsc::Sender<Result<News, Error>>,
    ) -> Result<(), Ended> {
        self.resolving = None;
        let told = positions.map(|positions| {
            self.announced.extend(positions.iter().map(|(partition, _)| partition.clone()));
            News::Assigned(positions)
        });
        news.send(told).await.map_err(|_| Ended)
    }

    /// Forgets everything the group gave; the member joins anew once the caller knows.
    async fn lost(
        &mut self,
        news: &mpsc::Sender<Result<News, Error>>,
        losses: &AtomicU64,
    ) -> Result<(), Ended> {
        let count = losses.fetch_add(1, Ordering::Release) + 1;
        self.owned.clear();
        self.resolving = None;
        self.waiting = Some((Awaited::LossTaken(count), Then::Join));
        self.generation = NO_GENERATION;
        let lost = std::mem::take(&mut self.announced).into_iter().collect();
        // Also when nothing was lost: the consumer counts losses to know which commits are still its own.
        news.send(Ok(News::Lost(lost))).await.map_err(|_| Ended)
    }

    /// Whether this member has anything to look for: a leader has, and a pattern.
    fn refreshes(&self) -> bool {
        self.subscription.open() || self.snapshot.is_some()
    }

    fn schedule_refresh(&mut self, missing: bool) {
        let age = self.client.options().metadata_max_age;
        let pause = if missing { age.min(MISSING_TOPICS_INTERVAL) } else { age };
        self.refresh_at = Instant::now() + pause;
    }

    /// Has the group share out again when topics or partitions came or went.
    async fn refresh(&mut self) {
        let changed = self.changed().await;
        let missing = self.snapshot.iter().flatten().any(|(_, count)| count.is_none());
        self.schedule_refresh(missing);
        match changed {
            Ok(false) => {}
            Ok(true) => self.member.rejoin("topics or partitions came or went").await,
            Err(error) => {
                let group = &*self.options.group_id;
                info!(group, %error, "cannot look for new topics; trying again");
            }
        }
    }

    async fn changed(&mut self) -> Result<bool, Error> {
        if self.subscription.open()
            && self.subscription.topics(&self.client, &self.options).await? != self.topics
        {
            return Ok(true);
        }
        let Some(snapshot) = &self.snapshot else { return Ok(false) };
        let topics: Vec<Arc<str>> = snapshot.keys().cloned().collect();
        let counts = self.partition_counts_once(&topics).await?;
        Ok(self.snapshot.as_ref() != Some(&counts))
    }
}

/// A member whose bytes cannot be read gets nothing: it would have to be asked to say it again.
fn group_member(peer: Peer) -> GroupMember {
    let subscription = read_subscription(&peer.id, &peer.metadata);
    GroupMember { id: peer.id, instance_id: peer.instance_id, subscription }
}

fn read_subscription(member: &str, metadata: &Bytes) -> assignor::Subscription {
    assignor::Subscription::decode(metadata).unwrap_or_else(|error| {
        warn!(member, %error, "a member of the group gets no partitions");
        assignor::Subscription::default()
    })
}

/// The end of the search, or never when there is none.
async fn resolved(resolving: &mut Option<Positions>) -> Result<Vec<(TopicPartition, i64)>, Error> {
    match resolving {
        Some(positions) => positions.await,
        None => std::future::pending().await,
    }
}
