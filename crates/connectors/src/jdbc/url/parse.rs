//! Takes a JDBC URL apart.

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::parameters::{self, apply};
use super::{Host, Settings, System, Url};

/// What is wrong with a URL.
#[derive(Debug, Eq, Error, PartialEq)]
pub(crate) enum UrlError {
    /// Confluent's words.
    #[error("Not a valid JDBC URL")]
    NotJdbc,
    /// A system without a dialect here.
    #[error("`jdbc:{0}:` is not supported: {1}")]
    Missing(String, &'static str),
    /// The part of the server and the database.
    #[error("cannot read the URL of {system}: {problem}")]
    Malformed {
        /// The system.
        system: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A parameter is refused.
    #[error("parameter `{name}` of the database URL is refused: {reason}")]
    Refused {
        /// The parameter.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A parameter has another value than what happens here anyway.
    #[error("parameter `{name}` of the database URL: only `{values}` is supported")]
    Only {
        /// The parameter.
        name: String,
        /// What it may be.
        values: String,
    },
    /// A parameter has a value that it cannot have.
    #[error("parameter `{name}` of the database URL: expected {expected}")]
    Value {
        /// The parameter.
        name: String,
        /// What it has to be.
        expected: &'static str,
    },
}

pub(super) fn url(text: &str, properties: &[(String, String)]) -> Result<Url, UrlError> {
    let rest = text.trim().strip_prefix("jdbc:").ok_or(UrlError::NotJdbc)?;
    let (name, rest) = rest.split_once(':').filter(|(name, _)| !name.is_empty()).ok_or(UrlError::NotJdbc)?;
    let mut url = match system(name)? {
        System::Sqlite => sqlite(rest),
        system => server(system, rest)?,
    };
    let (_, query) = rest.split_once('?').unwrap_or((rest, ""));
    let in_url = pairs(url.system, query)?;
    for (name, value) in properties.iter().chain(&in_url) {
        if !apply(&mut url.settings, url.system, name, value)? && !url.unknown.contains(name) {
            url.unknown.push(name.clone());
        }
    }
    parameters::settle(&mut url.settings, url.system);
    Ok(url)
}

fn system(name: &str) -> Result<System, UrlError> {
    let missing = |words| Err(UrlError::Missing(name.to_owned(), words));
    match name {
        "postgresql" => Ok(System::PostgreSql),
        "mysql" => Ok(System::MySql),
        "mariadb" => Ok(System::MariaDb),
        "sqlite" => Ok(System::Sqlite),
        "sqlserver" | "jtds" => missing("there is no dialect for SQL Server yet"),
        "oracle" => missing("there is no dialect for Oracle yet, which needs Oracle's own client library"),
        "db2" => missing("there is no dialect for Db2"),
        "sap" => missing("there is no dialect for SAP HANA"),
        "vertica" => missing("there is no dialect for Vertica"),
        "derby" => missing("Derby is a database of Java"),
        "sybase" => missing("there is no dialect for Sybase"),
        "mysql+srv" | "mysqlx" | "mysqlx+srv" => {
            missing("names of services are not looked up, hint: jdbc:mysql://host")
        }
        "aws-wrapper" => missing("no driver of Java is loaded, hint: leave `aws-wrapper:` out"),
        _ => missing("supported are postgresql, mysql, mariadb and sqlite"),
    }
}

fn sqlite(rest: &str) -> Url {
    let (file, _) = rest.split_once('?').unwrap_or((rest, ""));
    let file = if file.is_empty() { ":memory:" } else { file };
    empty(System::Sqlite, Vec::new(), Some(file.to_owned()))
}

fn empty(system: System, hosts: Vec<Host>, database: Option<String>) -> Url {
    Url { system, hosts, database, settings: Settings::default(), unknown: Vec::new() }
}

/// The URL of a server: `//host:port,host:port/database`, or for PostgreSQL only the database.
fn server(system: System, rest: &str) -> Result<Url, UrlError> {
    let malformed = |problem: String| UrlError::Malformed { system: system.name(), problem };
    let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
    let place = mode(system, place).map_err(malformed)?;
    let Some(place) = place.strip_prefix("//") else {
        return match system {
            System::PostgreSql => {
                Ok(empty(system, vec![local(system)], database(place.trim_start_matches('/'))?))
            }
            _ => Err(malformed("expected `//host:port/database`".to_owned())),
        };
    };
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) if system != System::PostgreSql => (Some(login), hosts),
        Some(_) => {
            return Err(malformed(
                "a user belongs into `connection.user` or the parameter `user`".to_owned(),
            ));
        }
        None => (None, authority),
    };
    let hosts =
        hosts.split(',').map(|text| host(system, text)).collect::<Result<_, _>>().map_err(malformed)?;
    let mut url = empty(system, hosts, database(path)?);
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        apply(&mut url.settings, system, parameters::USER, &decoded(user)?)?;
        if let Some(password) = password {
            apply(&mut url.settings, system, parameters::PASSWORD, &decoded(password)?)?;
        }
    }
    Ok(url)
}

/// Takes away the word that says what several hosts are for. Hosts are tried in order whenever a connection is opened.
fn mode(system: System, place: &str) -> Result<&str, String> {
    let Some((mode, rest)) = place.split_once(':').filter(|_| !place.starts_with('/')) else {
        return Ok(place);
    };
    match (system, mode) {
        (System::PostgreSql, _) => Ok(place),
        (System::MariaDb, "sequential" | "failover") => Ok(rest),
        (_, "loadbalance" | "load-balance" | "replication" | "aurora") => Err(format!(
            "`{mode}` is not supported, hint: `//host1,host2/database` takes the first host that answers"
        )),
        _ => Err(format!("`{mode}:` is not known, expected `//host:port/database`")),
    }
}

fn local(system: System) -> Host {
    Host { name: "localhost".to_owned(), port: port(system) }
}

fn port(system: System) -> u16 {
    if system == System::PostgreSql { 5432 } else { 3306 }
}

fn database(path: &str) -> Result<Option<String>, UrlError> {
    if path.is_empty() { Ok(None) } else { decoded(path).map(Some) }
}

fn host(system: System, text: &str) -> Result<Host, String> {
    if text.is_empty() {
        return Ok(local(system));
    }
    if text.contains(['(', ')', '=']) {
        return Err("a host in the form of keys and values is not supported, only `host:port`".to_owned());
    }
    let (name, port_text) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']').ok_or("a `[` of a host is not closed")?;
            (name, rest.strip_prefix(':'))
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let port = match port_text {
        None | Some("") => port(system),
        Some(digits) => digits
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| format!("the port of host `{name}` is not a number from 1 to 65535"))?,
    };
    let name = if name.is_empty() { "localhost" } else { name };
    Ok(Host { name: name.to_owned(), port })
}

/// The parameters of a query string. A part without `=` is a flag that is set, as the drivers read it.
fn pairs(system: System, query: &str) -> Result<Vec<(String, String)>, UrlError> {
    let raw = system == System::Sqlite;
    let part = |text: &str| if raw { Ok(text.to_owned()) } else { decoded(text) };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((part(name)?, part(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, UrlError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| UrlError::Malformed { system: "the database", problem: "it is not UTF-8".to_owned() })
}
