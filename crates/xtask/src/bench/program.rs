//! A server process that says where it listens.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::meter;
use crate::group::{Group, POLL_INTERVAL};
use crate::process;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. Dropping it ends it.
#[derive(Debug)]
pub struct Program {
    group: Group,
    lines: Receiver<String>,
    name: String,
}

impl Program {
    /// Starts it; what it writes to standard error goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let name = process::line(command);
        let log = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut group = Group::spawn(command.stdout(Stdio::piped()).stderr(log))?;
        let stdout = group.stdout().context("standard output is piped")?;
        let (sender, lines) = channel();
        // It reads on when nobody listens any more: a full pipe would stop the program.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        Ok(Self { group, lines, name })
    }

    /// Waits for a line that has this in it; what stands behind it.
    pub fn says(&mut self, words: &str) -> anyhow::Result<String> {
        self.says_within(words, PATIENCE)
    }

    pub fn says_within(&mut self, words: &str, patience: Duration) -> anyhow::Result<String> {
        let began = Instant::now();
        loop {
            match self.lines.recv_timeout(POLL_INTERVAL) {
                Ok(line) => {
                    if let Some((_, rest)) = line.split_once(words) {
                        return Ok(rest.to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{} ended before it said {words:?}", self.name)
                }
            }
            // An interrupted run ends here.
            self.group.poll()?;
            if began.elapsed() > patience {
                bail!("{} does not say {words:?}", self.name);
            }
        }
    }

    /// The next line, whatever it is.
    pub fn next_line(&mut self, patience: Duration) -> anyhow::Result<String> {
        self.says_within("", patience)
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.group.wait()?;
        if !status.success() {
            bail!("{} failed: {status}", self.name);
        }
        Ok(())
    }

    pub fn id(&self) -> u32 {
        self.group.id()
    }

    /// Processor seconds of it and its children.
    pub fn cpu(&self) -> f64 {
        meter::cpu_of_tree(self.id())
    }

    pub fn kernel_cpu(&self) -> f64 {
        meter::kernel_cpu_of_tree(self.id())
    }

    pub fn resident_kb(&self) -> u64 {
        meter::resident_kb_of_tree(self.id())
    }
}
