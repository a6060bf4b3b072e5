//! Child processes that never outlive us.

use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{process, signals};

/// How often a wait looks at what it waits for.
pub const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Longer than the ten seconds cargo-nextest gives the tests it interrupts.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);
/// A clean build on two busy cores takes half an hour.
const RUN_TIME_MAX: Duration = Duration::from_secs(2 * 60 * 60);

/// A process and the processes it starts. Dropping it ends them all.
#[derive(Debug)]
pub struct Group {
    child: Child,
    started: Instant,
}

impl Group {
    /// Starts a command in a process group of its own, without standard input.
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        if signals::interrupted() {
            bail!("interrupted");
        }
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("cannot run {}", process::line(command)))?;
        Ok(Self {
            child,
            started: Instant::now(),
        })
    }

    /// Has it ended by itself?
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .context("cannot ask for the state of a child process")
    }

    /// Waits for its end, but no longer than somebody wants to wait.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        loop {
            if let Some(status) = self.poll()? {
                return Ok(status);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// As `ended`; an error when it is time to stop waiting.
    pub fn poll(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if signals::interrupted() {
            bail!("interrupted");
        }
        ensure!(
            self.started.elapsed() < RUN_TIME_MAX,
            "still running after {} s",
            RUN_TIME_MAX.as_secs()
        );
        self.ended()
    }

    /// The id of the process that was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it writes, once, if that was piped.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// As `stdout`.
    pub fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    fn signal(&self, signal: Signal) {
        // An error means that nobody is left to be told.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Group {
    /// SIGINT is what cargo, cargo-nextest, PostgreSQL (fast shutdown) and Redis all clean up on.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal(Signal::INT);
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if started.elapsed() > STOP_TIME_MAX || signals::impatient() {
                break;
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};

    use super::*;

    #[test]
    fn dropping_a_group_ends_the_processes_its_process_started() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & echo started; wait"])
            .stdout(Stdio::piped());
        let mut group = Group::spawn(&mut command).unwrap();
        let mut output = BufReader::new(group.stdout().unwrap());
        output.read_line(&mut String::new()).unwrap();
        let dropped = Instant::now();
        drop(group);
        // The pipe ends when the last process that holds it has ended.
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(
            dropped.elapsed() < STOP_TIME_MAX,
            "the sleeping process was left behind"
        );
    }
}
