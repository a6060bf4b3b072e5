//! Somebody who talks to the shop over HTTP, and does not give up.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use reqwest::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::books::Books;
use crate::chance::Chance;

/// How long a client waits for one answer. Shorter than the server's own limit, so that answers get lost.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(6);
/// How long a client repeats a request before something is wrong: nothing is down for so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pauses between repetitions.
const PAUSE_MIN: Duration = Duration::from_millis(300);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The result of a success with this status.
    pub fn result(&self, status: u16) -> anyhow::Result<&Value> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.text
        );
        self.body.get("result").context("an answer without a result")
    }
}

/// A request. Every attempt at it is the same.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
    key: Option<String>,
}

impl Request {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            body: Some(body),
            key: None,
        }
    }

    /// The same order for another quantity.
    pub fn asking_for(mut self, quantity: u64) -> Self {
        if let Some(field) = self.body.as_mut().and_then(|body| body.get_mut("quantity")) {
            *field = quantity.into();
        }
        self
    }

    /// With an idempotency key.
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

/// A client of the shop.
pub struct Visitor {
    client: Client,
    nodes: Arc<[String]>,
    /// What a proxy would say about where it comes from.
    address: String,
    cookie: OnceLock<String>,
    books: Arc<Books>,
}

impl Visitor {
    /// Somebody who has not signed in.
    #[expect(
        clippy::disallowed_methods,
        reason = "this client stands for a browser and calls the product alone"
    )]
    pub fn new(nodes: Arc<[String]>, number: usize, books: Arc<Books>) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(ANSWER_TIME_MAX).build()?;
        let address = format!("10.0.{}.{}", number / 250, number % 250 + 1);
        Ok(Self {
            client,
            nodes,
            address,
            cookie: OnceLock::new(),
            books,
        })
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) -> anyhow::Result<()> {
        let form = json!({ "email": email, "password": password });
        self.enter("/api/auth/sign-in/email", form).await.map(|_| ())
    }

    /// Signs up; the id.
    pub async fn sign_up(&self, email: &str, password: &str) -> anyhow::Result<String> {
        let form = json!({ "name": "Somebody", "email": email, "password": password });
        let body = self.enter("/api/auth/sign-up/email", form).await?;
        let id = body.pointer("/user/id").and_then(Value::as_str);
        id.map(str::to_owned).context("a user without an id")
    }

    async fn enter(&self, path: &str, form: Value) -> anyhow::Result<Value> {
        let node = self.nodes.first().context("a node")?;
        let sent = self
            .client
            .post(format!("{node}{path}"))
            .header("x-forwarded-for", &self.address);
        let response = sent.json(&form).send().await?;
        let cookie = response
            .headers()
            .get(SET_COOKIE)
            .and_then(|value| value.to_str().ok());
        let cookie = cookie
            .and_then(|cookie| cookie.split(';').next())
            .map(str::to_owned);
        let text = response.text().await?;
        let cookie = cookie.with_context(|| format!("{path} grants no session: {text}"))?;
        self.cookie
            .set(cookie)
            .map_err(|_| anyhow!("signed in already"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Asks once. `None` if no answer came in time or at all.
    pub async fn ask(&self, request: &Request, node: u64, patience: Duration) -> Option<Answer> {
        let count = u64::try_from(self.nodes.len()).ok()?;
        let node = self.nodes.get(usize::try_from(node.checked_rem(count)?).ok()?)?;
        let mut call = self
            .client
            .request(request.method.clone(), format!("{node}{}", request.path))
            .timeout(patience.min(ANSWER_TIME_MAX))
            .header("x-forwarded-for", &self.address);
        if let Some(cookie) = self.cookie.get() {
            call = call.header(COOKIE, cookie);
        }
        if let Some(key) = &request.key {
            call = call.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            call = call.json(body);
        }
        let response = call.send().await.ok()?;
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotent-replayed");
        let says_when = response.headers().contains_key(RETRY_AFTER);
        let text = response.text().await.ok()?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer {
            status,
            replayed,
            body,
            text,
        };
        self.judge(request, &answer, says_when);
        Some(answer)
    }

    fn judge(&self, request: &Request, answer: &Answer, says_when: bool) {
        let Request { method, path, .. } = request;
        let Answer { status, text, .. } = answer;
        match status {
            503 => self.books.count("answered 503"),
            500.. => self
                .books
                .wrong(format!("{method} {path} answers {status}: {text}")),
            401 => self
                .books
                .wrong(format!("{method} {path}: a session was lost: {text}")),
            _ => {}
        }
        if *status == 503 && !says_when {
            self.books
                .wrong(format!("{method} {path} answers 503 without Retry-After: {text}"));
        }
    }

    /// Repeats the same request at any node until there is an answer that decides something, with growing pauses: who
    /// repeats faster than a server that has fallen behind can answer keeps it there.
    pub async fn insist(&self, request: &Request, mut chance: Chance) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let mut pause = PAUSE_MIN;
        loop {
            match self.ask(request, chance.draw(), ANSWER_TIME_MAX).await {
                Some(answer) if answer.status < 500 => return Ok(answer),
                Some(_) => {}
                None => self.books.count("answers lost"),
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "{} {} was not answered in {PATIENCE:?}",
                request.method,
                request.path
            );
            tokio::time::sleep(chance.moment(pause, 20, 100)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
