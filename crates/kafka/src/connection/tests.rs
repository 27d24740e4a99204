use std::net::Ipv4Addr;

use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::MetadataRequest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// The other end of a connection, which does what a test says.
struct Peer(TcpStream);

impl Peer {
    /// Reads a frame: key, version, correlation id.
    async fn read(&mut self) -> (i16, i16, i32) {
        let length = self.0.read_u32().await.unwrap();
        let mut frame = vec![0; length as usize];
        self.0.read_exact(&mut frame).await.unwrap();
        let mut head = &frame[..];
        use bytes::Buf;
        (head.get_i16(), head.get_i16(), head.get_i32())
    }

    async fn write(&mut self, body: &[u8]) {
        self.0.write_all(&(body.len() as u32).to_be_bytes()).await.unwrap();
        self.0.write_all(body).await.unwrap();
    }

    /// Answers with an error code and the versions 0 to 2 of Metadata.
    async fn answer_versions(&mut self, version: i16, code: i16) {
        let (key, _, correlation) = self.read().await;
        assert_eq!(key, ApiKey::ApiVersions as i16);
        let mut body = BytesMut::new();
        body.put_i32(correlation);
        body.put_i16(code);
        match version {
            0 => body.put_i32(1),
            // A compact length, which is one more.
            _ => body.put_u8(2),
        }
        [ApiKey::Metadata as i16, 0, 2].into_iter().for_each(|number| body.put_i16(number));
        if version > 0 {
            body.put_u8(0); // no tags
            body.put_i32(0); // throttle time
            body.put_u8(0); // no tags
        }
        self.write(&body).await;
    }

    async fn answer_metadata(&mut self, correlation: i32, cluster: &str) {
        let mut body = BytesMut::new();
        body.put_i32(correlation);
        // Version 2: no brokers, the cluster's id, no controller, no topics.
        body.put_i32(0);
        body.put_i16(cluster.len() as i16);
        body.put_slice(cluster.as_bytes());
        body.put_i32(-1);
        body.put_i32(0);
        self.write(&body).await;
    }
}

async fn listen() -> (TcpListener, Address) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Address { host: "127.0.0.1".into(), port })
}

fn options() -> ClientOptions {
    ClientOptions { response_bytes_max: 10_000, ..ClientOptions::new(Vec::new()) }
}

async fn pair_with(options: ClientOptions) -> (Arc<Connection>, Peer) {
    let (listener, address) = listen().await;
    let accept = async {
        let mut peer = Peer(listener.accept().await.unwrap().0);
        peer.answer_versions(3, 0).await;
        peer
    };
    let open = Connection::open(&address, &options, "test", Duration::from_secs(180));
    let (connection, peer) = tokio::join!(open, accept);
    (connection.unwrap(), peer)
}

async fn ask(connection: &Connection) -> Reply<MetadataRequest> {
    let version = connection.version::<MetadataRequest>().unwrap();
    connection.send(&MetadataRequest::default(), version).await.unwrap()
}

async fn cluster(reply: Reply<MetadataRequest>) -> Result<String, Error> {
    Ok(reply.wait().await?.cluster_id.unwrap().to_string())
}

#[tokio::test]
async fn answers_find_those_who_asked() {
    let (connection, mut peer) = pair_with(options()).await;
    let (first, second) = (ask(&connection).await, ask(&connection).await);
    for cluster in ["one", "two"] {
        let (_, version, correlation) = peer.read().await;
        assert_eq!(version, 2, "the highest that both speak");
        peer.answer_metadata(correlation, cluster).await;
    }
    assert_eq!(cluster(second).await.unwrap(), "two");
    assert_eq!(cluster(first).await.unwrap(), "one");
}

#[tokio::test]
async fn whoever_goes_away_does_not_disturb_the_rest() {
    let (connection, mut peer) = pair_with(options()).await;
    drop(ask(&connection).await);
    let second = ask(&connection).await;
    for cluster in ["one", "two"] {
        let (_, _, correlation) = peer.read().await;
        peer.answer_metadata(correlation, cluster).await;
    }
    assert_eq!(cluster(second).await.unwrap(), "two");
}

#[tokio::test]
async fn an_answer_to_another_request_ends_the_connection() {
    let (connection, mut peer) = pair_with(options()).await;
    let (first, second) = (ask(&connection).await, ask(&connection).await);
    let (_, _, correlation) = peer.read().await;
    peer.answer_metadata(correlation + 1, "one").await;
    assert!(matches!(cluster(first).await, Err(Error::Disconnected { .. })));
    assert!(matches!(cluster(second).await, Err(Error::Disconnected { .. })));
    assert!(!connection.open_still());
}

#[tokio::test]
async fn frames_of_any_length_do_no_harm() {
    for length in [-1, i32::MIN, i32::MAX, 10_001, 0, 3] {
        let (connection, mut peer) = pair_with(options()).await;
        let reply = ask(&connection).await;
        peer.0.write_all(&length.to_be_bytes()).await.unwrap();
        peer.0.write_all(&[0; 100]).await.unwrap();
        let error = cluster(reply).await.expect_err("no answer");
        assert!(matches!(error, Error::Disconnected { .. }), "{length}: {error}");
    }
}

#[tokio::test]
async fn an_answer_cut_short_is_corrupt_and_the_connection_stays() {
    let (connection, mut peer) = pair_with(options()).await;
    let reply = ask(&connection).await;
    let (_, _, correlation) = peer.read().await;
    peer.write(&correlation.to_be_bytes()).await;
    assert!(matches!(cluster(reply).await, Err(Error::Corrupt { .. })));
    assert!(connection.open_still());
}

#[tokio::test]
async fn the_end_of_the_stream_fails_what_waits() {
    let (connection, mut peer) = pair_with(options()).await;
    let reply = ask(&connection).await;
    peer.read().await;
    drop(peer);
    let error = cluster(reply).await.expect_err("the peer is gone");
    assert!(error.to_string().contains("lost: the broker closed it"), "{error}");
    assert!(connection.failure().is_some());
    assert!(connection.send(&MetadataRequest::default(), 2).await.is_err());
}

#[tokio::test]
async fn an_unused_connection_is_closed_without_noise() {
    let idle = ClientOptions { connections_max_idle: Some(Duration::from_millis(1)), ..options() };
    let (connection, mut peer) = pair_with(idle).await;
    assert_eq!(peer.0.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(!connection.open_still());
    assert!(connection.failure().is_none());
}

#[tokio::test]
async fn an_old_broker_is_asked_again_in_its_own_version() {
    let (listener, address) = listen().await;
    let accept = async {
        let mut peer = Peer(listener.accept().await.unwrap().0);
        peer.answer_versions(0, 35).await;
        peer.answer_versions(0, 0).await;
        peer
    };
    let options = options();
    let open = Connection::open(&address, &options, "test", Duration::from_secs(180));
    let (connection, _peer) = tokio::join!(open, accept);
    assert_eq!(connection.unwrap().version::<MetadataRequest>().unwrap(), 2);
}

#[tokio::test]
async fn what_the_broker_does_not_speak_is_named() {
    let (connection, _peer) = pair_with(options()).await;
    let error = connection.version::<kafka_protocol::messages::FetchRequest>().expect_err("not listed");
    assert!(error.to_string().contains("does not support Fetch"), "{error}");
}

#[tokio::test]
async fn something_that_is_not_kafka_is_told_apart() {
    let (listener, address) = listen().await;
    let accept = async {
        let mut peer = Peer(listener.accept().await.unwrap().0);
        peer.write(b"HTTP/1.1 400 Bad Request").await;
        peer
    };
    let options = options();
    let open = Connection::open(&address, &options, "test", Duration::from_secs(180));
    let (connection, _peer) = tokio::join!(open, accept);
    let error = connection.err().expect("no Kafka").to_string();
    assert!(error.contains("is this a Kafka listener?"), "{error}");
}
