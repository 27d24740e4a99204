//! Small Java programs of this crate that answer questions line by line.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::child::Child;
use crate::directory::{self, Directory, Lock};
use crate::jars::{self, Jars};

/// Longer than Kafka's clients wait for a broker.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);

/// A running program from `crates/testkit/java` that prints one line for every line it reads.
///
/// It judges our output by Kafka's own classes: it has the jars of Kafka and of Connect on its class path.
#[derive(Debug)]
pub struct Judge {
    process: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
    _directory: Directory,
}

impl Judge {
    /// Compiles `java/<name>.java` and what it refers to, unless that was done before, and starts it.
    ///
    /// # Errors
    ///
    /// When the jars are missing, the source does not compile, or the program cannot be started.
    pub fn start(name: &str) -> anyhow::Result<Self> {
        Self::start_with(name, &[])
    }

    /// As [`Judge::start`], with the jars of another directory on the class path of the program as well.
    ///
    /// # Errors
    ///
    /// As [`Judge::start`].
    pub fn start_beside(name: &str, jars: &Path) -> anyhow::Result<Self> {
        Self::launch(name, &[], &format!(":{}/*", jars.display()))
    }

    /// As [`Judge::start`], with arguments for `main`.
    ///
    /// # Errors
    ///
    /// As [`Judge::start`].
    pub fn start_with(name: &str, args: &[&str]) -> anyhow::Result<Self> {
        Self::launch(name, args, "")
    }

    fn launch(name: &str, args: &[&str], more_jars: &str) -> anyhow::Result<Self> {
        let jars = Jars::fetch()?;
        let classes = compile(jars, name)?;
        let directory = Directory::new(name)?;
        let class_path = format!("{}:{}{more_jars}", classes.display(), jars.class_path_with_plugins());
        let mut command = super::command(&class_path, "WARN", &super::QUICK);
        command.args(["-Xmx512m", "-Dfile.encoding=UTF-8"]).arg(name).args(args);
        let (process, questions, output) = Child::spawn_piped(command, &directory.path().join("judge.log"))?;
        Ok(Self { process, questions, answers: read_lines(output), _directory: directory })
    }

    /// Writes one line and returns the line that comes back.
    ///
    /// # Errors
    ///
    /// When `question` holds a line feed, or the program ends or is silent for too long; the error shows what
    /// it printed on standard error, and the program is killed, as its answers would no longer fit.
    pub fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        anyhow::ensure!(!question.contains('\n'), "a question is one line");
        let error = match self.exchange(question) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        self.process.kill()?;
        Err(error.context(format!("the judge gave no answer; its log ends:\n{}", self.process.log_tail())))
    }

    /// Tells whether the program still runs.
    pub fn running(&mut self) -> bool {
        self.process.ensure_running().is_ok()
    }

    fn exchange(&mut self, question: &str) -> anyhow::Result<String> {
        self.questions.write_all(format!("{question}\n").as_bytes())?;
        self.questions.flush()?;
        Ok(self.answers.recv_timeout(ANSWER_LIMIT)?)
    }
}

/// Reads on a thread of its own, so that waiting for an answer has a limit.
fn read_lines(output: ChildStdout) -> Receiver<String> {
    // One question, one answer: a program that prints more than it is asked blocks.
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Compiles `name` into a directory named by the content of all sources, so that a change compiles again.
fn compile(jars: &Jars, name: &str) -> anyhow::Result<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
    let classes = directory::root().join("classes");
    let compiled = classes.join(format!("{name}-{:016x}", content_hash(&sources)?));
    let _lock = Lock::acquire(&classes.join(format!("{name}.lock")))?;
    if compiled.exists() {
        return Ok(compiled);
    }
    jars::require("javac")?;
    let unfinished = classes.join(format!("{name}.unfinished"));
    let output = Command::new("javac")
        .args(["-encoding", "UTF-8", "-Xlint:all,-classfile,-processing,-path", "-proc:none"])
        .args(["-cp", &jars.class_path_with_plugins()])
        .arg("-sourcepath")
        .arg(&sources)
        .arg("-d")
        .arg(&unfinished)
        .arg(sources.join(format!("{name}.java")))
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "cannot compile `{name}.java`:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::rename(&unfinished, &compiled).context("cannot keep the compiled classes")?;
    Ok(compiled)
}

fn content_hash(sources: &Path) -> anyhow::Result<u64> {
    let entries = fs::read_dir(sources).with_context(|| format!("cannot read `{}`", sources.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "java")) {
        path.hash(&mut hasher);
        fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?.hash(&mut hasher);
    }
    jars::KAFKA_VERSION.hash(&mut hasher);
    Ok(hasher.finish())
}
