//! One kept-alive connection with at most one request on its way.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context, bail};

const ROOM: usize = 64 * 1024;

/// What came back.
pub struct Answer {
    pub status: u16,
    /// Bytes of the body.
    pub size: usize,
}

pub struct Connection {
    pub stream: TcpStream,
    received: Vec<u8>,
    /// When the request on its way was due; `None` if there is none.
    pub due: Option<Instant>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("nobody answers at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(ROOM),
            due: None,
        })
    }

    /// Requests are small: a socket that takes no more of one has a peer that reads nothing.
    pub fn send(&mut self, request: &[u8], due: Instant) -> anyhow::Result<()> {
        self.stream
            .write_all(request)
            .context("a request could not be sent")?;
        self.received.clear();
        self.due = Some(due);
        Ok(())
    }

    /// Reads what is there; the answer when it is complete, with its body still in `body`.
    pub fn receive(&mut self) -> anyhow::Result<Option<Answer>> {
        let mut room = [0; ROOM];
        loop {
            match self.stream.read(&mut room) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) => {
                    self.received
                        .extend_from_slice(room.get(..count).unwrap_or_default());
                    if count < ROOM {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("an answer could not be read"),
            }
        }
        answer(&self.received)
    }

    /// What was received last.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// The status of an answer that says that the asker has it already.
const NOT_MODIFIED: u16 = 304;

fn answer(received: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(head) = find(received, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = received.split_at(head + 4);
    let head = std::str::from_utf8(head)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.context("an answer has no status")?;
    let size = match header(head, "content-length") {
        // It has no body, whatever it says.
        _ if status == NOT_MODIFIED => Some(0),
        Some(length) => {
            let length: usize = length.parse().context("an answer's length is no number")?;
            (body.len() >= length).then_some(length)
        }
        None if header(head, "transfer-encoding").is_some() => unchunked(body)?,
        None => bail!("an answer has no length"),
    };
    Ok(size.map(|size| Answer { status, size }))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

/// The size of a body in chunks, when its last one is there.
fn unchunked(mut body: &[u8]) -> anyhow::Result<Option<usize>> {
    let mut size = 0;
    loop {
        let Some(end) = find(body, b"\r\n") else {
            return Ok(None);
        };
        let (length, rest) = body.split_at(end);
        let length = usize::from_str_radix(std::str::from_utf8(length)?, 16)?;
        let Some(rest) = rest.get(2 + length + 2..) else {
            return Ok(None);
        };
        if length == 0 {
            return Ok(Some(size));
        }
        size += length;
        body = rest;
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(received: &str) -> Option<usize> {
        answer(received.as_bytes()).unwrap().map(|answer| answer.size)
    }

    #[test]
    fn an_answer_is_complete_when_its_announced_length_is_there() {
        let head = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(size("HTTP/1.1 201 Cre"), None);
        assert_eq!(size(&format!("{head}hell")), None);
        assert_eq!(size(&format!("{head}hello")), Some(5));
    }

    #[test]
    fn what_has_not_changed_has_no_body() {
        assert_eq!(size("HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n"), Some(0));
    }

    #[test]
    fn an_answer_in_chunks_is_complete_with_its_last_one() {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(size(&format!("{head}5\r\nhello\r\n")), None);
        assert_eq!(size(&format!("{head}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")), Some(6));
    }

    #[test]
    fn an_answer_without_a_length_is_an_error() {
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
