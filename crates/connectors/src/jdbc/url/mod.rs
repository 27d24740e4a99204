//! `connection.url`: a JDBC URL, read strictly, with the parameters that the Java drivers know.
//!
//! No driver of Java is loaded: a parameter either has its meaning here, or only tunes the Java driver and is passed
//! over, or would change what is read or written, and is refused. Nobody knows the others; [`Url::unknown`] names
//! them, to be logged once.

mod parameters;
mod parse;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use api::config::Password;

pub(crate) use parse::UrlError;

/// The database systems whose URLs are understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum System {
    /// `jdbc:mariadb:`, and MariaDB or MySQL behind it.
    MariaDb,
    /// `jdbc:mysql:`, and MySQL or MariaDB behind it.
    MySql,
    /// `jdbc:postgresql:`.
    PostgreSql,
    /// `jdbc:sqlite:`.
    Sqlite,
}

impl System {
    /// The name that users know it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
            Self::PostgreSql => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A JDBC URL and the driver's properties beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Url {
    /// The system.
    pub(crate) system: System,
    /// The servers, in the order in which they are tried; none for SQLite.
    pub(crate) hosts: Vec<Host>,
    /// The database, decoded; for SQLite the file, `:memory:` or a URI of SQLite.
    pub(crate) database: Option<String>,
    /// What the parameters say.
    pub(crate) settings: Settings,
    /// The names of parameters that nobody knows, in order.
    pub(crate) unknown: Vec<String>,
}

/// A server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Host {
    /// A name or an address, without brackets.
    pub(crate) name: String,
    /// The port.
    pub(crate) port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

/// What parameters of a URL, or keys `connection.*` of a configuration, say about the connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// The user, who counts before `connection.user`.
    pub(crate) user: Option<String>,
    /// The password, which counts before `connection.password`.
    pub(crate) password: Option<Password>,
    /// Whether the connection is encrypted; `None`: the URL does not say.
    pub(crate) tls: Option<Tls>,
    /// The certificates that are trusted, in PEM; `None`: those of the system.
    pub(crate) tls_roots: Option<PathBuf>,
    /// The certificate that the client shows and its key, both in one PEM file.
    pub(crate) tls_client: Option<PathBuf>,
    /// How long a connection may take to open.
    pub(crate) connect_timeout: Option<Duration>,
    /// How long an answer may take.
    pub(crate) socket_timeout: Option<Duration>,
    /// The schemas in which unqualified names are looked up (`currentSchema`).
    pub(crate) schema: Option<String>,
    /// The name by which the server knows the connection (`ApplicationName`).
    pub(crate) application: Option<String>,
    /// Parameters that mean something to one dialect only, by their names in the Java driver's spelling.
    pub(crate) dialect: BTreeMap<&'static str, String>,
}

/// How a connection is encrypted; later ones are stricter.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Tls {
    /// Not at all.
    Disable,
    /// If the server can.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and the certificate is of a known authority.
    VerifyCa,
    /// Always, and the certificate is of a known authority and of this host.
    VerifyFull,
}

impl Url {
    /// Reads a URL and the driver's properties beside it (the rest of `connection.*`, the prefix cut off), of which
    /// those in the URL count before the others.
    ///
    /// # Errors
    /// It is none, of a system that is not here, or has a parameter that is refused or of a wrong value. The words
    /// name the parameter, never what may be a secret.
    pub(crate) fn parse(text: &str, properties: &[(String, String)]) -> Result<Self, UrlError> {
        parse::url(text, properties)
    }
}

#[cfg(test)]
mod tests;
