//! A TCP proxy that breaks connections on command.
//!
//! It stands between a client and one address. A test tells it to cut what is connected, to refuse what comes,
//! to go silent in one or both directions or for one process, or to be slow.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::ports;
use crate::process;

/// How often the listening side looks for a new connection and for a change of mind.
const LOOK: Duration = Duration::from_millis(2);

const BUFFER_BYTES: usize = 64 * 1024;

/// A proxy on a port of 127.0.0.1; clones command the same proxy, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Proxy(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signalled at every change of `state`.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By a number that only grows.
    connections: HashMap<u64, Connection>,
    accepted: u64,
    closed: bool,
    refusing: bool,
    holding_answers: bool,
    holding_requests: bool,
    /// Processes whose connections are held.
    held: Vec<u32>,
    delay: Duration,
}

#[derive(Debug)]
struct Connection {
    ends: [TcpStream; 2],
    client: SocketAddr,
    /// Whether it is of a process whose connections are held.
    held: bool,
}

/// Where bytes flow to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    /// From the client to the server.
    Request,
    /// From the server to the client.
    Answer,
}

impl Proxy {
    /// Starts a proxy on a free port that forwards to `target`, which need not listen yet.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound.
    pub fn start(target: SocketAddr) -> anyhow::Result<Self> {
        Self::start_on(ports::free(), target)
    }

    /// Starts a proxy on `port` that forwards to `target`.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound.
    pub fn start_on(port: u16, target: SocketAddr) -> anyhow::Result<Self> {
        let listener = listen(port).with_context(|| format!("cannot listen on port {port}"))?;
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&accepting, port, target, Some(listener)));
        Ok(Self(Arc::new(Handle { port, shared })))
    }

    /// Returns the port clients connect to.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Returns the address clients connect to.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Returns how many connections were accepted so far.
    pub fn accepted(&self) -> u64 {
        self.0.shared.state().accepted
    }

    /// Cuts every connection there is; new ones are welcome.
    pub fn cut(&self) {
        self.change(State::cut);
    }

    /// Refuses new connections; those there are stay.
    pub fn refuse(&self) {
        self.change(|state| state.refusing = true);
    }

    /// Keeps connections open and forwards nothing: what is sent waits for [`Proxy::resume`].
    pub fn black_hole(&self) {
        self.change(|state| (state.holding_requests, state.holding_answers) = (true, true));
    }

    /// Forwards requests and holds their answers: the server has done what the client cannot know.
    pub fn black_hole_answers(&self) {
        self.change(|state| state.holding_answers = true);
    }

    /// As [`Proxy::black_hole`], for the connections of one process only.
    pub fn black_hole_of(&self, pid: u32) {
        let port = self.port();
        self.change(|state| {
            state.held.push(pid);
            for connection in state.connections.values_mut() {
                connection.held |= process::has_connection(pid, connection.client, port);
            }
        });
    }

    /// Waits this long before every piece that is forwarded.
    pub fn delay(&self, delay: Duration) {
        self.change(|state| state.delay = delay);
    }

    /// Accepts and forwards again, without delay; what was held goes on if its connection was not cut.
    pub fn resume(&self) {
        self.change(|state| {
            (state.refusing, state.holding_requests, state.holding_answers) = (false, false, false);
            state.delay = Duration::ZERO;
            state.held.clear();
            state.connections.values_mut().for_each(|connection| connection.held = false);
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.0.shared.change(change);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.closed = true;
            state.cut();
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until bytes may flow on connection `id` and returns after which delay; nothing when it was cut.
    fn permission(&self, id: u64, direction: Direction) -> Option<Duration> {
        let held = |state: &mut State| state.holds(id, direction);
        let state = self.changed.wait_while(self.state(), held).unwrap_or_else(PoisonError::into_inner);
        state.connections.contains_key(&id).then_some(state.delay)
    }
}

impl State {
    fn cut(&mut self) {
        for (_, connection) in self.connections.drain() {
            for end in connection.ends {
                // It may have ended by itself.
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    /// Whether bytes of a connection that is there are to wait.
    fn holds(&self, id: u64, direction: Direction) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        connection.held
            || match direction {
                Direction::Request => self.holding_requests,
                Direction::Answer => self.holding_answers,
            }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts until the proxy is closed; while it refuses there is no listener, so that the kernel refuses.
fn accept(shared: &Arc<Shared>, port: u16, target: SocketAddr, mut listener: Option<TcpListener>) {
    loop {
        let (closed, refusing) = {
            let state = shared.state();
            (state.closed, state.refusing)
        };
        if closed {
            return;
        }
        if refusing {
            listener = None;
        } else if listener.is_none() {
            listener = listen(port).ok();
        }
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((stream, client))) => connect(shared, port, stream, client, target),
            _ => thread::sleep(LOOK),
        }
    }
}

/// Connects a client with the target; a client whose target is not there is closed at once.
fn connect(shared: &Arc<Shared>, port: u16, client: TcpStream, address: SocketAddr, target: SocketAddr) {
    let connected = || -> io::Result<(TcpStream, TcpStream)> {
        let server = TcpStream::connect(target)?;
        client.set_nonblocking(false)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok((client, server))
    };
    let Ok((client, server)) = connected() else { return };
    let ends = [client.try_clone(), server.try_clone()];
    let [Ok(client_end), Ok(server_end)] = ends else { return };
    let id = {
        let mut state = shared.state();
        state.accepted += 1;
        let id = state.accepted;
        let held = state.held.iter().any(|pid| process::has_connection(*pid, address, port));
        let ends = [client_end, server_end];
        state.connections.insert(id, Connection { ends, client: address, held });
        id
    };
    let [Ok(client_too), Ok(server_too)] = [client.try_clone(), server.try_clone()] else {
        shared.change(|state| drop(state.connections.remove(&id)));
        return;
    };
    let requests = Arc::clone(shared);
    let answers = Arc::clone(shared);
    thread::spawn(move || pump(&requests, id, Direction::Request, client, server));
    thread::spawn(move || pump(&answers, id, Direction::Answer, server_too, client_too));
}

/// Forwards until either end closes, then closes both: half-open connections are no part of Kafka's protocol.
fn pump(shared: &Shared, id: u64, direction: Direction, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let Some(delay) = shared.permission(id, direction) else { break };
        thread::sleep(delay);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
    shared.change(|state| drop(state.connections.remove(&id)));
}
