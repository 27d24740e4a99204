//! Connections to PostgreSQL, and what its errors call for.

use std::time::Duration;

use api::{Error, Result};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config};
use tracing::debug;

use super::tls;
use crate::jdbc::dialect::Access;

/// How long opening a connection may take where the URL does not say (pgjdbc's `connectTimeout`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The name that the server shows where the URL has none.
const APPLICATION: &str = "ferroduct";

/// An open connection, which ends when it is dropped.
pub(crate) struct Connection {
    /// What runs statements.
    pub(crate) client: Client,
    driver: JoinHandle<()>,
    answer_timeout: Option<Duration>,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// The server cannot be reached or does not let this user in.
    pub(crate) async fn open(access: &Access) -> Result<Self> {
        let mut config = config(access)?;
        let (tls, mode) = tls::connector(&access.url.settings)?;
        config.ssl_mode(mode);
        let place = place(access);
        let limit = access.url.settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        // The limit of the configuration is for one address; this one also bounds the login.
        let opened = timeout(limit.saturating_mul(2), config.connect(tls)).await.map_err(|_| {
            Error::retry(format_args!(
                "cannot connect to {place}: no answer within {} s",
                limit.as_secs() * 2
            ))
        })?;
        let (client, connection) =
            opened.map_err(|error| failure(format_args!("cannot connect to {place}"), &error))?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer is told by the driver itself.
            if let Err(error) = connection.await {
                debug!(error = %describe(&error), "a connection to PostgreSQL has ended");
            }
        });
        Ok(Self { client, driver, answer_timeout: access.url.settings.socket_timeout })
    }

    /// Runs a request within the time that an answer may take (`socketTimeout`).
    ///
    /// # Errors
    /// Those of [`failure`], with `words` for what could not be done.
    pub(crate) async fn within<T>(
        &self,
        words: impl std::fmt::Display,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let answered = match self.answer_timeout {
            Some(limit) => timeout(limit, request)
                .await
                .map_err(|_| Error::retry(format_args!("{words}: no answer within `socketTimeout`")))?,
            None => request.await,
        };
        answered.map_err(|error| failure(words, &error))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn config(access: &Access) -> Result<Config> {
    let settings = &access.url.settings;
    let user = access.user().ok_or_else(|| Error::fail("`connection.user` is not set"))?;
    let mut config = Config::new();
    config.user(user).dbname(access.url.database.as_deref().unwrap_or(user));
    for host in &access.url.hosts {
        config.host(&host.name).port(host.port);
    }
    if let Some(password) = access.password() {
        config.password(password);
    }
    config.application_name(settings.application.as_deref().unwrap_or(APPLICATION));
    config.connect_timeout(settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
    config.keepalives(settings.dialect.get("tcpKeepAlive").is_some_and(|value| value == "true"));
    if let Some(target) = settings.dialect.get("targetServerType") {
        config.target_session_attrs(target_server(target)?);
    }
    config.options(options(access));
    Ok(config)
}

/// What is sent as `options`: the user's own, and the schemas of `currentSchema`.
fn options(access: &Access) -> String {
    let settings = &access.url.settings;
    let mut options = settings.dialect.get("options").cloned().unwrap_or_default();
    if let Some(schema) = &settings.schema {
        let escaped = schema.replace('\\', "\\\\").replace(' ', "\\ ");
        options.push_str(" -c search_path=");
        options.push_str(&escaped);
    }
    // Text of dates and intervals is read by programs.
    options.push_str(" -c DateStyle=ISO -c IntervalStyle=postgres");
    options
}

fn target_server(name: &str) -> Result<TargetSessionAttrs> {
    match name {
        "any" | "preferSecondary" | "preferPrimary" => Ok(TargetSessionAttrs::Any),
        "primary" | "master" => Ok(TargetSessionAttrs::ReadWrite),
        "secondary" | "slave" => Ok(TargetSessionAttrs::ReadOnly),
        _ => Err(Error::fail(
            "parameter `targetServerType` of the database URL: expected `any`, `primary` or \
                              `secondary`",
        )),
    }
}

/// Where a connection goes, for messages.
fn place(access: &Access) -> String {
    let hosts: Vec<String> = access.url.hosts.iter().map(|host| format!("`{host}`")).collect();
    hosts.join(", ")
}

/// Turns an error of the driver into one of ours: the reaction by the state that the server named, words without data.
pub(crate) fn failure(words: impl std::fmt::Display, error: &tokio_postgres::Error) -> Error {
    let message = format!("{words}: {}", describe(error));
    match error.as_db_error() {
        Some(error) if passing(error.code()) => Error::retry(message),
        Some(_) => Error::fail(message),
        // Without an answer of the server: the connection.
        None => Error::retry(message),
    }
}

/// Whether a state may pass by itself: SQLSTATE classes of connections, resources, rollbacks and operators.
pub(crate) fn passing(state: &SqlState) -> bool {
    let class = state.code().get(..2).unwrap_or_default();
    // 57014 is a statement that was cancelled, 55P03 a lock that could not be had, 25006 a server that is no
    // primary any more.
    matches!(class, "08" | "40" | "53" | "57" | "58" | "XX")
        || matches!(state.code(), "55P03" | "55006" | "25006")
}

/// What the driver says, without data: the server quotes values in messages about data and constraints.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => describe_answer(error),
        None => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(source) = cause {
                let words = source.to_string();
                if !text.contains(&words) {
                    text = format!("{text}: {words}");
                }
                cause = source.source();
            }
            text
        }
    }
}

fn describe_answer(error: &DbError) -> String {
    let code = error.code().code();
    // Class 22: data, 23: constraints, P0 and 38: what procedures write.
    let quotes_data = ["22", "23", "38", "P0", "44"].iter().any(|class| code.starts_with(class));
    let mut text = match quotes_data {
        true => format!("SQLSTATE {code}"),
        false => format!("{} (SQLSTATE {code})", error.message()),
    };
    for (what, name) in
        [("table", error.table()), ("column", error.column()), ("constraint", error.constraint())]
    {
        if let Some(name) = name {
            text.push_str(&format!(", {what} `{name}`"));
        }
    }
    text
}
