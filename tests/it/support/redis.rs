//! A Redis that a test may mistreat, and just enough of its protocol.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::servers::is_required;

const PATIENCE: Duration = Duration::from_secs(20);

/// A conversation with a Redis, as far as it answers in one line.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// With one of its logical databases.
    pub fn open(address: &str, number: u32) -> Self {
        let stream = TcpStream::connect(address).expect("the tests' Redis can be reached");
        let mut connection = Self {
            stream: BufReader::new(stream),
        };
        assert_eq!(connection.ask(&["SELECT", &number.to_string()]), "+OK");
        connection
    }

    /// The line that it answers.
    pub fn ask(&mut self, words: &[&str]) -> String {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let stream = self.stream.get_mut();
        stream.write_all(command.as_bytes()).expect("the Redis listens");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the Redis answers");
        line.trim_end().to_owned()
    }

    /// The number that it answers.
    pub fn number(&mut self, words: &[&str]) -> i64 {
        let answer = self.ask(words);
        let number = answer.strip_prefix(':').and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("{words:?}: {answer}"))
    }
}

/// A server of the test's own, empty whenever it starts. Dropping it ends it.
pub struct PrivateRedis {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl PrivateRedis {
    /// A running server. Without its program `test` says that it is skipped, unless servers are required.
    pub fn start(test: &str) -> Option<Self> {
        let version = Command::new("redis-server")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if version.is_err() {
            assert!(!is_required(), "redis-server is not installed");
            println!("skipped {test}: there is no redis-server to start");
            return None;
        }
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut server = Self {
            port: port.local_addr().unwrap().port(),
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        drop(port);
        server.run();
        Some(server)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// Runs it again where it was before.
    pub fn run(&mut self) {
        let port = self.port.to_string();
        let options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut server = Command::new("redis-server");
        server.args(options).args(["--port", &port, "--dir"]);
        server.arg(self.folder.path()).stdout(Stdio::null());
        self.process = Some(server.spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            assert!(begun.elapsed() < PATIENCE, "the private Redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets it forget everything.
    pub fn flush(&self) {
        assert_eq!(Connection::open(&self.address(), 0).ask(&["FLUSHALL"]), "+OK");
    }

    /// Lets it refuse whatever needs memory, or take it again.
    pub fn is_full(&self, full: bool) {
        let limit = if full { "1" } else { "0" };
        let mut connection = Connection::open(&self.address(), 0);
        assert_eq!(
            connection.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]),
            "+OK"
        );
        assert_eq!(connection.ask(&["CONFIG", "SET", "maxmemory", limit]), "+OK");
    }

    /// Lets it stand still, or go on.
    pub fn stands_still(&self, still: bool) {
        let id = self.process.as_ref().unwrap().id().to_string();
        let signal = if still { "STOP" } else { "CONT" };
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
