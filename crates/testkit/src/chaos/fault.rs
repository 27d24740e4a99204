//! What goes wrong.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use super::Round;
use super::bench::{BROKERS, Bench, SESSION, WORKERS};
use super::random::Random;

/// Something that goes wrong and is mended later.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A worker is killed and comes back.
    Kill { worker: usize },
    /// A worker is stopped for longer than its session and goes on.
    Pause { worker: usize },
    /// A worker is stopped for a part of its session.
    Blink { worker: usize },
    /// The first worker reaches no broker for longer than its session: everything is silent.
    Silence,
    /// The connections of the first worker are cut, again and again, and can be made anew at once.
    Cut,
    /// The first worker cannot connect to any broker.
    Refuse,
    /// Workers cannot reach each other while connectors are changed.
    Strangers,
    /// Two workers hear nothing of each other while connectors are changed, each by the third.
    Apart { third: usize },
    /// A worker ends in good order and comes back.
    Leave { worker: usize },
    /// A broker is killed and comes back: the coordinator moves if it was there.
    Broker { broker: usize },
}

impl Fault {
    pub(super) fn draw(random: &mut Random) -> Self {
        let kind = random.below(10);
        let (worker, broker) = (random.below(WORKERS), random.below(BROKERS));
        match kind {
            0 => Self::Kill { worker },
            1 => Self::Pause { worker },
            2 => Self::Blink { worker },
            3 => Self::Silence,
            4 => Self::Cut,
            5 => Self::Refuse,
            6 => Self::Strangers,
            7 => Self::Leave { worker },
            8 => Self::Apart { third: worker },
            _ => Self::Broker { broker },
        }
    }

    /// Does it, waits until all runs with what is left, mends it, and waits again.
    pub(super) fn inflict(self, bench: &mut Bench) -> anyhow::Result<Round> {
        let begun = Instant::now();
        self.begin(bench)?;
        let recovered = bench.wait_until_all_run_since(begun)?;
        let mended = Instant::now();
        self.mend(bench)?;
        bench.wait_until_changed()?;
        let healed = bench.wait_until_all_run_since(mended)?;
        Ok(Round { fault: self.to_string(), recovered, healed })
    }

    fn begin(self, bench: &mut Bench) -> anyhow::Result<()> {
        match self {
            Self::Kill { worker } => bench.take(worker, |worker| worker.kill().map(drop)),
            Self::Pause { worker } => bench.take(worker, |worker| worker.process().pause()),
            Self::Leave { worker } => bench.take(worker, |worker| worker.stop().map(drop)),
            Self::Blink { worker } => {
                bench.worker(worker).process().pause()?;
                thread::sleep(SESSION / 3);
                bench.worker(worker).process().resume()
            }
            Self::Silence => {
                bench.each_broker(|broker| broker.proxy().black_hole());
                bench.take(0, |_| Ok(()))
            }
            Self::Refuse => {
                bench.each_broker(|broker| {
                    broker.proxy().refuse();
                    broker.proxy().cut();
                });
                bench.take(0, |_| Ok(()))
            }
            Self::Cut => {
                for _ in 0..10 {
                    bench.each_broker(|broker| broker.proxy().cut());
                    thread::sleep(Duration::from_millis(300));
                }
                Ok(())
            }
            Self::Strangers => {
                bench.each_peer(|proxy| {
                    proxy.refuse();
                    proxy.cut();
                });
                bench.change_connectors(1);
                thread::sleep(SESSION);
                Ok(())
            }
            Self::Apart { third } => {
                bench.part((third + 1) % WORKERS, (third + 2) % WORKERS);
                bench.change_connectors(third);
                thread::sleep(SESSION);
                Ok(())
            }
            Self::Broker { broker } => bench.broker(broker).kill(),
        }
    }

    fn mend(self, bench: &mut Bench) -> anyhow::Result<()> {
        match self {
            Self::Kill { worker } | Self::Leave { worker } => {
                bench.give_back(worker, |worker| worker.restart())
            }
            Self::Pause { worker } => bench.give_back(worker, |worker| worker.process().resume()),
            Self::Silence | Self::Refuse => {
                bench.each_broker(|broker| broker.proxy().resume());
                bench.give_back(0, |_| Ok(()))
            }
            Self::Strangers | Self::Apart { .. } => {
                bench.each_peer(|proxy| proxy.resume());
                Ok(())
            }
            Self::Broker { broker } => bench.broker(broker).restart(),
            Self::Blink { .. } | Self::Cut => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { worker } => write!(f, "kill -9 of worker {worker}"),
            Self::Pause { worker } => write!(f, "worker {worker} stopped (SIGSTOP) beyond its session"),
            Self::Blink { worker } => write!(f, "worker {worker} stopped (SIGSTOP) within its session"),
            Self::Silence => write!(f, "no answer of any broker to worker 0"),
            Self::Cut => write!(f, "connections of worker 0 to brokers cut ten times"),
            Self::Refuse => write!(f, "no connection of worker 0 to brokers"),
            Self::Strangers => write!(f, "no connection between workers, connectors changed"),
            Self::Apart { third } => {
                let (first, second) = ((third + 1) % WORKERS, (third + 2) % WORKERS);
                write!(f, "workers {first} and {second} hear nothing of each other, connectors changed")
            }
            Self::Leave { worker } => write!(f, "worker {worker} leaves in good order"),
            Self::Broker { broker } => write!(f, "kill -9 of broker {broker}"),
        }
    }
}
