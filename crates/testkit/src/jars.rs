//! Brings Apache Kafka and what else judges ask through Maven, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context;

use crate::directory::{self, Lock};

/// Jars that one file of Maven brings.
struct Set {
    /// The file, beside this crate's own manifest.
    file: &'static str,
    pom: &'static str,
    /// Says of which text of the file the jars are.
    stamp: &'static str,
    directories: &'static [&'static str],
}

const KAFKA: Set = Set {
    file: "pom.xml",
    pom: include_str!("../pom.xml"),
    stamp: "jars.stamp",
    directories: &["libs", "plugins"],
};

const DEBEZIUM: Set = Set {
    file: "debezium.xml",
    pom: include_str!("../debezium.xml"),
    stamp: "debezium.stamp",
    directories: &["debezium", "debezium-2"],
};

/// The version of Apache Kafka the tests run against.
pub const KAFKA_VERSION: &str = "4.3.1";

/// The command that installs what the testkit cannot bring itself.
pub const INSTALL: &str = "apt-get install -y openjdk-17-jdk-headless maven";

/// Where Kafka's jars are.
#[derive(Clone, Debug)]
pub struct Jars {
    root: PathBuf,
}

impl Jars {
    /// Makes sure that the jars are there and returns where; downloads them at most once for all processes.
    ///
    /// # Errors
    ///
    /// When `java`, `javac` or `mvn` is missing, or when Maven cannot bring the jars.
    pub fn fetch() -> anyhow::Result<&'static Self> {
        static JARS: OnceLock<Result<Jars, String>> = OnceLock::new();
        let fetched = JARS.get_or_init(|| fetch().map_err(|error| format!("{error:#}")));
        fetched.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// Returns the class path of the broker, its tools and Connect, without the file connectors.
    pub fn class_path(&self) -> String {
        format!("{}/*", self.root.join("libs").display())
    }

    /// Returns the class path with the file connectors.
    pub fn class_path_with_plugins(&self) -> String {
        format!("{}:{}/*", self.class_path(), self.plugin_path().join("connect-file").display())
    }

    /// Returns the directory for `plugin.path`: it holds the file connectors in a directory of their own.
    pub fn plugin_path(&self) -> PathBuf {
        self.root.join("plugins")
    }
}

/// Fails with the command that installs it when `program` is not on the path.
pub(crate) fn require(program: &str) -> anyhow::Result<()> {
    let found = Command::new(program).arg("-version").output();
    found.map(drop).with_context(|| format!("cannot run `{program}`, hint: {INSTALL}"))
}

/// A version of Debezium whose transforms judge ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Debezium {
    /// The current one.
    V3,
    /// The last one that has the older keys.
    V2,
}

/// Makes sure that the jars of Debezium's transforms are there, and returns their directory.
///
/// # Errors
///
/// As [`Jars::fetch`].
pub fn debezium(version: Debezium) -> anyhow::Result<PathBuf> {
    let directory = match version {
        Debezium::V3 => "debezium",
        Debezium::V2 => "debezium-2",
    };
    Ok(DEBEZIUM.fetch()?.join(directory))
}

fn fetch() -> anyhow::Result<Jars> {
    require("java")?;
    Ok(Jars { root: KAFKA.fetch()? })
}

impl Set {
    /// Brings the jars unless they are there, and returns the directory above them.
    fn fetch(&self) -> anyhow::Result<PathBuf> {
        let root = directory::root();
        let _lock = Lock::acquire(&root.join("jars.lock"))?;
        let stamp = root.join(self.stamp);
        if fs::read_to_string(&stamp).ok().as_deref() != Some(self.pom) {
            self.copy_dependencies(&root)?;
            fs::write(&stamp, self.pom).with_context(|| format!("cannot write `{}`", stamp.display()))?;
        }
        Ok(root)
    }

    fn copy_dependencies(&self, root: &Path) -> anyhow::Result<()> {
        require("mvn")?;
        for directory in self.directories {
            let old = root.join(directory);
            if old.exists() {
                fs::remove_dir_all(&old).with_context(|| format!("cannot remove `{}`", old.display()))?;
            }
        }
        let output = Command::new("mvn")
            .args(["--quiet", "--batch-mode", "generate-resources", "--file"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.file))
            .arg(format!("-Doutput={}", root.display()))
            .output()
            .with_context(|| format!("cannot run `mvn`, hint: {INSTALL}"))?;
        anyhow::ensure!(
            output.status.success(),
            "cannot bring the jars of `{}`: {}{}",
            self.file,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}
