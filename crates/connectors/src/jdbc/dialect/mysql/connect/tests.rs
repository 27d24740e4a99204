use std::net::TcpListener;

use api::config::Password;
use api::{Error, Reaction};
use mysql_async::prelude::Queryable;
use testkit::database::{Database, MariaDb, Settings};
use testkit::{Certificates, Postgres};

use super::{open, within};
use crate::jdbc::dialect::Access;
use crate::jdbc::url::Url;

fn access(url: &str, database: &Database) -> Access {
    Access {
        url: Url::parse(url, &[]).unwrap(),
        user: Some(database.user().to_owned()),
        password: Some(Password::new(database.password())),
    }
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
    let database = MariaDb::shared().create_database("silent").unwrap();
    // The system takes connections for it, and nobody ever reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for scheme in ["mysql", "mariadb"] {
        let url = format!("jdbc:{scheme}://127.0.0.1:{port}/d?connectTimeout=300");
        let error = open(&access(&url, &database)).await.err().unwrap();
        assert_says(&error, Reaction::Retry, &[&format!("127.0.0.1:{port}"), "no answer within 300 ms"]);
    }
    // The next host is asked where there is one.
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", testkit::ports::free(), database.port());
    let url = format!("jdbc:mysql://{hosts}/{}?connectTimeout=60000&socketTimeout=500", database.name());
    let access = access(&url, &database);
    let mut connection = open(&access).await.unwrap();
    let error = within(&access, "cannot sleep", connection.query_drop("DO SLEEP(600)")).await.unwrap_err();
    assert_says(&error, Reaction::Retry, &["cannot sleep", "socketTimeout"]);
}

#[tokio::test]
async fn a_server_of_another_system_is_no_endless_wait() {
    // PostgreSQL waits for the client to speak first, as the client waits for MariaDB.
    let postgres = Postgres::shared().database("postgres");
    let url = format!("jdbc:mariadb://127.0.0.1:{}/d?connectTimeout=300", postgres.port());
    let error = open(&access(&url, &postgres)).await.err().unwrap();
    assert_says(&error, Reaction::Retry, &["no answer within 300 ms"]);
}

#[tokio::test]
async fn tls_that_is_not_known_is_left_out_only_where_it_may_be() {
    let certificates = Certificates::new().unwrap();
    // What MySQL 5.7 offers: no elliptic curves.
    let settings = Settings::default()
        .option(&format!("--ssl-ca={}", certificates.authority().display()))
        .option(&format!("--ssl-cert={}", certificates.certificate().display()))
        .option(&format!("--ssl-key={}", certificates.key().display()))
        .option("--tls-version=TLSv1.2")
        .option("--ssl-cipher=DHE-RSA-AES256-GCM-SHA384");
    let server = MariaDb::start_with(settings).unwrap();
    let database = server.create_database("old_tls").unwrap();
    let url = |query: &str| format!("jdbc:mysql://127.0.0.1:{}/{}{query}", database.port(), database.name());
    for query in ["", "?sslMode=PREFERRED", "?sslMode=DISABLED"] {
        let mut connection = open(&access(&url(query), &database)).await.unwrap();
        let cipher: Option<(String, String)> =
            connection.query_first("SHOW STATUS LIKE 'Ssl_cipher'").await.unwrap();
        assert_eq!(cipher.unwrap().1, "", "{query}");
    }
    let error = open(&access(&url("?sslMode=REQUIRED"), &database)).await.err().unwrap();
    assert_says(&error, Reaction::Fail, &["TLS"]);
}

#[tokio::test]
async fn what_a_user_can_mend_names_the_server_and_what_is_wrong() {
    let database = MariaDb::shared().create_database("wrong").unwrap();
    let (port, name) = (database.port(), database.name());
    let right = format!("jdbc:mariadb://127.0.0.1:{port}/{name}");
    let mut wrong = access(&right, &database);
    wrong.password = Some(Password::new("another-secret"));
    assert_says(&open(&wrong).await.err().unwrap(), Reaction::Fail, &["127.0.0.1", "Access denied"]);
    let check = async |url: &str, reaction, words: &[&str]| {
        assert_says(&open(&access(url, &database)).await.err().unwrap(), reaction, words);
    };
    check(&format!("jdbc:mariadb://127.0.0.1:{port}/nowhere"), Reaction::Fail, &["nowhere"]).await;
    check("jdbc:mariadb://no.such.host.invalid/d", Reaction::Retry, &["no.such.host.invalid:3306"]).await;
    check("jdbc:mariadb://127.0.0.1:1/d", Reaction::Retry, &["127.0.0.1:1", "refused"]).await;
    check(&format!("{right}?sessionVariables=no_such=1"), Reaction::Fail, &["no_such"]).await;
}

/// The ways to log in that are switched on in a server, of those that this test knows.
fn plugins(database: &Database) -> Vec<&'static str> {
    let active = database
        .query("SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'")
        .unwrap();
    let known = ["mysql_native_password", "caching_sha2_password", "sha256_password", "ed25519", "parsec"];
    known.into_iter().filter(|name| active.iter().any(|row| row[0].as_deref() == Some(name))).collect()
}

#[tokio::test]
async fn accounts_log_in_by_what_the_server_has_for_it() {
    let database = MariaDb::shared().create_database("plugins").unwrap();
    // Not every server has them.
    let installed = ["ed25519", "parsec"]
        .into_iter()
        .filter(|name| database.execute(&format!("INSTALL SONAME 'auth_{name}'")).is_ok());
    let installed: Vec<&str> = installed.collect();
    let plugins = plugins(&database);
    assert!(installed.iter().all(|name| plugins.contains(name)), "{installed:?} {plugins:?}");
    let newer = database.is_mysql() && database.version() >= (8, 0);
    assert!(plugins.contains(&if newer { "caching_sha2_password" } else { "mysql_native_password" }));
    for plugin in plugins {
        let by = match database.is_mysql() {
            true => format!("IDENTIFIED WITH {plugin} BY 'login-secret'"),
            false => format!("IDENTIFIED VIA {plugin} USING PASSWORD('login-secret')"),
        };
        let user = format!("by_{plugin}");
        database
            .execute(&format!(
                "DROP USER IF EXISTS '{user}'@'%'; CREATE USER '{user}'@'%' {by}; GRANT ALL ON `{}`.* TO '{user}'@'%'",
                database.name()
            ))
            .unwrap();
        for mode in ["DISABLED", "PREFERRED"] {
            // What the server remembers of passwords is gone: the first login is a long one, the second a short one.
            database.execute("FLUSH PRIVILEGES").unwrap();
            let url =
                format!("jdbc:mysql://127.0.0.1:{}/{}?sslMode={mode}", database.port(), database.name());
            let mut own = access(&url, &database);
            own.user = Some(user.clone());
            for password in ["login-secret", "login-secret", "wrong-secret", "login-secret"] {
                own.password = Some(Password::new(password));
                match (open(&own).await, plugin) {
                    (Err(error), "sha256_password") => {
                        let words = ["`sha256_password`, which is not known here", "hint", "caching_sha2"];
                        assert_says(&error, Reaction::Fail, &words);
                    }
                    (Err(error), _) if password == "wrong-secret" => {
                        assert_says(&error, Reaction::Fail, &["Access denied", &user, "127.0.0.1"]);
                    }
                    (Ok(mut connection), _) if password == "login-secret" => {
                        let who: Option<String> =
                            connection.query_first("SELECT CURRENT_USER()").await.unwrap();
                        assert_eq!(who, Some(format!("{user}@%")));
                    }
                    (outcome, _) => panic!("{plugin}, {mode}, `{password}`: {:?}", outcome.err()),
                }
            }
        }
        database.execute(&format!("DROP USER '{user}'@'%'")).unwrap();
    }
}
