//! Encrypted connections to a real server.

use std::process::Command;

use api::config::Password;
use testkit::Certificates;
use testkit::database::{Postgres, Settings};

use crate::jdbc::dialect::Access;
use crate::jdbc::dialect::postgres::connect::Connection;
use crate::jdbc::url::Url;

#[tokio::test]
async fn the_modes_of_tls() {
    let certificates = Certificates::new().unwrap();
    // Root runs the server under another account, which has to own its key; nobody else can or has to give it away.
    Command::new("chown").arg("postgres").arg(certificates.key()).output().unwrap();
    let settings = Settings::default()
        .option("-cssl=on")
        .option(&format!("-cssl_cert_file={}", certificates.certificate().display()))
        .option(&format!("-cssl_key_file={}", certificates.key().display()));
    let server = Postgres::start_with(settings).unwrap();
    let encrypted = async |host: &str, query: &str| {
        let url = format!("jdbc:postgresql://{host}:{}/postgres?{query}", server.port());
        let access = Access {
            url: Url::parse(&url, &[]).unwrap(),
            user: Some(server.user().to_owned()),
            password: Some(Password::new(server.password())),
        };
        let connection = Connection::open(&access).await.map_err(|error| format!("{error:#}"))?;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok::<bool, String>(connection.client.query_one(sql, &[]).await.unwrap().get(0))
    };
    let roots = format!("&sslrootcert={}", certificates.authority().display());
    assert_eq!(encrypted("127.0.0.1", "").await, Ok(true), "it is preferred");
    assert_eq!(encrypted("127.0.0.1", "sslmode=disable").await, Ok(false));
    assert_eq!(encrypted("127.0.0.1", "sslmode=require").await, Ok(true));
    assert_eq!(encrypted("127.0.0.1", &format!("sslmode=verify-ca{roots}")).await, Ok(true));
    assert_eq!(encrypted("localhost", &format!("sslmode=verify-full{roots}")).await, Ok(true));
    for (host, query) in [
        ("127.0.0.1", format!("sslmode=verify-full{roots}")),
        ("localhost", "sslmode=verify-full".to_owned()),
        ("localhost", "ssl=true".to_owned()),
    ] {
        let error = encrypted(host, &query).await.expect_err(&query);
        assert!(error.contains("certificate"), "{query}: {error}");
    }
    let missing = encrypted("localhost", "sslmode=verify-ca&sslrootcert=/nowhere").await.unwrap_err();
    assert!(missing.contains("cannot read the certificates of `sslrootcert`"), "{missing}");
}
