//! Processes that end by themselves, and what a process uses, from `/proc`.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

/// The unit of CPU times in `/proc`: 100 per second on every Linux that runs on the machines we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// Runs a program to its end.
///
/// # Errors
///
/// When it cannot be run or fails; its output is in the error.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let output = command.output().with_context(|| format!("cannot run `{}`", program.display()))?;
    anyhow::ensure!(
        output.status.success(),
        "`{}` ended with {}: {}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// One reading of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// CPU time of all its threads so far, user and system.
    pub cpu: Duration,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// The most resident memory it ever had, in bytes.
    pub resident_bytes_max: u64,
    /// The number of its threads.
    pub thread_count: u64,
}

impl Usage {
    /// Reads what process `pid` uses.
    ///
    /// # Errors
    ///
    /// When there is no such process.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))
        };
        let (stat, status) = (read("stat")?, read("status")?);
        Ok(Self {
            cpu: cpu(&stat).context("`stat` has no CPU times")?,
            resident_bytes: number(&status, "VmRSS:").context("`status` has no VmRSS")? * 1024,
            resident_bytes_max: number(&status, "VmHWM:").context("`status` has no VmHWM")? * 1024,
            thread_count: number(&status, "Threads:").context("`status` has no Threads")?,
        })
    }
}

/// Whether a connection (IPv4) from an address of this machine to a port of it is of a process.
pub(crate) fn has_connection(pid: u32, from: SocketAddr, port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let Some(inode) = inode(&table, from.port(), port) else { return false };
    let socket = format!("socket:[{inode}]");
    // A process that has ended has none.
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*socket))
}

/// Finds the end of a connection that has this port of its own, and the other on the other side: fields 2, 3 and 10.
fn inode(table: &str, from: u16, to: u16) -> Option<&str> {
    let (from, to) = (format!(":{from:04X}"), format!(":{to:04X}"));
    table.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let found = fields.next()?.ends_with(&from) && fields.next()?.ends_with(&to);
        fields.nth(6).filter(|_| found)
    })
}

/// Adds user and system time: fields 14 and 15, counted after the name, which may hold spaces and brackets.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let ticks = times.next()?.ok()? + times.next()?.ok()?;
    Some(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

fn number(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
