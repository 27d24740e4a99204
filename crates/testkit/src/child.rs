//! A started process that cannot outlive the one that started it.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// How much of a log an error shows, in bytes.
const TAIL_BYTES: usize = 4000;

/// A process whose standard error (and output, unless piped) goes to a log; killed when dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts `command` with standard output and error appended to `log`.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened or the program cannot be started.
    pub fn spawn(command: Command, log: &Path) -> anyhow::Result<Self> {
        Self::spawn_to_die_of(libc::SIGKILL, command, log)
    }

    /// Starts `command` like [`Child::spawn`], with another signal than SIGKILL when this process dies: for a
    /// program that has something to give back to the system.
    ///
    /// # Errors
    ///
    /// As [`Child::spawn`].
    pub fn spawn_to_die_of(signal: libc::c_int, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = append(log)?;
        command.stdin(process::Stdio::null()).stdout(output);
        Self::start(command, log, signal)
    }

    /// Starts `command` with piped standard input and output and standard error appended to `log`.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened or the program cannot be started.
    pub fn spawn_piped(mut command: Command, log: &Path) -> anyhow::Result<(Self, ChildStdin, ChildStdout)> {
        command.stdin(process::Stdio::piped()).stdout(process::Stdio::piped());
        let mut child = Self::start(command, log, libc::SIGKILL)?;
        let stdin = child.process.stdin.take().expect("standard input is piped");
        let stdout = child.process.stdout.take().expect("standard output is piped");
        Ok((child, stdin, stdout))
    }

    fn start(mut command: Command, log: &Path, death_signal: libc::c_int) -> anyhow::Result<Self> {
        command.stderr(append(log)?);
        let program = command.get_program().to_owned();
        let process = spawn_from_lasting_thread(command, death_signal)
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        Ok(Self { process, log: log.to_owned() })
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns the file with everything the process printed.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the last few thousand bytes of the log.
    pub fn log_tail(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let start = bytes.len().saturating_sub(TAIL_BYTES);
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }

    /// Returns the exit status if the process has ended.
    ///
    /// # Errors
    ///
    /// When the process cannot be waited for.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Fails when the process has ended.
    ///
    /// # Errors
    ///
    /// When the process has ended or cannot be waited for.
    pub fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.exited()? {
            Some(status) => anyhow::bail!("it ended with {status}"),
            None => Ok(()),
        }
    }

    /// Waits for the process to end by itself, at most for `limit`.
    ///
    /// # Errors
    ///
    /// When the process is still running after `limit`.
    pub fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "process {} still runs after {limit:?}; its log ends:\n{}",
                self.pid(),
                self.log_tail()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends SIGTERM and waits; sends SIGKILL when the process has not ended after `limit`.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled or waited for.
    pub fn stop(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.stop_with(libc::SIGTERM, limit)
    }

    /// Sends `signal` and waits; sends SIGKILL when the process has not ended after `limit`.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled or waited for.
    pub fn stop_with(&mut self, signal: libc::c_int, limit: Duration) -> anyhow::Result<ExitStatus> {
        // A paused process takes the first when the second lets it go on. Any may end before either.
        for signal in [signal, libc::SIGCONT] {
            let sent = self.signal(signal);
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            sent?;
        }
        match self.wait(limit) {
            Ok(status) => Ok(status),
            Err(_) => self.kill(),
        }
    }

    /// Sends SIGKILL and waits for the end.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled or waited for.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.kill().with_context(|| format!("cannot kill process {}", self.pid()))?;
        self.process.wait().with_context(|| format!("cannot wait for process {}", self.pid()))
    }

    /// Stops the process where it is (SIGSTOP): its connections stay open and silent.
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        self.signal(libc::SIGSTOP)
    }

    /// Lets a paused process go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// When the process cannot be signalled.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.signal(libc::SIGCONT)
    }

    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    fn signal(&mut self, signal: libc::c_int) -> anyhow::Result<()> {
        anyhow::ensure!(self.exited()?.is_none(), "process {} has ended", self.pid());
        let pid = libc::pid_t::try_from(self.pid())?;
        // SAFETY: `kill` touches no memory; the child is not yet waited for, so the id is still its own.
        let result = unsafe { libc::kill(pid, signal) };
        anyhow::ensure!(result == 0, "cannot signal process {pid}: {}", io::Error::last_os_error());
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let ended = matches!(self.exited(), Ok(Some(_)));
        if !ended && let Err(error) = self.kill() {
            eprintln!("{error:#}");
        }
    }
}

fn append(log: &Path) -> anyhow::Result<File> {
    let opened = File::options().create(true).append(true).open(log);
    opened.with_context(|| format!("cannot open `{}`", log.display()))
}

type Request = (Command, mpsc::Sender<io::Result<process::Child>>);

/// Starts `command` so that it gets `death_signal` when this process dies.
///
/// The kernel ties that signal to the thread that forked, and test threads end with their test: one thread
/// that lives as long as the process starts them all.
fn spawn_from_lasting_thread(mut command: Command, death_signal: libc::c_int) -> io::Result<process::Child> {
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Request>>> = OnceLock::new();
    die_with_parent(&mut command, death_signal);
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, reply) in requests {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (reply, started) = mpsc::channel();
    let sent = spawner.lock().unwrap_or_else(PoisonError::into_inner).send((command, reply));
    sent.map_err(io::Error::other)?;
    started.recv().map_err(io::Error::other)?
}

#[expect(unsafe_code, reason = "the standard library has no parent-death signal")]
fn die_with_parent(command: &mut Command, signal: libc::c_int) {
    let parent = process::id();
    // SAFETY: between fork and exec only `prctl` and `getppid` are called, which are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, signal) != 0 {
                return Err(io::Error::last_os_error());
            }
            if libc::getppid() as u32 != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}
