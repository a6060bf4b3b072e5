//! The processes of the product, each started again whenever it ends, as a service manager would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;
use tokio::task::JoinHandle;

use crate::books::Books;
use crate::chance::Chance;
use crate::process::{command, signal, tail};

const PURPOSE_PAUSES: u64 = 3;
/// A process that is killed while another blow keeps it from starting is waited for.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// What a service manager gives a process to end.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);
/// A process may give up at its start if its database is away.
const YOUNG: Duration = Duration::from_secs(30);

/// Environment variables; nothing else is inherited.
pub type Variables = Vec<(&'static str, String)>;

/// How a process is started.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub variables: Variables,
    pub log: PathBuf,
}

impl Recipe {
    fn start(&self) -> anyhow::Result<tokio::process::Child> {
        let mut command = command(&self.program, &self.log, "KILL")?;
        command
            .args(&self.arguments)
            .env_clear()
            .current_dir(std::env::temp_dir());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))
    }
}

/// One place in the fleet.
struct Member {
    name: String,
    recipe: Recipe,
    /// Zero while nothing runs.
    process: AtomicU32,
    killed: AtomicBool,
    leaving: AtomicBool,
    books: Arc<Books>,
}

/// All processes.
pub struct Fleet {
    members: Vec<(Arc<Member>, JoinHandle<Option<ExitStatus>>)>,
}

impl Fleet {
    /// Starts them all.
    pub fn start(recipes: Vec<(String, Recipe)>, seed: u64, books: &Arc<Books>) -> Self {
        let mut members = Vec::new();
        for (number, (name, recipe)) in (0..).zip(recipes) {
            let member = Arc::new(Member {
                name,
                recipe,
                process: AtomicU32::new(0),
                killed: AtomicBool::new(false),
                leaving: AtomicBool::new(false),
                books: Arc::clone(books),
            });
            let chance = Chance::of(seed ^ number, PURPOSE_PAUSES);
            members.push((Arc::clone(&member), tokio::spawn(member.live(chance))));
        }
        Self { members }
    }

    /// SIGKILL, as a crash or the kernel's out-of-memory killer would end it.
    pub async fn kill(&self, number: usize) -> anyhow::Result<()> {
        let (member, _) = self.members.get(number).context("no such process")?;
        let begun = Instant::now();
        loop {
            let process = member.process.load(Ordering::SeqCst);
            if process != 0 {
                member.killed.store(true, Ordering::SeqCst);
                signal(process, Signal::KILL);
                member.books.count(format!("killed: {}", member.name));
                return Ok(());
            }
            ensure!(
                begun.elapsed() < START_TIME_MAX,
                "{} does not come back",
                member.name
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets a process stand still for a while.
    pub async fn pause(&self, number: usize, pause: Duration) {
        let Some((member, _)) = self.members.get(number) else {
            return;
        };
        let process = member.process.load(Ordering::SeqCst);
        if process != 0 {
            signal(process, Signal::STOP);
            tokio::time::sleep(pause).await;
            signal(process, Signal::CONT);
        }
    }

    /// Asks every process to end, and judges how they do.
    pub async fn stop(self) {
        for (member, _) in &self.members {
            member.leaving.store(true, Ordering::SeqCst);
            signal(member.process.load(Ordering::SeqCst), Signal::TERM);
        }
        for (member, life) in self.members {
            let Member { name, books, .. } = &*member;
            match tokio::time::timeout(STOP_TIME_MAX, life).await {
                Ok(Ok(Some(status))) if status.success() => {}
                Ok(end) => books.wrong(format!("{name} ended badly when it was asked to: {end:?}")),
                Err(_) => books.wrong(format!("{name} does not end when it is asked to")),
            }
        }
    }
}

impl Member {
    /// Runs the process over and over; how it ended the last time.
    async fn live(self: Arc<Self>, mut chance: Chance) -> Option<ExitStatus> {
        loop {
            let begun = Instant::now();
            let mut child = match self.recipe.start() {
                Ok(child) => child,
                Err(error) => {
                    self.books.wrong(format!("{error:#}"));
                    return None;
                }
            };
            self.process
                .store(child.id().unwrap_or_default(), Ordering::SeqCst);
            let status = child.wait().await.ok();
            self.process.store(0, Ordering::SeqCst);
            if self.leaving.load(Ordering::SeqCst) {
                return status;
            }
            if !self.killed.swap(false, Ordering::SeqCst) {
                self.gave_up(status, begun.elapsed());
            }
            tokio::time::sleep(chance.millis(0, 1_000)).await;
        }
    }

    fn gave_up(&self, status: Option<ExitStatus>, lived: Duration) {
        let excusable = lived < YOUNG && status.and_then(|status| status.code()) == Some(1);
        self.books.count("starts given up");
        if !excusable {
            let Self { name, recipe, .. } = self;
            let words = tail(&recipe.log, 10);
            self.books.wrong(format!(
                "{name} ended by itself after {lived:?}: {status:?}\n{words}"
            ));
        }
    }
}

/// What must not stand in any log.
pub fn read_logs(folder: &Path, secrets: &[&str], books: &Books) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        for line in text.lines() {
            if line.contains("panicked at") {
                books.wrong(format!("{}: {line}", path.display()));
            }
            if secrets.iter().any(|secret| line.contains(secret)) {
                books.wrong(format!("{}: a secret in the log: {line}", path.display()));
            }
            if line.contains(" ERROR ") {
                books.count("errors in the logs");
            }
        }
    }
    Ok(())
}
