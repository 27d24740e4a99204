//! A source without `file` reads standard input, a sink without `file` prints to standard output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use testkit::{Kafka, ports};

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
    let mut process = Command::new(env!("CARGO_BIN_EXE_ferroduct"))
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
    let mut input = process.stdin.take().expect("standard input is piped");
    let mut output = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
    for line in ["first", "second", "dritte Zeile äöü"] {
        writeln!(input, "{line}").expect("the program reads");
        assert_eq!(output.next().expect("a line").expect("text"), line);
    }
    drop(input);
    process.kill().expect("the program is there");
    process.wait().expect("the program ends");
}
