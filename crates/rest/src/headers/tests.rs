use axum::http::HeaderMap;
use expect_test::{Expect, expect};

use super::Header;

fn check(config: &str, expected: Expect) {
    let actual = match Header::parse_all(config) {
        Ok(headers) => {
            let mut map = HeaderMap::new();
            map.insert("x-old", "1".parse().unwrap());
            headers.iter().for_each(|header| header.apply(&mut map));
            let mut lines: Vec<String> =
                map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            lines.sort();
            lines.join("\n")
        }
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&actual);
}

#[test]
fn headers_are_set_or_added() {
    check(
        r#"add X-Old: 2, set X-Frame-Options:DENY, "set Cache-Control: no-cache, no-store""#,
        expect![[r#"
            cache-control: no-cache, no-store
            x-frame-options: DENY
            x-old: 1
            x-old: 2"#]],
    );
    check("set X-Old: 2", expect!["x-old: 2"]);
    check("", expect!["x-old: 1"]);
}

#[test]
fn dates_are_so_many_milliseconds_from_now() {
    let headers = Header::parse_all("setDate Expires: 86400000").unwrap();
    let mut map = HeaderMap::new();
    headers[0].apply(&mut map);
    let date = httpdate::parse_http_date(map["expires"].to_str().unwrap()).unwrap();
    let ahead = date.duration_since(std::time::SystemTime::now()).unwrap().as_secs();
    assert!((86_300..=86_400).contains(&ahead), "{ahead}");
}

#[test]
fn a_date_that_http_cannot_tell_is_refused() {
    let mut map = HeaderMap::new();
    Header::parse_all("setDate A: 31536000000000").unwrap()[0].apply(&mut map);
    assert!(httpdate::parse_http_date(map["a"].to_str().unwrap()).is_ok(), "{map:?}");
    check(
        "addDate A: 31536000000001",
        expect![
            "error: Invalid value addDate A: 31536000000001 for configuration response.http.headers.config: the value is more than a thousand years. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
}

#[test]
fn wrong_headers_are_told() {
    check(
        "set",
        expect![
            "error: Invalid value set for configuration response.http.headers.config: there is no name. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
    check(
        "put A: b",
        expect![
            "error: Invalid value put A: b for configuration response.http.headers.config: the action is unknown. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
    check(
        "set A b",
        expect![
            "error: Invalid value set A b for configuration response.http.headers.config: there is no value. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
    check(
        "set A B: c",
        expect![
            "error: Invalid value set A B: c for configuration response.http.headers.config: the name is not one of a header. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
    check(
        "setDate A: soon",
        expect![
            "error: Invalid value setDate A: soon for configuration response.http.headers.config: the value is no number. Expected format: '[action] [header name]:[header value]', with one of the actions set, add, setDate and addDate"
        ],
    );
}
