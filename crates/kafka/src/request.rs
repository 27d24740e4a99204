//! The requests this client sends: which version range, which answer, and how they become a frame.

use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    messages::{self, ApiKey, RequestHeader},
    protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes, VersionRange},
};

use crate::error::Error;

/// A request of the Kafka protocol that this client knows how to send.
pub trait Request {
    /// Kafka's number and name of it.
    const KEY: ApiKey;
    /// The versions this client speaks.
    const VERSIONS: VersionRange;
    /// The answer.
    type Response: Decodable + HeaderVersion;
    /// The version of the request header that goes with a version of the request.
    fn header_version(version: i16) -> i16;
    /// Appends the body in the wire format of `version`.
    fn encode(&self, version: i16, frame: &mut Segments) -> Result<(), Error>;
}

/// The bytes of one frame as the segments they are written from, so that large ones are never copied.
#[derive(Debug, Default)]
pub struct Segments {
    done: Vec<Bytes>,
    tail: BytesMut,
}

impl Segments {
    /// The buffer that small fields are appended to.
    pub fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Appends bytes without copying them.
    pub fn share(&mut self, bytes: Bytes) {
        self.done.push(self.tail.split().freeze());
        self.done.push(bytes);
    }

    /// The segments in order; empty ones are left out.
    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        self.done.push(self.tail.freeze());
        self.done.retain(|segment| !segment.is_empty());
        self.done
    }
}

/// A protocol string of a text.
pub(crate) fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

/// Encodes header and body of a request, without the length that goes before them.
pub(crate) fn encode<R: Request>(
    request: &R,
    version: i16,
    correlation: i32,
    client_id: &StrBytes,
) -> Result<Vec<Bytes>, Error> {
    let mut frame = Segments::default();
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(client_id.clone()));
    header.encode(frame.tail(), R::header_version(version)).map_err(|error| unencodable(R::KEY, &error))?;
    request.encode(version, &mut frame)?;
    Ok(frame.finish())
}

fn unencodable(key: ApiKey, error: &dyn std::fmt::Display) -> Error {
    Error::corrupt(format_args!("{key:?} request: {error}"))
}

const fn min(a: i16, b: i16) -> i16 {
    if a < b { a } else { b }
}

const fn max(a: i16, b: i16) -> i16 {
    if a > b { a } else { b }
}

/// `Request name => Response name, key, highest version this client was written for`.
macro_rules! requests {
    ($($request:ident => $response:ident, $key:ident, $highest:literal;)*) => {$(
        impl Request for messages::$request {
            const KEY: ApiKey = ApiKey::$key;
            const VERSIONS: VersionRange = VersionRange {
                min: max(
                    <messages::$request as Message>::VERSIONS.min,
                    <messages::$response as Message>::VERSIONS.min,
                ),
                max: min(
                    $highest,
                    min(
                        <messages::$request as Message>::VERSIONS.max,
                        <messages::$response as Message>::VERSIONS.max,
                    ),
                ),
            };
            type Response = messages::$response;

            fn header_version(version: i16) -> i16 {
                <Self as HeaderVersion>::header_version(version)
            }

            fn encode(&self, version: i16, frame: &mut Segments) -> Result<(), Error> {
                Encodable::encode(self, frame.tail(), version).map_err(|error| unencodable(Self::KEY, &error))
            }
        }
    )*};
}

requests! {
    AddPartitionsToTxnRequest => AddPartitionsToTxnResponse, AddPartitionsToTxn, 3;
    ApiVersionsRequest => ApiVersionsResponse, ApiVersions, 3;
    CreateTopicsRequest => CreateTopicsResponse, CreateTopics, 7;
    DeleteGroupsRequest => DeleteGroupsResponse, DeleteGroups, 2;
    DeleteTopicsRequest => DeleteTopicsResponse, DeleteTopics, 5;
    DescribeClusterRequest => DescribeClusterResponse, DescribeCluster, 1;
    DescribeConfigsRequest => DescribeConfigsResponse, DescribeConfigs, 4;
    DescribeGroupsRequest => DescribeGroupsResponse, DescribeGroups, 5;
    EndTxnRequest => EndTxnResponse, EndTxn, 5;
    FetchRequest => FetchResponse, Fetch, 12;
    FindCoordinatorRequest => FindCoordinatorResponse, FindCoordinator, 4;
    HeartbeatRequest => HeartbeatResponse, Heartbeat, 4;
    InitProducerIdRequest => InitProducerIdResponse, InitProducerId, 4;
    JoinGroupRequest => JoinGroupResponse, JoinGroup, 9;
    LeaveGroupRequest => LeaveGroupResponse, LeaveGroup, 5;
    ListGroupsRequest => ListGroupsResponse, ListGroups, 4;
    ListOffsetsRequest => ListOffsetsResponse, ListOffsets, 7;
    MetadataRequest => MetadataResponse, Metadata, 12;
    OffsetCommitRequest => OffsetCommitResponse, OffsetCommit, 8;
    OffsetDeleteRequest => OffsetDeleteResponse, OffsetDelete, 0;
    OffsetFetchRequest => OffsetFetchResponse, OffsetFetch, 8;
    OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse, OffsetForLeaderEpoch, 4;
    SyncGroupRequest => SyncGroupResponse, SyncGroup, 5;
}
