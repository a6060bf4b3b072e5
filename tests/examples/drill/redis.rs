//! A Redis of the drill's own, which it may mistreat. It keeps nothing on disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::sync::Mutex;

use crate::process::{command, installed, signal, tail};

const START_TIME_MAX: Duration = Duration::from_secs(30);
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// The server.
pub struct Redis {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    running: Mutex<Option<Child>>,
}

impl Redis {
    /// Serves an empty Redis.
    pub async fn start(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let program = installed("redis-server");
        let program = program.context("redis-server is not installed: `cargo xtask drill` installs it")?;
        std::fs::create_dir_all(folder)?;
        let server = Self {
            program,
            folder: folder.to_owned(),
            port,
            running: Mutex::default(),
        };
        *server.running.lock().await = Some(server.serve()?);
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn serve(&self) -> anyhow::Result<Child> {
        let mut server = command(&self.program, &self.log(), "KILL")?;
        let port = self.port.to_string();
        server.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ]);
        server
            .arg(&self.folder)
            .spawn()
            .context("Redis cannot be started")
    }

    async fn wait_until_ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < START_TIME_MAX {
            if self
                .say("PING")
                .await
                .is_ok_and(|answer| answer.starts_with("+PONG"))
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("Redis does not answer: {}", tail(&self.log(), 20))
    }

    async fn say(&self, word: &str) -> anyhow::Result<String> {
        let talk = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.write_all(format!("{word}\r\n").as_bytes()).await?;
            let mut answer = [0; 64];
            let length = stream.read(&mut answer).await?;
            Ok(String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned())
        };
        tokio::time::timeout(ANSWER_TIME_MAX, talk).await?
    }

    /// Lets it forget everything.
    pub async fn flush(&self) -> anyhow::Result<()> {
        self.say("FLUSHALL").await.map(|_| ())
    }

    /// Kills it, and starts an empty one after a while.
    pub async fn restart(&self, pause: Duration) -> anyhow::Result<()> {
        let mut running = self.running.lock().await;
        if let Some(mut server) = running.take() {
            server.kill().await?;
        }
        tokio::time::sleep(pause).await;
        *running = Some(self.serve()?);
        self.wait_until_ready().await
    }

    /// Lets it stand still for a while.
    pub async fn freeze(&self, pause: Duration) {
        let running = self.running.lock().await;
        let Some(server) = running.as_ref().and_then(Child::id) else {
            return;
        };
        signal(server, Signal::STOP);
        tokio::time::sleep(pause).await;
        signal(server, Signal::CONT);
    }
}
