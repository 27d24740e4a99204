use api::config::Properties;
use axum::http::Uri;
use expect_test::expect;

use super::{Server, normalize};

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn any_free_port_is_told_before_serving() {
    let bound = Server::bind(&properties(&[("listeners", "http://127.0.0.1:0,http://localhost:0")])).unwrap();
    let addresses = bound.addresses();
    assert_eq!(addresses.len(), 2);
    assert_ne!(addresses[0].port(), 0);
    assert_eq!(bound.worker_id(), addresses[0].to_string());
    assert_eq!(bound.advertised_url(), format!("http://{}/", addresses[0]));
}

#[test]
fn the_advertised_address_is_what_the_properties_say() {
    let bound = Server::bind(&properties(&[
        ("listeners", "http://127.0.0.1:0"),
        ("rest.advertised.host.name", "connect.example.com"),
        ("rest.advertised.port", "80"),
    ]));
    assert_eq!(bound.unwrap().worker_id(), "connect.example.com:80");
}

#[test]
fn a_listener_without_host_is_advertised_with_an_address() {
    let bound = Server::bind(&properties(&[("listeners", "http://:0")])).unwrap();
    let (host, _) =
        bound.worker_id().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.len())).unwrap();
    assert!(!host.is_empty());
}

#[test]
fn a_port_in_use_is_told_with_the_key_the_address_and_what_to_do() {
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let error = match Server::bind(&properties(&[("listeners", &format!("http://127.0.0.1:{port}"))])) {
        Ok(_) => panic!("bound twice"),
        Err(error) => error.to_string(),
    };
    expect!["cannot listen on `127.0.0.1:PORT`, set by configuration `listeners`: Address already in use (os error 98). hint: stop the program that uses this port, or set `listeners` to a port that is free"]
        .assert_eq(&error.replace(&port.to_string(), "PORT"));
}

#[test]
fn wrong_properties_are_refused_before_anything_is_bound() {
    let errors: Vec<String> = [
        ("listeners", ""),
        ("listeners", "http://127.0.0.1"),
        ("rest.advertised.port", "x"),
        ("rest.advertised.port", "70000"),
        ("rest.advertised.listener", "https"),
        ("response.http.headers.config", "x"),
    ]
    .iter()
    .map(|pair| match Server::bind(&properties(&[("listeners", "http://127.0.0.1:0"), *pair])) {
        Ok(_) => panic!("accepted {pair:?}"),
        Err(error) => error.to_string(),
    })
    .collect();
    expect![[r#"
        Configuration 'listeners' must not be empty. Valid values include: any non-empty value
        Invalid value http://127.0.0.1 for configuration listeners: Expected a URL such as http://127.0.0.1:8083
        Invalid value x for configuration rest.advertised.port: Not a number of type INT
        Invalid value 70000 for configuration rest.advertised.port: no port
        Invalid value https for configuration rest.advertised.listener: https is not supported yet, use http
        Invalid value x for configuration response.http.headers.config: there is no name. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"#]].assert_eq(&errors.join("\n"));
}

#[test]
fn a_path_means_the_same_with_and_without_a_slash_at_its_end() {
    let check = |uri: &str, expected: &str| {
        let mut uri: Uri = uri.parse().unwrap();
        normalize(&mut uri);
        assert_eq!(uri.to_string(), expected);
    };
    check("/connectors/", "/connectors");
    check("/connectors/?expand=info", "/connectors?expand=info");
    check("/connectors/a%2F/", "/connectors/a%2F");
    check("/", "/");
    check("//", "//");
}
