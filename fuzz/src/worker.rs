//! Files of users, and the records of a cluster's topics.

use std::fs;
use std::path::PathBuf;

use worker::cluster::{config, status};
use worker::config::{ConnectorFile, read_properties};
use worker::store::FileStore;

/// Where Java's serialisation begins.
const JAVA: [u8; 4] = [0xac, 0xed, 0, 5];

/// A file of this process with these bytes, in memory where that is possible.
fn file(data: &[u8]) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let path = folder.join(format!("ferroduct-fuzz-{}", std::process::id()));
    fs::write(&path, data).expect("a file can be written");
    path
}

/// The offset file of a standalone worker: ours, or Java's.
pub fn offset_file(data: &[u8]) {
    FileStore::open(file(data)).ok();
}

/// The offset file that Java wrote.
pub fn java_offset_file(data: &[u8]) {
    offset_file(&[&JAVA, data].concat());
}

/// A file of Java properties.
pub fn properties(data: &[u8]) {
    read_properties(&file(data)).ok();
}

/// A file with a connector: JSON or properties.
pub fn connector_file(data: &[u8]) {
    ConnectorFile::load(&file(data)).ok();
}

/// Records of the config and the status topic: the key in the first line.
pub fn cluster_records(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (key, value) = (&data[..end], data.get(end + 1..));
    if let Ok(Some(record)) = config::Record::decode(key, value) {
        let (key, value) = record.encode();
        config::Record::decode(&key, value.as_deref()).ok();
    }
    if let Some(key) = status::Key::decode(key) {
        key.encode();
    }
}
