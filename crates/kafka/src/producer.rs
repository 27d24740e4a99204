//! The producer: takes finished batches and writes each partition's in the order they were given.
//!
//! What happens is decided by plain data (`queue` for one partition, `sender` for all); `driver` does the I/O.

mod action;
mod commit;
pub(crate) mod coordinator;
mod driver;
mod queue;
mod reaction;
mod sender;
mod transactions;
mod wire;

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use kafka_protocol::error::ResponseError;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinHandle,
    time::{self, Instant},
};

use crate::{
    client::Client, config::ProducerOptions, error::Error, group::Lease, metadata::Topic, pool::Lane,
    record::RecordBatch,
};
use sender::Sender;
use transactions::{Entry, Transactions};

/// Writes record batches. Costs next to nothing until something is sent; then one task and one connection to each
/// broker that leads a partition written to.
///
/// With `enable.idempotence` (the default) up to five batches of a partition are on their way at once and the
/// brokers refuse whatever would be out of order or twice; without it one at a time.
pub struct Producer {
    inner: Arc<Inner>,
    driver: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    client: Client,
    options: ProducerOptions,
    lane: Lane,
    sender: Mutex<Sender<Done>>,
    /// Says that there is something new to send.
    wake: Notify,
    /// Topics that the broker may create, now and when somebody deletes them.
    auto_create: Mutex<BTreeSet<Arc<str>>>,
    /// The bytes of `buffer.memory` that are free.
    memory: Arc<Semaphore>,
    /// While this does not hold, nothing leaves.
    lease: Option<Lease>,
    /// Where it is in its transactions, if it writes in transactions.
    transactions: Option<Transactions>,
}

/// Told when a batch is done with; gives its bytes back when dropped.
struct Done {
    result: oneshot::Sender<Result<i64, Error>>,
    _memory: OwnedSemaphorePermit,
}

/// The fate of a batch that was sent: the offset of its first record (-1 with `acks=0`), or why it is not known to
/// be written. After an error some of its records may have been written.
#[derive(Debug)]
pub struct Delivery(oneshot::Receiver<Result<i64, Error>>);

impl Future for Delivery {
    type Output = Result<i64, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|result| result.unwrap_or(Err(Error::Closed)))
    }
}

impl Producer {
    /// Does no I/O.
    pub fn new(client: Client, options: ProducerOptions) -> Producer {
        Self::with_lease(client, options, None)
    }

    /// A producer that sends nothing while a lease does not hold: it waits until it does. When the lease has ended,
    /// what was not acknowledged fails as closed.
    pub fn with_lease(client: Client, options: ProducerOptions, lease: Option<Lease>) -> Producer {
        let memory = Arc::new(Semaphore::new(options.buffer_memory.min(Semaphore::MAX_PERMITS)));
        let sender = Sender::new(&options, client.options().retry_backoff);
        let id = options.transactional_id.clone();
        let transactions = id.map(|id| Transactions::new(id, options.transaction_timeout));
        let inner = Inner {
            transactions,
            client,
            lane: Lane::dedicated(),
            sender: Mutex::new(sender),
            wake: Notify::new(),
            auto_create: Mutex::default(),
            memory,
            lease,
            options,
        };
        Producer { inner: Arc::new(inner), driver: Mutex::new(None) }
    }

    /// How this producer writes.
    pub fn options(&self) -> &ProducerOptions {
        &self.inner.options
    }

    /// Whether the lease holds, if there is one.
    pub fn may_write(&self) -> bool {
        self.inner.lease.as_ref().is_none_or(Lease::holds)
    }

    /// Gives up all that is not acknowledged: it fails as closed. What is on its way may still be written.
    pub fn abandon(&self) {
        let completed = self.inner.sender.lock().abandon(&Error::Closed);
        driver::finish(&self.inner, completed);
        self.inner.wake.notify_one();
    }

    /// The number of partitions of a topic; `auto_create` lets the broker create it if it may.
    ///
    /// Waits for the topic for up to `max.block.ms`; what cannot heal (no permission, a name that is none) is an
    /// error at once.
    pub async fn partitions(&self, topic: &str, auto_create: bool) -> Result<i32, Error> {
        if auto_create {
            self.inner.auto_create.lock().insert(topic.into());
        }
        let deadline = Instant::now() + self.inner.options.max_block;
        let mut failures = 0;
        loop {
            let error = match self.inner.client.topic(topic, auto_create).await {
                Ok(known) if !known.partitions.is_empty() => return Ok(count(&known)),
                Ok(_) => {
                    Error::broker(ResponseError::LeaderNotAvailable, format_args!("find topic `{topic}`"))
                }
                Err(error) => error,
            };
            failures += 1;
            let pause = self.inner.client.options().retry_backoff.delay(failures);
            if !error.retriable() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            self.inner.client.invalidate(topic);
            time::sleep(pause).await;
        }
    }

    /// Sends one finished batch; the order of the calls is the order in the partition.
    ///
    /// Waits, for up to `max.block.ms`, while `buffer.memory` bytes are unacknowledged. A batch larger than
    /// `max.request.size` is split.
    pub async fn send(
        &self,
        topic: &Arc<str>,
        partition: i32,
        batch: RecordBatch,
    ) -> Result<Delivery, Error> {
        let parts = self.parts(topic, batch)?;
        self.enter(topic, partition).await?;
        let memory = self.reserve(parts.iter().map(RecordBatch::bytes).sum()).await?;
        let (result, receiver) = oneshot::channel();
        let deadline = Instant::now() + self.inner.options.delivery_timeout;
        let done = Done { result, _memory: memory };
        self.inner.sender.lock().push((topic.clone(), partition), parts, done, deadline);
        self.inner.wake.notify_one();
        self.start_driver();
        Ok(Delivery(receiver))
    }

    /// Puts the partition into the open transaction.
    async fn enter(&self, topic: &Arc<str>, partition: i32) -> Result<(), Error> {
        let Some(transactions) = &self.inner.transactions else { return Ok(()) };
        let target = (topic.clone(), partition);
        let Entry::Add(given) = transactions.enter(&target)? else { return Ok(()) };
        let added = self.coordinator(transactions).add(given.identity, &target, self.deadline()).await;
        match added {
            Ok(()) => transactions.added(target),
            Err(error) => {
                transactions.fail(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// The batch in parts of at most `max.request.size`, in order.
    fn parts(&self, topic: &Arc<str>, batch: RecordBatch) -> Result<Vec<RecordBatch>, Error> {
        let (mut fitting, mut rest) = (Vec::new(), vec![batch]);
        while let Some(batch) = rest.pop() {
            if batch.bytes() <= self.inner.options.max_request_size {
                fitting.push(batch);
                continue;
            }
            let Some((first, second)) = batch.split()? else {
                return Err(Error::RecordTooLarge { topic: topic.clone(), bytes: batch.bytes() });
            };
            rest.extend([second, first]);
        }
        Ok(fitting)
    }

    async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        let options = &self.inner.options;
        // A batch above the whole budget waits until it is alone.
        let permits = u32::try_from(bytes.min(options.buffer_memory)).unwrap_or(u32::MAX);
        let acquire = self.inner.memory.clone().acquire_many_owned(permits);
        match time::timeout(options.max_block, acquire).await {
            Ok(permit) => permit.map_err(|_| Error::Closed),
            Err(_) => Err(Error::Timeout {
                what: "get room in `buffer.memory` for a batch".into(),
                after: options.max_block,
            }),
        }
    }

    fn start_driver(&self) {
        let mut driver = self.driver.lock();
        if driver.is_none() {
            *driver = Some(tokio::spawn(driver::run(self.inner.clone())));
        }
    }

    /// Waits until every batch sent so far is done with; batches sent meanwhile wait for that too.
    pub async fn flush(&self) {
        let all = u32::try_from(self.inner.options.buffer_memory).unwrap_or(u32::MAX);
        // It is never closed while `self` is there.
        let _ = self.inner.memory.acquire_many(all).await;
    }

    /// Waits for what was sent, but not longer than `timeout`, and ends. What is still open then fails as closed.
    pub async fn close(self, timeout: Duration) {
        // Whoever waits for a delivery learns of the timeout from it.
        let _ = time::timeout(timeout, self.flush()).await;
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.lock().take() {
            driver.abort();
        }
        self.inner.sender.lock().close();
        self.inner.client.close_lane(self.inner.lane);
    }
}

fn count(topic: &Topic) -> i32 {
    i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX)
}
