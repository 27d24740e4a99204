use std::time::Duration;

use super::{System, Tls, Url};

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
    check("jdbc:mariadb:sequential://a,b:3307/d", &["a:3306", "b:3307"], Some("d"));
    check("jdbc:mariadb:failover://a,b/d", &["a:3306", "b:3306"], Some("d"));
    check("jdbc:mysql://a,b/d", &["a:3306", "b:3306"], Some("d"));
    check("jdbc:sqlite:/var/lib/app.db", &[], Some("/var/lib/app.db"));
    check("jdbc:sqlite::memory:", &[], Some(":memory:"));
    check("jdbc:sqlite:app.db?busy_timeout=5", &[], Some("app.db"));
}

#[test]
fn parameters_mean_what_they_mean_to_the_drivers() {
    let url = parse(
        "jdbc:postgresql://h/d?user=ann&password=p%26w&sslmode=verify-full&connectTimeout=3&socketTimeout=0\
         &currentSchema=app&ApplicationName=copy&reWriteBatchedInserts=true&what=1&stringtype=unspecified&targetServerType=primary",
    );
    let settings = &url.settings;
    assert_eq!(settings.user.as_deref(), Some("ann"));
    assert_eq!(settings.password.as_ref().unwrap().expose(), "p&w");
    assert_eq!(settings.tls, Some(Tls::VerifyFull));
    assert_eq!((settings.connect_timeout, settings.socket_timeout), (Some(Duration::from_secs(3)), None));
    assert_eq!(settings.schema.as_deref(), Some("app"));
    assert_eq!(settings.application.as_deref(), Some("copy"));
    assert_eq!(settings.dialect.get("targetServerType").map(String::as_str), Some("primary"));
    assert_eq!(url.unknown, ["what"]);
    let url = parse("jdbc:mysql://ann:secret@h/d?usessl=true&connectTimeout=1500&allowLoadLocalInfile=true");
    assert!(url.unknown.is_empty());
    assert_eq!((url.system, url.settings.tls), (System::MySql, Some(Tls::Require)));
    assert_eq!(url.settings.user.as_deref(), Some("ann"));
    assert_eq!(url.settings.connect_timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn flags_of_tls_make_a_mode_in_whatever_order_they_come() {
    let check = |text: &str, tls: Option<Tls>| assert_eq!(parse(text).settings.tls, tls, "{text}");
    check("jdbc:postgresql://h/d?ssl=true", Some(Tls::VerifyFull));
    check("jdbc:postgresql://h/d?ssl=false", None);
    check("jdbc:postgresql://h/d?ssl=true&sslmode=disable", Some(Tls::Disable));
    check("jdbc:postgresql://h/d?sslmode=disable&ssl=true", Some(Tls::Disable));
    let trusting = "sslfactory=org.postgresql.ssl.NonValidatingFactory";
    check(&format!("jdbc:postgresql://h/d?{trusting}&ssl=true"), Some(Tls::Require));
    check(&format!("jdbc:postgresql://h/d?ssl=true&{trusting}"), Some(Tls::Require));
    check(&format!("jdbc:postgresql://h/d?{trusting}&sslmode=verify-ca"), Some(Tls::VerifyCa));
    check("jdbc:mysql://h/d?sslMode=VERIFY_IDENTITY", Some(Tls::VerifyFull));
    check("jdbc:mysql://h/d?sslMode=PREFERRED", Some(Tls::Prefer));
    check("jdbc:mysql://h/d?useSSL=false", Some(Tls::Disable));
    check("jdbc:mysql://h/d?useSSL=true&requireSSL=false", Some(Tls::Require));
    check("jdbc:mysql://h/d?requireSSL=false", None);
    check("jdbc:mysql://h/d?verifyServerCertificate=true&useSSL=true", Some(Tls::VerifyCa));
    check("jdbc:mysql://h/d?useSSL=false&sslMode=REQUIRED", Some(Tls::Require));
    // MariaDB's driver checks what it encrypts, unless it is told not to.
    check("jdbc:mariadb://h/d?useSSL=true", Some(Tls::VerifyFull));
    check("jdbc:mariadb://h/d?trustServerCertificate=true&useSsl=true", Some(Tls::Require));
    check("jdbc:mariadb://h/d?trustServerCertificate=false", None);
    check("jdbc:mariadb://h/d?disableSslHostnameVerification=true&useSSL=true", Some(Tls::VerifyCa));
    check("jdbc:mariadb://h/d?sslMode=trust", Some(Tls::Require));
    check("jdbc:mariadb://h/d?sslMode=verify-full&disableSslHostnameVerification=true", Some(Tls::VerifyCa));
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
    check(
        "jdbc:mysql:loadbalance://a,b/d",
        "cannot read the URL of MySQL: `loadbalance` is not supported, hint: `//host1,host2/database` takes the \
         first host that answers",
    );
    check("jdbc:mariadb:h/d", "cannot read the URL of MariaDB: expected `//host:port/database`");
    check(
        "jdbc:mariadb://address=(host=a)(port=1)/d",
        "cannot read the URL of MariaDB: a host in the form of keys and values is not supported, only `host:port`",
    );
    check(
        "jdbc:mysql+srv://h/d",
        "`jdbc:mysql+srv:` is not supported: names of services are not looked up, hint: jdbc:mysql://host",
    );
    check(
        "jdbc:mysql://h/d?allowUrlInLocalInfile=true",
        "parameter `allowUrlInLocalInfile` of the database URL is refused: it lets the server read any address \
         through this worker",
    );
    check(
        "jdbc:mysql://h/d?trustCertificateKeyStoreUrl=file:/a.jks",
        "parameter `trustCertificateKeyStoreUrl` of the database URL is refused: a key store of Java cannot be \
         read, hint: `serverSslCert` names a file of trusted certificates in PEM",
    );
    check(
        "jdbc:postgresql://h/d?gssEncMode=require",
        "parameter `gssEncMode` of the database URL: only `disable`, `allow`, `prefer` is supported",
    );
    check(
        "jdbc:mariadb://h/d?keyStore=/a.p12&keyStorePassword=x",
        "parameter `keyStorePassword` of the database URL is refused: a key store with a password cannot be read, \
         hint: `openssl pkcs12 -in STORE -nodes -out client.pem` makes a PEM file of it, which `keyStore` or \
         `clientCertificateKeyStoreUrl` may name",
    );
    check(
        "jdbc:mysql://h/d?clientCertificateKeyStoreUrl=file:/a&clientCertificateKeyStoreType=JKS",
        "parameter `clientCertificateKeyStoreType` of the database URL: only `PEM` is supported",
    );
    check(
        "jdbc:mysql://h/d?clientCertificateKeyStoreUrl=http://h/a",
        "parameter `clientCertificateKeyStoreUrl` of the database URL: expected a file",
    );
    assert!(Url::parse("jdbc:postgresql://h/d?gssEncMode=disable", &[]).is_ok());
    assert!(Url::parse("jdbc:mysql://h/d?autoDeserialize=false", &[]).is_ok());
}
