use expect_test::{Expect, expect};

use super::Address;

fn check(url: &str, expected: Expect) {
    let actual = match Address::parse("listeners", url) {
        Ok(address) => format!("{address:?} {address}"),
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&actual);
}

#[test]
fn urls_are_read_as_kafka_reads_them() {
    check("http://127.0.0.1:8083", expect![[r#"Address { host: "127.0.0.1", port: 8083 } 127.0.0.1:8083"#]]);
    check("HTTP://:8083", expect![[r#"Address { host: "", port: 8083 } :8083"#]]);
    check("http://[::1]:0/", expect![[r#"Address { host: "::1", port: 0 } [::1]:0"#]]);
}

#[test]
fn what_is_no_url_is_refused() {
    for url in ["127.0.0.1:8083", "http://localhost", "http://a b:1", "http://a:99999", "http://a:-1", ""] {
        let error = Address::parse("listeners", url).unwrap_err().to_string();
        let expected = "Expected a URL such as http://127.0.0.1:8083";
        assert_eq!(error, format!("Invalid value {url} for configuration listeners: {expected}"));
    }
    check(
        "https://a:1",
        expect![
            "error: Invalid value https://a:1 for configuration listeners: https is not supported yet, use http"
        ],
    );
    check(
        "ftp://a:1",
        expect!["error: Invalid value ftp://a:1 for configuration listeners: Expected a protocol of http"],
    );
}
