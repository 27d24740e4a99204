//! Where the REST API listens: the URLs of `listeners`, and the sockets made of them.

use std::io;
use std::net::TcpListener;

use api::config::Problems;

use crate::headers;

/// Why the REST API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The worker properties are wrong.
    #[error(transparent)]
    Config(#[from] Problems),
    /// A listener is no URL, or one of a protocol that there is not.
    #[error("Invalid value {url} for configuration {key}: {reason}")]
    Url {
        /// The key.
        key: &'static str,
        /// The listener.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The headers for all answers are wrong.
    #[error(transparent)]
    Headers(#[from] headers::Error),
    /// The operating system refuses the address.
    #[error("cannot listen on `{address}`, set by configuration `{key}`: {source}. {}", advice(.source, .key))]
    Bind {
        /// The key.
        key: &'static str,
        /// Host and port.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A URL of `listeners`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    /// The host; empty: all addresses of the machine.
    pub(crate) host: String,
    /// The port; 0: any that is free.
    pub(crate) port: u16,
}

impl Address {
    /// Reads a URL: what stands behind the port is not looked at, as in Kafka.
    pub(crate) fn parse(key: &'static str, url: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Url { key, url: url.to_owned(), reason };
        let (protocol, rest) = url.split_once("://").ok_or_else(|| wrong(EXPECTED))?;
        match protocol.to_ascii_lowercase().as_str() {
            "http" => {}
            "https" => return Err(wrong("https is not supported yet, use http")),
            _ => return Err(wrong("Expected a protocol of http")),
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = authority.rsplit_once(':').ok_or_else(|| wrong(EXPECTED))?;
        let port = port.parse().map_err(|_| wrong(EXPECTED))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let allowed = |character: char| character.is_ascii_alphanumeric() || "-%._:".contains(character);
        if !host.chars().all(allowed) {
            return Err(wrong(EXPECTED));
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// Listens.
    pub(crate) fn bind(&self, key: &'static str) -> Result<TcpListener, Error> {
        let bound = if self.host.is_empty() {
            // All addresses: those of IPv6 take IPv4 along, where the machine has IPv6.
            TcpListener::bind(("::", self.port)).or_else(|error| match error.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                _ => TcpListener::bind(("0.0.0.0", self.port)),
            })
        } else {
            TcpListener::bind((self.host.as_str(), self.port))
        };
        let listening = bound.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        listening.map_err(|source| Error::Bind { key, address: self.to_string(), source })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

const EXPECTED: &str = "Expected a URL such as http://127.0.0.1:8083";

fn advice(error: &io::Error, key: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("hint: stop the program that uses this port, or set `{key}` to a port that is free")
        }
        io::ErrorKind::PermissionDenied => {
            format!("hint: set `{key}` to a port above 1023, or let the worker use this one")
        }
        _ => format!("hint: set `{key}` to an address of this machine, such as http://127.0.0.1:8083"),
    }
}

#[cfg(test)]
mod tests;
