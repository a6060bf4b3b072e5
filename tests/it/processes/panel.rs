//! The simulated panel in a process of its own: it outlives the programs that are killed.

use serde_json::Value;

use super::http::client;
use super::program::{Program, Variables};
use crate::support::eventually;

/// The key that it accepts.
pub const KEY: &str = "key-of-the-panel";

/// A running panel.
pub struct PanelProcess {
    _program: Program,
    /// Where its API listens.
    pub url: String,
    base: String,
    client: reqwest::Client,
}

impl PanelProcess {
    /// Starts a panel whose orders take a second.
    pub async fn start(options: &[&str]) -> Self {
        let usual = ["sandbox-provider", "--port", "0", "--key", KEY, "--pace", "1"];
        let arguments: Vec<&str> = usual.iter().chain(options).copied().collect();
        let mut program = Program::start(&arguments, &Variables::new());
        let line = program.says("simulated panel at ").await;
        let url = line.split(' ').next().unwrap().to_owned();
        let base = url.strip_suffix("/api/v2").unwrap().to_owned();
        Self {
            _program: program,
            url,
            base,
            client: client(),
        }
    }

    async fn page(&self, page: &str) -> Value {
        let answer = self
            .client
            .get(format!("{}/sandbox/{page}", self.base))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    /// How often `add` was asked for this link, answered or not.
    pub async fn asked_for(&self, link: &str) -> usize {
        self.additions()
            .await
            .iter()
            .filter(|addition| addition.link == link)
            .count()
    }

    /// How often it was asked to do this, answered or not.
    pub async fn requests(&self, action: &str) -> usize {
        let log = self.page("log").await;
        let entries = log.as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] == action).count()
    }

    /// Every `add` so far.
    pub async fn additions(&self) -> Vec<Addition> {
        let log = self.page("log").await;
        let entries = log.as_array().unwrap().iter();
        let additions = entries.filter(|entry| entry["action"] == "add");
        additions
            .map(|entry| Addition {
                link: entry["fields"]["link"].as_str().unwrap().to_owned(),
                at_millis: entry["at_millis"].as_i64().unwrap(),
            })
            .collect()
    }

    /// Waits for the first `add` for this link.
    pub async fn is_asked_for(&self, link: &str) {
        eventually(
            || format!("the panel is asked for {link}"),
            async || (self.asked_for(link).await > 0).then_some(()),
        )
        .await;
    }

    /// How many orders the panel really has for this link.
    pub async fn has(&self, link: &str) -> usize {
        let state = self.page("state?limit=100000").await;
        state["orders"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|order| order["link"] == link)
            .count()
    }

    /// How many orders the panel really has.
    pub async fn has_in_all(&self) -> u64 {
        self.page("state?limit=1").await["orders_placed"]
            .as_u64()
            .unwrap()
    }

    /// From now on it behaves.
    pub async fn recover(&self) {
        let answer = self
            .client
            .post(format!("{}/sandbox/faults", self.base))
            .body("faults=")
            .send()
            .await;
        assert!(answer.unwrap().status().is_success());
    }
}

/// A request to add an order.
pub struct Addition {
    pub link: String,
    /// When it came, in milliseconds since the Unix epoch.
    pub at_millis: i64,
}
