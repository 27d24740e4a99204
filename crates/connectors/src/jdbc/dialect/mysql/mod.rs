//! MySQL and MariaDB.

pub(crate) mod catalog;
pub(crate) mod connect;
mod decode;
mod horizon;
mod native;
mod read;
mod rows;
pub(crate) mod settings;
mod tls;
pub(crate) mod write;

use api::Result;
use async_trait::async_trait;

use super::{Access, Dialect, Session, Words};
use crate::jdbc::value::{Local, Mapping, Moment, Zone};

const WORDS: Words = Words { quote: '`', catalogs: true };

/// The dialect of MySQL and MariaDB.
pub(crate) struct MySql;

#[async_trait]
impl Dialect for MySql {
    fn name(&self) -> &'static str {
        "MySqlDatabaseDialect"
    }

    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn moment(&self, moment: Moment, zone: &Zone) -> String {
        literal(zone.local(moment))
    }

    async fn open(&self, access: &Access, mapping: &Mapping) -> Result<Box<dyn Session>> {
        Ok(Box::new(read::Reader::open(access, mapping).await?))
    }
}

/// What a wall clock shows, as both DATETIME and TIMESTAMP columns are compared with it. Digits beyond microseconds
/// are cut off, and years are brought into those that the databases have.
fn literal(local: Local) -> String {
    let (first, last) = (Local::new(0, 1, 1, 0), Local::new(9999, 12, 31, 86_399_999_999_000));
    let text = local.clamp(first, last).to_string();
    format!("TIMESTAMP'{}'", &text[..text.len() - 3])
}

#[cfg(test)]
mod tests;
