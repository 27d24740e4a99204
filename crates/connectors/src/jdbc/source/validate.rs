//! What is wrong across keys, in Java's words, and whether the database can be reached.

use std::time::Duration;

use api::config::{ConfigValue, Properties};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::timeout;

use super::settings::{BOTH_LISTS, LOAD_IN_VAIN, Settings};
use super::{Flavour, connect};

/// How long a check of the database may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How much of it a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

const QUERY_AND_TABLES: &str = "Do not specify table filtering configs with 'query'. Remove table.whitelist / \
     table.blacklist / table.include.list / table.exclude.list when using query mode or 'query' when using table \
     filtering mode.";
const BOTH_QUERIES: &str =
    "Both 'query' and 'query.masked' configs cannot be set at the same time. Please use only one of them.";
const LEGACY_AND_NEW: &str = "Cannot mix legacy and new configuration approaches. Legacy configurations \
     (table.whitelist, table.blacklist, timestamp.column.name, incrementing.column.name) cannot be used together with \
     new configurations (table.include.list, table.exclude.list, timestamp.columns.mapping, \
     incrementing.column.mapping). Please choose one approach: either use all legacy configurations or all new \
     configurations.";
const EXCLUDE_ALONE: &str = "table.exclude.list cannot be used without table.include.list. Exclude list only applies \
     to tables that match the include list.";
const SNAPSHOT: &str =
    "Isolation mode of `SQL_SERVER_SNAPSHOT` can only be configured with a Sql Server Dialect";
const INCREMENTING_NAME: &str = "'incrementing.column.name' must be provided when using mode 'incrementing' or \
     'timestamp+incrementing' with a custom query. The incrementing column cannot be auto-discovered in query mode \
     because there is no table to inspect.";

const LISTS: [&str; 4] = ["table.whitelist", "table.blacklist", "table.include.list", "table.exclude.list"];
const LEGACY: [&str; 4] =
    ["table.whitelist", "table.blacklist", "incrementing.column.name", "timestamp.column.name"];
const NEW: [&str; 4] =
    ["table.include.list", "table.exclude.list", "incrementing.column.mapping", "timestamp.columns.mapping"];

/// The modes, in whose absence Java's recommender adds an error to each of the keys that depend on it.
const MODES: [&str; 4] = ["bulk", "timestamp", "incrementing", "timestamp+incrementing"];
const OF_MODE: [&str; 6] = [
    "incrementing.column.name",
    "timestamp.column.name",
    "timestamp.columns.mapping",
    "incrementing.column.mapping",
    "timestamp.initial",
    "validate.non.null",
];

/// Adds what is wrong to the values.
pub(super) fn validate(properties: &Properties, flavour: Flavour, values: &mut [ConfigValue]) {
    let mut values = Values { properties, values };
    values.check_mode();
    if values.wrong() {
        return;
    }
    values.check_lists();
    if !values.wrong() {
        values.check_query();
    }
    if !values.wrong() {
        values.check_database(flavour);
    }
}

struct Values<'a> {
    properties: &'a Properties,
    values: &'a mut [ConfigValue],
}

impl Values<'_> {
    fn wrong(&self) -> bool {
        self.values.iter().any(|value| !value.errors.is_empty())
    }

    fn text(&self, key: &str) -> &str {
        self.properties.get(key).map_or("", |text| text.trim())
    }

    fn set(&self, key: &&str) -> bool {
        !self.text(key).is_empty()
    }

    fn refuse(&mut self, key: &str, message: &str) {
        if let Some(value) = self.values.iter_mut().find(|value| value.name == key) {
            value.errors.push(message.to_owned());
        }
    }

    fn check_mode(&mut self) {
        let mode = self.text("mode").to_owned();
        if MODES.contains(&mode.as_str()) {
            return;
        }
        let message = match mode.is_empty() {
            true => "Query mode must be specified".to_owned(),
            false => format!("Invalid mode: {mode}"),
        };
        for key in OF_MODE {
            self.refuse(key, &message);
        }
    }

    fn check_lists(&mut self) {
        if self.text("transaction.isolation.mode").eq_ignore_ascii_case("SQL_SERVER_SNAPSHOT") {
            self.refuse("transaction.isolation.mode", SNAPSHOT);
        }
        let (legacy, new) = (LEGACY.iter().any(|key| self.set(key)), NEW.iter().any(|key| self.set(key)));
        let query = self.set(&"query") || self.set(&"query.masked");
        if !query && legacy && new {
            for key in LEGACY.into_iter().chain(NEW) {
                if self.set(&key) {
                    self.refuse(key, LEGACY_AND_NEW);
                }
            }
        } else if self.set(&"table.exclude.list") && !self.set(&"table.include.list") {
            self.refuse("table.exclude.list", EXCLUDE_ALONE);
        }
        if !query && self.set(&"table.whitelist") && self.set(&"table.blacklist") {
            self.refuse("table.whitelist", BOTH_LISTS);
            self.refuse("table.blacklist", BOTH_LISTS);
        }
        let ranges = self.text("initial.load.range").parse().is_ok_and(|range: i64| range > 0);
        if ranges && (query || self.text("mode") != "incrementing") {
            self.refuse("initial.load.range", LOAD_IN_VAIN);
        }
    }

    fn check_query(&mut self) {
        let (open, masked) = (self.set(&"query"), self.set(&"query.masked"));
        if open && masked {
            self.refuse("query", BOTH_QUERIES);
            self.refuse("query.masked", BOTH_QUERIES);
            return;
        }
        if !open && !masked {
            return;
        }
        if LISTS.iter().any(|key| self.set(key)) {
            for key in ["query", "query.masked"].into_iter().chain(LISTS) {
                if key.starts_with("query") || self.set(&key) {
                    self.refuse(key, QUERY_AND_TABLES);
                }
            }
            return;
        }
        let incrementing = self.text("mode").contains("incrementing");
        if incrementing && !self.set(&"incrementing.column.name") {
            self.refuse("incrementing.column.name", INCREMENTING_NAME);
        }
    }

    /// Connects, and lets the database look at the query.
    fn check_database(&mut self, flavour: Flavour) {
        let checked = Settings::read(self.properties, flavour)
            .map_err(|error| ("connection.url", format!("{error:#}")))
            .and_then(|settings| wait_for(check(&settings)));
        if let Err((key, message)) = checked {
            self.refuse(key, &message);
        }
    }
}

type Checked = Result<(), (&'static str, String)>;

/// Waits for a check where threads may wait; elsewhere the task finds out what is wrong.
fn wait_for(check: impl Future<Output = Checked>) -> Checked {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| {
                handle.block_on(async { timeout(LIMIT, check).await.unwrap_or(Ok(())) })
            })
        }
        _ => Ok(()),
    }
}

async fn check(settings: &Settings) -> Checked {
    let refused = |words: String| ("connection.url", format!("Could not connect to database. {words}"));
    let opened = timeout(CONNECT_LIMIT, connect::open(settings)).await;
    let opened = opened.map_err(|_| refused(format!("no answer within {} s", CONNECT_LIMIT.as_secs())))?;
    let mut session = opened.map_err(|error| refused(format!("{error:#}")))?;
    let Some(query) = &settings.query else { return Ok(()) };
    match session.prepare(query).await {
        Ok(_) => Ok(()),
        // The database quotes the query.
        Err(_) if settings.masked => {
            Err(("query.masked", "The database does not accept the query.".to_owned()))
        }
        Err(error) => Err(("query", format!("The database does not accept the query. {error:#}"))),
    }
}
