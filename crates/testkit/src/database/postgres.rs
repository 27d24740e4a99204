//! PostgreSQL: its files, its command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context;

use super::account::Account;
use super::client::Client;
use super::installation::Installation;
use super::{Database, Engine, PASSWORD, POSTGRES, POSTGRES_HOME, Postgres, Settings, USER};
use crate::directory::Directory;
use crate::process;

/// PostgreSQL, as the account `postgres` when this process is root, which PostgreSQL refuses to be.
#[derive(Debug)]
pub struct PostgresEngine;

impl Engine for PostgresEngine {
    const NAME: &'static str = "PostgreSQL";
    const PACKAGE: &'static str = "postgresql";
    const VARIABLE: &'static str = POSTGRES;
    /// "Fast shutdown": open transactions are rolled back.
    const STOP_SIGNAL: i32 = libc::SIGINT;
    /// "Immediate shutdown": ends all processes and gives shared memory back, which a killed server leaves behind.
    const DEATH_SIGNAL: i32 = libc::SIGQUIT;

    fn shared() -> &'static OnceLock<Postgres> {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        &SHARED
    }

    fn directory() -> anyhow::Result<Directory> {
        let directory = Directory::open_to_others("postgres")?;
        if let Some(account) = Account::when_root("postgres")? {
            account.own(directory.path())?;
        }
        Ok(directory)
    }

    fn prepare(directory: &Path) -> anyhow::Result<()> {
        let password = directory.join("password");
        fs::write(&password, PASSWORD)?;
        let mut command = program("initdb", directory)?;
        command.arg("--pgdata").arg(directory.join("data")).arg("--pwfile").arg(&password);
        command.args(["--username", USER, "--auth", "scram-sha-256", "--no-sync"]);
        command.args(["--encoding", "UTF8", "--locale", "C.UTF-8"]);
        process::run(&mut command)
    }

    fn command(directory: &Path, port: u16, settings: &Settings) -> anyhow::Result<Command> {
        let mut command = program("postgres", directory)?;
        command.arg("-D").arg(directory.join("data")).args(["-p", &port.to_string()]);
        let on_disk = if settings.durable { "on" } else { "off" };
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"] {
            command.args(["-c", setting]);
        }
        // Not `synchronous_commit`: without it a killed server loses what it had not yet written.
        for setting in ["fsync", "full_page_writes"] {
            command.args(["-c", &format!("{setting}={on_disk}")]);
        }
        command.args(&settings.options);
        Ok(command)
    }

    fn database(port: u16, name: &str) -> Database {
        Database::new(Client::Psql, port, if name.is_empty() { "postgres" } else { name })
    }
}

/// Returns a program of the PostgreSQL that is asked for, otherwise of the newest that is installed, to be run in
/// `directory` under the right account.
fn program(name: &str, directory: &Path) -> anyhow::Result<Command> {
    let program = match Installation::named_by(POSTGRES_HOME) {
        Some(installation) => installation.program(name)?,
        None => {
            let places = versions();
            let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
            super::find::<PostgresEngine>(name, &places)?
        }
    };
    let mut command = Command::new(program);
    command.current_dir(directory).env("LC_ALL", "C.UTF-8");
    if let Some(account) = Account::when_root("postgres").context("PostgreSQL refuses to run as root")? {
        account.run(&mut command);
    }
    Ok(command)
}

/// Returns where Debian puts the programs of each version, newest first.
fn versions() -> Vec<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    numbered.sort_unstable_by(|a, b| b.cmp(a));
    numbered.into_iter().map(|(_, path)| path).collect()
}
