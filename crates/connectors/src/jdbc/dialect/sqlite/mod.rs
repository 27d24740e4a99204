//! SQLite.

mod catalog;
pub(crate) mod connect;
mod decode;
mod moment;
mod native;
mod read;
mod rows;
pub(crate) mod write;

use api::Result;
use async_trait::async_trait;

use super::{Access, Dialect, Session, Words};
use crate::jdbc::value::{Mapping, Moment, Zone};

const WORDS: Words = Words { quote: '"', catalogs: false };

/// The dialect of SQLite.
pub(crate) struct Sqlite;

#[async_trait]
impl Dialect for Sqlite {
    fn name(&self) -> &'static str {
        "SqliteDatabaseDialect"
    }

    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn moment(&self, moment: Moment, zone: &Zone) -> String {
        moment::literal(moment, zone)
    }

    fn timestamp(&self, column: &str) -> String {
        moment::normal(column)
    }

    fn compared(&self, columns: &[String], operator: &str, moment: Moment, zone: &Zone) -> String {
        let compared: Vec<String> =
            columns.iter().map(|column| moment::compared(column, operator, moment, zone)).collect();
        match compared.as_slice() {
            [one] => one.clone(),
            several => format!("COALESCE({})", several.join(",")),
        }
    }

    async fn open(&self, access: &Access, mapping: &Mapping) -> Result<Box<dyn Session>> {
        Ok(Box::new(read::Reader::open(access, mapping).await?))
    }
}
