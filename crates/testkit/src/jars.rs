//! Brings Apache Kafka through Maven, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Context;

use crate::directory::{self, Lock};

const POM: &str = include_str!("../pom.xml");

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

fn fetch() -> anyhow::Result<Jars> {
    require("java")?;
    let root = directory::root();
    let _lock = Lock::acquire(&root.join("jars.lock"))?;
    let stamp = root.join("jars.stamp");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(POM) {
        copy_dependencies(&root)?;
        fs::write(&stamp, POM).with_context(|| format!("cannot write `{}`", stamp.display()))?;
    }
    Ok(Jars { root })
}

fn copy_dependencies(root: &Path) -> anyhow::Result<()> {
    require("mvn")?;
    for directory in ["libs", "plugins"] {
        let old = root.join(directory);
        if old.exists() {
            fs::remove_dir_all(&old).with_context(|| format!("cannot remove `{}`", old.display()))?;
        }
    }
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("pom.xml");
    let output = Command::new("mvn")
        .args(["--quiet", "--batch-mode", "generate-resources", "--file"])
        .arg(pom)
        .arg(format!("-Doutput={}", root.display()))
        .output()
        .with_context(|| format!("cannot run `mvn`, hint: {INSTALL}"))?;
    anyhow::ensure!(
        output.status.success(),
        "cannot bring Kafka's jars: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
