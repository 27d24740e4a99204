//! Runs Java programs against Kafka's jars.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::Context;

use crate::jars::Jars;

mod judge;

pub use judge::Judge;

/// Flags for short programs on a shared machine: start fast, stay small.
pub(crate) const QUICK: [&str; 4] =
    ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true"];

/// A Java program that runs to its end, such as one of Kafka's command line tools.
#[derive(Debug)]
pub struct JavaTool;

impl JavaTool {
    /// Runs `class` with `args` and `stdin` and returns what it prints on standard output.
    ///
    /// # Errors
    ///
    /// When the jars are missing or the program ends with another code than 0; the error holds its output.
    pub fn run(class: &str, args: &[&str], stdin: &str) -> anyhow::Result<String> {
        let mut command = command(&Jars::fetch()?.class_path(), "WARN", &QUICK);
        command.arg("-Xmx256m").arg(class).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("cannot start `java {class}`"))?;
        let mut input = process.stdin.take().expect("standard input is piped");
        // A thread, because a program that prints before it has read everything would block both sides.
        let text = stdin.to_owned();
        let writer = thread::spawn(move || input.write_all(text.as_bytes()));
        let output = process.wait_with_output()?;
        let written = writer.join().expect("the writer does not panic");
        anyhow::ensure!(
            output.status.success(),
            "`java {class}` ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        written.with_context(|| format!("cannot write to `java {class}`"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Returns `java` with a class path, a log level for what goes to standard error, and JVM options.
pub(crate) fn command(class_path: &str, level: &str, options: &[&str]) -> Command {
    let log4j = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/log4j2.properties");
    let mut command = Command::new("java");
    command
        .args(options)
        .arg(format!("-Dlog4j2.configurationFile={}", log4j.display()))
        .arg(format!("-Dtestkit.log.level={level}"))
        .args(["-cp", class_path]);
    command
}
