//! Which tables are copied.

use api::config::{Parsed, Validator};
use fancy_regex::Regex;

use crate::jdbc::dialect::{Quoting, TableId, Words};

/// What chooses among the tables of a database.
#[derive(Debug)]
pub(super) enum Filter {
    /// Everything.
    All,
    /// Names: bare, qualified, or qualified in quotes.
    Whitelist(Vec<String>),
    /// Names of what is not copied.
    Blacklist(Vec<String>),
    /// Expressions for qualified names.
    Expressions {
        /// One of these has to match the whole name.
        include: Vec<Regex>,
        /// None of these may.
        exclude: Vec<Regex>,
    },
}

impl Filter {
    /// The tables that are copied, in the order given.
    pub(super) fn choose(&self, tables: Vec<TableId>, words: &Words) -> Vec<TableId> {
        tables.into_iter().filter(|table| self.wants(table, words)).collect()
    }

    fn wants(&self, table: &TableId, words: &Words) -> bool {
        let named = |names: &[String]| {
            let (plain, quoted) = (table.plain(), words.table(table, Quoting::Always));
            names.iter().any(|name| *name == plain || *name == quoted || *name == table.name)
        };
        match self {
            Self::All => true,
            Self::Whitelist(names) => named(names),
            Self::Blacklist(names) => !named(names),
            Self::Expressions { include, exclude } => {
                let name = table.plain();
                any(include, &name) && !any(exclude, &name)
            }
        }
    }
}

/// Whether one of the expressions matches. One that gives up for its many steps does not.
fn any(expressions: &[Regex], name: &str) -> bool {
    expressions.iter().any(|expression| expression.is_match(name).unwrap_or(false))
}

/// An expression for a whole text.
pub(super) fn whole(expression: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?:{expression})$")).map_err(|error| error.to_string())
}

/// The validator of a list of expressions.
pub(super) fn regexes() -> Validator {
    Validator::new("a valid comma-separated list of regular expressions", |key, value| {
        let Parsed::List(items) = value else { return Ok(()) };
        for item in items {
            whole(item).map_err(|error| {
                format!(
                    "Invalid value {value} for configuration {key}: Must be a valid comma-separated list of regular \
                     expression patterns: {error}"
                )
            })?;
        }
        Ok(())
    })
}
