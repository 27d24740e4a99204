//! Configuration providers in running workers.

mod judge;
mod reload;
mod secrecy;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::rest::Rest;
use testkit::wait;

const BINARY: &str = env!("CARGO_BIN_EXE_ferroduct");
const LIMIT: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(50);

/// Creates a connector that the worker takes.
fn create(rest: &Rest, name: &str, config: &Value) {
    let answer = rest.post("/connectors", &json!({ "name": name, "config": config })).expect("an answer");
    assert_eq!(answer.status, 201, "{name}: {answer:?}");
}

/// Waits until a connector has tasks and each of them runs or has failed; answers its status.
fn settled(rest: &Rest, name: &str) -> Value {
    let path = format!("/connectors/{name}/status");
    let settled = wait::until("its tasks have started or failed", LIMIT, PAUSE, || {
        let status = rest.get(&path)?.json()?;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let there = |task: &Value| matches!(task["state"].as_str(), Some("RUNNING" | "FAILED"));
        Ok((!tasks.is_empty() && tasks.iter().all(there)).then_some(status))
    });
    settled.unwrap_or_else(|error| panic!("{name}: {error:#}: {:?}", rest.get(&path)))
}

/// Writes a file whose directory may not be there.
fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory is made");
    fs::write(path, bytes).expect("a file is written");
}

/// Replaces a file as a whole, as those who rotate secrets do.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    write(&new, text);
    fs::rename(new, path).expect("the file is replaced");
}
