//! Reading server-sent events, one after the other.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use super::client::Browser;

/// Longer than any event may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// A stream that is being read.
pub struct EventStream {
    response: Response,
    unread: String,
    /// What the client would send as `Last-Event-ID`; signs of life move it too.
    pub last_id: String,
}

impl EventStream {
    /// Opens the stream of a node.
    pub async fn open(browser: &Browser, node: &str, query: &str, last_id: Option<&str>) -> Self {
        let address = format!("{node}/api/v1/dashboard/events{query}");
        let response = browser
            .open(&address, |request| match last_id {
                Some(id) => request.header("last-event-id", id),
                None => request,
            })
            .await;
        let status = response.status().as_u16();
        assert_eq!(status, 200, "{:?}", response.text().await);
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().expect("text"))
        };
        assert_eq!(header("content-type"), Some("text/event-stream"));
        assert_eq!(header("content-encoding"), None);
        assert_eq!(header("cache-control"), Some("no-store, no-transform"));
        Self {
            response,
            unread: String::new(),
            last_id: last_id.unwrap_or_default().to_owned(),
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.unread.find("\n\n") {
                let block: String = self.unread.drain(..end + 2).collect();
                let event = parse(&block);
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.last_id = id.to_owned();
                }
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("nothing happened after {}", self.last_id));
            // A server that dies ends it in the middle.
            let chunk = chunk.ok().flatten()?;
            self.unread
                .push_str(std::str::from_utf8(&chunk).expect("events are text"));
        }
    }

    /// The next event, which has this name.
    pub async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await;
        let event = event.unwrap_or_else(|| panic!("the stream ended instead of {name}"));
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// Events up to the first that is so, with it.
    pub async fn until(&mut self, is_so: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await;
            let event = event.unwrap_or_else(|| panic!("the stream ended after {events:#?}"));
            let is_last = is_so(&event);
            events.push(event);
            if is_last {
                return events;
            }
        }
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::to_owned)
    };
    let data = field("data: ")?;
    Some(Event {
        id: field("id: ").expect("every event has an id"),
        name: field("event: ").expect("every event has a name"),
        data: serde_json::from_str(&data).expect("data are JSON"),
    })
}
