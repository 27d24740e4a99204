//! MariaDB, or MySQL in its place: its files, its command line.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context;

use super::client::Client;
use super::installation::Installation;
use super::{Database, Engine, MARIADB, MYSQL_HOME, MariaDb, PASSWORD, Settings, USER};
use crate::directory::Directory;
use crate::process;

/// MariaDB, under the account of this process; MySQL where [`MYSQL_HOME`] names one.
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
        match Installation::named_by(MYSQL_HOME) {
            None => {
                let mut command = Command::new(super::find::<Self>("mariadb-install-db", &[])?);
                command.args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"]);
                command.arg("--auth-root-authentication-method=normal").args(files(directory));
                process::run(&mut command)
            }
            Some(installation) if installation.find("mariadbd").is_some() => {
                bootstrap(&installation, directory)
            }
            Some(installation) => {
                let mut command = server(&installation)?;
                command.arg("--initialize-insecure").args(files(directory));
                process::run(&mut command)
            }
        }
    }

    fn command(directory: &Path, port: u16, settings: &Settings) -> anyhow::Result<Command> {
        let mut command = match Installation::named_by(MYSQL_HOME) {
            Some(installation) => server(&installation)?,
            None => {
                let mut command = Command::new(super::find::<Self>("mariadbd", &[Path::new("/usr/sbin")])?);
                command.arg("--no-defaults");
                command
            }
        };
        command.args(files(directory)).current_dir(directory);
        command.arg(format!("--port={port}"));
        command.arg(format!("--socket={}", socket(port)));
        command.arg(format!("--init-file={}", directory.join("accounts.sql").display()));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
        // MySQL of Debian does not start without the directory of this key.
        command.arg("--secure-file-priv=");
        command.args(["--character-set-server=utf8mb4", "--local-infile=1", "--max-connections=300"]);
        // MySQL's second protocol would take a port that all servers share.
        command.arg("--loose-mysqlx=0");
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

/// Returns the server of an installation, with the arguments that come first.
fn server(installation: &Installation) -> anyhow::Result<Command> {
    let program = match installation.find("mariadbd") {
        Some(program) => program,
        None => installation.program("mysqld")?,
    };
    let mut command = Command::new(program);
    command.arg("--no-defaults").arg(format!("--basedir={}", installation.root().display()));
    let plugins = installation.root().join("lib/mysql/plugin");
    if plugins.is_dir() {
        command.arg(format!("--plugin-dir={}", plugins.display()));
    }
    Ok(command)
}

/// Sets MariaDB up as `mariadb-install-db` does, which does not find its programs in every installation.
fn bootstrap(installation: &Installation, directory: &Path) -> anyhow::Result<()> {
    let script = directory.join("bootstrap.sql");
    let mut file = File::create(&script)?;
    writeln!(
        file,
        "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL, @skip_auth_anonymous=1;"
    )?;
    for part in ["system_tables", "performance_tables", "system_tables_data"] {
        let part = system_script(installation, part)?;
        file.write_all(&fs::read(&part).with_context(|| format!("cannot read `{}`", part.display()))?)?;
        writeln!(file)?;
    }
    let mut command = server(installation)?;
    let data = directory.join("data");
    fs::create_dir(&data)?;
    command.args(files(directory));
    command.args(["--bootstrap", "--enforce-storage-engine=", "--max-allowed-packet=8M"]);
    command.stdin(File::open(script)?);
    process::run(&mut command)
}

/// Returns a script that fills the database `mysql`; its place and name differ between versions.
fn system_script(installation: &Installation, name: &str) -> anyhow::Result<PathBuf> {
    let places = ["share/mysql", "share/mariadb", "share"];
    let names = [format!("mariadb_{name}.sql"), format!("mysql_{name}.sql")];
    let all = places.iter().flat_map(|place| names.iter().map(move |name| Path::new(place).join(name)));
    all.map(|path| installation.root().join(path))
        .find(|path| path.is_file())
        .with_context(|| format!("`{}` has no script for {name}", installation.root().display()))
}

/// Returns the arguments that the setting up and every start share.
fn files(directory: &Path) -> Vec<String> {
    vec![
        format!("--datadir={}", directory.join("data").display()),
        // Without it the server refuses to be root; another user may not change who it is anyway.
        "--user=root".to_owned(),
        // Of its own: a server that starts deletes the temporary tables it finds, those of its neighbours, too.
        format!("--tmpdir={}", directory.display()),
        "--loose-innodb-log-file-size=48M".to_owned(),
    ]
}

/// Returns a name in the abstract namespace of sockets, for MySQL a file in the data: nothing connects to it, and a
/// whole path may be too long.
fn socket(port: u16) -> String {
    format!("@ferroduct-mariadb-{port}")
}
