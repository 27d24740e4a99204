//! What the parameters of the Java drivers mean here.

mod mysql;
mod postgresql;
mod sqlite;
mod tls;

use std::path::PathBuf;
use std::time::Duration;

use api::config::Password;

use super::{Settings, System, Tls, UrlError};

pub(super) use tls::settle;

pub(super) const USER: &str = "user";
pub(super) const PASSWORD: &str = "password";

/// What a parameter does.
#[derive(Clone, Copy)]
enum Meaning {
    User,
    Password,
    /// One word for how the connection is encrypted.
    TlsMode,
    /// Something of the connection's encryption, `true` or `false`; [`settle`] makes a mode of all of them.
    TlsFlag,
    /// A socket factory of PostgreSQL's driver.
    TlsFactory,
    TlsRoots,
    /// A file with the certificate of the client and its key, by a path or a `file:` URL.
    TlsClient,
    ConnectSeconds,
    ConnectMillis,
    SocketSeconds,
    SocketMillis,
    Schema,
    Application,
    /// For one dialect alone.
    Dialect,
    /// Tunes the Java driver.
    Ignored,
    /// Passed over with one of these values, which are what happens here anyway; refused with others.
    Only(&'static [&'static str]),
    /// Refused unless it is `false`.
    Refused(&'static str),
}

type Table = &'static [(&'static str, Meaning)];

const JAVA_CLASS: &str = "it names a class of Java, which cannot be loaded";
const WRITES_FILES: &str = "it makes the Java driver write a file";
const KEY_STORE: &str =
    "a key store of Java cannot be read, hint: `serverSslCert` names a file of trusted certificates in PEM";
const CLIENT_KEY_STORE: &str = "a key store with a password cannot be read, hint: `openssl pkcs12 -in STORE -nodes -out \
     client.pem` makes a PEM file of it, which `keyStore` or `clientCertificateKeyStoreUrl` may name";
const PUBLIC_KEY: &str = "the server's key cannot be compared with a file, hint: `sslMode=VERIFY_CA`";
const DESERIALIZES: &str = "it runs code that is stored in columns";

/// Does what a parameter says; false: nobody knows it.
pub(super) fn apply(
    settings: &mut Settings,
    system: System,
    name: &str,
    value: &str,
) -> Result<bool, UrlError> {
    let Some((known, meaning)) = find(system, name) else { return Ok(false) };
    let wrong = |expected| UrlError::Value { name: known.to_owned(), expected };
    match meaning {
        Meaning::User => settings.user = Some(value.to_owned()),
        Meaning::Password => settings.password = Some(Password::new(value)),
        Meaning::TlsMode => {
            settings.tls = Some(tls_mode(value).ok_or_else(|| wrong("a mode of TLS that its driver knows"))?);
        }
        Meaning::TlsFlag => {
            let set = flag(value).ok_or_else(|| wrong("true or false"))?;
            settings.dialect.insert(known, set.to_string());
        }
        Meaning::TlsFactory => {
            let checks = checks(value).ok_or(refused(known, JAVA_CLASS))?;
            settings.dialect.insert(known, checks.to_string());
        }
        Meaning::TlsRoots => settings.tls_roots = Some(PathBuf::from(value)),
        Meaning::TlsClient => settings.tls_client = Some(file(value).ok_or_else(|| wrong("a file"))?),
        Meaning::ConnectSeconds => settings.connect_timeout = time(value, 1000).map_err(wrong)?,
        Meaning::ConnectMillis => settings.connect_timeout = time(value, 1).map_err(wrong)?,
        Meaning::SocketSeconds => settings.socket_timeout = time(value, 1000).map_err(wrong)?,
        Meaning::SocketMillis => settings.socket_timeout = time(value, 1).map_err(wrong)?,
        Meaning::Schema => settings.schema = Some(value.to_owned()),
        Meaning::Application => settings.application = Some(value.to_owned()),
        Meaning::Dialect => drop(settings.dialect.insert(known, value.to_owned())),
        Meaning::Ignored => {}
        Meaning::Only(values) => {
            if !values.iter().any(|known| known.eq_ignore_ascii_case(value.trim())) {
                return Err(UrlError::Only { name: known.to_owned(), values: values.join("`, `") });
            }
        }
        Meaning::Refused(reason) if flag(value) != Some(false) => return Err(refused(known, reason)),
        Meaning::Refused(_) => {}
    }
    Ok(true)
}

/// PostgreSQL's driver takes names as they are, the others in any case.
fn find(system: System, name: &str) -> Option<(&'static str, &'static Meaning)> {
    let (table, exact): (Table, bool) = match system {
        System::PostgreSql => (postgresql::PARAMETERS, true),
        System::MySql | System::MariaDb => (mysql::PARAMETERS, false),
        System::Sqlite => (sqlite::PARAMETERS, false),
    };
    let same = |known: &str| if exact { known == name } else { known.eq_ignore_ascii_case(name) };
    table.iter().find(|(known, _)| same(known)).map(|(known, meaning)| (*known, meaning))
}

fn refused(name: &str, reason: &'static str) -> UrlError {
    UrlError::Refused { name: name.to_owned(), reason }
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        // A parameter without a value is set.
        "true" | "1" | "yes" | "" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn tls_mode(value: &str) -> Option<Tls> {
    match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => Some(Tls::Disable),
        "allow" | "prefer" | "preferred" => Some(Tls::Prefer),
        "require" | "required" | "trust" => Some(Tls::Require),
        "verify-ca" => Some(Tls::VerifyCa),
        "verify-full" | "verify-identity" => Some(Tls::VerifyFull),
        _ => None,
    }
}

/// Whether a socket factory of PostgreSQL's driver checks certificates.
fn checks(class: &str) -> Option<bool> {
    match class {
        "org.postgresql.ssl.NonValidatingFactory" => Some(false),
        "org.postgresql.ssl.LibPQFactory" | "org.postgresql.ssl.DefaultJavaSSLFactory" => Some(true),
        _ => None,
    }
}

/// The path of a file, also of one named by a URL without a host; `None`: it is another URL.
fn file(value: &str) -> Option<PathBuf> {
    let path = value.strip_prefix("file://").or(value.strip_prefix("file:")).unwrap_or(value);
    (!path.is_empty() && !path.contains("://")).then(|| PathBuf::from(path))
}

/// A time in units of some milliseconds; 0: no limit.
fn time(value: &str, unit_ms: u64) -> Result<Option<Duration>, &'static str> {
    let count: u32 = value.trim().parse().map_err(|_| "a time as a whole number, not below 0")?;
    Ok((count > 0).then(|| Duration::from_millis(u64::from(count) * unit_ms)))
}
