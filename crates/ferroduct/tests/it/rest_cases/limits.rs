//! What the REST API does with requests that no recorded case has: large ones, odd names, many at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::directory::Directory;
use testkit::{Kafka, Worker};

use super::BINARY;
use super::answer::{Answer, Client};

fn worker() -> Worker {
    Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap()).start().expect("a worker")
}

fn post(client: &Client, body: &Value) -> Answer {
    let answer = client.send("POST", "/connectors", Some(&body.to_string()), Some("application/json"));
    answer.expect("an answer")
}

#[test]
fn a_body_of_100_mb_is_refused_at_once_and_takes_no_memory() {
    let worker = worker();
    let before = worker.usage().expect("the process runs").resident_bytes_max;
    let chunk = vec![b' '; 1 << 20];
    let head = "POST /connectors HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    // One client says how long the body is, the other does not.
    for (length, prefix) in
        [("Content-Length: 104857600\r\n\r\n", ""), ("Transfer-Encoding: chunked\r\n\r\n", "100000\r\n")]
    {
        let address = worker.url().strip_prefix("http://").expect("a URL");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(180))).expect("a limit");
        stream.write_all(format!("{head}{length}").as_bytes()).expect("the headers are sent");
        for _ in 0..100 {
            let suffix = if prefix.is_empty() { "" } else { "\r\n" };
            let sent = stream
                .write_all(prefix.as_bytes())
                .and_then(|()| stream.write_all(&chunk))
                .and_then(|()| stream.write_all(suffix.as_bytes()));
            sent.expect("the body is taken");
        }
        let mut answer = vec![0; 4096];
        let count = stream.read(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
        assert!(
            answer.contains(r#"{"error_code":413,"message":"the body of the request is too large"#),
            "{answer}"
        );
    }
    let after = worker.usage().expect("the process runs").resident_bytes_max;
    assert!(after < before + (24 << 20), "{before} bytes before, {after} after");
}

#[test]
fn a_name_may_have_slashes_spaces_and_any_letters() {
    let worker = worker();
    let client = Client::new(worker.url());
    let directory = Directory::new("names").expect("a directory");
    for (name, path) in [
        ("a/b", "a%2Fb"),
        ("with space", "with%20space"),
        ("Größe-名前", "Gr%C3%B6%C3%9Fe-%E5%90%8D%E5%89%8D"),
        ("100%", "100%25"),
        ("a?b#c", "a%3Fb%23c"),
    ] {
        let file = directory.path().join("absent.txt").display().to_string();
        let config = json!({ "connector.class": "FileStreamSource", "file": file, "topic": "rest-names" });
        let created = post(&client, &json!({ "name": name, "config": config }));
        assert_eq!(created.status, 201, "{created}");
        assert_eq!(created.headers["Location"], format!("{}/connectors/{path}", worker.url()));
        let get = |end: &str| {
            client.send("GET", &format!("/connectors/{path}{end}"), None, None).expect("an answer")
        };
        assert_eq!(get("").body["name"], name);
        assert_eq!(get("/").body["name"], name);
        assert_eq!(get("/config").body["name"], name);
        let deleted = client.send("DELETE", &format!("/connectors/{path}"), None, None).expect("an answer");
        assert_eq!(deleted.status, 204, "{deleted}");
    }
    assert_eq!(client.send("GET", "/connectors", None, None).expect("an answer").body, json!([]));
}

#[test]
fn an_unknown_class_is_told_with_the_nearest_name() {
    let worker = worker();
    let client = Client::new(worker.url());
    let answer = post(&client, &json!({ "name": "a", "config": { "connector.class": "FileSteamSink" } }));
    assert_eq!(answer.status, 400);
    let message = answer.body["message"].as_str().expect("a message");
    assert!(
        message.ends_with("Did you mean org.apache.kafka.connect.file.FileStreamSinkConnector?"),
        "{message}"
    );
}

#[test]
fn of_many_that_create_the_same_connector_one_does() {
    const CLIENTS: usize = 16;
    let worker = worker();
    let directory = Directory::new("same-name").expect("a directory");
    let file = directory.path().join("absent.txt").display().to_string();
    let config = json!({ "connector.class": "FileStreamSource", "file": file, "topic": "rest-same" });
    let body = json!({ "name": "same", "config": config });
    let barrier = Barrier::new(CLIENTS);
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let create = || {
            let client = Client::new(worker.url());
            barrier.wait();
            post(&client, &body).status
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(create)).collect();
        clients.into_iter().map(|client| client.join().expect("the client ends")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
}

#[test]
fn administration_and_pages_of_other_origins_are_as_configured() {
    let worker = Worker::ferroduct_standalone(BINARY, Kafka::shared().bootstrap())
        .property("admin.listeners", "")
        .property("access.control.allow.origin", "http://ui.example.com")
        .property("response.http.headers.config", "set X-Frame-Options: DENY")
        .start()
        .expect("a worker");
    let client = Client::new(worker.url());
    let answer = client.send("GET", "/admin/loggers", None, None).expect("an answer");
    assert_eq!(answer.status, 404, "{answer}");

    let address = worker.url().strip_prefix("http://").expect("a URL");
    let ask = |origin: &str| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.to_lowercase()
    };
    let allowed = ask("http://ui.example.com");
    assert!(allowed.contains("access-control-allow-origin: http://ui.example.com\r\n"), "{allowed}");
    assert!(allowed.contains("x-frame-options: deny\r\n"), "{allowed}");
    let refused = ask("http://other.example.com");
    assert!(!refused.contains("access-control-allow-origin"), "{refused}");
}
