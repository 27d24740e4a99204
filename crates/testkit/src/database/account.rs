//! The account of the system that a server runs under.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// Ids of an account: what root becomes to run a server that refuses root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Returns the account called `name`; nothing when this process is not root and starts the server as itself.
    pub(super) fn when_root(name: &str) -> anyhow::Result<Option<Self>> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").context("cannot read `/etc/passwd`")?;
        let account =
            find(&accounts, name).with_context(|| format!("this system has no account `{name}`"))?;
        Ok(Some(account))
    }

    /// Gives `path` to the account.
    pub(super) fn own(self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("cannot give `{}` to another user", path.display()))
    }

    /// Lets `command` run as the account.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

/// Finds an account in the text of `/etc/passwd`.
fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let mut ids = fields.skip(1).map(|id| id.parse().ok());
        Some(Account { user: ids.next()??, group: ids.next()?? })
    })
}
