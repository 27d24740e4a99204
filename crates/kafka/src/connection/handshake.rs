//! The beginning of a connection: TCP, then which versions the broker speaks.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use kafka_protocol::{
    error::ResponseError,
    messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, api_versions_response::ApiVersion},
    protocol::{Decodable, StrBytes, VersionRange},
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time,
};

use super::frame::{self, Frame};
use crate::{
    config::{Address, ClientOptions},
    error::Error,
    request::{self, Request, text},
};

/// A broker's answer to ApiVersions is a few hundred bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The feature that says how transactions are told of, and the level from which each one has an epoch of its own
/// (KIP-890).
const TRANSACTIONS: &str = "transaction.version";
const TRANSACTIONS_V2: i16 = 2;

/// What a broker speaks.
pub(super) struct Versions {
    /// By the number of the request.
    ranges: Box<[Option<VersionRange>]>,
    pub(super) transactions_v2: bool,
}

impl Versions {
    fn new(response: &ApiVersionsResponse) -> Versions {
        let features = &response.finalized_features;
        let level = features.iter().find(|feature| feature.name.as_str() == TRANSACTIONS);
        let transactions_v2 = level.is_some_and(|level| level.max_version_level >= TRANSACTIONS_V2);
        Versions { ranges: Self::ranges(&response.api_keys), transactions_v2 }
    }

    fn ranges(ranges: &[ApiVersion]) -> Box<[Option<VersionRange>]> {
        let highest_key = ApiKey::iter().map(|key| key as usize).max().unwrap_or(0);
        let mut versions = vec![None; highest_key + 1].into_boxed_slice();
        for range in ranges {
            // Requests that this client does not know are of no interest.
            if let Some(slot) = usize::try_from(range.api_key).ok().and_then(|key| versions.get_mut(key)) {
                *slot = Some(VersionRange { min: range.min_version, max: range.max_version });
            }
        }
        versions
    }

    /// The highest version in both ranges.
    pub(super) fn highest(&self, key: ApiKey, ours: VersionRange) -> Option<i16> {
        let theirs = self.ranges.get(key as usize).copied().flatten()?;
        let both = ours.intersect(&theirs);
        (!both.is_empty()).then_some(both.max)
    }
}

/// Opens a socket to the first of the host's addresses that takes it.
pub(super) async fn connect(
    address: &Address,
    name: &Arc<str>,
    options: &ClientOptions,
    setup_timeout: Duration,
) -> Result<TcpStream, Error> {
    let failed = |source: io::Error| Error::Connect { address: name.clone(), source: Arc::new(source) };
    let lookup = tokio::net::lookup_host((&*address.host, address.port));
    let resolved =
        time::timeout(setup_timeout, lookup).await.map_err(|_| failed(timed_out(setup_timeout)))?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in resolved.map_err(failed)? {
        match time::timeout(setup_timeout, connect_to(address, options)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = timed_out(setup_timeout),
        }
    }
    Err(failed(last))
}

async fn connect_to(address: SocketAddr, options: &ClientOptions) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = options.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.receive_buffer_bytes {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn timed_out(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer after {} ms", after.as_millis()))
}

/// Asks for the broker's versions; one that is too old for our question says so in version 0.
pub(super) async fn versions(
    stream: &mut TcpStream,
    name: &Arc<str>,
    client_id: &StrBytes,
    timeout: Duration,
) -> Result<Versions, Error> {
    let newest = ApiVersionsRequest::VERSIONS.max;
    let exchange = async {
        let response = ask(stream, client_id, newest).await?;
        if ResponseError::try_from_code(response.error_code) == Some(ResponseError::UnsupportedVersion) {
            return ask(stream, client_id, 0).await;
        }
        Ok(response)
    };
    let failed = |source: io::Error| Error::Connect { address: name.clone(), source: Arc::new(source) };
    let answer = time::timeout(timeout, exchange).await.map_err(|_| failed(timed_out(timeout)))?;
    let response = answer.map_err(failed)?;
    crate::error::check(response.error_code, format_args!("agree on versions with `{name}`"))?;
    Ok(Versions::new(&response))
}

async fn ask(stream: &mut TcpStream, client_id: &StrBytes, version: i16) -> io::Result<ApiVersionsResponse> {
    let question = ApiVersionsRequest::default()
        .with_client_software_name(text("ferroduct"))
        .with_client_software_version(text(env!("CARGO_PKG_VERSION")));
    let segments = request::encode(&question, version, 0, client_id).map_err(io::Error::other)?;
    Frame::new(segments, None).write(stream).await?;
    let answer = frame::read(stream, ANSWER_BYTES_MAX).await?;
    decode(answer, version).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "the answer is not Kafka's; is this a Kafka listener?")
    })
}

/// The header of this one answer is always the oldest: just the correlation id, here 0.
fn decode(mut answer: Bytes, version: i16) -> Option<ApiVersionsResponse> {
    if answer.len() < 6 || answer.get_i32() != 0 {
        return None;
    }
    let code = i16::from_be_bytes([answer[0], answer[1]]);
    let unsupported = code == ResponseError::UnsupportedVersion.code();
    let version = if unsupported { 0 } else { version };
    ApiVersionsResponse::decode(&mut answer, version).ok()
}
