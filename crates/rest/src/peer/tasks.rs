//! The tasks of a connector go to the leader of the cluster, signed.

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use worker::cluster::signature::{ALGORITHM_HEADER, SIGNATURE_HEADER};
use worker::herder::{Leader, Unsent};

use super::{PeerRequest, Peers, url_of};
use crate::RestError;

#[async_trait]
impl Leader for Peers {
    async fn put_tasks(
        &self,
        leader: &str,
        connector: &str,
        tasks: Vec<u8>,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), Unsent> {
        let sent = self.put_signed_tasks(leader, connector, tasks, signature).await;
        sent.map_err(|error| Unsent { refused: error.status == StatusCode::FORBIDDEN, words: error.message })
    }

    async fn reach(&self, worker: &str) -> Result<(), String> {
        let url = url_of(worker, "/", &[]).map_err(|error| error.message)?;
        let request = PeerRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
        match self.exchange(request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.message),
        }
    }
}

impl Peers {
    async fn put_signed_tasks(
        &self,
        leader: &str,
        connector: &str,
        tasks: Vec<u8>,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), RestError> {
        // What else a name may have is for the URL to escape.
        let connector = connector.replace('%', "%25").replace('/', "%2F");
        let url = url_of(leader, &format!("/connectors/{connector}/tasks"), &[])?;
        let mut headers = HeaderMap::new();
        if let Some((signature, algorithm)) = signature
            && let Ok(signature) = HeaderValue::from_str(&signature)
        {
            headers.insert(
                HeaderName::from_bytes(SIGNATURE_HEADER.as_bytes()).expect("a name of a header"),
                signature,
            );
            let name = HeaderName::from_bytes(ALGORITHM_HEADER.as_bytes()).expect("a name of a header");
            headers.insert(name, HeaderValue::from_static(algorithm));
        }
        self.send(PeerRequest { method: Method::POST, url, headers, body: tasks }).await.map(drop)
    }
}
