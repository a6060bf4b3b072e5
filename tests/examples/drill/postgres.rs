//! A PostgreSQL of the drill's own, which it may mistreat. It syncs to disk, as in production.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::process::{children, command, installed, signal, tail};

/// Where Debian keeps the server programs, one folder for each major version, out of the PATH.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";
/// Every process of the drill has a pool of its own.
const CONNECTIONS_MAX: &str = "max_connections=200";
const START_TIME_MAX: Duration = Duration::from_secs(90);

/// A user of the system.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

/// The server.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// PostgreSQL refuses to run as root: whom it runs as instead.
    owner: Option<Account>,
    running: Mutex<Option<Child>>,
}

impl Postgres {
    /// Creates an empty cluster in `folder` and serves it, trusting every connection from this machine.
    pub async fn start(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let programs = programs().context("PostgreSQL is not installed: `cargo xtask drill` installs it")?;
        fs::create_dir_all(folder)?;
        let owner = owner()?;
        if let Some(Account { uid, gid }) = owner {
            chown(folder, Some(uid), Some(gid))?;
        }
        let server = Self {
            programs,
            folder: folder.to_owned(),
            port,
            owner,
            running: Mutex::default(),
        };
        let mut initdb = server.command("initdb")?;
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
        ]);
        initdb.arg("--pgdata").arg(folder.join("data"));
        let status = initdb.status().await?;
        ensure!(status.success(), "initdb failed: {}", tail(&server.log(), 20));
        *server.running.lock().await = Some(server.serve()?);
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn command(&self, program: &str) -> anyhow::Result<Command> {
        let mut command = command(&self.programs.join(program), &self.log(), "INT")?;
        command.current_dir(&self.folder);
        if let Some(Account { uid, gid }) = self.owner {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }

    fn serve(&self) -> anyhow::Result<Child> {
        let mut server = self.command("postgres")?;
        server.arg("-D").arg(self.folder.join("data"));
        let port = format!("port={}", self.port);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            &port,
            CONNECTIONS_MAX,
        ] {
            server.args(["-c", setting]);
        }
        server.spawn().context("PostgreSQL cannot be started")
    }

    async fn wait_until_ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let port = format!("--port={}", self.port);
        while begun.elapsed() < START_TIME_MAX {
            let mut ready = self.command("pg_isready")?;
            ready.args(["--quiet", "--host=127.0.0.1", "--username=postgres", &port]);
            if ready.status().await?.success() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL does not answer: {}", tail(&self.log(), 20))
    }

    /// Shuts it down without a checkpoint or a word to anybody, and starts it again.
    pub async fn restart(&self) -> anyhow::Result<()> {
        let mut running = self.running.lock().await;
        if let Some(mut server) = running.take() {
            signal(server.id().unwrap_or_default(), Signal::QUIT);
            server.wait().await?;
        }
        *running = Some(self.serve()?);
        self.wait_until_ready().await
    }

    /// Lets every process of it stand still for a while.
    pub async fn freeze(&self, pause: Duration) {
        let running = self.running.lock().await;
        let Some(postmaster) = running.as_ref().and_then(Child::id) else {
            return;
        };
        // First the one that starts others.
        signal(postmaster, Signal::STOP);
        let stopped = children(postmaster);
        stopped.iter().for_each(|process| signal(*process, Signal::STOP));
        tokio::time::sleep(pause).await;
        stopped.iter().for_each(|process| signal(*process, Signal::CONT));
        signal(postmaster, Signal::CONT);
    }

    /// Stops it in good order.
    pub async fn stop(&self) {
        if let Some(mut server) = self.running.lock().await.take() {
            signal(server.id().unwrap_or_default(), Signal::INT);
            let _ = tokio::time::timeout(START_TIME_MAX, server.wait()).await;
        }
    }
}

/// The folder of the server programs: the one in the PATH, else the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let in_path = installed("postgres").and_then(|server| server.canonicalize().ok());
    let in_path = in_path.and_then(|server| server.parent().map(Path::to_path_buf));
    let versions = fs::read_dir(DEBIAN_FOLDER)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let newest = versions
        .filter(|version| version.path().join("bin/postgres").is_file())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    in_path.or_else(|| newest.map(|version| version.path().join("bin")))
}

fn owner() -> anyhow::Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let account = ["postgres", "nobody"].iter().find_map(|name| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let named = fields.next()? == *name;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            named.then_some(Account { uid, gid })
        })
    });
    account
        .context("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")
        .map(Some)
}
