//! Requests byte by byte, because a client that keeps to the rules cannot break them.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than a request may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A request, as it is written.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    /// With its query, as it stands in the first line.
    pub path: String,
    /// Lines below it, as bytes: no rule says that they are text.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// Sent instead of all that, if it is no request.
    pub raw: Option<Vec<u8>>,
}

/// As people read it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = String::from_utf8_lossy(&self.bytes("node")).into_owned();
        let start: String = bytes.chars().take(1_500).collect();
        write!(f, "{start:?}")
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            raw: None,
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        // What would end the line would be another line.
        let mut value = value.into();
        value.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
        self.headers.push((name.to_owned(), value));
        self
    }

    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("Content-Type", "application/json")
    }

    /// With this session, unless it has cookies of its own.
    pub fn signed_in_as(self, cookie: &str) -> Self {
        if self
            .headers
            .iter()
            .any(|(name, _)| name == "Cookie" || name == "Authorization")
        {
            return self;
        }
        self.header("Cookie", cookie)
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n",
            self.method, self.path
        );
        if !self.body.is_empty() {
            bytes.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let mut bytes = bytes.into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it to a node; `None` if there was no answer, or none in HTTP.
    pub async fn send(&self, node: &str) -> Option<Reply> {
        let host = node.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).await.expect("the server listens");
        // Whoever refuses a request by its head may close before it has read the rest.
        let _ = stream.write_all(&self.bytes(host)).await;
        // Who says nothing more than nonsense is waited for.
        if self.raw.is_some() {
            let _ = stream.shutdown().await;
        }
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, read_answer(&mut stream, &mut answer)).await;
        read.expect("the server answers or closes").ok();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Reply { status, text })
    }
}

/// Until the server closes, or to the head of a stream of events, which has no end.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<()> {
    const STREAM: &[u8] = b"content-type: text/event-stream";
    while stream.read_buf(answer).await? > 0 {
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let head = head.and_then(|end| answer.get(..end)).unwrap_or_default();
        if head
            .windows(STREAM.len())
            .any(|bytes| bytes.eq_ignore_ascii_case(STREAM))
        {
            break;
        }
    }
    Ok(())
}
