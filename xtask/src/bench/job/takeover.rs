//! A worker of a cluster goes: how soon all of its tasks run again on those that are left.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use testkit::{Worker, wait};

use super::cluster::{put, worker};
use super::{MOVE_LIMIT, SETTLE};
use crate::bench::Side;
use crate::bench::figures::Figures;
use crate::bench::stage::Stage;

/// How many pairs of a file source and a file sink there are.
const PAIRS: usize = 10;
/// How often the statuses of all are asked for.
const LOOK: Duration = Duration::from_millis(10);

/// How a worker goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// It is killed (SIGKILL).
    Kill,
    /// It is killed, and all workers have short sessions.
    KillInShortSession,
    /// It is stopped in good order (SIGTERM).
    Stop,
}

/// One worker of two goes, then one of three.
pub(super) fn takeover(end: End, side: Side, stage: &mut Stage) -> anyhow::Result<Figures> {
    Ok(Figures::Takeover { of_two_s: one_of(2, end, side, stage)?, of_three_s: one_of(3, end, side, stage)? })
}

fn one_of(count: usize, end: End, side: Side, stage: &mut Stage) -> anyhow::Result<f64> {
    let cluster = format!("takeover-{}", stage.new_topic_prefix());
    let start = || {
        let mut worker = worker(side, stage, &cluster);
        if end == End::KillInShortSession {
            worker = worker.property("session.timeout.ms", "6000").property("heartbeat.interval.ms", "2000");
        }
        worker.start()
    };
    let mut workers = (0..count).map(|_| start()).collect::<anyhow::Result<Vec<_>>>()?;
    create(&workers[0], &cluster)?;
    wait_until_run(&workers, &workers)?;
    thread::sleep(SETTLE);
    // The first one leads. The one that goes is another: what it had is waited for, in case that it comes back.
    let mut gone = workers.pop().context("there is a worker")?;
    let taken = thread::scope(|scope| {
        let begun = Instant::now();
        let ended = scope.spawn(move || match end {
            End::Kill | End::KillInShortSession => gone.kill(),
            End::Stop => gone.stop(),
        });
        wait_until_run(&workers[..1], &workers)?;
        let taken = begun.elapsed();
        ended.join().ok().context("a thread has panicked")??;
        anyhow::Ok(taken)
    })?;
    // The files are with the first one, so all end before it goes.
    for worker in &mut workers {
        worker.stop()?;
    }
    for pair in 0..PAIRS {
        stage.probe.delete_topic(&format!("{cluster}{pair}"))?;
    }
    Ok(taken.as_secs_f64())
}

/// Makes the pairs; each file has a line, so that each pair has a topic.
fn create(worker: &Worker, cluster: &str) -> anyhow::Result<()> {
    for pair in 0..PAIRS {
        let path = |end: &str| worker.directory().join(format!("{pair}.{end}"));
        let topic = format!("{cluster}{pair}");
        fs::write(path("in"), "a line\n")
            .with_context(|| format!("cannot write `{}`", path("in").display()))?;
        let source = json!({"connector.class": "FileStreamSource", "file": path("in"), "topic": topic});
        put(worker, &format!("source-{pair}"), &source)?;
        let sink = json!({"connector.class": "FileStreamSink", "file": path("out"), "topics": topic});
        put(worker, &format!("sink-{pair}"), &sink)?;
    }
    Ok(())
}

/// Waits until all connectors and their tasks run on some of these workers, as the first of `asked` shows it.
fn wait_until_run(asked: &[Worker], on: &[Worker]) -> anyhow::Result<()> {
    let first = asked.first().context("there is a worker")?;
    let ids: Vec<&str> = on.iter().map(|worker| worker.url().trim_start_matches("http://")).collect();
    let runs = |part: &Value| {
        part["state"] == "RUNNING" && part["worker_id"].as_str().is_some_and(|id| ids.contains(&id))
    };
    wait::until("a run of all connectors and tasks", MOVE_LIMIT, LOOK, || {
        let answer = first.rest().get("/connectors?expand=status")?;
        // Java's workers may answer so while they share out.
        if answer.status == 409 {
            return Ok(None);
        }
        let statuses = answer.ok()?;
        let statuses = statuses.as_object().context("`/connectors` is no object")?;
        let all = statuses.values().filter(|connector| {
            let status = &connector["status"];
            runs(&status["connector"])
                && status["tasks"].as_array().is_some_and(|tasks| !tasks.is_empty() && tasks.iter().all(runs))
        });
        Ok((all.count() == 2 * PAIRS).then_some(()))
    })
}
