//! What one run of a job measured.

/// The figures of one run; which, depends on the job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Figures {
    /// A file or topic was moved.
    Move {
        /// Records per second, from the creation of the connector until the last is at the destination.
        rate: f64,
        /// CPU seconds of the worker per million records.
        cpu_per_million: f64,
        /// The most resident memory of the worker.
        peak_bytes: f64,
    },
    /// Rows became records, one by one.
    Latency {
        /// Seconds from the commit to the record, the median.
        median: f64,
        /// Those of which one in a hundred took longer.
        p99: f64,
    },
    /// A worker was started and left alone.
    Start {
        /// From the start of the process to the first answer.
        seconds: f64,
        /// CPU seconds until then.
        cpu: f64,
        /// Resident memory after a while.
        idle_bytes: f64,
    },
    /// A worker has many connectors with nothing to do.
    Many {
        /// The average time of one `POST /connectors`.
        create_ms: f64,
        /// Resident memory.
        bytes: f64,
        /// Threads.
        threads: f64,
        /// CPU time in percent of one core.
        cpu_percent: f64,
    },
    /// Connectors were created in a cluster, one after the other.
    Create {
        /// Until the answer.
        answer_ms: f64,
        /// Until the task runs.
        running_ms: f64,
        /// The same of the slowest.
        slowest_ms: f64,
    },
    /// A cluster had a thousand connectors.
    Thousand {
        /// Until all that were created run.
        create_s: f64,
        /// To show them with their statuses.
        list_ms: f64,
        /// Until all that were changed run.
        change_s: f64,
        /// Until all are gone.
        delete_s: f64,
    },
    /// A worker of a cluster has a thousand connectors with nothing to do.
    ManyOfCluster {
        /// From the start of the process with all of them until it lists them.
        start_s: f64,
        /// Resident memory.
        bytes: f64,
        /// Threads.
        threads: f64,
        /// CPU time in percent of one core.
        cpu_percent: f64,
    },
    /// A worker of a cluster has gone.
    Takeover {
        /// Until all its tasks ran on the one that was left.
        of_two_s: f64,
        /// Until all its tasks ran on the two that were left.
        of_three_s: f64,
    },
}

impl Figures {
    /// Returns the median of every figure on its own.
    ///
    /// # Panics
    ///
    /// When there are no runs.
    pub(crate) fn median(runs: Vec<Self>) -> Self {
        let of = |index: usize| median(runs.iter().map(|run| run.values()[index]).collect());
        match &runs[0] {
            Self::Move { .. } => Self::Move { rate: of(0), cpu_per_million: of(1), peak_bytes: of(2) },
            Self::Latency { .. } => Self::Latency { median: of(0), p99: of(1) },
            Self::Start { .. } => Self::Start { seconds: of(0), cpu: of(1), idle_bytes: of(2) },
            Self::Many { .. } => {
                Self::Many { create_ms: of(0), bytes: of(1), threads: of(2), cpu_percent: of(3) }
            }
            Self::Create { .. } => Self::Create { answer_ms: of(0), running_ms: of(1), slowest_ms: of(2) },
            Self::Thousand { .. } => {
                Self::Thousand { create_s: of(0), list_ms: of(1), change_s: of(2), delete_s: of(3) }
            }
            Self::ManyOfCluster { .. } => {
                Self::ManyOfCluster { start_s: of(0), bytes: of(1), threads: of(2), cpu_percent: of(3) }
            }
            Self::Takeover { .. } => Self::Takeover { of_two_s: of(0), of_three_s: of(1) },
        }
    }

    fn values(&self) -> [f64; 4] {
        match *self {
            Self::Move { rate, cpu_per_million, peak_bytes } => [rate, cpu_per_million, peak_bytes, 0.0],
            Self::Latency { median, p99 } => [median, p99, 0.0, 0.0],
            Self::Start { seconds, cpu, idle_bytes } => [seconds, cpu, idle_bytes, 0.0],
            Self::Many { create_ms, bytes, threads, cpu_percent } => [create_ms, bytes, threads, cpu_percent],
            Self::Create { answer_ms, running_ms, slowest_ms } => [answer_ms, running_ms, slowest_ms, 0.0],
            Self::Thousand { create_s, list_ms, change_s, delete_s } => {
                [create_s, list_ms, change_s, delete_s]
            }
            Self::ManyOfCluster { start_s, bytes, threads, cpu_percent } => {
                [start_s, bytes, threads, cpu_percent]
            }
            Self::Takeover { of_two_s, of_three_s } => [of_two_s, of_three_s, 0.0, 0.0],
        }
    }
}

/// Returns the middle value, the average of the middle two when their number is even.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

#[cfg(test)]
mod tests;
