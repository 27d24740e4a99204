use axum::Router;
use axum::body::to_bytes;
use axum::extract::RawQuery;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};

use super::super::tests::serve;
use super::{Sent, next_query, send_on};
use crate::{Peers, RestError};

const ADVERTISED: &str = "http://this:8083/";

fn query(uri: &str) -> Result<Vec<(String, String)>, RestError> {
    next_query(&uri.parse().unwrap())
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_request_is_sent_on_twice_at_most() {
    assert_eq!(query("/connectors").unwrap(), [pair("forward", "true")]);
    assert_eq!(query("/connectors?forward=true").unwrap(), [pair("forward", "false")]);
    for value in ["false", "maybe"] {
        let refused = query(&format!("/connectors?forward={value}")).unwrap_err();
        assert_eq!(refused.status, StatusCode::CONFLICT);
    }
}

#[test]
fn other_parameters_go_along() {
    let sent = query("/connectors/a/restart?onlyFailed=true&forward=true&includeTasks=true").unwrap();
    assert_eq!(sent, [pair("onlyFailed", "true"), pair("includeTasks", "true"), pair("forward", "false")]);
}

/// Another worker, which tells what it was sent.
fn other() -> Router {
    async fn create(RawQuery(query): RawQuery, headers: HeaderMap, body: String) -> Response {
        let told =
            format!("{} {} {body}", query.unwrap_or_default(), headers["authorization"].to_str().unwrap());
        (StatusCode::CREATED, [("location", "http://leader:1/connectors/a%20b")], told).into_response()
    }
    Router::new()
        .route("/connectors", post(create))
        .route("/connectors/{name}/stop", put(async || StatusCode::NO_CONTENT))
}

fn sent(method: Method, uri: &str, body: &str) -> Sent {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, "127.0.0.1:8083".parse().unwrap());
    headers.insert("authorization", "Basic YTpi".parse().unwrap());
    headers.insert("x-other", "is not passed on".parse().unwrap());
    let uri: Uri = uri.parse().unwrap();
    Sent { method, uri, headers, body: body.as_bytes().to_vec() }
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn what_was_made_is_named_at_the_host_that_the_client_has_called() {
    let url = serve(other()).await;
    let peers = Peers::new().unwrap();
    let request = sent(Method::POST, "/connectors", "{}");
    let response = send_on(&peers, ADVERTISED, &url, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["location"], "http://127.0.0.1:8083/connectors/a%20b");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(text(response).await, "forward=true Basic YTpi {}");
}

#[tokio::test]
async fn an_answer_without_a_body_stays_one() {
    let url = serve(other()).await;
    let peers = Peers::new().unwrap();
    let request = sent(Method::PUT, "/connectors/a%2Fb/stop", "");
    let response = send_on(&peers, ADVERTISED, &url, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(!response.headers().contains_key("content-type"));
    assert_eq!(text(response).await, "");
}
