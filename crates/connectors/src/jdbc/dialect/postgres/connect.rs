//! Connections to PostgreSQL, and what its errors call for.

use std::time::Duration;

use api::{Error, Result};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config};
use tracing::debug;

use super::tls;
use crate::jdbc::dialect::Access;
use crate::jdbc::url::Settings;

/// How long opening a connection may take where the URL does not say (pgjdbc's `connectTimeout`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The name that the server shows where the URL has none.
const APPLICATION: &str = "ferroduct";

/// What the driver says of a server that has no TLS where the URL asks for it.
const NO_TLS: &str = "does not support TLS";

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
        let words = format!("cannot connect to {}", place(access));
        let limit = login_limit(access)?;
        let mut opened = None;
        for target in targets(&access.url.settings)? {
            config.target_session_attrs(target);
            let answered = timeout(limit, config.connect(tls.clone()))
                .await
                .map_err(|_| Error::retry(format_args!("{words}: no answer within {} s", limit.as_secs())))?;
            let answered = answered.map_err(|error| failure(&words, &error));
            let done = answered.is_ok();
            opened = Some(answered);
            if done {
                break;
            }
        }
        let (client, connection) = opened.unwrap_or_else(|| Err(Error::fail(words)))?;
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
    config.keepalives(flag(settings, "tcpKeepAlive")?);
    if flag(settings, "loadBalanceHosts")? {
        config.load_balance_hosts(LoadBalanceHosts::Random);
    }
    if let Some(binding) = settings.dialect.get("channelBinding") {
        config.channel_binding(channel_binding(binding)?);
    }
    config.options(options(access)?);
    Ok(config)
}

/// What is sent as `options`: the user's own, and the schemas of `currentSchema`.
fn options(access: &Access) -> Result<String> {
    let settings = &access.url.settings;
    let mut options = settings.dialect.get("options").cloned().unwrap_or_default();
    if let Some(schema) = &settings.schema {
        let escaped = schema.replace('\\', "\\\\").replace(' ', "\\ ");
        options.push_str(" -c search_path=");
        options.push_str(&escaped);
    }
    if flag(settings, "readOnly")? {
        options.push_str(" -c default_transaction_read_only=on");
    }
    // Text of dates and intervals is read by programs.
    options.push_str(" -c DateStyle=ISO -c IntervalStyle=postgres");
    Ok(options)
}

/// How long a connection may take to open, with all hosts and the login. `connectTimeout` is for one address.
fn login_limit(access: &Access) -> Result<Duration> {
    let settings = &access.url.settings;
    let one = settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
    let hosts = u32::try_from(access.url.hosts.len()).unwrap_or(u32::MAX);
    let Some(text) = settings.dialect.get("loginTimeout") else {
        return Ok(one.saturating_mul(hosts.saturating_add(1)));
    };
    match text.trim().parse() {
        Ok(0) => Ok(one.saturating_mul(hosts.saturating_add(1))),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => Err(wrong("loginTimeout", "a time in seconds")),
    }
}

/// A parameter that is `true` or `false`, the latter unless it is there.
fn flag(settings: &Settings, name: &str) -> Result<bool> {
    match settings.dialect.get(name).map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true" | "") => Ok(true),
        Some(_) => Err(wrong(name, "`true` or `false`")),
    }
}

fn channel_binding(name: &str) -> Result<ChannelBinding> {
    match name.to_ascii_lowercase().as_str() {
        "disable" => Ok(ChannelBinding::Disable),
        "prefer" => Ok(ChannelBinding::Prefer),
        "require" => Ok(ChannelBinding::Require),
        _ => Err(wrong("channelBinding", "`disable`, `prefer` or `require`")),
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::fail(format_args!("parameter `{name}` of the database URL: expected {expected}"))
}

/// The kinds of servers that will do, the best first: each is looked for on all hosts.
fn targets(settings: &Settings) -> Result<Vec<TargetSessionAttrs>> {
    use TargetSessionAttrs::{Any, ReadOnly, ReadWrite};
    let name = settings.dialect.get("targetServerType").map_or("any", String::as_str);
    match name.to_ascii_lowercase().as_str() {
        "any" => Ok(vec![Any]),
        "primary" | "master" => Ok(vec![ReadWrite]),
        "secondary" | "slave" => Ok(vec![ReadOnly]),
        "preferprimary" => Ok(vec![ReadWrite, Any]),
        "prefersecondary" | "preferslave" => Ok(vec![ReadOnly, Any]),
        _ => Err(wrong(
            "targetServerType",
            "`any`, `primary`, `secondary`, `preferPrimary` or `preferSecondary`",
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
        None if cannot_agree(error) => Error::fail(message),
        // Without an answer of the server: the connection.
        None => Error::retry(message),
    }
}

/// Whether both sides work and do not come together: a setting, a way to log in, a certificate.
fn cannot_agree(error: &tokio_postgres::Error) -> bool {
    let words = describe(error);
    let kinds = ["invalid configuration", "authentication error"];
    kinds.iter().any(|kind| words.starts_with(kind)) || words.contains(NO_TLS) || of_tls(error)
}

/// Whether TLS itself could not go on, not the connection below it.
fn of_tls(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        let inner = source.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if source.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = source.source();
    }
    false
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
            if text.contains("password missing") {
                text.push_str(", hint: set `connection.password`");
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

#[cfg(test)]
mod tests;
