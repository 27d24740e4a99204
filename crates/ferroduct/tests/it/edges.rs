//! The edges between crates: those of docs/architecture.md and no others.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each crate and the crates of this workspace that it may build on.
const EDGES: [(&str, &[&str]); 11] = [
    ("ferroduct-api-derive", &[]),
    ("ferroduct-api", &["ferroduct-api-derive"]),
    ("ferroduct-kafka", &[]),
    ("ferroduct-converters", &["ferroduct-api"]),
    ("ferroduct-connectors", &["ferroduct-api"]),
    ("ferroduct-transforms", &["ferroduct-api"]),
    ("ferroduct-worker", &["ferroduct-api", "ferroduct-kafka"]),
    ("ferroduct-rest", &["ferroduct-api", "ferroduct-worker"]),
    (
        "ferroduct",
        &[
            "ferroduct-api",
            "ferroduct-connectors",
            "ferroduct-converters",
            "ferroduct-kafka",
            "ferroduct-rest",
            "ferroduct-transforms",
            "ferroduct-worker",
        ],
    ),
    ("ferroduct-testkit", &[]),
    ("xtask", &["ferroduct-testkit"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new().exec().expect("cargo describes this workspace")
}

/// What a package builds on, tests left aside.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let built =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    built.map(|dependency| dependency.name.as_str())
}

#[test]
fn crates_build_only_on_those_they_may() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    assert_eq!(names, allowed.keys().copied().collect(), "EDGES names every crate once");
    for package in packages {
        for dependency in dependencies(package).filter(|dependency| names.contains(dependency)) {
            let edges = allowed[package.name.as_str()];
            assert!(edges.contains(&dependency), "{} may not build on {dependency}", package.name);
        }
    }
}

#[test]
fn the_api_knows_no_transport() {
    let metadata = metadata();
    let transports = ["tokio", "kafka-protocol", "axum", "hyper", "reqwest"];
    for package in metadata.workspace_packages() {
        if matches!(package.name.as_str(), "ferroduct-api" | "ferroduct-api-derive" | "ferroduct-converters")
        {
            let found: Vec<&str> = dependencies(package).filter(|name| transports.contains(name)).collect();
            assert!(found.is_empty(), "{} builds on {found:?}", package.name);
        }
    }
}

#[test]
fn only_the_binary_reads_the_command_line_and_the_environment() {
    let root = metadata().workspace_root;
    for name in ["api", "api-derive", "kafka", "converters", "connectors", "worker", "rest"] {
        let mut folders = vec![root.join("crates").join(name).join("src").into_std_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a source folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                    let text = std::fs::read_to_string(&path).expect("a source file");
                    for call in ["env::var", "env::args", "env!(\"CARGO_MANIFEST_DIR"] {
                        assert!(!text.contains(call), "{} uses {call}", path.display());
                    }
                }
            }
        }
    }
}
