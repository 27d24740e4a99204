//! Encrypted connections to a real server, with certificates of `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;

use api::config::Password;
use testkit::database::{Postgres, Settings};

use crate::jdbc::dialect::Access;
use crate::jdbc::dialect::postgres::connect::Connection;
use crate::jdbc::url::Url;

fn run(directory: &Path, program: &str, arguments: &str) {
    let arguments = arguments.split(' ');
    let output =
        Command::new(program).current_dir(directory).args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and the certificate of a server that is called `localhost`.
fn certificates(directory: &Path) {
    let openssl = |arguments: &str| run(directory, "openssl", arguments);
    openssl("req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority -keyout ca.key -out ca.crt");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    fs::write(directory.join("names"), "subjectAltName=DNS:localhost\n").expect("a file");
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 30 -extfile names -out server.crt");
    run(directory, "chmod", "755 .");
    run(directory, "chmod", "600 server.key");
    // Root runs the server under another account, which has to own its key; nobody else can or has to give it away.
    let given = Command::new("chown").current_dir(directory).args(["postgres", "server.key"]).output();
    given.expect("the program runs");
}

#[tokio::test]
async fn the_modes_of_tls() {
    let directory = tempfile::TempDir::new().unwrap();
    certificates(directory.path());
    let path = |name: &str| directory.path().join(name).display().to_string();
    let settings = Settings::default()
        .option("-cssl=on")
        .option(&format!("-cssl_cert_file={}", path("server.crt")))
        .option(&format!("-cssl_key_file={}", path("server.key")));
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
    let roots = format!("&sslrootcert={}", path("ca.crt"));
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
