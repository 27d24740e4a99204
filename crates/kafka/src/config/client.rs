//! How to connect: the keys that every kind of client has.

use std::{fmt, sync::Arc, time::Duration};

use super::reader::Reader;
use crate::backoff::Backoff;

/// Where a broker listens.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Address {
    /// Name or IP address (IPv6 without brackets).
    pub host: Arc<str>,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How to connect to a cluster. Names and defaults are Kafka's.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientOptions {
    /// `bootstrap.servers`: where to ask first; the rest of the cluster is found from there.
    pub bootstrap_servers: Vec<Address>,
    /// `client.id`: how the brokers' logs and quotas name this client.
    pub client_id: Arc<str>,
    /// `request.timeout.ms`: the longest wait for an answer; then the connection is taken as dead.
    pub request_timeout: Duration,
    /// `reconnect.backoff.ms` and `reconnect.backoff.max.ms`.
    pub reconnect_backoff: Backoff,
    /// `retry.backoff.ms` and `retry.backoff.max.ms`.
    pub retry_backoff: Backoff,
    /// `socket.connection.setup.timeout.ms` and its `.max.ms`: for one address.
    pub connection_setup_timeout: Backoff,
    /// `connections.max.idle.ms`: a connection unused for so long is closed (`None`: never).
    pub connections_max_idle: Option<Duration>,
    /// `metadata.max.age.ms`: metadata older than this is read again before it is used.
    pub metadata_max_age: Duration,
    /// `send.buffer.bytes` of the socket; `None` (also -1) leaves it to the operating system.
    pub send_buffer_bytes: Option<u32>,
    /// `receive.buffer.bytes` of the socket; `None` (also -1) leaves it to the operating system.
    pub receive_buffer_bytes: Option<u32>,
    /// The largest answer that is believed, in bytes. No key of Kafka's; 256 MiB.
    pub response_bytes_max: usize,
}

impl ClientOptions {
    /// Kafka's defaults for these servers.
    pub fn new(bootstrap_servers: Vec<Address>) -> ClientOptions {
        let nothing = std::collections::BTreeMap::new();
        let mut reader_of_nothing = Reader::new(&nothing);
        ClientOptions { bootstrap_servers, ..ClientOptions::read_rest(&mut reader_of_nothing) }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> ClientOptions {
        reader.choice("security.protocol", (), &[("PLAINTEXT", ())]);
        reader.choice(
            "client.dns.lookup",
            (),
            &[("use_all_dns_ips", ()), ("resolve_canonical_bootstrap_servers_only", ())],
        );
        let bootstrap_servers = bootstrap_servers(reader);
        ClientOptions { bootstrap_servers, ..ClientOptions::read_rest(reader) }
    }

    fn read_rest(reader: &mut Reader<'_>) -> ClientOptions {
        ClientOptions {
            bootstrap_servers: Vec::new(),
            client_id: reader.text("client.id").unwrap_or_default().into(),
            request_timeout: reader.millis("request.timeout.ms", 30_000),
            reconnect_backoff: backoff(
                reader,
                ("reconnect.backoff.ms", 50),
                ("reconnect.backoff.max.ms", 1_000),
            ),
            retry_backoff: backoff(reader, ("retry.backoff.ms", 100), ("retry.backoff.max.ms", 1_000)),
            connection_setup_timeout: backoff(
                reader,
                ("socket.connection.setup.timeout.ms", 10_000),
                ("socket.connection.setup.timeout.max.ms", 30_000),
            ),
            connections_max_idle: reader.millis_or_never("connections.max.idle.ms", 540_000),
            metadata_max_age: reader.millis("metadata.max.age.ms", 300_000),
            send_buffer_bytes: socket_buffer(reader, "send.buffer.bytes"),
            receive_buffer_bytes: socket_buffer(reader, "receive.buffer.bytes"),
            response_bytes_max: 256 << 20,
        }
    }
}

fn backoff(reader: &mut Reader<'_>, initial: (&'static str, i64), max: (&'static str, i64)) -> Backoff {
    let initial = reader.millis(initial.0, initial.1);
    Backoff { initial, max: reader.millis(max.0, max.1).max(initial) }
}

fn socket_buffer(reader: &mut Reader<'_>, key: &'static str) -> Option<u32> {
    u32::try_from(reader.integer(key, -1, -1..=i64::from(i32::MAX))).ok()
}

fn bootstrap_servers(reader: &mut Reader<'_>) -> Vec<Address> {
    const KEY: &str = "bootstrap.servers";
    let mut servers: Vec<Address> = Vec::new();
    let words = reader.list(KEY);
    if words.is_empty() {
        reader.problem(KEY, "is missing; expected `host:port`, several separated by commas");
    }
    for word in words {
        match address(word) {
            Some(address) if !servers.contains(&address) => servers.push(address),
            Some(_) => {}
            None => reader.problem(KEY, format_args!("expected `host:port`, got `{word}`")),
        }
    }
    servers
}

/// Reads `host:port`, `[v6]:port` and, as Java does, with a protocol before it (`PLAINTEXT://host:port`).
fn address(word: &str) -> Option<Address> {
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    let (host, port) = word.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bare {
        Some(v6) => v6,
        None if host.contains(':') => return None,
        None => host,
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| Address { host: host.into(), port })
}
