//! An OAuth server in a process of its own, and a browser of its own to walk through it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::install_package;

/// What the server consists of.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oauth");
/// What every answer of the server that is no answer holds, and no answer of ours may.
pub const UPSTREAM: &str = "canary-upstream";
/// What we prove ourselves with. It may appear nowhere.
pub const CLIENT_SECRET: &str = "canary-client-secret";

/// The server, for as long as the test runs.
pub struct OAuthServer {
    _process: Process,
    client: Client,
    pub base: String,
}

impl OAuthServer {
    /// Starts one that sends browsers back to `redirect`. `None` where there is no node, which is said on the output.
    pub async fn start(redirect: &str) -> Option<Self> {
        let redirect = redirect.to_owned();
        let starting = tokio::task::spawn_blocking(move || start(&redirect));
        let (process, base) = starting.await.expect("the server starts")?;
        Some(Self {
            _process: process,
            client: client(),
            base,
        })
    }

    /// Who sits in front of the browser: GitHub's number, and their addresses as `(address, primary, verified)`.
    pub async fn seat(&self, number: u64, login: &str, addresses: &[(&str, bool, bool)]) {
        let entry = |(email, primary, verified): &(&str, bool, bool)| json!({ "email": email, "primary": primary, "verified": verified, "visibility": null });
        let person = json!({
            "id": number, "login": login, "name": format!("{login} of GitHub"), "email": null,
            "avatar_url": "https://avatars.example/u/1", "emails": addresses.iter().map(entry).collect::<Vec<_>>(),
        });
        self.ask("control", json!({ "person": person })).await;
    }

    /// What goes wrong where: `token`, `user` or `emails`.
    pub async fn fault(&self, place: &str, fault: &str) {
        self.ask("control", json!({ "faults": { place: fault } })).await;
    }

    /// Whether people decline from now on.
    pub async fn decline(&self, declines: bool) {
        self.ask("control", json!({ "declines": declines })).await;
    }

    /// Somebody says yes; the path and query to which their browser is sent back.
    pub async fn consent(&self, url: &str) -> String {
        let walked = self.ask("walk", json!({ "url": url })).await;
        let back = walked["back"].as_str().unwrap_or_else(|| panic!("{walked}"));
        let path = back.strip_prefix(super::site::PUBLIC);
        path.unwrap_or_else(|| panic!("sent to {back}")).to_owned()
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/{path}", self.base)).json(&body);
        let answer = request.send().await.expect("the server answers");
        answer.json().await.expect("JSON")
    }
}

/// A process that ends with whoever holds it, whatever becomes of them.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this client talks to the test's own server"
)]
fn client() -> Client {
    // It is the first client of the process. An error means that a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(Duration::from_secs(40));
    client.build().expect("a client can be built")
}

fn start(redirect: &str) -> Option<(Process, String)> {
    let folder = install_package(Path::new(PROJECT), "signing in with GitHub")?;
    let child = Command::new("node")
        .arg("server.mjs")
        .env("REDIRECT_URL", redirect)
        .current_dir(folder)
        // It ends when this ends, also if nobody is left to kill it.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node starts");
    let mut process = Process(child);
    let mut lines = BufReader::new(process.0.stdout.take().expect("it is piped")).lines();
    let base = lines.find_map(|line| Some(line.ok()?.strip_prefix("LISTENING ")?.to_owned()));
    // It goes on talking, and must not wait for somebody to listen.
    std::thread::spawn(move || lines.for_each(drop));
    Some((process, base.expect("it listens")))
}
