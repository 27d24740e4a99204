//! Several brokers that replicate each other, for elections.

use std::net::Ipv4Addr;

use super::{Builder, Kafka};
use crate::ports;

/// Brokers that are controllers too: what one of them loses, the others have. Topics get a replica on each of three.
#[derive(Debug)]
pub struct Cluster {
    brokers: Vec<Kafka>,
}

impl Cluster {
    /// Starts so many brokers, at least three, and waits until all of them answer.
    ///
    /// # Errors
    ///
    /// When one of them does not start; the error shows the end of its log.
    pub fn start(count: usize) -> anyhow::Result<Self> {
        Self::start_with(count, |broker| broker)
    }

    /// Starts brokers each of which has a proxy before one of its listeners, as [`Cluster::start`].
    ///
    /// # Errors
    ///
    /// As [`Cluster::start`].
    pub fn start_proxied(count: usize) -> anyhow::Result<Self> {
        Self::start_with(count, Builder::proxied)
    }

    fn start_with(count: usize, build: impl Fn(Builder) -> Builder) -> anyhow::Result<Self> {
        anyhow::ensure!(count >= 3, "{count} brokers cannot lose one and go on, hint: start three");
        let controllers: Vec<u16> = (0..count).map(|_| ports::free()).collect();
        let launch = |index| build(describe(index, &controllers)).launch();
        let mut brokers = (0..count).map(launch).collect::<anyhow::Result<Vec<Kafka>>>()?;
        for broker in &mut brokers {
            broker.wait_until_it_answers()?;
        }
        Ok(Self { brokers })
    }

    /// Returns the addresses of all brokers for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<&str> = self.brokers.iter().map(Kafka::bootstrap).collect();
        addresses.join(",")
    }

    /// Returns the addresses of the proxies of all brokers: whoever connects there is led to no other.
    ///
    /// # Panics
    ///
    /// When the brokers were started without.
    pub fn proxied_bootstrap(&self) -> String {
        let addresses: Vec<String> = self.brokers.iter().map(Kafka::proxied_bootstrap).collect();
        addresses.join(",")
    }

    /// Returns one of the brokers, to stop, kill, pause or restart.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    pub fn broker(&mut self, index: usize) -> &mut Kafka {
        &mut self.brokers[index]
    }

    /// Returns how many brokers there are.
    pub fn size(&self) -> usize {
        self.brokers.len()
    }
}

fn describe(index: usize, controllers: &[u16]) -> Builder {
    let host = Ipv4Addr::LOCALHOST;
    let voters = controllers.iter().enumerate().map(|(index, port)| format!("{}@{host}:{port}", index + 1));
    let voters: Vec<String> = voters.collect();
    let mut builder = Kafka::builder()
        .controller(controllers[index])
        .property("node.id", &(index + 1).to_string())
        .property("controller.quorum.voters", &voters.join(","));
    // A broker that is killed is missed after this time.
    builder =
        builder.property("broker.session.timeout.ms", "3000").property("broker.heartbeat.interval.ms", "500");
    for (key, value) in [
        // The first one waits for a majority of controllers, which a busy machine starts one after the other.
        ("initial.broker.registration.timeout.ms", "600000"),
        ("default.replication.factor", "3"),
        ("min.insync.replicas", "2"),
        ("offsets.topic.replication.factor", "3"),
        ("transaction.state.log.replication.factor", "3"),
        ("transaction.state.log.min.isr", "2"),
        ("share.coordinator.state.topic.replication.factor", "3"),
        ("share.coordinator.state.topic.min.isr", "2"),
    ] {
        builder = builder.property(key, value);
    }
    builder
}
