//! `cargo xtask kafka`: a broker to try things with.

use std::thread;

use anyhow::Context;
use testkit::Kafka;

use crate::install;

/// Runs a broker until this process ends, which takes the broker with it.
pub(crate) fn run(port: u16) -> anyhow::Result<()> {
    install::missing()?;
    let kafka = Kafka::builder().port(port).start().context("cannot start Apache Kafka")?;
    println!("Apache Kafka listens on {}; Ctrl-C ends it", kafka.bootstrap());
    loop {
        thread::park();
    }
}
