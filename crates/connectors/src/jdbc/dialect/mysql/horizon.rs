//! The transactions that are open in InnoDB.
//!
//! Two lists of the server together name everything that may still commit a row: the statements that run
//! (`PROCESSLIST`; one that has just begun has read the clock, but InnoDB does not know it yet), then InnoDB's own
//! transactions (`INNODB_TRX`). Read in this order nothing falls between them. Both need the right PROCESS.
//!
//! The server keeps InnoDB's list for everybody until nobody has read it for 100 ms, and does not say how old it is.
//! So a session that reads it has a transaction of its own, begun after the statements were listed, whose query carries
//! a token: a list with that token is young enough, whoever made the server renew it. One without it is an old one and
//! is never used: the session sleeps in the server, with the token, and looks again. All sessions of this process share
//! one reading at a time, and the more often others are in the way, the rarer it becomes.

mod watch;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use api::{Error, Result};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::sleep_until;
use tracing::warn;

use self::watch::{Listing, Statement, Transaction, Watch};
use super::connect::{failure, within};
use crate::jdbc::dialect::{Access, Open};

/// What queries of sessions that only read begin with, so that they are known as such.
pub(super) const READER: &str = "/* ferroduct reader */";
/// How long a list is waited for that is young enough.
const PATIENCE: Duration = Duration::from_secs(60);
/// After how long it is said that others are in the way.
const NOTICE: Duration = Duration::from_secs(10);
/// The number from which InnoDB numbers transactions that have not written.
const READERS_FROM: u64 = 1 << 48;
/// The server's error for a right that is missing.
const RIGHT_MISSING: u16 = 1227;

/// What is known of each server; kept for the process, as names of transactions have to last.
static SERVERS: LazyLock<Mutex<HashMap<String, Arc<AsyncMutex<Watch>>>>> = LazyLock::new(Mutex::default);

/// The open transactions without those of readers; `None`: the user may not see them.
pub(super) async fn open_transactions(mut conn: Conn, access: &Access) -> Result<(Conn, Option<Open>)> {
    let arrived = Instant::now();
    let server = server(access);
    let mut watch = server.lock().await;
    if watch.begun_before(arrived) {
        let begun = Instant::now();
        let Some(listing) = renewed(&mut conn, access, &mut watch).await? else { return Ok((conn, None)) };
        watch.update(begun, &listing);
    }
    let open = watch.open();
    drop(watch);
    Ok((conn, Some(open)))
}

fn server(access: &Access) -> Arc<AsyncMutex<Watch>> {
    let hosts: Vec<String> = access.url.hosts.iter().map(ToString::to_string).collect();
    SERVERS.lock().entry(hosts.join(",")).or_default().clone()
}

/// Reads both lists, InnoDB's until it is young enough.
async fn renewed(conn: &mut Conn, access: &Access, watch: &mut Watch) -> Result<Option<Listing>> {
    if let Some(quiet) = watch.quiet_until() {
        sleep_until(quiet.into()).await;
    }
    let statements = statements(conn, access).await?;
    let (began, token) = (Instant::now(), format!("{:016x}", random()));
    let mut before = ("START TRANSACTION WITH CONSISTENT SNAPSHOT".to_owned(), Duration::ZERO);
    let mut noticed = false;
    let transactions = loop {
        let transactions = transactions(conn, access, &before, &token).await;
        watch.read_at(Instant::now());
        match transactions {
            Ok(Some(transactions)) => break Some(transactions),
            Ok(None) if began.elapsed() >= PATIENCE => {
                return Err(Error::retry(
                    "the server does not renew its list of InnoDB's transactions: others read \
                     `information_schema.INNODB_TRX` all the time",
                ));
            }
            Ok(None) => {}
            Err(Refused::Right) => break None,
            Err(Refused::Other(error)) => return Err(error),
        }
        if began.elapsed() >= NOTICE && !noticed {
            warn!("others read `information_schema.INNODB_TRX` all the time: rows wait until it is renewed");
            noticed = true;
        }
        let pause = watch.crowded(random());
        before = (format!("DO SLEEP({}) /* {token} */", pause.as_secs_f64()), pause);
    };
    // A transaction that stayed open would go on reading the rows of now.
    within(access, "cannot end a transaction", conn.query_drop(format!("{READER} COMMIT"))).await?;
    watch.calm(began.elapsed());
    Ok(transactions.map(|transactions| Listing { statements, transactions }))
}

fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// The statements that run, without those of readers.
async fn statements(conn: &mut Conn, access: &Access) -> Result<Vec<Statement>> {
    // MariaDB, which alone reads what stands behind `M!`, numbers statements; MySQL tells how many seconds ago each
    // began, which is one off at times.
    let sql = format!(
        "{READER} SELECT CAST(ID AS SIGNED), CAST(COALESCE(/*M! QUERY_ID, */ UNIX_TIMESTAMP() - TIME) AS SIGNED), \
         /*M! 0 * */ 1, LEFT(INFO, 200) FROM information_schema.PROCESSLIST WHERE COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', \
         'Binlog Dump GTID', 'Connect', 'Slave_IO', 'Slave_SQL', 'Slave_worker', 'Register Slave', 'Statistics', \
         'Ping') AND ID <> CONNECTION_ID() AND COALESCE(INFO, '') NOT LIKE '{READER}%'"
    );
    let rows =
        within(access, "cannot list the statements", conn.query::<(i64, i64, i64, Option<String>), _>(sql))
            .await?;
    let statement = |(thread, identity, tolerance, text): (_, _, _, Option<String>)| Statement {
        thread,
        identity,
        tolerance,
        writer: text.is_none_or(|text| writes(&text)),
    };
    Ok(rows.into_iter().map(statement).collect())
}

/// Whether a statement is about to write: it may have taken a value of a counter before InnoDB knows of it.
fn writes(text: &str) -> bool {
    const WORDS: [&str; 10] =
        ["INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "CALL", "EXECUTE", "WITH", "CREATE", "ALTER"];
    let mut text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    while let Some((_, rest)) = text.strip_prefix("/*").and_then(|comment| comment.split_once("*/")) {
        text = rest.trim_start();
    }
    // A comment that is longer than what was read of the text may hide anything.
    text.starts_with("/*")
        || WORDS.iter().any(|word| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word)))
}

enum Refused {
    Right,
    Other(Error),
}

/// InnoDB's transactions without those of readers, after another statement that takes so long; `None`: the list is an
/// old one.
async fn transactions(
    conn: &mut Conn,
    access: &Access,
    (before, pause): &(String, Duration),
    token: &str,
) -> Result<Option<Vec<Transaction>>, Refused> {
    const WORDS: &str = "cannot list the transactions";
    let own = i64::from(conn.id());
    let sql = format!(
        "{READER} {before}; \
         {READER} SELECT '{token}', CAST(trx_id AS CHAR), CAST(trx_mysql_thread_id AS SIGNED), \
         CAST(trx_started AS CHAR), trx_query FROM information_schema.INNODB_TRX"
    );
    let request = async {
        let mut result = conn.query_iter(sql).await?;
        let _: Vec<Row> = result.collect().await?;
        let rows: Vec<(String, String, i64, String, Option<String>)> = result.collect().await?;
        drop(result);
        Ok(rows)
    };
    let rows = match access.url.settings.socket_timeout {
        Some(limit) => tokio::time::timeout(limit + *pause, request).await.map_err(|_| {
            Refused::Other(Error::retry(format_args!("{WORDS}: no answer within `socketTimeout`")))
        })?,
        None => request.await,
    };
    let rows = rows.map_err(|error: mysql_async::Error| match &error {
        mysql_async::Error::Server(answer) if answer.code == RIGHT_MISSING => Refused::Right,
        error => Refused::Other(failure(WORDS, error)),
    })?;
    let runs = |query: &Option<String>, text: &str| query.as_ref().is_some_and(|query| query.contains(text));
    if !rows.iter().any(|(_, _, thread, _, query)| *thread == own && runs(query, token)) {
        return Ok(None);
    }
    let others = rows.into_iter().filter(|(_, _, thread, _, query)| *thread != own && !runs(query, READER));
    let transaction = |(_, id, thread, started, _): (_, String, _, _, _)| Transaction {
        thread,
        // What is no number is one that we do not know: it may have written.
        writer: id.parse::<u64>().is_ok_and(|id| id < READERS_FROM) || id.parse::<u64>().is_err(),
        id,
        started,
    };
    Ok(Some(others.map(transaction).collect()))
}

#[cfg(test)]
mod tests;
