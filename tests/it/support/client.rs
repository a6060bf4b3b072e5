//! A browser that keeps its cookie by hand, and the answers it gets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// The key of every simulated panel. It may appear in no answer but that of the page that reveals it.
pub const PANEL_KEY: &str = "canary-7d1e9c40-panel-key";
/// The one path that may reveal it.
const REVEALING: &str = "/api/v1/admin/providers/key/";
/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// The session cookie.
pub const SESSION: &str = "better-auth.session_token";

/// Somebody in front of a browser. Requests go to the nodes in turn, so that nothing can depend on one of them.
pub struct Browser {
    client: Client,
    nodes: Vec<String>,
    turn: AtomicUsize,
    /// What it sends as its Cookie header.
    pub cookie: Option<String>,
    /// What a program sends instead.
    pub bearer: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this client stands for a browser and calls the product alone"
)]
fn client() -> Client {
    let client = Client::builder().timeout(PATIENCE);
    let client = client.redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client can be built")
}

impl Browser {
    /// Nobody in particular.
    pub fn anonymous(nodes: &[String]) -> Self {
        Self {
            client: client(),
            nodes: nodes.to_vec(),
            turn: AtomicUsize::new(0),
            cookie: None,
            bearer: None,
        }
    }

    /// Another browser on the same nodes, signed in as nobody.
    pub fn stranger(&self) -> Self {
        Self::anonymous(&self.nodes)
    }

    /// A browser that has signed in.
    pub async fn signed_in(nodes: &[String], email: &str, password: &str) -> Self {
        let mut browser = Self::anonymous(nodes);
        let form = json!({ "email": email, "password": password, "callbackURL": "/dashboard" });
        let answer = browser.post("/api/auth/sign-in/email", form).await;
        assert_eq!(answer.status, 200, "{email} signs in: {}", answer.text);
        browser.cookie = Some(answer.session_cookie());
        browser
    }

    /// The address of the node that is asked next.
    pub fn node(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.nodes[turn % self.nodes.len()]
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, |request| request).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, |request| request.json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, |request| request.json(&body))
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, |request| request).await
    }

    /// Begins to read an answer that has no end, on one of the nodes.
    pub async fn open(
        &self,
        address: &str,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Response {
        let mut request = self.client.get(address);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = complete(request.timeout(Duration::from_mins(10))).send().await;
        response.unwrap_or_else(|error| panic!("{address}: {error:?}"))
    }

    /// Sends a request after `complete` has added what it carries.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.node()));
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer);
        }
        let what = format!("{method} {path}");
        let response = complete(request).send().await;
        let response = response.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let answer = Answer {
            what,
            status,
            headers,
            text,
        };
        answer.check_what_every_answer_has(path);
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    fn check_what_every_answer_has(&self, path: &str) {
        assert!(
            path.starts_with(REVEALING) || !self.text.contains(PANEL_KEY),
            "{} tells the provider's key",
            self.what
        );
        assert_eq!(
            self.header("x-content-type-options"),
            Some("nosniff"),
            "{}",
            self.what
        );
        assert_eq!(self.header("x-frame-options"), Some("DENY"), "{}", self.what);
        let policy = self.header("content-security-policy");
        assert!(
            policy.is_some_and(|policy| policy.contains("default-src 'none'")),
            "{}",
            self.what
        );
    }

    /// A header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every Set-Cookie header.
    pub fn cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        cookies
            .map(|value| value.to_str().expect("cookies are text").to_owned())
            .collect()
    }

    /// `name=value` of the session that was granted.
    #[track_caller]
    pub fn session_cookie(&self) -> String {
        let cookies = self.cookies();
        let granted = cookies.iter().find(|cookie| cookie.starts_with(SESSION));
        let granted = granted.unwrap_or_else(|| panic!("{} grants no session: {cookies:?}", self.what));
        granted
            .split(';')
            .next()
            .expect("a cookie has a value")
            .to_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is no JSON: {}", self.what, self.text))
    }

    /// The result of a success with this status and name.
    #[track_caller]
    pub fn success(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        let mut body = self.json();
        let fields = body
            .as_object()
            .map(|body| body.keys().cloned().collect::<Vec<_>>());
        let mut fields = fields.unwrap_or_default();
        fields.sort();
        assert_eq!(fields, ["message", "name", "result", "success"], "{}", self.what);
        assert_eq!(body["success"], true, "{}", self.what);
        assert_eq!(body["name"], name, "{}", self.what);
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()));
        body["result"].take()
    }

    /// The body of a failure in the envelope with this status and name.
    #[track_caller]
    pub fn failure(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        let body = self.json();
        assert_eq!(body["success"], false, "{}: {}", self.what, self.text);
        assert_eq!(body["name"], name, "{}: {}", self.what, self.text);
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(
            body.get("result"),
            Some(&Value::Null),
            "{}: {}",
            self.what,
            self.text
        );
        body
    }

    /// The message of a failure in the dialect of `/api/auth` with this status and code.
    #[track_caller]
    pub fn auth_failure(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{}: {}", self.what, self.text);
        body["message"]
            .as_str()
            .expect("a failure has a message")
            .to_owned()
    }
}
