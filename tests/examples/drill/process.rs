//! Processes of this machine: started so that none outlives the drill, and mistreated.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::chance::Chance;

/// Servers listen below the ports that the kernel gives to clients: somebody else's connection could otherwise take the
/// port of a server that is down for a moment.
const PORTS: std::ops::Range<u16> = 12_000..30_000;

/// Where an installed program is.
#[expect(
    clippy::disallowed_methods,
    reason = "programs are found as a shell finds them"
)]
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").ok()?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A command whose process dies with us, even if we are killed. It writes to the end of `log`.
pub fn command(program: &Path, log: &Path, signal: &str) -> anyhow::Result<Command> {
    let mut command = match installed("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", signal, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    let log = File::options().create(true).append(true).open(log);
    let log = log.with_context(|| format!("the log of {}", program.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Ports of this machine that nobody listens on.
pub fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    // Two drills at the same time begin to look at different places.
    let mut chance = Chance::of(u64::from(std::process::id()), 0);
    let span = u64::from(PORTS.end - PORTS.start);
    let mut ports = Vec::new();
    for _ in 0..10_000 {
        let port = PORTS.start + u16::try_from(chance.below(span))?;
        if !ports.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            ports.push(port);
        }
        if ports.len() == count {
            return Ok(ports);
        }
    }
    bail!("no free ports")
}

/// Sends a signal; nobody may be left to get it.
pub fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    let _ = process.map(|process| kill_process(process, signal));
}

/// The processes that a process has started.
pub fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The last lines of a file.
pub fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    let hidden = all.len().saturating_sub(lines);
    all.into_iter().skip(hidden).collect::<Vec<_>>().join("\n")
}
