//! The Redis to test against: the shared one, or a private one that may be mistreated.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use queue::{RedisJobs, RedisOptions};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;
use testkit::contract::queue::Queue;
use testkit::fake::FakeIds;

#[expect(
    clippy::disallowed_methods,
    reason = "where the servers are is told by the test runner"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address of the shared server. Without one `test` says that it is skipped, unless servers are required.
pub fn shared(test: &str) -> Option<String> {
    let url = variable("TEST_REDIS_URL");
    if url.is_none() {
        assert!(
            variable("REQUIRE_SERVERS").is_none_or(|value| value != "1"),
            "TEST_REDIS_URL is not set"
        );
        println!("skipped {test} on Redis: TEST_REDIS_URL is not set");
    }
    url
}

/// Options with a prefix that nobody had before, in this run or another.
pub fn options() -> RedisOptions {
    RedisOptions::new(format!("test:{:x}", RandomState::new().build_hasher().finish()))
}

/// The queue at `url`. Every call makes another node of the same cluster.
pub fn queue(url: &str, options: RedisOptions) -> Queue {
    let jobs = Arc::new(redis(url, options));
    let consumer = Arc::clone(&jobs);
    Queue { jobs, consumer }
}

/// The same, by itself.
pub fn redis(url: &str, options: RedisOptions) -> RedisJobs {
    // The names of workers begin with the process, and here the nodes share one.
    static NODES: LazyLock<Arc<FakeIds>> = LazyLock::new(Arc::default);
    let ids: Arc<FakeIds> = Arc::clone(&NODES);
    RedisJobs::open(url, options, ids).unwrap()
}

/// A connection for looking at what is there.
pub async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// A server of the test's own, which ends with it.
pub struct Private {
    pub url: String,
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Private {
    /// Starts one. Without the program `test` says that it is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Self {
            url: format!("redis://127.0.0.1:{port}/"),
            port,
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        if Command::new("redis-server")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            println!("skipped {test}: there is no redis-server to start");
            return None;
        }
        server.run().await;
        Some(server)
    }

    /// Runs it again, empty, where it was before.
    pub async fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
        ]);
        command
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(self.folder.path());
        self.process = Some(command.stdout(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the private Redis does not start"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.kill();
    }
}
