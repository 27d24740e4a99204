//! Writing: prepared statements in a transaction, on a thread that may block.

mod refusal;
mod words;

use std::collections::HashSet;

use api::{Error, Result};
use async_trait::async_trait;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::jdbc::dialect::sqlite::WORDS;
use crate::jdbc::dialect::sqlite::connect;
use crate::jdbc::dialect::{Access, Quoting, TableId};
use crate::jdbc::sink::cell::Row;
use crate::jdbc::sink::config::{InsertMode, Options};
use crate::jdbc::sink::ddl::Ddl;
use crate::jdbc::sink::writer::{Column, Found, Reason, Refusal, Step, Table, Target, Writer};

use refusal::refusal;
use words::{Dates, Definitions};

/// A database of SQLite that is written.
pub(crate) struct SqliteWriter {
    /// `None`: a call on it was given up, and it is gone.
    connection: Option<Connection>,
    definitions: Definitions,
    /// Where constraints are checked at once: how many rows referred to nothing before.
    dangling: Option<i64>,
    /// Tables without any key, of which the log has been told.
    keyless: HashSet<String>,
}

impl SqliteWriter {
    /// Opens a database, which is made if it is not there.
    ///
    /// # Errors
    /// Those of [`connect::open`].
    pub(crate) async fn open(access: &Access, options: &Options) -> Result<Self> {
        let owned = access.clone();
        let opened = spawn_blocking(move || connect::open(&owned, true)).await;
        let connection =
            opened.map_err(|error| Error::fail("cannot open the database").caused_by(error))??;
        let definitions = Definitions { clock: options.clock.clone(), dates: dates(access) };
        Ok(Self { connection: Some(connection), definitions, dangling: None, keyless: HashSet::new() })
    }

    /// Runs a call where it may block.
    async fn run<T: Send + 'static>(
        &mut self,
        call: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let gone = || Refusal::new(Reason::Passing, "the connection was given up");
        let connection = self.connection.take().ok_or_else(gone)?;
        let work = spawn_blocking(move || {
            let result = call(&connection);
            (connection, result)
        });
        let (connection, result) = work.await.map_err(|error| gone().caused_by(error))?;
        self.connection = Some(connection);
        result.map_err(|error| refusal(&error))
    }

    /// Deferred foreign keys cannot be made immediate: rows that refer to nothing are counted. `None`: nobody checks
    /// them.
    async fn dangling(&mut self) -> Result<Option<i64>, Refusal> {
        self.run(|connection| {
            let checked: bool = connection.query_row("PRAGMA foreign_keys", (), |row| row.get(0))?;
            let count = || {
                connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", (), |row| row.get(0))
            };
            checked.then(count).transpose()
        })
        .await
    }

    /// Refuses what the commit would refuse.
    async fn check(&mut self) -> Result<(), Refusal> {
        let Some(before) = self.dangling else { return Ok(()) };
        match self.dangling().await? {
            Some(now) if now > before => {
                Err(Refusal::new(Reason::Row, "it refers to a row that is not there"))
            }
            _ => Ok(()),
        }
    }

    /// How rows are put into a table. Where it has no key at all nothing can conflict: upserts insert, as in Java.
    async fn mode(&mut self, target: &Target, mode: InsertMode) -> Result<InsertMode, Refusal> {
        if mode != InsertMode::Upsert || self.has_key(target).await? {
            return Ok(mode);
        }
        if self.keyless.insert(target.table.sql.clone()) {
            warn!(
                table = target.table.shown,
                "the table has no primary key or unique constraint: upserts insert, and replace no row"
            );
        }
        Ok(InsertMode::Insert)
    }

    async fn has_key(&mut self, target: &Target) -> Result<bool, Refusal> {
        let table = WORDS.parse(&target.table.sql);
        self.run(move |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, coalesce(?2, 'main')) WHERE \"unique\") \
                 OR EXISTS (SELECT 1 FROM pragma_table_info(?1, coalesce(?2, 'main')) WHERE pk > 0)",
                (table.name, table.schema),
                |row| row.get(0),
            )
        })
        .await
    }

    /// Runs a statement once for each row, with the values of some fields.
    async fn each(
        &mut self,
        sql: String,
        target: &Target,
        fields: &[usize],
        rows: &[Row<'_>],
    ) -> Result<(), Refusal> {
        let mut values = Vec::with_capacity(rows.len() * fields.len());
        for row in rows {
            for index in fields {
                let (field, column) = target.pair(*index);
                let cell = field.cell(*row);
                let misfit = || Refusal::misfit(column, format_args!("such {}", cell.kind()));
                values.push(self.definitions.value(field, cell).ok_or_else(misfit)?);
            }
        }
        let count = fields.len();
        self.run(move |connection| execute(connection, &sql, &values, count)).await
    }
}

fn execute(connection: &Connection, sql: &str, values: &[SqlValue], count: usize) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    values.chunks(count).try_for_each(|row| statement.execute(params_from_iter(row)).map(drop))
}

fn dates(access: &Access) -> Dates {
    let setting =
        |name| access.url.settings.dialect.get(name).map(|value| value.to_uppercase()).unwrap_or_default();
    match (setting("date_class").as_str(), setting("date_precision").as_str()) {
        ("TEXT", _) => Dates::Text,
        (_, "SECONDS") => Dates::Seconds,
        _ => Dates::Millis,
    }
}

fn find(connection: &Connection, id: &TableId) -> rusqlite::Result<Found> {
    let master = match &id.schema {
        Some(schema) => format!("{}.sqlite_master", WORDS.column(schema, Quoting::Always)),
        None => "sqlite_master".to_owned(),
    };
    // Names of tables have no case.
    let sql = format!(
        "SELECT name, type FROM {master} WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE"
    );
    let found: Option<(String, String)> =
        connection.query_row(&sql, [&id.name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let name = found.as_ref().map_or(&id.name, |(name, _)| name);
    let sql = WORDS.table(&TableId { name: name.clone(), ..id.clone() }, Quoting::Always);
    let Some((name, kind)) = found else { return Ok(Found { shown: sql.clone(), sql, table: None }) };
    let mut statement =
        connection.prepare("SELECT name, type FROM pragma_table_info(?1, coalesce(?2, 'main'))")?;
    let columns = statement.query_map((&name, &id.schema), |row| {
        let declared: String = row.get(1)?;
        Ok(Column { name: row.get(0)?, cast: declared.clone(), declared, code: 0, folded: true })
    })?;
    let columns = columns.collect::<rusqlite::Result<Vec<Column>>>()?;
    let kind = if kind == "view" { "VIEW" } else { "TABLE" };
    let table = Table { sql: sql.clone(), shown: sql.clone(), kind, bulk: false, columns };
    Ok(Found { shown: sql.clone(), sql, table: Some(table) })
}

fn quoted(column: &Column) -> String {
    WORDS.column(&column.name, Quoting::Always)
}

/// `"a"=?` for some fields.
fn equal(target: &Target, fields: &[usize], between: &str) -> String {
    let equal = fields.iter().map(|index| format!("{}=?", quoted(target.pair(*index).1)));
    equal.collect::<Vec<_>>().join(between)
}

/// The statement that inserts a row, or writes it over that of its key.
fn insert(target: &Target, mode: InsertMode) -> String {
    let columns: Vec<String> = target.pairs().map(|(_, column)| quoted(column)).collect();
    let places = vec!["?"; columns.len()].join(",");
    let mut sql = format!("INSERT INTO {} ({}) VALUES ({places})", target.table.sql, columns.join(","));
    if mode == InsertMode::Upsert {
        let keys: Vec<String> = target.key_pairs().map(|(_, column)| quoted(column)).collect();
        let others = target.pairs().filter(|(field, _)| !field.key);
        let set: Vec<String> =
            others.map(|(_, column)| format!("{0}=excluded.{0}", quoted(column))).collect();
        let action =
            if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(",")) };
        sql.push_str(&format!(" ON CONFLICT ({}) DO {action}", keys.join(",")));
    }
    sql
}

#[async_trait]
impl Writer for SqliteWriter {
    fn ddl(&self) -> &dyn Ddl {
        &self.definitions
    }

    async fn find(&mut self, table: &TableId) -> Result<Found, Refusal> {
        let table = table.clone();
        self.run(move |connection| find(connection, &table)).await
    }

    async fn define(&mut self, sql: &str) -> Result<(), Refusal> {
        let sql = sql.to_owned();
        self.run(move |connection| connection.execute_batch(&sql)).await
    }

    async fn change(&mut self, sql: &str) -> Result<u64, Refusal> {
        let sql = sql.to_owned();
        self.run(move |connection| connection.execute(&sql, ()).map(|count| count as u64)).await
    }

    async fn offsets(&mut self, sql: &str) -> Result<Vec<(String, i64, i64)>, Refusal> {
        let sql = sql.to_owned();
        self.run(move |connection| {
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect()
        })
        .await
    }

    async fn step(&mut self, step: Step) -> Result<(), Refusal> {
        match step {
            Step::Begin => self.dangling = None,
            Step::CheckAtOnce => self.dangling = self.dangling().await?,
            Step::Release => self.check().await?,
            _ => {}
        }
        let sql = match step {
            // At once with the right to write: one that is asked for later may be refused without waiting.
            Step::Begin => "BEGIN IMMEDIATE",
            Step::CheckAtOnce => return Ok(()),
            Step::Savepoint => "SAVEPOINT ferroduct",
            Step::Release => "RELEASE ferroduct",
            Step::RollBackToSavepoint => "ROLLBACK TO ferroduct; RELEASE ferroduct",
            Step::Commit => "COMMIT",
            Step::RollBack => "ROLLBACK",
        };
        self.run(move |connection| {
            // Some errors have ended the transaction already.
            if step == Step::RollBack && connection.is_autocommit() {
                Ok(())
            } else {
                connection.execute_batch(sql)
            }
        })
        .await
    }

    async fn write(&mut self, target: &Target, mode: InsertMode, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let all: Vec<usize> = (0..target.columns.len()).collect();
        let mode = self.mode(target, mode).await?;
        if mode != InsertMode::Update {
            return self.each(insert(target, mode), target, &all, rows).await;
        }
        let others: Vec<usize> = all.into_iter().filter(|index| !target.plan.fields[*index].key).collect();
        if others.is_empty() {
            return Ok(());
        }
        let keys = &target.plan.keys;
        let (set, matches) = (equal(target, &others, ","), equal(target, keys, " AND "));
        let sql = format!("UPDATE {} SET {set} WHERE {matches}", target.table.sql);
        let fields: Vec<usize> = others.into_iter().chain(keys.iter().copied()).collect();
        self.each(sql, target, &fields, rows).await
    }

    async fn delete(&mut self, target: &Target, rows: &[Row<'_>]) -> Result<(), Refusal> {
        let keys = &target.plan.keys;
        let sql = format!("DELETE FROM {} WHERE {}", target.table.sql, equal(target, keys, " AND "));
        self.each(sql, target, keys, rows).await
    }

    fn sortable(&self, _target: &Target) -> bool {
        // Whoever writes has the whole database, so that nothing can deadlock.
        false
    }
}
