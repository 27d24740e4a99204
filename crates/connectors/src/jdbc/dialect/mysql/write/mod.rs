//! Writing: rows arrive by bulk execution where the server has it (MariaDB), many of them by LOAD DATA from a stream of
//! this connection where it allows that, and otherwise by statements of several rows.

mod bulk;
mod load;
mod refusal;
mod statement;
mod table;
mod value;
mod words;

use std::collections::HashMap;
use std::slice;

use api::{Error, Result};
use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Statement, Value};
use tokio::time::timeout;

use crate::jdbc::dialect::mysql::{connect, settings};
use crate::jdbc::dialect::{Access, TableId};
use crate::jdbc::sink::cell::Row;
use crate::jdbc::sink::clock::Clock;
use crate::jdbc::sink::config::{InsertMode, Options};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::plan::Kind;
use crate::jdbc::sink::writer::{Found, Reason, Refusal, Step, Target, Writer};

use refusal::refusal;
use statement::Rows;
use words::Definitions;

/// The rows and parameters of a statement.
const ROWS_MAX: usize = 256;
const PARAMETERS_MAX: usize = 65_535;
/// The statements that are kept prepared; the server has a bound for all connections.
const STATEMENTS_MAX: usize = 64;

/// A connection to MySQL or MariaDB that writes.
pub(crate) struct MySqlWriter {
    conn: Conn,
    access: Access,
    definitions: Definitions,
    statements: HashMap<String, Statement>,
    batch_size: usize,
    /// The bytes of a packet that the server takes.
    packet: usize,
    /// Whether the server executes a statement for many rows at once.
    bulk: bool,
    /// Whether LOAD DATA LOCAL is allowed.
    local: bool,
}

impl MySqlWriter {
    /// Opens a connection.
    ///
    /// # Errors
    /// Those of [`connect::open`].
    pub(crate) async fn open(access: &Access, options: &Options) -> Result<Self> {
        let mut conn = connect::open(access).await?;
        // A value that does not fit is an error, not one that is cut: what Java's drivers ask for, too.
        let strict =
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES'), SESSION autocommit = 1";
        let words = "cannot set up the connection";
        connect::within(access, words, conn.query_drop(strict)).await?;
        let question = "SELECT @@max_allowed_packet, @@local_infile, VERSION()";
        let row: Option<(u64, bool, String)> =
            connect::within(access, words, conn.query_first(question)).await?;
        let (packet, local, version) = row.ok_or_else(|| Error::retry(words))?;
        let mariadb = version.to_lowercase().contains("mariadb");
        let settings = &access.url.settings;
        let wanted = mariadb
            && settings::flag(settings, "useBulkStmts", true)?
            && settings::flag(settings, "useBulkStmtsForInserts", true)?;
        let bulk = wanted && connect::within(access, words, bulk::agreed(&mut conn)).await?;
        Ok(Self {
            conn,
            access: access.clone(),
            definitions: Definitions { flavour: options.flavour, clock: options.clock.clone(), mariadb },
            statements: HashMap::new(),
            batch_size: options.batch_size,
            packet: usize::try_from(packet).unwrap_or(usize::MAX),
            bulk,
            local,
        })
    }

    async fn query(&mut self, sql: &str) -> Result<(), Refusal> {
        let limit = self.access.url.settings.socket_timeout;
        within(limit, self.conn.query_drop(sql)).await
    }

    async fn prepared(&mut self, sql: String) -> Result<Statement, Refusal> {
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.close_statements().await?;
        }
        let statement = self.conn.prep(sql.as_str()).await.map_err(|error| refusal(&error))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    async fn close_statements(&mut self) -> Result<(), Refusal> {
        for (_, statement) in self.statements.drain() {
            self.conn.close(statement).await.map_err(|error| refusal(&error))?;
        }
        Ok(())
    }

    async fn execute(&mut self, sql: String, parameters: Vec<Value>) -> Result<(), Refusal> {
        let statement = self.prepared(sql).await?;
        let limit = self.access.url.settings.socket_timeout;
        within(limit, self.conn.exec_drop(&statement, Params::Positional(parameters))).await
    }

    /// Changes rows where they are.
    async fn update(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let Some((sql, fields)) = statement::update(target) else { return Ok(()) };
        if self.takes_bulk(target) {
            return self.bulk(sql, target, &fields, rows).await;
        }
        for row in rows {
            let clock = &self.definitions.clock;
            let parameters = parameters(clock, target, &fields, slice::from_ref(row))?;
            self.execute(sql.clone(), parameters).await?;
        }
        Ok(())
    }

    /// Runs a statement that takes several rows, for some fields of each row.
    async fn run(
        &mut self,
        rows_of: &Rows,
        target: &Target,
        fields: &[usize],
        rows: &[Row<'_>],
    ) -> Result<(), Refusal> {
        let mut rest = rows;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(self.chunk(target, fields, rest));
            rest = behind;
            let parameters = parameters(&self.definitions.clock, target, fields, part)?;
            self.execute(rows_of.sql(part.len()), parameters).await?;
        }
        Ok(())
    }

    /// How many of the rows go into the next statement: a power of two, so that few statements are prepared.
    fn chunk(&self, target: &Target, fields: &[usize], rows: &[Row<'_>]) -> usize {
        let most =
            ROWS_MAX.min(PARAMETERS_MAX / fields.len().max(1)).min(self.batch_size).min(rows.len()).max(1);
        let mut count = 1 << most.ilog2();
        let bytes = |count: usize| -> usize {
            let cells = rows[..count]
                .iter()
                .flat_map(|row| fields.iter().map(|index| target.plan.fields[*index].cell(*row).size() + 9));
            cells.sum()
        };
        while count > 1 && bytes(count) > self.packet / 2 {
            count /= 2;
        }
        count
    }
}

/// The words of the dialect alone.
#[cfg(test)]
pub(in crate::jdbc) fn ddl(flavour: crate::jdbc::sink::Flavour, clock: Clock, mariadb: bool) -> Box<dyn Ddl> {
    Box::new(Definitions { flavour, clock, mariadb })
}

async fn within_any<T>(
    limit: Option<std::time::Duration>,
    request: impl Future<Output = T>,
) -> Result<T, Refusal> {
    match limit {
        Some(limit) => timeout(limit, request)
            .await
            .map_err(|_| Refusal::new(Reason::Passing, "no answer within `socketTimeout`")),
        None => Ok(request.await),
    }
}

async fn within<T>(
    limit: Option<std::time::Duration>,
    request: impl Future<Output = Result<T, mysql_async::Error>>,
) -> Result<T, Refusal> {
    within_any(limit, request).await?.map_err(|error| refusal(&error))
}

fn parameters(
    clock: &Clock,
    target: &Target,
    fields: &[usize],
    rows: &[Row<'_>],
) -> Result<Vec<Value>, Refusal> {
    let mut parameters = Vec::with_capacity(fields.len() * rows.len());
    for row in rows {
        for index in fields {
            let (field, column) = target.pair(*index);
            parameters.push(value::parameter(clock, field, column, field.cell(*row))?);
        }
    }
    Ok(parameters)
}

#[async_trait]
impl Writer for MySqlWriter {
    fn ddl(&self) -> &dyn Ddl {
        &self.definitions
    }

    async fn find(&mut self, table: &TableId) -> Result<Found, Refusal> {
        table::find(&mut self.conn, table).await
    }

    async fn define(&mut self, sql: &str) -> Result<(), Refusal> {
        self.query(sql).await
    }

    async fn change(&mut self, sql: &str) -> Result<u64, Refusal> {
        self.query(sql).await?;
        Ok(self.conn.affected_rows())
    }

    async fn offsets(&mut self, sql: &str) -> Result<Vec<(String, i64, i64)>, Refusal> {
        let limit = self.access.url.settings.socket_timeout;
        within(limit, self.conn.query(sql)).await
    }

    async fn step(&mut self, step: Step) -> Result<(), Refusal> {
        self.query(match step {
            Step::Begin => "START TRANSACTION",
            // Nothing is checked later than at its statement.
            Step::CheckAtOnce => return Ok(()),
            Step::Savepoint => "SAVEPOINT ferroduct",
            Step::Release => "RELEASE SAVEPOINT ferroduct",
            Step::RollBackToSavepoint => "ROLLBACK TO SAVEPOINT ferroduct",
            Step::Commit => "COMMIT",
            Step::RollBack => "ROLLBACK",
        })
        .await
    }

    async fn write(&mut self, target: &Target, mode: InsertMode, rows: &[Row<'_>]) -> Result<(), Refusal> {
        if mode == InsertMode::Update {
            return self.update(target, rows).await;
        }
        let fields: Vec<usize> = (0..target.columns.len()).collect();
        let statement = statement::insert(target, mode);
        if self.takes_bulk(target) {
            return self.bulk(statement.sql(1), target, &fields, rows).await;
        }
        if mode == InsertMode::Insert && self.loads(target, rows) && self.load(target, rows).await? {
            return Ok(());
        }
        self.run(&statement, target, &fields, rows).await
    }

    async fn delete(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<(), Refusal> {
        self.run(&statement::delete(target), target, &target.plan.keys, rows).await
    }

    fn sortable(&self, target: &Target) -> bool {
        target.key_pairs().all(|(field, column)| !column.folded && field.kind != Kind::Any)
    }
}
