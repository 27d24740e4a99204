//! An installation of a server beside the system's own, to run tests on another version.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A directory with the programs of a server.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    variable: &'static str,
    root: PathBuf,
}

impl Installation {
    /// Returns the one that the environment variable names, if it is set.
    pub(super) fn named_by(variable: &'static str) -> Option<Self> {
        env::var_os(variable).map(|root| Self { variable, root: root.into() })
    }

    /// Returns its directory, which MySQL and MariaDB call `basedir`.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a program, if it has it.
    pub(super) fn find(&self, program: &str) -> Option<PathBuf> {
        ["bin", "sbin"].iter().map(|place| self.root.join(place).join(program)).find(|file| file.is_file())
    }

    /// Returns a program.
    ///
    /// # Errors
    ///
    /// When it does not have it.
    pub(super) fn program(&self, program: &str) -> anyhow::Result<PathBuf> {
        self.find(program).with_context(|| {
            format!(
                "`{}` names `{}`, which has no `bin/{program}`, hint: cargo xtask databases",
                self.variable,
                self.root.display()
            )
        })
    }
}
