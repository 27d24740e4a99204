//! One connection to one broker: requests are pipelined and answered in order.
//!
//! A task owns the socket. Whoever waits for an answer may go away at any time; the answer is then read and
//! thrown away, so the connection stays in step.

mod frame;
mod handshake;
mod shared;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use kafka_protocol::{
    messages::{ApiKey, ResponseHeader},
    protocol::{Decodable, HeaderVersion, StrBytes},
};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    config::{Address, ClientOptions},
    error::Error,
    request::{self, Request},
};
use frame::Frame;
use handshake::Versions;
use shared::{Pending, Shared};

/// Requests that may wait for the socket: more than any one caller pipelines, so that waiting here is rare.
const OUTBOUND_MAX: usize = 64;

pub(crate) struct Connection {
    shared: Arc<Shared>,
    outbound: mpsc::Sender<Frame>,
    versions: Versions,
    client_id: StrBytes,
    correlation: AtomicI32,
    task: JoinHandle<()>,
}

/// The answer to a request that has been put on its way.
pub(crate) struct Reply<R: Request> {
    version: i16,
    address: Arc<str>,
    receiver: oneshot::Receiver<Result<Bytes, Error>>,
    request: std::marker::PhantomData<fn() -> R>,
}

impl Connection {
    /// Connects, agrees on versions and starts the task that owns the socket.
    pub(crate) async fn open(
        address: &Address,
        options: &ClientOptions,
        client_id: &str,
        setup_timeout: Duration,
    ) -> Result<Arc<Connection>, Error> {
        let name: Arc<str> = address.to_string().into();
        let mut stream = handshake::connect(address, &name, options, setup_timeout).await?;
        let client_id = request::text(client_id);
        let versions = handshake::versions(&mut stream, &name, &client_id, options.request_timeout).await?;
        let (reader, writer) = stream.into_split();
        let (outbound, queue) = mpsc::channel(OUTBOUND_MAX);
        let shared = Arc::new(Shared { address: name, state: Mutex::default(), closed: Notify::new() });
        let limits = Limits { bytes: options.response_bytes_max, idle: options.connections_max_idle };
        let task = tokio::spawn(run(shared.clone(), reader, writer, queue, limits));
        Ok(Arc::new(Connection {
            shared,
            outbound,
            versions,
            client_id,
            correlation: AtomicI32::new(0),
            task,
        }))
    }

    pub(crate) fn address(&self) -> &Arc<str> {
        &self.shared.address
    }

    pub(crate) fn open_still(&self) -> bool {
        self.shared.state.lock().closed.is_none()
    }

    /// Whether the connection ended while somebody waited for an answer, and why.
    pub(crate) fn failure(&self) -> Option<Error> {
        let state = self.shared.state.lock();
        state.closed.as_ref().filter(|closed| !closed.quiet).map(|closed| closed.error.clone())
    }

    /// The highest version of `R` that both sides speak.
    pub(crate) fn version<R: Request>(&self) -> Result<i16, Error> {
        self.versions.highest(R::KEY, R::VERSIONS).ok_or_else(|| Error::Unsupported {
            address: self.shared.address.clone(),
            api: format!("{:?}", R::KEY).into(),
        })
    }

    /// Whether each transaction has an epoch of its own in this cluster (KIP-890).
    pub(crate) fn transactions_v2(&self) -> bool {
        self.versions.transactions_v2
    }

    /// Puts a request on its way, after those that were put before it.
    ///
    /// # Errors
    /// Nothing was sent when this fails.
    pub(crate) async fn send<R: Request>(&self, request: &R, version: i16) -> Result<Reply<R>, Error> {
        let (frame, correlation) = self.frame(request, version, None)?;
        let permit = self.outbound.reserve().await.map_err(|_| self.closed_error())?;
        self.enqueue(permit, frame, correlation, version)
    }

    /// Like [`Connection::send`] without waiting for room in the queue; `None` when there is none.
    pub(crate) fn try_send<R: Request>(&self, request: &R, version: i16) -> Result<Option<Reply<R>>, Error> {
        let (frame, correlation) = self.frame(request, version, None)?;
        match self.outbound.try_reserve() {
            Ok(permit) => self.enqueue(permit, frame, correlation, version).map(Some),
            Err(mpsc::error::TrySendError::Full(())) => Ok(None),
            Err(mpsc::error::TrySendError::Closed(())) => Err(self.closed_error()),
        }
    }

    /// Sends a request that the broker does not answer (a write with `acks=0`); done once the socket has it.
    pub(crate) async fn send_unanswered<R: Request>(&self, request: &R, version: i16) -> Result<(), Error> {
        let (written, done) = oneshot::channel();
        let (frame, _) = self.frame(request, version, Some(written))?;
        self.outbound.send(frame).await.map_err(|_| self.closed_error())?;
        done.await.map_err(|_| self.closed_error())
    }

    fn frame<R: Request>(
        &self,
        request: &R,
        version: i16,
        written: Option<oneshot::Sender<()>>,
    ) -> Result<(Frame, i32), Error> {
        let correlation = self.correlation.fetch_add(1, Ordering::Relaxed);
        let segments = request::encode(request, version, correlation, &self.client_id)?;
        Ok((Frame::new(segments, written), correlation))
    }

    fn enqueue<R: Request>(
        &self,
        permit: mpsc::Permit<'_, Frame>,
        frame: Frame,
        correlation: i32,
        version: i16,
    ) -> Result<Reply<R>, Error> {
        let (reply, receiver) = oneshot::channel();
        let mut state = self.shared.state.lock();
        if let Some(closed) = &state.closed {
            return Err(closed.error.clone());
        }
        // Both under one lock: the order of the answers expected is the order of the frames.
        state.pending.push_back(Pending { correlation, reply });
        permit.send(frame);
        Ok(Reply {
            version,
            address: self.shared.address.clone(),
            receiver,
            request: std::marker::PhantomData,
        })
    }

    /// Ends the connection; everything unanswered fails as lost.
    pub(crate) fn close(&self, reason: &str) {
        self.shared.close(reason);
    }

    fn closed_error(&self) -> Error {
        let state = self.shared.state.lock();
        state.closed.as_ref().map_or_else(|| self.shared.lost("closed"), |closed| closed.error.clone())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.close("closed");
    }
}

impl<R: Request> Reply<R> {
    /// Waits for the answer and decodes it. Large byte fields share the buffer that was read from the socket.
    pub(crate) async fn wait(self) -> Result<R::Response, Error> {
        let lost = || Error::Disconnected { address: self.address.clone(), reason: "closed".into() };
        let mut frame = self.receiver.await.map_err(|_| lost())??;
        decode::<R>(&mut frame, self.version)
    }
}

fn decode<R: Request>(frame: &mut Bytes, version: i16) -> Result<R::Response, Error> {
    let corrupt = |error| Error::corrupt(format_args!("{:?} response: {error}", R::KEY));
    let header_version = <R::Response as HeaderVersion>::header_version(version);
    ResponseHeader::decode(frame, header_version).map_err(corrupt)?;
    <R::Response as Decodable>::decode(frame, version).map_err(corrupt)
}

#[derive(Clone, Copy)]
struct Limits {
    bytes: usize,
    idle: Option<Duration>,
}

/// Reads and writes until either fails or the connection is closed.
async fn run<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    shared: Arc<Shared>,
    reader: R,
    writer: W,
    queue: mpsc::Receiver<Frame>,
    limits: Limits,
) {
    let reason = tokio::select! {
        reason = read(&shared, reader, limits) => reason,
        reason = write(writer, queue) => reason,
        () = shared.closed.notified() => return,
    };
    shared.close(&reason);
}

async fn read(shared: &Shared, mut reader: impl AsyncRead + Unpin, limits: Limits) -> String {
    loop {
        let frame = match frame::read_unless_idle(&mut reader, limits.bytes, limits.idle).await {
            Ok(Some(frame)) => frame,
            Ok(None) if shared.close_if_idle() => return "idle".to_owned(),
            Ok(None) => continue,
            Err(error) => return error.to_string(),
        };
        if let Err(reason) = shared.answer(frame) {
            return reason;
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Frame>) -> String {
    while let Some(frame) = queue.recv().await {
        if let Err(error) = frame.write(&mut writer).await {
            return error.to_string();
        }
    }
    "closed".to_owned()
}

/// Names a request for error messages.
pub(crate) fn what(key: ApiKey) -> String {
    format!("complete the {key:?} request")
}

#[cfg(test)]
mod tests;
