//! A source without `file` reads standard input, a sink without `file` prints to standard output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Kafka, ports};

const LIMIT: Duration = Duration::from_secs(180);

/// A process that ends with the test, also with one that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("the program ends");
    }
}

#[test]
fn lines_go_from_standard_input_to_standard_output() {
    let directory = TempDir::new().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    };
    let worker = format!(
        "bootstrap.servers={}\nlisteners=http://127.0.0.1:{}\noffset.storage.file.filename={}\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n",
        Kafka::shared().bootstrap(),
        ports::free(),
        directory.path().join("offsets").display(),
    );
    let source = "name=console-source\nconnector.class=FileStreamSource\ntopic=console-lines\n";
    let sink = "name=console-sink\nconnector.class=FileStreamSink\ntopics=console-lines\n";
    let process = Command::new(env!("CARGO_BIN_EXE_ferroduct"))
        .arg("standalone")
        .args([
            write("worker.properties", &worker),
            write("source.properties", source),
            write("sink.properties", sink),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut process = Running(process);
    let mut input = process.0.stdin.take().expect("standard input is piped");
    let output = process.0.stdout.take().expect("standard output is piped");
    // On a thread of its own, so that waiting for a line has a limit.
    let (sender, printed) = mpsc::channel();
    thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line)));
    for line in ["first", "second", "dritte Zeile äöü"] {
        writeln!(input, "{line}").expect("the program reads");
        assert_eq!(printed.recv_timeout(LIMIT).expect("a line in time").expect("text"), line);
    }
}
