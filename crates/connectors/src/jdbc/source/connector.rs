//! The connector: which tables there are, and which task reads which.

use std::sync::Arc;
use std::time::Duration;

use api::config::Properties;
use api::{Connector, ConnectorContext, Error, Result};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::config::{LOAD_COUNT, LOAD_INDEX, LOAD_TABLES, TABLES, TABLES_FETCHED};
use super::connect;
use super::settings::Settings;
use crate::jdbc::dialect::{Quoting, Session, TableId};

/// How long a split waits for the first list of tables (`table.monitoring.startup.polling.limit.ms`).
const FIRST_LIST: Duration = Duration::from_secs(10);
const STARTUP_LIMIT: &str = "table.monitoring.startup.polling.limit.ms";

/// A running source connector.
pub(super) struct Source {
    properties: Properties,
    settings: Arc<Settings>,
    /// `None`: a query.
    tables: Option<Tables>,
}

/// The tables as the monitor found them last, and the monitor.
struct Tables {
    found: watch::Receiver<Option<Vec<TableId>>>,
    monitor: JoinHandle<()>,
}

impl Source {
    /// Connects to the database, and watches its tables unless there is a query.
    pub(super) async fn start(
        properties: Properties,
        settings: Settings,
        context: Arc<dyn ConnectorContext>,
    ) -> Result<Self> {
        let settings = Arc::new(settings);
        if !settings.access.url.unknown.is_empty() {
            warn!(
                parameters = settings.access.url.unknown.join(", "),
                "passes over unknown parameters of the URL"
            );
        }
        if settings.load_range > 0 && properties.get("tasks.max").is_none_or(|count| count.trim() == "1") {
            warn!("`initial.load.range` has no effect: a single task reads all tables (`tasks.max`)");
        }
        let session = connect::open_patiently(&settings).await?;
        let tables = settings.query.is_none().then(|| {
            let (sender, found) = watch::channel(None);
            let monitor = tokio::spawn(monitor(settings.clone(), session, sender, context));
            Tables { found, monitor }
        });
        Ok(Self { properties, settings, tables })
    }

    /// The tables, or `None` while they are not known yet.
    async fn tables(&mut self) -> Option<Vec<TableId>> {
        let limit = self.properties.get(STARTUP_LIMIT).and_then(|text| text.trim().parse().ok());
        let limit = limit.map_or(FIRST_LIST, Duration::from_millis);
        let found = &mut self.tables.as_mut()?.found;
        match timeout(limit, found.wait_for(Option::is_some)).await {
            Ok(Ok(tables)) => tables.clone(),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    fn task(&self, tables: &str, fetched: bool) -> Properties {
        let mut properties = self.properties.clone();
        properties.insert(TABLES.to_owned(), tables.to_owned());
        properties.insert(TABLES_FETCHED.to_owned(), fetched.to_string());
        properties
    }
}

#[async_trait]
impl Connector for Source {
    async fn split(&mut self, tasks_max: usize) -> Result<Vec<Properties>> {
        if self.tables.is_none() {
            return Ok(vec![self.task("", true)]);
        }
        let Some(tables) = self.tables().await else {
            warn!("the tables of the database are not known yet");
            return Ok(vec![self.task("", false)]);
        };
        refuse_duplicates(&tables)?;
        if tables.is_empty() {
            warn!("no table of the database is wanted");
            return Ok(vec![self.task("", true)]);
        }
        let words = self.settings.dialect.words();
        let names = |group: &[TableId]| {
            let names: Vec<String> = group.iter().map(|table| words.table(table, Quoting::Always)).collect();
            names.join(",")
        };
        let mut tasks: Vec<_> =
            groups(&tables, tasks_max).map(|group| self.task(&names(group), true)).collect();
        if self.settings.load_range > 0 && tasks_max > 1 {
            tasks.resize_with(tasks_max, || self.task("", true));
            share_load(&mut tasks, &names(&tables));
        }
        Ok(tasks)
    }

    async fn stop(&mut self) -> Result<()> {
        if let Some(tables) = &self.tables {
            tables.monitor.abort();
        }
        Ok(())
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(tables) = &self.tables {
            tables.monitor.abort();
        }
    }
}

/// Tells tasks that they share the first load of tables.
fn share_load(tasks: &mut [Properties], tables: &str) {
    let count = tasks.len();
    for (index, task) in tasks.iter_mut().enumerate() {
        task.insert(LOAD_TABLES.to_owned(), tables.to_owned());
        task.insert(LOAD_INDEX.to_owned(), index.to_string());
        task.insert(LOAD_COUNT.to_owned(), count.to_string());
    }
}

/// Splits tables into groups of neighbours, the larger ones first (Kafka's `ConnectorUtils.groupPartitions`).
fn groups(tables: &[TableId], count_max: usize) -> impl Iterator<Item = &[TableId]> {
    let count = tables.len().min(count_max).max(1);
    let (size, larger) = (tables.len() / count, tables.len() % count);
    let mut rest = tables;
    (0..count).map(move |group| {
        let (taken, behind) = rest.split_at(size + usize::from(group < larger));
        rest = behind;
        taken
    })
}

/// Tables of one bare name would share a topic.
fn refuse_duplicates(tables: &[TableId]) -> Result<()> {
    let duplicate = |table: &&TableId| tables.iter().filter(|other| other.name == table.name).count() > 1;
    let duplicates: Vec<String> = tables.iter().filter(duplicate).map(TableId::plain).collect();
    if duplicates.is_empty() {
        return Ok(());
    }
    Err(Error::fail(format_args!(
        "The connector uses the unqualified table name as the topic name and has detected duplicate unqualified table \
         names: {}. hint: let `table.whitelist`, `table.blacklist` or `table.include.list` choose one of each name",
        duplicates.join(", ")
    )))
}

/// Lists the tables again and again, and asks for a new split when they are others.
async fn monitor(
    settings: Arc<Settings>,
    session: Box<dyn Session>,
    found: watch::Sender<Option<Vec<TableId>>>,
    context: Arc<dyn ConnectorContext>,
) {
    let mut session = Some(session);
    loop {
        match list(&settings, &mut session).await {
            Ok(tables) => {
                let count = tables.len();
                let changed = |known: &mut Option<Vec<TableId>>| {
                    let changed = known.as_ref() != Some(&tables);
                    *known = Some(tables);
                    changed
                };
                if found.send_if_modified(changed) {
                    info!(tables = count, "the tables of the database have changed");
                    context.request_reconfiguration();
                }
            }
            Err(error) => {
                session = None;
                warn!(error = format!("{error:#}"), "cannot list the tables; tries again later");
            }
        }
        sleep(settings.table_poll_interval.max(Duration::from_millis(1))).await;
    }
}

async fn list(settings: &Settings, session: &mut Option<Box<dyn Session>>) -> Result<Vec<TableId>> {
    let session = match session {
        Some(session) => session,
        None => session.insert(connect::open(settings).await?),
    };
    let tables = session.tables(&settings.scope).await?;
    let tables = tables.into_iter().map(|table| table.id).collect();
    Ok(settings.filter.choose(tables, settings.dialect.words()))
}
