//! Which columns of a table say where its rows stand.

use api::config::{Parsed, Validator};
use api::{Error, Result};
use fancy_regex::Regex;

use super::filter::whole;
use crate::jdbc::dialect::TableId;

/// Columns by tables, or the same for all of them.
#[derive(Debug)]
pub(super) enum Columns {
    /// The same everywhere.
    Same(Vec<String>),
    /// By expressions for the whole qualified name, of which exactly one has to match.
    ByTable(Vec<(Regex, Vec<String>)>),
}

impl Columns {
    /// The mapping if there is one, otherwise the names.
    pub(super) fn of(mapping: &[String], names: Vec<String>) -> Result<Self, String> {
        if mapping.is_empty() {
            return Ok(Self::Same(names));
        }
        mapping.iter().map(|item| parse(item)).collect::<Result<_, _>>().map(Self::ByTable)
    }

    /// The columns of a table.
    pub(super) fn of_table(&self, table: &TableId, key: &str) -> Result<Vec<String>> {
        let entries = match self {
            Self::Same(names) => return Ok(names.clone()),
            Self::ByTable(entries) => entries,
        };
        let name = table.plain();
        let mut found = entries.iter().filter(|(regex, _)| regex.is_match(&name).unwrap_or(false));
        match (found.next(), found.next()) {
            (Some((_, columns)), None) => Ok(columns.clone()),
            (None, _) => Err(Error::fail(format_args!("`{key}` has no expression for table `{name}`"))),
            (Some(_), Some(_)) => Err(Error::fail(format_args!(
                "`{key}` has several expressions for table `{name}`, expected one"
            ))),
        }
    }

    /// The columns of a query.
    pub(super) fn of_query(&self) -> Vec<String> {
        match self {
            Self::Same(names) => names.clone(),
            Self::ByTable(_) => Vec::new(),
        }
    }
}

/// `regex:column` or `regex:[column|column]`.
fn parse(item: &str) -> Result<(Regex, Vec<String>), String> {
    let (regex, columns) = item
        .split_once(':')
        .filter(|(_, columns)| !columns.contains(':'))
        .ok_or("Invalid format. Expected 'regex:column' or 'regex:[col1|col2|...]'")?;
    let regex = whole(regex.trim()).map_err(|error| format!("Invalid regular expression: {error}"))?;
    let columns = columns.trim();
    let columns = columns.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(columns);
    let columns: Vec<String> = columns.split('|').map(|column| column.trim().to_owned()).collect();
    if columns.iter().any(String::is_empty) {
        return Err("Every column name should be non-empty string".to_owned());
    }
    Ok((regex, columns))
}

/// The validator of `timestamp.columns.mapping`.
pub(super) fn timestamps() -> Validator {
    mapping("a list of mappings in the format 'regex:[col1|col2|...]'", |item| {
        let columns = item.split_once(':').map_or("", |(_, columns)| columns.trim());
        if columns.starts_with('[') && columns.ends_with(']') {
            Ok(())
        } else {
            Err("Columns list must be enclosed in square brackets".to_owned())
        }
    })
}

/// The validator of `incrementing.column.mapping`.
pub(super) fn incrementing() -> Validator {
    mapping("a list of mappings in the format 'regex:columnName'", |_| Ok(()))
}

fn mapping(words: &'static str, check: fn(&str) -> Result<(), String>) -> Validator {
    Validator::new(words, move |key, value| {
        let Parsed::List(items) = value else { return Ok(()) };
        items.iter().try_for_each(|item| {
            parse(item)
                .and_then(|_| check(item))
                .map_err(|reason| format!("Invalid value {item} for configuration {key}: {reason}"))
        })
    })
}
