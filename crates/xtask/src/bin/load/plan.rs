//! What to ask.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// Stands for digits that no other request has.
const UNIQUE: &str = "{unique}";
/// As many digits as take its place.
const DIGITS: usize = 16;

/// What to ask, as the file says it.
#[derive(Deserialize)]
pub struct Plan {
    method: String,
    path: String,
    /// `{unique}` in it and in headers becomes 16 digits.
    #[serde(default)]
    body: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// One user each; requests take them in turn.
    #[serde(default)]
    cookies: Vec<String>,
    /// The status that counts as success.
    pub status: u16,
}

impl Plan {
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no plan", file.display()))
    }

    /// The requests of all users, ready to be sent.
    pub fn requests(&self) -> anyhow::Result<Requests> {
        let nobody = [String::new()];
        let cookies = if self.cookies.is_empty() {
            &nobody[..]
        } else {
            &self.cookies[..]
        };
        let requests: Vec<Request> = cookies.iter().map(|cookie| self.request(cookie)).collect();
        ensure!(!requests.is_empty(), "there is nobody to ask for");
        #[expect(
            clippy::disallowed_methods,
            reason = "a number that no earlier run used; nothing is decided by it"
        )]
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Requests {
            requests,
            turn: 0,
            // A run sends fewer requests than microseconds pass, so no two runs use a number twice.
            unique: u64::try_from(since.as_micros())?,
        })
    }

    fn request(&self, cookie: &str) -> Request {
        let digits = "0".repeat(DIGITS);
        let mut text = format!("{} {} HTTP/1.1\r\nhost: 127.0.0.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !cookie.is_empty() {
            text.push_str(&format!("cookie: {cookie}\r\n"));
        }
        let body = self.body.replace(UNIQUE, &digits);
        if !self.body.is_empty() {
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                body.len()
            ));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        let mut blanks = Vec::new();
        while let Some(at) = text.find(UNIQUE) {
            text.replace_range(at..at + UNIQUE.len(), &digits);
            blanks.push(at);
        }
        Request {
            bytes: text.into_bytes(),
            blanks,
        }
    }
}

/// A request of one user, and where its digits go.
struct Request {
    bytes: Vec<u8>,
    blanks: Vec<usize>,
}

/// The requests of all users, one after another.
pub struct Requests {
    requests: Vec<Request>,
    turn: usize,
    unique: u64,
}

impl Requests {
    /// The next one, unlike every other.
    pub fn next(&mut self) -> &[u8] {
        let turn = self.turn;
        self.turn = (turn + 1) % self.requests.len();
        self.unique += 1;
        let unique = self.unique;
        let Some(request) = self.requests.get_mut(turn) else {
            return &[];
        };
        for &at in &request.blanks {
            if let Some(blank) = request.bytes.get_mut(at..at + DIGITS) {
                write_digits(blank, unique);
            }
        }
        &request.bytes
    }
}

fn write_digits(blank: &mut [u8], mut number: u64) {
    for digit in blank.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_a_number_of_its_own_and_the_users_take_turns() {
        let plan: Plan = serde_json::from_str(
            r#"{"method":"POST","path":"/orders","body":"{\"link\":\"{unique}\"}","headers":[["key","k-{unique}"]],
                "cookies":["a=1","b=2"],"status":201}"#,
        )
        .unwrap();
        let mut requests = plan.requests().unwrap();
        let mut next = || String::from_utf8(requests.next().to_vec()).unwrap();
        let (first, second, third) = (next(), next(), next());
        let number = |text: &str| text.split_once("key: k-").unwrap().1[..DIGITS].to_owned();
        assert!(first.contains("cookie: a=1\r\n") && second.contains("cookie: b=2\r\n"));
        assert!(third.contains("cookie: a=1\r\n") && number(&first) != number(&third));
        assert!(first.ends_with(&format!("\r\n\r\n{{\"link\":\"{}\"}}", number(&first))));
        let (head, body) = first.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
    }
}
