//! A consumer of ours that reads all the time, as the Java program `GroupMember` does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use kafka::{
    Client, Consumer, ConsumerOptions, OffsetAndMetadata, Subscription, TopicPartition, config,
    consumer::Event,
};
use tokio::{sync::oneshot, task::JoinHandle};

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(50);

/// A name that no other test and no other run has.
pub(crate) fn unique(name: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{name}-{}-{}", std::process::id(), now.as_nanos())
}

/// A consumer with settings that suit a test, and these.
pub(crate) fn consumer(
    bootstrap: &str,
    group: &str,
    subscription: Subscription,
    settings: &[(&str, &str)],
) -> Consumer {
    let (client, options) = consumer_options(bootstrap, group, settings);
    Consumer::new(client, options, subscription).unwrap()
}

/// A consumer that its group knows by this client id.
pub(crate) fn named_consumer(
    bootstrap: &str,
    group: &str,
    subscription: Subscription,
    settings: &[(&str, &str)],
    client_id: &str,
) -> Consumer {
    let (client, options) = consumer_options(bootstrap, group, settings);
    let options = ConsumerOptions { member_client_id: Some(client_id.into()), ..options };
    Consumer::new(client, options, subscription).unwrap()
}

fn consumer_options(bootstrap: &str, group: &str, settings: &[(&str, &str)]) -> (Client, ConsumerOptions) {
    let defaults = [
        ("bootstrap.servers", bootstrap),
        ("group.id", group),
        ("auto.offset.reset", "earliest"),
        ("heartbeat.interval.ms", "500"),
        // A machine that stands still for a while must not cost a membership: then records come twice.
        ("session.timeout.ms", "300000"),
    ];
    let properties =
        defaults.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let parsed = config::consumer(&properties.collect::<BTreeMap<_, _>>()).unwrap();
    assert!(parsed.unknown.is_empty(), "{:?}", parsed.unknown);
    (Client::new(parsed.client), parsed.options)
}

/// A subscription to one topic.
pub(crate) fn topic(name: &str) -> Subscription {
    Subscription::Topics(vec![name.into()])
}

/// Waits until this holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    testkit::wait::until(what, LIMIT, PAUSE, || Ok(holds().then_some(()))).unwrap();
}

/// What a reader has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) assignment: BTreeSet<String>,
    /// `topic-partition@offset`.
    pub(crate) records: BTreeSet<String>,
    /// Records that came more than once.
    pub(crate) repeated: usize,
}

/// A consumer that reads all the time; commits when it gives partitions up and when it is closed.
pub(crate) struct Reader {
    seen: Arc<Mutex<Seen>>,
    close: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Reader {
    pub(crate) fn start(consumer: Consumer) -> Reader {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (close, closed) = oneshot::channel();
        let task = tokio::spawn(read(consumer, seen.clone(), closed));
        Reader { seen, close, task }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn assignment(&self) -> BTreeSet<String> {
        self.seen().assignment.clone()
    }

    pub(crate) fn records(&self) -> BTreeSet<String> {
        self.seen().records.clone()
    }

    /// Commits, leaves the group and fails if reading did.
    pub(crate) async fn close(self) -> Arc<Mutex<Seen>> {
        self.close.send(()).expect("the reader still reads");
        self.task.await.unwrap();
        self.seen
    }
}

type Positions = BTreeMap<TopicPartition, i64>;

async fn read(mut consumer: Consumer, seen: Arc<Mutex<Seen>>, mut closed: oneshot::Receiver<()>) {
    let mut positions = Positions::new();
    loop {
        let event = tokio::select! {
            event = consumer.next() => event.unwrap(),
            _ = &mut closed => break,
        };
        match event {
            Event::Assigned(partitions) => {
                let names = partitions.iter().map(|(partition, _)| partition.to_string());
                seen.lock().unwrap().assignment.extend(names);
            }
            Event::Revoked(partitions) => {
                commit(&consumer, &positions).await;
                forget(&seen, &mut positions, &partitions);
                consumer.acknowledge_revoked().await;
            }
            Event::Lost(partitions) => forget(&seen, &mut positions, &partitions),
            Event::Records(batch) => {
                let mut seen = seen.lock().unwrap();
                for record in batch.records() {
                    let new = seen.records.insert(format!("{}@{}", batch.partition(), record.offset));
                    seen.repeated += usize::from(!new);
                }
                positions.insert(batch.partition().clone(), batch.next_offset());
            }
            event => panic!("an event this test does not know: {event:?}"),
        }
    }
    commit(&consumer, &positions).await;
    consumer.close(LIMIT).await;
}

fn forget(seen: &Mutex<Seen>, positions: &mut Positions, partitions: &[TopicPartition]) {
    for partition in partitions {
        seen.lock().unwrap().assignment.remove(&partition.to_string());
        positions.remove(partition);
    }
}

async fn commit(consumer: &Consumer, positions: &Positions) {
    let offsets: Vec<_> = positions
        .iter()
        .map(|(partition, offset)| (partition.clone(), OffsetAndMetadata::new(*offset)))
        .collect();
    consumer.commit(&offsets).await.unwrap();
}
