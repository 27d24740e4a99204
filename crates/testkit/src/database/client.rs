//! A database as its own client program sees it: an independent view for tests.

use std::borrow::Cow;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::{PASSWORD, USER};

/// The rows of a query, as text; `None` is NULL.
pub type Rows = Vec<Vec<Option<String>>>;

/// The client program of a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Client {
    MariaDb,
    Psql,
}

/// A database of a running server.
#[derive(Clone, Debug)]
pub struct Database {
    client: Client,
    port: u16,
    name: String,
}

// Control characters that no test has in its data.
const FIELD: char = '\u{1f}';
const ROW: char = '\u{1e}';
const NULL: &str = "\u{1d}";

impl Database {
    pub(super) fn new(client: Client, port: u16, name: &str) -> Self {
        Self { client, port, name: name.to_owned() }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the port of 127.0.0.1 its server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the account's name.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// Returns the account's password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Returns `jdbc:<engine>://127.0.0.1:<port>/<database>`, without user and password.
    pub fn jdbc_url(&self) -> String {
        let engine = match self.client {
            Client::MariaDb => "mariadb",
            Client::Psql => "postgresql",
        };
        format!("jdbc:{engine}://127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Runs statements, without their results. Each is a transaction of its own, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// When the server refuses one; the error holds its message.
    pub fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.run(sql).map(drop)
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    ///
    /// When the server refuses it; the error holds its message.
    pub fn query(&self, sql: &str) -> anyhow::Result<Rows> {
        let printed = self.run(sql)?;
        match self.client {
            Client::MariaDb => rows_of_xml(&printed).context("cannot read what `mariadb` prints"),
            Client::Psql => Ok(rows_of_psql(&printed)),
        }
    }

    /// Returns the first two numbers of the server's version.
    ///
    /// # Panics
    ///
    /// When the server does not say it.
    pub fn version(&self) -> (u32, u32) {
        let rows = self.query("SELECT version()").expect("the server's version");
        let text = rows[0][0].clone().expect("the server's version");
        let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let mut parts = number.unwrap_or_default().split(|c: char| !c.is_ascii_digit());
        let mut next = || parts.next().and_then(|part| part.parse().ok()).expect("a number of the version");
        (next(), next())
    }

    /// Says whether the server is a MySQL in MariaDB's place (see [`MYSQL_HOME`](super::MYSQL_HOME)).
    ///
    /// # Panics
    ///
    /// When the server does not say its version.
    pub fn is_mysql(&self) -> bool {
        let rows = self.query("SELECT version()").expect("the server's version");
        self.client == Client::MariaDb && !rows[0][0].as_ref().is_some_and(|text| text.contains("MariaDB"))
    }

    /// Makes sure of the table `seq_1_to_<last>`, whose column `seq` counts. MariaDB has all such tables by itself.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn sequence(&self, last: u32) {
        if !self.is_mysql() {
            return;
        }
        let table = format!("seq_1_to_{last}");
        let mut sql = format!("CREATE TABLE {table} (seq int PRIMARY KEY); INSERT INTO {table} VALUES (1);");
        let mut count = 1;
        while count < last {
            sql.push_str(&format!(
                "INSERT INTO {table} SELECT seq + {count} FROM {table} WHERE seq + {count} <= {last};"
            ));
            count *= 2;
        }
        self.execute(&sql).expect("a table of numbers");
    }

    /// Gives `sql` to the client program and returns what it prints.
    fn run(&self, sql: &str) -> anyhow::Result<String> {
        let mut command = self.command();
        let program = command.get_program().to_owned();
        let describe = || format!("cannot run `{}`", program.display());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(describe)?;
        let mut stdin = process.stdin.take().expect("standard input is piped");
        let output = std::thread::scope(|scope| {
            // Beside reading: both pipes may fill. A client that stops at an error reads no more.
            scope.spawn(move || stdin.write_all(sql.as_bytes()));
            process.wait_with_output()
        });
        let output = output.with_context(describe)?;
        let message = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "database `{}` refused: {}", self.name, message.trim_end());
        String::from_utf8(output.stdout).context("the rows are not UTF-8")
    }

    fn command(&self) -> Command {
        let port = self.port.to_string();
        match self.client {
            Client::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--xml"]);
                // What a server offers of TLS is for the tests to judge.
                command.args(["--default-character-set=utf8mb4", "--local-infile=1", "--skip-ssl"]);
                command.args(["--port", &port, "--user", USER, &self.name]).env("MYSQL_PWD", PASSWORD);
                command
            }
            Client::Psql => {
                let mut command = Command::new("psql");
                command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
                command.args(["--set", "ON_ERROR_STOP=1", "--pset", &format!("null={NULL}")]);
                command.args([
                    "--field-separator",
                    &FIELD.to_string(),
                    "--record-separator",
                    &ROW.to_string(),
                ]);
                command.args(["--host", "127.0.0.1", "--port", &port, "--username", USER, &self.name]);
                command.env("PGPASSWORD", PASSWORD).env("PGCLIENTENCODING", "UTF8");
                command
            }
        }
    }
}

fn rows_of_psql(printed: &str) -> Rows {
    let printed = printed.strip_suffix('\n').unwrap_or(printed);
    if printed.is_empty() {
        return Vec::new();
    }
    let cell = |cell: &str| (cell != NULL).then(|| cell.to_owned());
    printed.split(ROW).map(|row| row.split(FIELD).map(cell).collect()).collect()
}

/// Reads `<row><field name="a">text</field><field name="b" xsi:nil="true" /></row>`, which alone of the client's
/// formats tells NULL from a text.
fn rows_of_xml(printed: &str) -> Option<Rows> {
    let mut rows = Rows::new();
    let mut rest = printed;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with("row>") {
            rows.push(Vec::new());
        } else if rest.starts_with("field ") {
            let (tag, after) = rest.split_once('>')?;
            let nil = tag.ends_with('/');
            let (text, after) = if nil { ("", after) } else { after.split_once("</field>")? };
            rows.last_mut()?.push((!nil).then(|| unescape(text).into_owned()));
            rest = after;
        }
    }
    Some(rows)
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
    Cow::Owned(plain.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}
