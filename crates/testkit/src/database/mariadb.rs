//! MariaDB: its files, its command line.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::client::Client;
use super::{Database, Engine, MARIADB, MariaDb, PASSWORD, Settings, USER};
use crate::directory::Directory;

/// MariaDB, under the account of this process.
#[derive(Debug)]
pub struct MariaDbEngine;

impl Engine for MariaDbEngine {
    const NAME: &'static str = "MariaDB";
    const PACKAGE: &'static str = "mariadb-server-core mariadb-client-core";
    const VARIABLE: &'static str = MARIADB;
    const STOP_SIGNAL: i32 = libc::SIGTERM;
    const DEATH_SIGNAL: i32 = libc::SIGKILL;

    fn shared() -> &'static OnceLock<MariaDb> {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        &SHARED
    }

    fn directory() -> anyhow::Result<Directory> {
        Directory::new("mariadb")
    }

    fn prepare(directory: &Path) -> anyhow::Result<()> {
        // Read at every start, hence the conditions.
        let accounts = format!(
            "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        );
        fs::write(directory.join("accounts.sql"), accounts)?;
        let mut command = Command::new(super::find::<Self>("mariadb-install-db", &[])?);
        command.args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"]);
        command.arg("--auth-root-authentication-method=normal").args(files(directory));
        super::run(command)
    }

    fn command(directory: &Path, port: u16, settings: &Settings) -> anyhow::Result<Command> {
        let sbin = Path::new("/usr/sbin");
        let mut command = Command::new(super::find::<Self>("mariadbd", &[sbin])?);
        command.arg("--no-defaults").args(files(directory)).current_dir(directory);
        command.arg(format!("--port={port}"));
        command.arg(format!("--socket={}", socket(port)));
        command.arg(format!("--init-file={}", directory.join("accounts.sql").display()));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
        command.args(["--character-set-server=utf8mb4", "--local-infile=1", "--max-connections=300"]);
        if settings.durable {
            command.args(["--innodb-flush-log-at-trx-commit=1"]);
        } else {
            // 2: written at every commit, so that nothing is lost when the server is killed.
            command.args(["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync"]);
        }
        command.args(&settings.options);
        Ok(command)
    }

    fn database(port: u16, name: &str) -> Database {
        Database::new(Client::MariaDb, port, if name.is_empty() { "mysql" } else { name })
    }
}

/// Returns the arguments that the setting up and every start share.
fn files(directory: &Path) -> Vec<String> {
    vec![
        format!("--datadir={}", directory.join("data").display()),
        // Without it the server refuses to be root; another user may not change who it is anyway.
        "--user=root".to_owned(),
        "--innodb-log-file-size=48M".to_owned(),
    ]
}

/// Returns a name in the abstract namespace of sockets: nothing connects to it, and a path may be too long.
fn socket(port: u16) -> String {
    format!("@ferroduct-mariadb-{port}")
}
