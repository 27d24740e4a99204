//! Encrypted connections to MariaDB.

use std::sync::Arc;

use api::{Batch, Record, Result, Schema, Value};
use testkit::Certificates;
use testkit::database::{Database, MariaDb, Settings};

use super::{lines, properties, put, start};

/// Writes a row as an account that has to be encrypted, or one that need not be.
async fn written(database: &Database, user: &str, scheme: &str, host: &str, query: &str) -> Result<()> {
    let url = format!("jdbc:{scheme}://{host}:{}/{}?{query}", database.port(), database.name());
    let entries = [
        ("connection.url", url.as_str()),
        ("connection.user", user),
        ("connection.password", "x"),
        ("connection.attempts", "1"),
        ("max.retries", "0"),
    ];
    let mut task = start(&properties(database, &entries), Arc::default()).await;
    let record = Record {
        value: Some(Value::Struct(Box::new([Value::Int(1)]))),
        partition: Some(0),
        ..Record::default()
    };
    let batch = Batch {
        value_schema: Some(Schema::structure().field("id", Schema::int32()).build()),
        records: vec![record],
        ..Batch::new("t".into())
    };
    put(task.as_mut(), &[batch]).await
}

#[tokio::test]
async fn the_modes_of_tls() {
    let certificates = Certificates::new().unwrap();
    let settings = Settings::default()
        .option(&format!("--ssl-ca={}", certificates.authority().display()))
        .option(&format!("--ssl-cert={}", certificates.certificate().display()))
        .option(&format!("--ssl-key={}", certificates.key().display()));
    let server = MariaDb::start_with(settings).unwrap();
    let database = server.create_database("sink_tls").unwrap();
    let name = database.name();
    database
        .execute(&format!(
            "CREATE TABLE t (id int); CREATE USER secure IDENTIFIED BY 'x' REQUIRE SSL; \
             CREATE USER plain IDENTIFIED BY 'x'; CREATE USER shown IDENTIFIED BY 'x' REQUIRE SUBJECT '/CN=client'; \
             GRANT ALL ON {name}.* TO secure, plain, shown"
        ))
        .unwrap();
    let ca = format!("serverSslCert={}", certificates.authority().display());
    let encrypted = [
        // Connector/J encrypts where the server can.
        ("mysql", "127.0.0.1", String::new()),
        ("mysql", "127.0.0.1", "sslMode=REQUIRED".to_owned()),
        ("mariadb", "127.0.0.1", "sslMode=trust".to_owned()),
        ("mariadb", "127.0.0.1", "useSSL=true&trustServerCertificate=true".to_owned()),
        ("mariadb", "127.0.0.1", format!("sslMode=verify-ca&{ca}")),
        ("mariadb", "localhost", format!("sslMode=verify-full&{ca}")),
    ];
    for (scheme, host, query) in &encrypted {
        let done = written(&database, "secure", scheme, host, query).await;
        done.unwrap_or_else(|error| panic!("{scheme} {query}: {error:#}"));
    }
    let refused = [
        ("mariadb", "127.0.0.1", String::new(), "Access denied"),
        ("mysql", "127.0.0.1", "sslMode=DISABLED".to_owned(), "Access denied"),
        ("mariadb", "127.0.0.1", format!("sslMode=verify-full&{ca}"), "certificate"),
        ("mariadb", "localhost", "sslMode=verify-full".to_owned(), "certificate"),
        ("mysql", "localhost", "sslMode=VERIFY_CA".to_owned(), "certificate"),
    ];
    for (scheme, host, query, words) in &refused {
        let error = written(&database, "secure", scheme, host, query).await.expect_err(query);
        assert!(format!("{error:#}").contains(words), "{scheme} {query}: {error:#}");
    }
    written(&database, "plain", "mariadb", "127.0.0.1", "").await.unwrap();
    // An account that is only let in with its certificate.
    let (client, store) = (certificates.client(), certificates.key());
    let shown = [
        ("mariadb", format!("sslMode=trust&keyStore={}", client.display())),
        ("mysql", format!("sslMode=REQUIRED&clientCertificateKeyStoreUrl=file:{}", client.display())),
    ];
    for (scheme, query) in &shown {
        let done = written(&database, "shown", scheme, "127.0.0.1", query).await;
        done.unwrap_or_else(|error| panic!("{scheme} {query}: {error:#}"));
    }
    let error = written(&database, "shown", "mariadb", "127.0.0.1", "sslMode=trust").await.unwrap_err();
    assert!(format!("{error:#}").contains("Access denied"), "{error:#}");
    let query = format!("sslMode=trust&keyStore={}", store.display());
    let error = written(&database, "shown", "mariadb", "127.0.0.1", &query).await.unwrap_err();
    assert!(format!("{error:#}").contains("openssl pkcs12"), "{error:#}");
    assert_eq!(lines(&database, "SELECT COUNT(*) FROM t"), ["9"]);
}
