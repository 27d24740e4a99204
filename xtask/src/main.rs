//! The project's own commands: `cargo xtask test`, `bench`, `chaos`, `databases` and `kafka`.

mod bench;
mod chaos;
mod databases;
mod install;
mod kafka;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every test against a real Apache Kafka, which it brings and starts
    Test {
        /// Further arguments for `cargo test`, such as `--package ferroduct-kafka`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compares Ferroduct with Apache Kafka Connect, side by side on this machine
    Bench(bench::Options),
    /// Runs the tests of JDBC on other versions of the databases, which it brings through Maven and apt
    Databases(databases::Options),
    /// Runs faults at random against three workers and three brokers, and looks that nothing is lost or done twice
    Chaos(chaos::Options),
    /// Runs an Apache Kafka to try things with, until Ctrl-C; its data goes with it
    Kafka {
        /// The port of 127.0.0.1 to listen on
        #[arg(long, default_value_t = 9092)]
        port: u16,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test { arguments } => test::run(&arguments),
        Command::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Databases(options) => databases::run(&options),
        Command::Chaos(options) => chaos::run(&options),
        Command::Kafka { port } => kafka::run(port).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
