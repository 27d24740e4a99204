//! Kafka Connect in one binary: the command line, and the wiring of everything.

mod distributed;
mod health;
mod logging;
mod standalone;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Kafka Connect in one binary: moves data between Apache Kafka and other systems.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one worker that keeps its connectors in memory and its offsets in a file
    ///
    /// Takes the files of Apache Kafka's `connect-standalone` as they are. More connectors can be created through
    /// the REST API. Variables such as `CONNECT_BOOTSTRAP_SERVERS` are keys of the worker, too, and count more than
    /// its file.
    Standalone {
        /// The worker's properties, such as Kafka's `config/connect-standalone.properties`; without it the
        /// environment has to say everything
        worker: Option<PathBuf>,
        /// Connectors to start with: `.properties` files or JSON
        connectors: Vec<PathBuf>,
    },
    /// Runs one worker of a cluster, which keeps everything in topics of Apache Kafka
    ///
    /// Takes the file of Apache Kafka's `connect-distributed` as it is, and may be in a group with its workers.
    /// Variables such as `CONNECT_GROUP_ID` are keys of the worker, too, and count more than its file.
    Distributed {
        /// The worker's properties, such as Kafka's `config/connect-distributed.properties`; without it the
        /// environment has to say everything
        worker: Option<PathBuf>,
    },
    /// Tells by its exit code whether a worker is ready, for health checks of containers
    Health {
        /// The worker; by default the one on this machine, with the port that `CONNECT_LISTENERS` says
        url: Option<String>,
    },
}

fn main() -> ExitCode {
    let levels = logging::start();
    let outcome = match Arguments::parse().command {
        Command::Standalone { worker, connectors } => standalone::run(worker.as_deref(), &connectors, levels),
        Command::Distributed { worker } => distributed::run(worker.as_deref(), levels),
        Command::Health { url } => health::run(url.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
