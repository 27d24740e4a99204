//! The database that a sink writes to.

use std::time::Duration;

use api::config::{Password, Properties};
use api::{Error, OrReaction, Result};
use tokio::time::sleep;
use tracing::warn;

use super::config::Options;
use super::writer::{Reason, Refusal, Writer};
use crate::jdbc::dialect::{self, Access, Quoting, TableId, Words, mysql, postgres, sqlite};
use crate::jdbc::url::{System, Url};

const CONNECTION: &str = "connection.";
/// The keys that are not parameters of the driver.
const OWN: [&str; 5] = [
    "connection.attempts",
    "connection.backoff.ms",
    "connection.password",
    "connection.url",
    "connection.user",
];

/// Where the rows go, and how to get in.
#[derive(Clone)]
pub(super) struct Database {
    access: Access,
    words: &'static Words,
    attempts: u32,
    backoff: Duration,
}

impl Database {
    /// Reads the keys `connection.*`.
    pub(super) fn read(properties: &Properties) -> Result<Self> {
        let text = |key: &str| properties.get(key).map(|text| text.trim().to_owned());
        let beside: Vec<(String, String)> = properties
            .iter()
            .filter(|(key, _)| !OWN.contains(&key.as_str()))
            .filter_map(|(key, value)| Some((key.strip_prefix(CONNECTION)?.to_owned(), value.clone())))
            .collect();
        let url = text("connection.url").unwrap_or_default();
        let url = Url::parse(&url, &beside).or_fail("cannot read `connection.url`")?;
        let dialect = dialect::of(url.system)?;
        let access = Access {
            url,
            user: text("connection.user"),
            password: text("connection.password").map(Password::new),
        };
        let number =
            |key: &str, default| properties.get(key).and_then(|n| n.trim().parse().ok()).unwrap_or(default);
        Ok(Self {
            access,
            words: dialect.words(),
            attempts: u32::try_from(number("connection.attempts", 3)).unwrap_or(u32::MAX).max(1),
            backoff: Duration::from_millis(number("connection.backoff.ms", 10_000)),
        })
    }

    /// Says what the configuration names and nobody uses.
    pub(super) fn warn(&self, properties: &Properties) {
        let unknown = &self.access.url.unknown;
        if !unknown.is_empty() {
            warn!(parameters = unknown.join(", "), "`connection.url` has parameters that are not known");
        }
        let used = dialect::of(self.access.url.system).map(dialect::Dialect::name).unwrap_or_default();
        let named = properties.get("dialect.name").map(|name| name.trim()).unwrap_or_default();
        if !named.is_empty() && named != used {
            warn!(dialect = named, used, "`dialect.name` is not the dialect of the URL");
        }
    }

    /// The table of a name that a user wrote.
    pub(super) fn parse(&self, name: &str) -> TableId {
        self.words.parse(name)
    }

    /// Opens a connection, `connection.attempts` times if need be.
    pub(super) async fn open(&self, options: &Options) -> Result<Box<dyn Writer>, Refusal> {
        let mut attempt = 1;
        loop {
            match self.open_once(options).await {
                Ok(writer) => return Ok(writer),
                Err(error) if error.reaction() == api::Reaction::Retry && attempt < self.attempts => {
                    warn!(error = format!("{error:#}"), attempt, "cannot connect, trying again");
                }
                Err(error) => return Err(refused(error)),
            }
            attempt += 1;
            sleep(self.backoff).await;
        }
    }

    async fn open_once(&self, options: &Options) -> Result<Box<dyn Writer>> {
        let quoting = if options.quote { Quoting::Always } else { Quoting::Never };
        match self.access.url.system {
            System::PostgreSql => {
                Ok(Box::new(postgres::write::PostgresWriter::open(&self.access, quoting, options).await?))
            }
            System::MySql | System::MariaDb => {
                Ok(Box::new(mysql::write::MySqlWriter::open(&self.access, options).await?))
            }
            System::Sqlite => Ok(Box::new(sqlite::write::SqliteWriter::open(&self.access, options).await?)),
        }
    }
}

fn refused(error: Error) -> Refusal {
    let reason = match error.reaction() {
        api::Reaction::Retry => Reason::Passing,
        _ => Reason::Lasting,
    };
    Refusal::new(reason, "cannot connect to the database").caused_by(error)
}
