//! Child processes that never outlive us.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::signals;

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Longer than the ten seconds cargo-nextest gives the tests it interrupts.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);
/// A clean build on two busy cores takes half an hour.
const RUN_TIME_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// How long output may trail behind the end of the process that wrote it.
const TRAILING_OUTPUT_MAX: Duration = Duration::from_secs(1);

/// `cargo` with these arguments.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments);
    command
}

/// Is `cargo <name>` installed?
pub fn has_cargo_command(name: &str) -> bool {
    let mut command = cargo(&[name, "--version"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs to the end, output shown; an error names the command line.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = Group::spawn(command)?.wait()?;
    succeeded(command, status)
}

/// Runs to the end, standard error shown; gives standard output.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()))?;
    let mut stdout = group.child.stdout.take().context("standard output is piped")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status = group.wait()?;
    succeeded(command, status)?;
    let text = reader
        .join()
        .map_err(|_| anyhow::anyhow!("the reader of {command:?} panicked"))?;
    text.with_context(|| format!("cannot read the output of {command:?}"))
}

/// Runs to the end, output shown; every line also goes to `watch`. The outcome is for the caller to judge.
pub fn run_watched(command: &mut Command, mut watch: impl FnMut(&str)) -> anyhow::Result<ExitStatus> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (sender, lines) = channel();
    forward(group.child.stdout.take(), &sender);
    forward(group.child.stderr.take(), &sender);
    drop(sender);
    let started = Instant::now();
    loop {
        take_lines(&lines, POLL_INTERVAL, &mut watch);
        if let Some(status) = group.poll(started)? {
            take_lines(&lines, TRAILING_OUTPUT_MAX, &mut watch);
            return Ok(status);
        }
    }
}

fn forward(pipe: Option<impl Read + Send + 'static>, sender: &Sender<String>) {
    let Some(pipe) = pipe else { return };
    let sender = sender.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
}

/// Shows lines until none came for `silence`.
fn take_lines(lines: &Receiver<String>, silence: Duration, watch: &mut impl FnMut(&str)) {
    loop {
        match lines.recv_timeout(silence) {
            Ok(line) => {
                println!("{line}");
                watch(&line);
            }
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => {
                // Nobody writes any more: without this the caller would spin until the process ends.
                thread::sleep(POLL_INTERVAL.min(silence));
                return;
            }
        }
        if signals::interrupted() {
            return;
        }
    }
}

fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "{} failed: {status}", line(command));
    Ok(())
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A process and the processes it starts. Dropping it ends them all.
#[derive(Debug)]
pub struct Group {
    child: Child,
}

impl Group {
    /// Starts a command in a process group of its own, without standard input.
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        if signals::interrupted() {
            bail!("interrupted");
        }
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("cannot run {}", line(command)))?;
        Ok(Self { child })
    }

    /// Has it ended by itself?
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .context("cannot ask for the state of a child process")
    }

    fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.poll(started)? {
                return Ok(status);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn poll(&mut self, started: Instant) -> anyhow::Result<Option<ExitStatus>> {
        if signals::interrupted() {
            bail!("interrupted");
        }
        ensure!(
            started.elapsed() < RUN_TIME_MAX,
            "still running after {} s",
            RUN_TIME_MAX.as_secs()
        );
        self.ended()
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
