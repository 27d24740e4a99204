//! What only workers ask the leader of the cluster for, signed: to write the tasks of a connector, and to fence off
//! former ones.

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
        self.send_signed(leader, connector, (Method::POST, "tasks"), tasks, signature).await.map_err(unsent)
    }

    async fn fence(
        &self,
        leader: &str,
        connector: &str,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), Unsent> {
        self.send_signed(leader, connector, (Method::PUT, "fence"), Vec::new(), signature)
            .await
            .map_err(unsent)
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

fn unsent(error: RestError) -> Unsent {
    Unsent { refused: error.status == StatusCode::FORBIDDEN, words: error.message }
}

impl Peers {
    async fn send_signed(
        &self,
        leader: &str,
        connector: &str,
        (method, what): (Method, &str),
        body: Vec<u8>,
        signature: Option<(String, &'static str)>,
    ) -> Result<(), RestError> {
        // What else a name may have is for the URL to escape.
        let connector = connector.replace('%', "%25").replace('/', "%2F");
        let url = url_of(leader, &format!("/connectors/{connector}/{what}"), &[])?;
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
        self.send(PeerRequest { method, url, headers, body }).await.map(drop)
    }
}
