//! The tasks of a connector go to the leader of the cluster, signed.

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use worker::cluster::signature::{ALGORITHM_HEADER, SIGNATURE_HEADER};
use worker::herder::Leader;

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
    ) -> Result<(), String> {
        let sent = self.put_signed_tasks(leader, connector, tasks, signature).await;
        sent.map_err(|error| error.message)
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
