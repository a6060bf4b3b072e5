//! One stream of server-sent events.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail, ensure};

const ROOM: usize = 16 * 1024;

/// What is counted of a stream.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub ready: u64,
    pub orders: u64,
    pub wallets: u64,
}

/// A stream that is open, or opens.
pub struct Stream {
    pub socket: TcpStream,
    pub counts: Counts,
    reader: Reader,
}

impl Stream {
    /// Asks for it.
    pub fn open(address: SocketAddr, path: &str, cookie: &str) -> anyhow::Result<Self> {
        let mut socket =
            TcpStream::connect(address).with_context(|| format!("nobody answers at {address}"))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\ncookie: {cookie}\r\n\r\n"
        );
        socket.write_all(request.as_bytes())?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            counts: Counts::default(),
            reader: Reader::default(),
        })
    }

    /// Reads what is there.
    pub fn receive(&mut self) -> anyhow::Result<()> {
        let mut room = [0; ROOM];
        loop {
            match self.socket.read(&mut room) {
                Ok(0) => bail!("a stream ended after {:?}", self.reader.last_line()),
                Ok(count) => {
                    let read = room.get(..count).unwrap_or_default();
                    self.reader.read(read, &mut self.counts)?;
                    if count < ROOM {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a stream could not be read"),
            }
        }
    }

    /// The last data of an order and of a wallet.
    pub fn last(&self) -> [&str; 2] {
        [&self.reader.order, &self.reader.wallet]
    }
}

/// Reads lines, whatever pieces they come in. Lengths of chunks stand on lines of their own between events.
#[derive(Default)]
struct Reader {
    line: Vec<u8>,
    /// What the event is that is being read.
    event: String,
    order: String,
    wallet: String,
}

impl Reader {
    fn read(&mut self, bytes: &[u8], counts: &mut Counts) -> anyhow::Result<()> {
        let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = lines.next() {
            self.line.extend_from_slice(piece);
            // The last piece has no end yet.
            if lines.peek().is_some() {
                self.end_line(counts)?;
                self.line.clear();
            }
        }
        Ok(())
    }

    fn end_line(&mut self, counts: &mut Counts) -> anyhow::Result<()> {
        let line = std::str::from_utf8(&self.line)?.trim_end();
        if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
            ensure!(status.starts_with("200"), "a stream was answered by {line}");
        } else if let Some(event) = line.strip_prefix("event: ") {
            event.clone_into(&mut self.event);
        } else if let Some(data) = line.strip_prefix("data: ") {
            match self.event.as_str() {
                "ready" => counts.ready += 1,
                "order" => {
                    counts.orders += 1;
                    data.clone_into(&mut self.order);
                }
                "wallet" => {
                    counts.wallets += 1;
                    data.clone_into(&mut self.wallet);
                }
                other => bail!("a stream says {other}: {data}"),
            }
        }
        Ok(())
    }

    fn last_line(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2a\r\nretry: 2000\nid: 0-0\nevent: ready\n\
        data: {\"resumed\":false}\n\n\r\n99\r\nretry: 2000\nid: 1-0\nevent: order\ndata: {\"id\":7}\n\nid: 1-1\n\
        event: wallet\ndata: {\"id\":8}\n\n\r\n3\r\n:\n\n\r\n";

    #[test]
    fn events_are_counted_whatever_pieces_they_come_in() {
        for size in [1, 2, 7, 1_000] {
            let (mut reader, mut counts) = (Reader::default(), Counts::default());
            for piece in TEXT.as_bytes().chunks(size) {
                reader.read(piece, &mut counts).unwrap();
            }
            let told = Counts {
                ready: 1,
                orders: 1,
                wallets: 1,
            };
            assert_eq!(counts, told);
            assert_eq!(
                (reader.order.as_str(), reader.wallet.as_str()),
                (r#"{"id":7}"#, r#"{"id":8}"#)
            );
        }
    }

    #[test]
    fn a_stream_that_is_refused_or_ends_is_an_error() {
        let read = |text: &str| Reader::default().read(text.as_bytes(), &mut Counts::default());
        assert!(read("HTTP/1.1 429 Too Many Requests\r\n").is_err());
        assert!(read("event: closed\ndata: {\"reason\":\"stopping\"}\n\n").is_err());
    }
}
