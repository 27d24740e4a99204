//! A server that does not copy: one behind something that makes an unknown statement of each `COPY`.

use api::config::Properties;
use testkit::database::Database;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Stands before a server until it is dropped.
pub(super) struct Refusing {
    url: String,
    task: AbortHandle,
}

impl Refusing {
    /// Stands before the server of a database.
    pub(super) async fn before(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let port = database.port();
        let url = database.jdbc_url().replace(&format!(":{port}/"), &format!(":{own}/"));
        let serve = async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (requests, mut to_client) = client.into_split();
                let (mut answers, to_server) = server.into_split();
                // Either side may end the connection; then both directions end.
                tokio::spawn(async move { drop(forward(requests, to_server).await) });
                tokio::spawn(async move { drop(copy(&mut answers, &mut to_client).await) });
            }
        };
        Self { url: format!("{url}?sslmode=disable"), task: tokio::spawn(serve).abort_handle() }
    }

    /// The same properties, for a connection through it.
    pub(super) fn properties(&self, mut properties: Properties) -> Properties {
        properties.insert("connection.url".into(), self.url.clone());
        properties
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hands messages over, of which only the first has no type before its length.
async fn forward(mut requests: OwnedReadHalf, mut server: OwnedWriteHalf) -> std::io::Result<()> {
    let mut kind = None;
    loop {
        let length = requests.read_u32().await?;
        let mut message = vec![0; length as usize - 4];
        requests.read_exact(&mut message).await?;
        if let Some(place) = message.windows(6).position(|part| part == b"COPY (") {
            message[place..place + 4].copy_from_slice(b"NOPE");
        }
        if let Some(kind) = kind {
            server.write_u8(kind).await?;
        }
        server.write_u32(length).await?;
        server.write_all(&message).await?;
        kind = Some(requests.read_u8().await?);
    }
}
