//! Ends tests that hang, so that whoever waits for them hears of it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;

/// Hands every line of `output`, which `process` prints, to `take`. A process that prints nothing for `silence`
/// is ended with all that it has started.
///
/// # Errors
///
/// When the output cannot be read, and when it was silent for too long.
pub(super) fn lines(
    process: &mut Child,
    output: impl Read + Send + 'static,
    silence: Duration,
    mut take: impl FnMut(&str),
) -> anyhow::Result<()> {
    // A line may wait until the one before it is taken.
    let (sender, printed) = mpsc::sync_channel(1);
    thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| sender.send(line)));
    loop {
        match printed.recv_timeout(silence) {
            Ok(line) => take(&line.context("cannot read what is printed")?),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                end(process)?;
                anyhow::bail!("nothing was printed for {silence:?}: what ran was ended");
            }
        }
    }
}

/// Kills a process and all that it has started.
fn end(process: &mut Child) -> anyhow::Result<()> {
    let mut family = vec![process.id()];
    for next in 0.. {
        let Some(&parent) = family.get(next) else { break };
        family.extend(children(parent));
    }
    let pids = family.iter().map(u32::to_string);
    // Some may have ended meanwhile.
    let killed = Command::new("sh").args(["-c", r#"kill -KILL "$@" 2>&-"#, "sh"]).args(pids).status();
    killed.context("cannot run `sh`")?;
    process.wait().context("cannot wait for what was killed")?;
    Ok(())
}

fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

/// The second field behind the name, which may hold spaces and brackets.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
