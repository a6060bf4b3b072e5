//! A caller that sees the bytes on the wire, and a panel to call.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test binary uses another part of it"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::io;
use std::time::Duration;

use sandbox::{Delays, Panel, PanelConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest any healthy answer takes.
pub const SOON: Duration = Duration::from_secs(10);

/// What a caller saw before the connection ended or its patience did.
#[derive(Debug)]
pub struct Seen {
    pub bytes: Vec<u8>,
    pub end: End,
}

#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Closed,
    Reset,
    Waiting,
}

impl Seen {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn head(&self) -> String {
        self.text().split("\r\n\r\n").next().unwrap().to_lowercase()
    }

    pub fn status(&self) -> u16 {
        self.head().split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn body(&self) -> &[u8] {
        let start = self
            .bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        &self.bytes[start + 4..]
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body()).unwrap()
    }
}

/// A panel whose slow faults are quick.
pub fn config() -> PanelConfig {
    PanelConfig {
        delays: Delays {
            slow_by: Duration::from_millis(300),
            late_after: Duration::from_millis(300),
            drip_every: Duration::from_millis(5),
        },
        ..PanelConfig::default()
    }
}

pub async fn panel() -> Panel {
    Panel::start(config()).await.unwrap()
}

/// Sends a form to the panel API with the right key and reads until the connection ends.
pub async fn call(panel: &Panel, fields: &str) -> Value {
    let seen = see(panel, fields, SOON).await;
    assert_eq!(seen.status(), 200, "{}", seen.text());
    seen.json()
}

/// Like [`call`], but shows the bytes and how the connection ended.
pub async fn see(panel: &Panel, fields: &str, patience: Duration) -> Seen {
    let body = format!("key={}&{fields}", panel.key());
    let request = post("/api/v2", "application/x-www-form-urlencoded", &body);
    exchange(panel, &request, patience).await.unwrap()
}

pub fn post(path: &str, content_type: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: panel\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub async fn exchange(panel: &Panel, request: &str, patience: Duration) -> io::Result<Seen> {
    let mut stream = TcpStream::connect(panel.address()).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    let end = match timeout(patience, stream.read_to_end(&mut bytes)).await {
        Err(_) => End::Waiting,
        Ok(Ok(_)) => End::Closed,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
        Ok(Err(error)) => return Err(error),
    };
    Ok(Seen { bytes, end })
}

/// Orders 1,000 cheap views for a link and returns what the caller saw.
pub async fn add(panel: &Panel, link: &str) -> Value {
    call(panel, &add_fields(link)).await
}

/// Orders and returns the id.
pub async fn add_id(panel: &Panel, link: &str) -> u64 {
    add(panel, link).await["order"].as_u64().unwrap()
}

pub fn add_fields(link: &str) -> String {
    let link = link.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
    format!("action=add&service=1140&quantity=1000&link={link}")
}

/// Waits until `check` holds.
pub async fn eventually(check: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not happen within five seconds");
}

/// How long a caller waits for an answer that never comes.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Orders with a script and returns what was seen and how many orders that made.
pub async fn order(panel: &Panel, script: &str, patience: Duration) -> (Seen, u64) {
    let link = format!("https://a.test/p?sandbox={script}");
    let seen = see(panel, &add_fields(&link), patience).await;
    (seen, panel.placed_count_for_link(&link))
}
