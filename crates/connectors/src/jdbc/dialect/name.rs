//! Names of tables and columns, plain and quoted.

/// A table.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct TableId {
    /// The catalog: the database of MySQL and MariaDB; `None` in PostgreSQL and SQLite.
    pub(crate) catalog: Option<String>,
    /// The schema of PostgreSQL; `None` elsewhere.
    pub(crate) schema: Option<String>,
    /// The bare name.
    pub(crate) name: String,
}

impl TableId {
    /// The parts that are there, outermost first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.catalog.iter().chain(&self.schema).chain([&self.name]).map(String::as_str)
    }

    /// The name with dots and without quotes, as source partitions and table lists have it: `public.orders`.
    pub(crate) fn plain(&self) -> String {
        self.parts().collect::<Vec<_>>().join(".")
    }
}

/// Whether SQL quotes names (`quote.sql.identifiers`, `sql.quote.identifiers`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Quoting {
    /// Always.
    Always,
    /// Never: the database folds the names as it does.
    Never,
}

/// How a database writes names.
#[derive(Debug)]
pub(crate) struct Words {
    /// What stands around a quoted name; twice within it.
    pub(crate) quote: char,
    /// Whether the first of two parts of a name is a catalog, not a schema.
    pub(crate) catalogs: bool,
}

impl Words {
    /// Writes a name.
    pub(crate) fn write(&self, sql: &mut String, name: &str, quoting: Quoting) {
        match quoting {
            Quoting::Never => sql.push_str(name),
            Quoting::Always => {
                sql.push(self.quote);
                for character in name.chars() {
                    if character == self.quote {
                        sql.push(self.quote);
                    }
                    sql.push(character);
                }
                sql.push(self.quote);
            }
        }
    }

    /// A name of a column.
    pub(crate) fn column(&self, name: &str, quoting: Quoting) -> String {
        let mut sql = String::with_capacity(name.len() + 2);
        self.write(&mut sql, name, quoting);
        sql
    }

    /// A name of a table with all its parts.
    pub(crate) fn table(&self, table: &TableId, quoting: Quoting) -> String {
        let mut sql = String::new();
        for part in table.parts() {
            if !sql.is_empty() {
                sql.push('.');
            }
            self.write(&mut sql, part, quoting);
        }
        sql
    }

    /// The names of a list with commas, each as it is written; a quoted name may hold commas.
    pub(crate) fn split_list<'a>(&self, list: &'a str) -> impl Iterator<Item = &'a str> {
        let quote = self.quote;
        let mut quoted = false;
        list.split(move |character| {
            quoted ^= character == quote;
            character == ',' && !quoted
        })
        .map(str::trim)
        .filter(|name| !name.is_empty())
    }

    /// Reads a name with dots, quoted or not; a quoted part may hold dots. A name of more parts than the database
    /// has keeps the last ones.
    pub(crate) fn parse(&self, text: &str) -> TableId {
        let mut parts = split(text, self.quote);
        let name = parts.pop().unwrap_or_default();
        let (second, first) = (parts.pop(), parts.pop());
        if self.catalogs {
            TableId { catalog: second, schema: None, name }
        } else {
            TableId { catalog: first, schema: second, name }
        }
    }
}

/// The parts between dots, without their quotes.
fn split(text: &str, quote: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.trim().chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        let part = parts.last_mut().expect("there is always one");
        match character {
            c if c == quote && quoted && characters.peek() == Some(&quote) => {
                characters.next();
                part.push(c);
            }
            c if c == quote => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            c => part.push(c),
        }
    }
    parts
}

#[cfg(test)]
mod tests;
