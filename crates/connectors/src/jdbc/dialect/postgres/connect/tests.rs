use std::net::TcpListener;

use api::config::Password;
use api::{Error, Reaction};
use testkit::database::{Database, Postgres, Settings};

use super::Connection;
use crate::jdbc::dialect::Access;
use crate::jdbc::url::Url;

fn access(url: &str, database: &Database) -> Access {
    Access {
        url: Url::parse(url, &[]).unwrap(),
        user: Some(database.user().to_owned()),
        password: Some(Password::new(database.password())),
    }
}

async fn refused(access: &Access) -> Error {
    Connection::open(access).await.err().expect("an error")
}

/// Asserts what an error calls for, and that it names all of these and never the password.
fn assert_says(error: &Error, reaction: Reaction, words: &[&str]) {
    let text = format!("{error:#}");
    assert_eq!(error.reaction(), reaction, "{text}");
    for word in words {
        assert!(text.contains(word), "expected `{word}` in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn what_never_answers_is_an_error_in_time() {
    let database = Postgres::shared().database("postgres");
    // The system takes connections for it, and nobody ever reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("jdbc:postgresql://127.0.0.1:{port}/d?loginTimeout=1");
    let error = refused(&access(&url, &database)).await;
    assert_says(&error, Reaction::Retry, &[&format!("127.0.0.1:{port}"), "no answer within 1 s"]);
    let url = format!("jdbc:postgresql://127.0.0.1:{}/postgres?socketTimeout=1", database.port());
    let connection = Connection::open(&access(&url, &database)).await.unwrap();
    let asleep = connection.client.batch_execute("SELECT pg_sleep(600)");
    let error = connection.within("cannot sleep", asleep).await.unwrap_err();
    assert_says(&error, Reaction::Retry, &["cannot sleep", "socketTimeout"]);
}

#[tokio::test]
async fn what_a_user_can_mend_names_the_server_and_what_is_wrong() {
    let database = Postgres::shared().database("postgres");
    let right = format!("jdbc:postgresql://127.0.0.1:{}/postgres", database.port());
    let mut wrong = access(&right, &database);
    wrong.password = Some(Password::new("another-secret"));
    assert_says(&refused(&wrong).await, Reaction::Fail, &["127.0.0.1", "password authentication failed"]);
    wrong.password = None;
    assert_says(&refused(&wrong).await, Reaction::Fail, &["connection.password"]);
    wrong.user = None;
    assert_says(&refused(&wrong).await, Reaction::Fail, &["connection.user"]);
    let check = async |url: &str, reaction, words: &[&str]| {
        assert_says(&refused(&access(url, &database)).await, reaction, words);
    };
    let nowhere = right.replace("/postgres", "/nowhere");
    check(&nowhere, Reaction::Fail, &["nowhere", "does not exist"]).await;
    check("jdbc:postgresql://no.such.host.invalid/d", Reaction::Retry, &["no.such.host.invalid:5432"]).await;
    check("jdbc:postgresql://127.0.0.1:1/d", Reaction::Retry, &["127.0.0.1:1", "refused"]).await;
    check(&format!("{right}?sslmode=require"), Reaction::Fail, &["TLS"]).await;
    check(&format!("{right}?channelBinding=require"), Reaction::Fail, &[]).await;
    for parameter in ["targetServerType", "channelBinding", "loadBalanceHosts", "loginTimeout", "readOnly"] {
        check(&format!("{right}?{parameter}=perhaps"), Reaction::Fail, &[parameter, "expected"]).await;
    }
}

#[tokio::test]
async fn of_several_hosts_the_right_kind_of_server_is_taken() {
    let primary = Postgres::shared().database("postgres");
    // As a standby answers that it is read-only.
    let secondary = Postgres::start_with(Settings::default().option("-cdefault_transaction_read_only=on"));
    let secondary = secondary.unwrap();
    let port_of = async |order: [u16; 2], query: &str| -> Option<String> {
        let url = format!("jdbc:postgresql://127.0.0.1:{},127.0.0.1:{}/postgres{query}", order[0], order[1]);
        let connection = Connection::open(&access(&url, &primary)).await.ok()?;
        let row = connection.client.query_one("SHOW port", &[]).await.unwrap();
        Some(row.get(0))
    };
    let (first, second) = (primary.port(), secondary.port());
    let closed = testkit::ports::free();
    for (order, query, expected) in [
        ([first, second], "", Some(first)),
        ([closed, second], "", Some(second)),
        ([first, second], "?targetServerType=secondary", Some(second)),
        ([second, first], "?targetServerType=primary", Some(first)),
        ([first, second], "?targetServerType=preferSecondary", Some(second)),
        ([first, closed], "?targetServerType=preferSecondary", Some(first)),
        ([closed, second], "?targetServerType=preferPrimary", Some(second)),
        ([closed, second], "?targetServerType=primary", None),
    ] {
        let expected = expected.map(|port| port.to_string());
        assert_eq!(port_of(order, query).await, expected, "{order:?} {query}");
    }
    let url = format!("jdbc:postgresql://127.0.0.1:{first}/postgres?readOnly=true");
    let connection = Connection::open(&access(&url, &primary)).await.unwrap();
    let error = connection.client.batch_execute("CREATE TABLE read_only (id int)").await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("25006"));
}
