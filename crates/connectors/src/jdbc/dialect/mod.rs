//! The databases: one folder each, behind the traits of this module.
//!
//! **The seam.** A dialect has four sides, each of them found from [`of`]:
//! * [`Dialect`]: names and quotes, no I/O. Both source and sink write SQL with it.
//! * `connect`: opens a connection from a [`Url`](super::url::Url) and [`Access`], and turns errors of the driver into
//!   [`api::Error`] with the right reaction and without data. The reading and the writing side of a folder share it.
//! * `read`, reached by [`Dialect::open`]: a [`Session`] lists tables, describes them, and streams the rows of one
//!   query at a time in blocks of bounded bytes, decoded to records.
//! * `write`: the writing side, whose trait belongs to `sink`.
//!
//! What both sides know of a column is a [`Column`]; its [`Kind`] says what Java's driver calls the type, in terms of
//! what becomes of it. [`Mapping`](super::value::Mapping) makes a schema of it, and dates and times.
//!
//! To add a database: a folder with a [`Dialect`] and its [`Session`], an arm in [`of`], a
//! [`System`](super::url::System) with its parameters.

mod ahead;
mod column;
mod layout;
pub(crate) mod mysql;
mod name;
pub(crate) mod postgres;
mod read;
pub(crate) mod sqlite;

use api::Result;
use api::config::Password;
use async_trait::async_trait;

pub(crate) use column::{Column, Kind};
pub(crate) use name::{Quoting, TableId, Words};
pub(crate) use read::{Block, Mark, Open, Scope, Select, Session, Shape, Table};

use super::url::{System, Url};
use super::value::{Mapping, Moment, Zone};

/// Who connects to which database.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The database.
    pub(crate) url: Url,
    /// `connection.user`; a user in the URL counts before it.
    pub(crate) user: Option<String>,
    /// `connection.password`; one in the URL counts before it.
    pub(crate) password: Option<Password>,
}

impl Access {
    /// The user, if one is given.
    pub(crate) fn user(&self) -> Option<&str> {
        self.url.settings.user.as_deref().or(self.user.as_deref())
    }

    /// The password, if one is given.
    pub(crate) fn password(&self) -> Option<&str> {
        self.url.settings.password.as_ref().or(self.password.as_ref()).map(Password::expose)
    }
}

/// A database's SQL, and the way in.
#[async_trait]
pub(crate) trait Dialect: Send + Sync {
    /// Its name in `dialect.name`, such as `PostgreSqlDatabaseDialect`.
    fn name(&self) -> &'static str;

    /// How it writes names.
    fn words(&self) -> &'static Words;

    /// A moment as a literal that may be compared with a timestamp column of any kind. `zone` is that of columns
    /// which have none.
    fn moment(&self, moment: Moment, zone: &Zone) -> String;

    /// What is compared with [`Dialect::moment`] for a timestamp column, whose name is written already.
    fn timestamp(&self, column: &str) -> String {
        column.to_owned()
    }

    /// A comparison of the first of some timestamp columns that is not null with a moment.
    fn compared(&self, columns: &[String], operator: &str, moment: Moment, zone: &Zone) -> String {
        format!("{} {operator} {}", self.first_timestamp(columns), self.moment(moment, zone))
    }

    /// The first of some timestamp columns that is not null, by which rows are ordered.
    fn first_timestamp(&self, columns: &[String]) -> String {
        let columns: Vec<String> = columns.iter().map(|column| self.timestamp(column)).collect();
        match columns.as_slice() {
            [column] => column.clone(),
            columns => format!("COALESCE({})", columns.join(",")),
        }
    }

    /// Whether a time that has more digits than its column is rounded, so that it may come out earlier than it was.
    fn rounds(&self) -> bool {
        false
    }

    /// Opens a connection that reads. Values become what `mapping` says.
    ///
    /// # Errors
    /// [`api::Reaction::Retry`] where the database may be back later, `Fail` for a wrong password and the like.
    async fn open(&self, access: &Access, mapping: &Mapping) -> Result<Box<dyn Session>>;
}

/// The dialect of a system.
///
/// # Errors
/// The system has none yet.
pub(crate) fn of(system: System) -> Result<&'static dyn Dialect> {
    match system {
        System::MariaDb | System::MySql => Ok(&mysql::MySql),
        System::PostgreSql => Ok(&postgres::PostgreSql),
        System::Sqlite => Ok(&sqlite::Sqlite),
    }
}
