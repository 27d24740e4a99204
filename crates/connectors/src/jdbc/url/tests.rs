use std::time::Duration;

use super::{System, Tls, Url, UrlError};

fn parse(text: &str) -> Url {
    Url::parse(text, &[]).unwrap()
}

fn places(url: &Url) -> Vec<String> {
    url.hosts.iter().map(ToString::to_string).collect()
}

#[test]
fn servers_and_databases() {
    let check = |text: &str, hosts: &[&str], database: Option<&str>| {
        let url = parse(text);
        assert_eq!(
            (places(&url), url.database.as_deref()),
            (hosts.iter().map(ToString::to_string).collect(), database)
        );
    };
    check("jdbc:postgresql://db.example.com:5433/sales", &["db.example.com:5433"], Some("sales"));
    check("jdbc:postgresql://a,b:5433/x", &["a:5432", "b:5433"], Some("x"));
    check("jdbc:postgresql://[::1]:5433/x", &["[::1]:5433"], Some("x"));
    check("jdbc:postgresql://localhost/my%20db", &["localhost:5432"], Some("my db"));
    check("jdbc:postgresql:sales", &["localhost:5432"], Some("sales"));
    check("jdbc:postgresql:/", &["localhost:5432"], None);
    check("jdbc:postgresql://h/", &["h:5432"], None);
    check("jdbc:mysql://localhost:3307/mydb?useSSL=false", &["localhost:3307"], Some("mydb"));
    check("jdbc:mariadb://h", &["h:3306"], None);
    check("jdbc:sqlite:/var/lib/app.db", &[], Some("/var/lib/app.db"));
    check("jdbc:sqlite::memory:", &[], Some(":memory:"));
    check("jdbc:sqlite:app.db?busy_timeout=5", &[], Some("app.db"));
}

#[test]
fn parameters_mean_what_they_mean_to_the_drivers() {
    let url = parse(
        "jdbc:postgresql://h/d?user=ann&password=p%26w&sslmode=verify-full&connectTimeout=3&socketTimeout=0\
         &currentSchema=app&ApplicationName=copy&reWriteBatchedInserts=true&what=1&stringtype=unspecified",
    );
    let settings = &url.settings;
    assert_eq!(settings.user.as_deref(), Some("ann"));
    assert_eq!(settings.password.as_ref().unwrap().expose(), "p&w");
    assert_eq!(settings.tls, Some(Tls::VerifyFull));
    assert_eq!((settings.connect_timeout, settings.socket_timeout), (Some(Duration::from_secs(3)), None));
    assert_eq!(settings.schema.as_deref(), Some("app"));
    assert_eq!(settings.application.as_deref(), Some("copy"));
    assert_eq!(settings.dialect.get("stringtype").map(String::as_str), Some("unspecified"));
    assert_eq!(url.unknown, ["what"]);
    let url = parse("jdbc:mysql://ann:secret@h/d?usessl=true&connectTimeout=1500");
    assert_eq!((url.system, url.settings.tls), (System::MySql, Some(Tls::Require)));
    assert_eq!(url.settings.user.as_deref(), Some("ann"));
    assert_eq!(url.settings.connect_timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn the_url_counts_before_properties() {
    let properties = [("ApplicationName".to_owned(), "a".to_owned()), ("other".to_owned(), String::new())];
    let url = Url::parse("jdbc:postgresql:d?ApplicationName=b", &properties).unwrap();
    assert_eq!((url.settings.application.as_deref(), url.unknown), (Some("b"), vec!["other".to_owned()]));
}

#[test]
fn what_is_none_or_dangerous_is_refused() {
    let check = |text: &str, words: &str| {
        assert_eq!(Url::parse(text, &[]).unwrap_err().to_string(), words, "{text}");
    };
    check("postgresql://h/d", "Not a valid JDBC URL");
    check("jdbc:", "Not a valid JDBC URL");
    check("jdbc:sqlserver://h", "`jdbc:sqlserver:` is not supported: there is no dialect for SQL Server yet");
    check(
        "jdbc:h2:mem:x",
        "`jdbc:h2:` is not supported: supported are postgresql, mysql, mariadb and sqlite",
    );
    check(
        "jdbc:postgresql://h/d?socketFactory=x.Y",
        "parameter `socketFactory` of the database URL is refused: it names a class of Java, which cannot be loaded",
    );
    check(
        "jdbc:mysql://h/d?AUTODESERIALIZE=true",
        "parameter `autoDeserialize` of the database URL is refused: it runs code that is stored in columns",
    );
    check(
        "jdbc:postgresql://h/d?connectTimeout=soon",
        "parameter `connectTimeout` of the database URL: expected a \
           time as a whole number, not below 0",
    );
    check(
        "jdbc:postgresql://h:99999/d",
        "cannot read the URL of PostgreSQL: the port of host `h` is not a number \
           from 1 to 65535",
    );
    assert!(matches!(Url::parse("jdbc:mysql:loadbalance://h/d", &[]), Err(UrlError::Malformed { .. })));
    assert!(Url::parse("jdbc:mysql://h/d?autoDeserialize=false", &[]).is_ok());
}
