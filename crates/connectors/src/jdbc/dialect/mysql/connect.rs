//! Connections to MySQL and MariaDB, and what their errors call for.

use std::fmt::Display;
use std::time::Duration;

use api::{Error, Result};
use mysql_async::{Conn, DriverError, IoError, Opts, OptsBuilder, ServerError};
use tokio::time::timeout;
use tracing::warn;

use super::{settings, tls};
use crate::jdbc::dialect::Access;
use crate::jdbc::url::{Host, System, Tls};

/// How long opening a connection may take where the URL does not say (that of MariaDB's driver).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The name that the server shows where the URL has none.
const APPLICATION: &str = "ferroduct";

/// Opens a connection to the first server of the URL that answers. Statements are committed one by one.
///
/// # Errors
/// No server can be reached, or one does not let this user in.
pub(crate) async fn open(access: &Access) -> Result<Conn> {
    let mut outcome = Err(Error::fail("the database URL names no server"));
    for host in &access.url.hosts {
        outcome = open_at(access, host).await;
        // A server that answered has decided; one that did not may have a neighbour.
        if outcome.as_ref().err().is_none_or(|error| error.reaction() != api::Reaction::Retry) {
            break;
        }
    }
    outcome
}

async fn open_at(access: &Access, host: &Host) -> Result<Conn> {
    let tls = access.url.settings.tls.unwrap_or(match access.url.system {
        System::MySql => Tls::Prefer,
        _ => Tls::Disable,
    });
    let words = format!("cannot connect to `{host}`");
    match connect(access, options(access, host, tls, None)?, &words).await? {
        Ok(conn) => Ok(conn),
        Err(error) if tls == Tls::Prefer && tls::missing(&error) => {
            if !matches!(error, mysql_async::Error::Driver(_)) {
                let error = describe(&error);
                warn!(%host, error, "the server knows no TLS that is known here: the connection is not encrypted");
            }
            let plain = connect(access, options(access, host, Tls::Disable, None)?, &words).await?;
            plain.map_err(|error| failure(words, &error))
        }
        Err(error) => match tls::name_of_other(&error).filter(|_| tls == Tls::VerifyCa) {
            Some(name) => {
                let known = connect(access, options(access, host, tls, Some(name))?, &words).await?;
                known.map_err(|error| failure(words, &error))
            }
            None => Err(failure(words, &error)),
        },
    }
}

async fn connect(access: &Access, options: Opts, words: &str) -> Result<Result<Conn, mysql_async::Error>> {
    let limit = access.url.settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    timeout(limit, Box::pin(Conn::new(options)))
        .await
        .map_err(|_| Error::retry(format_args!("{words}: no answer within {} ms", limit.as_millis())))
}

fn options(access: &Access, host: &Host, tls: Tls, name: Option<String>) -> Result<Opts> {
    let settings = &access.url.settings;
    let mut statements = settings::statements(settings)?;
    let database = access.url.database.clone();
    let create = settings::flag(settings, "createDatabaseIfNotExist", false)?;
    if let Some(name) = database.as_ref().filter(|_| create) {
        let name = name.replace('`', "``");
        statements.insert(0, format!("CREATE DATABASE IF NOT EXISTS `{name}`"));
        statements.insert(1, format!("USE `{name}`"));
    }
    let options = OptsBuilder::default()
        .ip_or_hostname(&host.name)
        .tcp_port(host.port)
        .prefer_socket(false)
        .user(access.user())
        .pass(access.password())
        .db_name(database.filter(|_| !create))
        .init(statements)
        .tcp_keepalive(settings::flag(settings, "tcpKeepAlive", true)?.then_some(Duration::from_secs(60)))
        .client_found_rows(!settings::flag(settings, "useAffectedRows", false)?)
        // Every query has its own text.
        .stmt_cache_size(0)
        .connect_attribute("program_name", settings.application.as_deref().unwrap_or(APPLICATION))
        .ssl_opts(tls::options(access, tls, name)?);
    Ok(options.into())
}

/// Runs a request within the time that an answer may take (`socketTimeout`).
///
/// # Errors
/// Those of [`failure`], with `words` for what could not be done.
pub(crate) async fn within<T>(
    access: &Access,
    words: impl Display,
    request: impl Future<Output = Result<T, mysql_async::Error>>,
) -> Result<T> {
    let answered = match access.url.settings.socket_timeout {
        Some(limit) => timeout(limit, request)
            .await
            .map_err(|_| Error::retry(format_args!("{words}: no answer within `socketTimeout`")))?,
        None => request.await,
    };
    answered.map_err(|error| failure(words, &error))
}

/// Turns an error of the driver into one of ours: the reaction by what the server named, words without data.
pub(crate) fn failure(words: impl Display, error: &mysql_async::Error) -> Error {
    let message = format!("{words}: {}", describe(error));
    match error {
        mysql_async::Error::Server(error) if !passing(error) => Error::fail(message),
        mysql_async::Error::Io(error) if tls::failed(error) => Error::fail(message),
        mysql_async::Error::Server(_) | mysql_async::Error::Io(IoError::Io(_)) => Error::retry(message),
        mysql_async::Error::Driver(error) if lost(error) => Error::retry(message),
        // A certificate that is not trusted, a way to log in that is not known, an answer that is none.
        _ => Error::fail(message),
    }
}

/// Whether an error may pass by itself: the classes of SQLSTATE for connections and rollbacks, and what the server
/// says in HY000 about its resources and its state.
fn passing(error: &ServerError) -> bool {
    if matches!(&error.state.get(..2), Some("08" | "40")) {
        return true;
    }
    matches!(
        error.code,
        // Too many connections, out of resources, shutdown, aborted, killed, lock waits and deadlocks.
        1021 | 1037 | 1038 | 1040 | 1041 | 1053 | 1077 | 1078 | 1079 | 1152
            ..=1161 | 1184 | 1203 | 1205 | 1206
        | 1213 | 1226 | 1317 | 1614 | 1637 | 1689 | 1927 | 1969 | 3024 | 3058 | 4031
        // Full disks and read-only servers, which operators mend.
        | 1114 | 1290 | 1836 | 1792 | 1028 | 1030 | 1180 | 1181 | 1196
        // Nodes of a cluster that are not ready.
        | 1047
    )
}

fn lost(error: &DriverError) -> bool {
    matches!(error, DriverError::ConnectionClosed | DriverError::PacketOutOfOrder)
}

/// What an error says, without data. The server quotes values and the text of statements in most of its messages:
/// only those that name users, tables, columns and variables are shown.
pub(crate) fn describe(error: &mysql_async::Error) -> String {
    match error {
        mysql_async::Error::Server(error) => describe_answer(error),
        mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { name }) => format!(
            "the account logs in by `{name}`, which is not known here, hint: let it log in by \
             `caching_sha2_password` (MySQL) or `mysql_native_password`"
        ),
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "the server has no TLS, which the parameters of the URL ask for".to_owned()
        }
        mysql_async::Error::Driver(error) => error.to_string(),
        mysql_async::Error::Io(error) if tls::failed(error) => format!("TLS: {error}"),
        mysql_async::Error::Io(IoError::Io(error)) => error.to_string(),
        error => error.to_string(),
    }
}

fn describe_answer(error: &ServerError) -> String {
    let numbers = format!("error {}, SQLSTATE {}", error.code, error.state);
    match error.code {
        1040
        | 1044..=1046
        | 1049
        | 1051
        | 1054
        | 1060
        | 1072
        | 1109
        | 1113
        | 1129
        | 1130
        | 1133
        | 1141..=1143
        | 1146
        | 1193
        | 1203
        | 1205
        | 1213
        | 1226
        | 1227
        | 1231
        | 1290
        | 1364
        | 1370
        | 1406
        | 1698
        | 1792
        | 1836
        | 1927
        | 3159
        | 1251
        | 1275
        | 1820 => format!("{} ({numbers})", error.message.trim_end()),
        1064 => format!("the server does not understand the SQL ({numbers})"),
        1062 => format!("a key is there already ({numbers})"),
        _ => numbers,
    }
}

#[cfg(test)]
mod tests;
