//! PostgreSQL.

mod catalog;
pub(crate) mod connect;
mod copy;
mod decode;
mod native;
mod numeric;
mod plan;
mod read;
mod rows;
mod tls;
pub(crate) mod write;

use api::Result;
use async_trait::async_trait;

use super::{Access, Dialect, Session, Words};
use crate::jdbc::value::{Mapping, Moment, Zone};

const WORDS: Words = Words { quote: '"', catalogs: false };

/// The dialect of PostgreSQL.
pub(crate) struct PostgreSql;

#[async_trait]
impl Dialect for PostgreSql {
    fn name(&self) -> &'static str {
        "PostgreSqlDatabaseDialect"
    }

    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn moment(&self, moment: Moment, zone: &Zone) -> String {
        literal(moment, zone)
    }

    fn rounds(&self) -> bool {
        true
    }

    async fn open(&self, access: &Access, mapping: &Mapping) -> Result<Box<dyn Session>> {
        Ok(Box::new(read::Reader::open(access, mapping).await?))
    }
}

/// Text of no type, as the Java driver binds it: a column without a zone takes the wall clock's time, one with a zone
/// the offset, too.
fn literal(moment: Moment, zone: &Zone) -> String {
    let (local, offset) = (zone.local(moment), zone.offset(moment));
    let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
    let (year, _, _) = local.date();
    let text = local.to_string();
    // Microseconds are all that PostgreSQL has.
    let text = &text[..text.len() - 3];
    let (text, era) = match year {
        1.. => (text.to_owned(), ""),
        _ => (format!("{:04}{}", 1 - year, &text[format!("{year:04}").len()..]), " BC"),
    };
    format!("'{text}{sign}{:02}:{:02}:{:02}{era}'", offset / 3600, offset / 60 % 60, offset % 60)
}

#[cfg(test)]
mod tests;
