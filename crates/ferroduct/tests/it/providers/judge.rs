//! What variables come to, side by side with Apache Kafka Connect: a sink writes to a file whose name they are a part
//! of.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use testkit::worker::Builder;
use testkit::{Kafka, Worker};

use super::{BINARY, create, settled, write};

/// What is in place of `DIR` is a directory that both workers see.
const VALUES: [&str; 34] = [
    "${file:DIR/in/a.properties:user}",
    "x-${file:DIR/in/a.properties:user}-${dir:DIR/in:token}-${env:PUBLIC_X}-z",
    "${file:DIR/in/a.properties:umlauts}",
    "${file:DIR/in/a.properties:escaped}",
    "${file:DIR/in/a.properties:empty}",
    "${file:DIR/in/a.properties:none}",
    "${file::user}",
    "${file:user}",
    "${dir:DIR/in:token}",
    "${dir:DIR/in:none}",
    "${dir:DIR/in:sub}",
    "${dir:DIR/in:../out/b.properties}",
    "${dir:DIR/none:token}",
    "${env:PUBLIC_X}",
    "${env::PUBLIC_X}",
    "${env:PRIVATE_X}",
    "${env:NONE}",
    "${env: PUBLIC_X}",
    "${ENV:PUBLIC_X}",
    "${short:DIR/in/a.properties:user}",
    "${limited:DIR/in/a.properties:user}",
    "${limited:DIR/out/b.properties:user}",
    "${limited:DIR/in/../out/b.properties:user}",
    "${limited:DIR/in/sub/../a.properties:user}",
    "${limited:DIR/in/link.properties:user}",
    "${limited:DIR/inside.properties:user}",
    "${nothing:a}",
    "${other:a:b}",
    "${topic}",
    "${a} ${env:PUBLIC_X}",
    "x${a ${env:PUBLIC_X}y",
    "$${env:PUBLIC_X}",
    "${env:PUBLIC_X",
    "${env:PUBLIC_X}}",
];

/// Values that a worker refuses, because a provider cannot read what it is to read.
const REFUSED: [&str; 6] = [
    "${file:DIR/none.properties:user}",
    "${file:DIR/in:user}",
    "${file:DIR/in/torn.properties:user}",
    "${file:DIR/in/latin.properties:user}",
    "${dir:DIR/in:bytes}",
    "${env:path:PUBLIC_X}",
];

fn prepare(directory: &Path) {
    let text = "user=bob\numlauts=äöü €\nescaped=a\\u00e9\\=b\nempty=\n";
    write(&directory.join("in/a.properties"), text);
    write(&directory.join("in/token"), "from a file");
    write(&directory.join("in/sub/deep"), "deep");
    write(&directory.join("in/bytes"), b"\xff");
    write(&directory.join("in/latin.properties"), b"user=\xe9\n");
    write(&directory.join("in/torn.properties"), "user=\\uXY\n");
    write(&directory.join("out/b.properties"), "user=outside\n");
    write(&directory.join("inside.properties"), "user=inside\n");
    symlink(directory.join("out/b.properties"), directory.join("in/link.properties"))
        .expect("a link is made");
}

fn providers(worker: Builder, directory: &Path) -> Builder {
    let package = "org.apache.kafka.common.config.provider";
    worker
        .property("config.providers", "file,dir,env,short,limited,nothing")
        .property("config.providers.file.class", &format!("{package}.FileConfigProvider"))
        .property("config.providers.dir.class", &format!("{package}.DirectoryConfigProvider"))
        .property("config.providers.env.class", "EnvVarConfigProvider")
        .property("config.providers.env.param.allowlist.pattern", "PUBLIC_.*")
        .property("config.providers.short.class", "File")
        .property("config.providers.limited.class", "FileConfigProvider")
        .property("config.providers.limited.param.allowed.paths", &directory.join("in").display().to_string())
        .environment("PUBLIC_X", "seen")
        .environment("PRIVATE_X", "unseen")
}

#[test]
fn variables_come_to_what_they_come_to_in_java() {
    let kafka = Kafka::shared();
    kafka.create_topic("provider-values", 1).expect("a topic");
    let directory = TempDir::new().expect("a directory");
    prepare(directory.path());
    let start = |worker: Builder| providers(worker, directory.path()).start().expect("a worker");
    let java = outcomes(&start(Worker::java_standalone(kafka.bootstrap())), directory.path(), "java");
    let ours =
        outcomes(&start(Worker::ferroduct_standalone(BINARY, kafka.bootstrap())), directory.path(), "ours");
    for (value, java) in &java {
        assert_eq!(&ours[value], java, "{value}");
    }
    let running = java.values().filter(|outcome| outcome.starts_with("RUNNING")).count();
    assert!(running >= 15, "most values name a file that can be written: {java:?}");
}

/// What becomes of a sink for each value: the state of its task and the file that it has made.
fn outcomes(worker: &Worker, directory: &Path, who: &str) -> BTreeMap<String, String> {
    let place = |text: &str| text.replace("DIR", &directory.display().to_string());
    let mut outcomes = BTreeMap::new();
    for (number, value) in VALUES.iter().enumerate() {
        let files = directory.join(who).join(number.to_string());
        fs::create_dir_all(&files).expect("a directory is made");
        let config = json!({
            "connector.class": "FileStreamSink",
            "topics": "provider-values",
            "file": format!("{}/f{}", files.display(), place(value)),
        });
        let name = format!("{who}-{number}");
        create(worker.rest(), &name, &config);
        let state = settled(worker.rest(), &name)["tasks"][0]["state"].as_str().expect("a state").to_owned();
        outcomes.insert((*value).to_owned(), format!("{state} {:?}", names(&files)));
        worker.rest().delete(&format!("/connectors/{name}")).expect("it is deleted");
    }
    for value in REFUSED {
        let config = json!({
            "connector.class": "FileStreamSink", "topics": "provider-values", "file": place(value),
        });
        let body = json!({ "name": "refused", "config": config });
        let answer = worker.rest().post("/connectors", &body).expect("an answer");
        outcomes.insert(value.to_owned(), format!("refused {}", answer.status >= 400));
    }
    outcomes
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}
