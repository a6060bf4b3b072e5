//! A client for setting the stage: one request, one connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// What is there at a path such as `/result/orders`; null if nothing is.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    body: String,
}

/// Whom to ask, and as whom.
#[derive(Debug, Clone)]
pub struct Client {
    /// `127.0.0.1:8080`
    pub address: String,
    pub cookie: Option<String>,
}

impl Client {
    pub fn anonymous(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            cookie: None,
        }
    }

    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self {
            address: self.address.clone(),
            cookie: Some(cookie.to_owned()),
        }
    }

    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask("GET", path, "", "")
    }

    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.ask(
            "POST",
            path,
            "content-type: application/json\r\n",
            &body.to_string(),
        )
    }

    pub fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.ask(
            "PATCH",
            path,
            "content-type: application/json\r\n",
            &body.to_string(),
        )
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> anyhow::Result<Answer> {
        let asked = || format!("{method} {path} at {}", self.address);
        let mut stream = TcpStream::connect(&self.address).with_context(asked)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let cookie = self
            .cookie
            .as_ref()
            .map_or_else(String::new, |cookie| format!("cookie: {cookie}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{cookie}{headers}content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).with_context(asked)?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).with_context(asked)?;
        Answer::parse(&String::from_utf8_lossy(&received)).with_context(asked)
    }
}

impl Answer {
    /// An answer as it came. A body in chunks keeps its chunks' lengths, which a JSON parser would refuse.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (head, body) = text.split_once("\r\n\r\n").context("the answer has no end")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let head = head.to_ascii_lowercase();
        let body = if head.contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        Ok(Self {
            status: status.context("the answer has no status")?,
            // Cookies differ by case, so the lower-cased head is for names alone.
            head: text
                .split_once("\r\n\r\n")
                .map_or("", |(head, _)| head)
                .to_owned(),
            body,
        })
    }

    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }

    /// The body of an answer with this status.
    pub fn expect(&self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "status {}: {}", self.status, self.body);
        self.json()
    }

    /// The field of this name.
    pub fn header(&self, name: &str) -> anyhow::Result<String> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field
            .map(|(_, value)| value.trim().to_owned())
            .with_context(|| format!("the answer has no {name}: {}", self.head))
    }

    /// The cookie of this name, as it is to be sent back.
    pub fn cookie(&self, name: &str) -> anyhow::Result<String> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut given = fields
            .filter(|(field, _)| field.eq_ignore_ascii_case("set-cookie"))
            .map(|(_, value)| value.trim());
        let cookie = given.find(|cookie| cookie.starts_with(name));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        cookie
            .map(str::to_owned)
            .with_context(|| format!("the answer gives no cookie {name}: {}", self.body))
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or_default();
        let (Some(chunk), Some(rest)) = (rest.get(..length), rest.get(length + 2..)) else {
            break;
        };
        if length == 0 {
            break;
        }
        whole.push_str(chunk);
        body = rest;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let text = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a.b=C; Path=/\r\n\r\n\
                    5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n";
        let answer = Answer::parse(text).unwrap();
        assert_eq!(answer.expect(201).unwrap()["a"], 1);
        assert_eq!(answer.cookie("a.b").unwrap(), "a.b=C");
        assert!(answer.expect(200).is_err());
    }
}
