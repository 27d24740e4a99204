use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use worker::herder::{Leader, Unsent};

use super::{PeerRequest, Peers, url_of};
use crate::RestError;

/// Serves these paths on a port of this machine until the runtime of the test ends; answers the URL.
pub(super) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

async fn get_from(worker: &str, path: &str) -> Result<(StatusCode, String), RestError> {
    let url = url_of(worker, path, &[])?;
    let request = PeerRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() };
    let answer = Peers::new()?.send(request).await?;
    Ok((answer.status, String::from_utf8(answer.body).unwrap()))
}

fn answering(status: StatusCode, body: &'static str) -> Router {
    Router::new().route("/", get(async move || (status, body)))
}

#[test]
fn the_path_of_a_worker_comes_before_that_of_a_request() {
    let url = |worker| url_of(worker, "/connectors/a%2Fb", &[]).map(|url| url.to_string());
    assert_eq!(url("http://a:1").unwrap(), "http://a:1/connectors/a%2Fb");
    assert_eq!(url("http://a:1/").unwrap(), "http://a:1/connectors/a%2Fb");
    assert_eq!(url("http://a:1/west/").unwrap(), "http://a:1/west/connectors/a%2Fb");
    for none in ["", "a", "mailto:a@b"] {
        assert_eq!(url(none).unwrap_err().status, StatusCode::INTERNAL_SERVER_ERROR, "{none}");
    }
}

#[tokio::test]
async fn an_error_is_passed_on_with_its_status_and_words() {
    let body = r#"{"error_code":404,"message":"Connector a not found"}"#;
    let error = get_from(&serve(answering(StatusCode::NOT_FOUND, body)).await, "/").await.unwrap_err();
    assert_eq!((error.status, &*error.message), (StatusCode::NOT_FOUND, "Connector a not found"));
}

#[tokio::test]
async fn an_error_of_something_else_is_told_by_its_status_alone() {
    let url = serve(answering(StatusCode::BAD_GATEWAY, "<html>a proxy</html>")).await;
    let error = get_from(&url, "/").await.unwrap_err();
    assert_eq!(error.status, StatusCode::BAD_GATEWAY);
    let url = url.trim_end_matches('/');
    assert_eq!(error.message, format!("`{url}` answered HTTP 502 without an error of Kafka Connect"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let error = get_from(&serve(answering(StatusCode::FOUND, "")).await, "/").await.unwrap_err();
    assert_eq!(error.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(error.message, "Unexpected status code when handling forwarded request: 302");
}

#[tokio::test]
async fn a_worker_that_cannot_be_reached_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get_from(&format!("http://{address}/"), "/").await.unwrap_err();
    assert_eq!(error.status, StatusCode::INTERNAL_SERVER_ERROR);
    let start = format!("IO Error trying to forward REST request: cannot reach `http://{address}`: ");
    assert!(error.message.starts_with(&start), "{}", error.message);
    assert!(error.message.contains("rest.advertised"), "{}", error.message);
}

#[tokio::test]
async fn success_is_answered_as_it_is() {
    let url = serve(answering(StatusCode::ACCEPTED, "[]")).await;
    assert_eq!(get_from(&url, "/").await.unwrap(), (StatusCode::ACCEPTED, "[]".to_owned()));
}

#[tokio::test]
async fn a_worker_that_answers_anything_can_be_reached() {
    let peers = Peers::new().unwrap();
    for status in [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::INTERNAL_SERVER_ERROR] {
        assert_eq!(peers.reach(&serve(answering(status, "{}")).await).await, Ok(()));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let words = peers.reach(&format!("http://{nobody}/")).await.unwrap_err();
    assert!(words.contains(&format!("cannot reach `http://{nobody}`")), "{words}");
}

#[tokio::test]
async fn tasks_that_are_refused_for_their_signature_are_told_apart() {
    let answer = |status: StatusCode| {
        Router::new().route("/connectors/{name}/tasks", post(async move || (status, r#"{"message":"no"}"#)))
    };
    let peers = Peers::new().unwrap();
    for (status, refused) in [(StatusCode::FORBIDDEN, true), (StatusCode::BAD_REQUEST, false)] {
        let sent = peers.put_tasks(&serve(answer(status)).await, "a/b", b"[]".to_vec(), None).await;
        assert_eq!(sent, Err(Unsent { words: "no".to_owned(), refused }));
    }
    let sent = peers.put_tasks(&serve(answer(StatusCode::NO_CONTENT)).await, "a", b"[]".to_vec(), None).await;
    assert_eq!(sent, Ok(()));
}
