//! Answers as bytes: what hyper sends, and what it would refuse to send.

use std::io;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bomb;
use crate::config::Delays;
use crate::delivery::Delivery;

/// Size of the `huge` body, in bytes.
pub const HUGE_BODY: usize = 10_000_000;

/// Bytes written at a time of a long body.
const CHUNK: usize = 65_536;

/// Longest drip; callers have long given up.
const MAX_DRIP: Duration = Duration::from_secs(3_600);

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";

const SERVER_ERROR_PAGE: &str = "<html><head><title>500 Internal Server Error</title></head><body><h1>Internal Server Error</h1></body></html>";
const WAITING_PAGE: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
    <body>Checking your browser before accessing the panel.</body></html>";

/// An answer ready to be sent.
#[derive(Debug)]
pub enum Reply {
    /// Through hyper.
    Http(Response<Full<Bytes>>),
    /// Through hyper after a delay.
    Delayed(Duration, Response<Full<Bytes>>),
    /// Past hyper, on the bare connection.
    Raw(Raw),
    /// Never.
    Silence,
}

/// Something hyper would not send; the connection is over afterwards.
#[derive(Debug)]
pub enum Raw {
    /// RST instead of an answer.
    Reset,
    /// FIN instead of an answer; goes on reading.
    HalfClose,
    /// Half of the announced body, then FIN.
    Truncated(Vec<u8>),
    /// The whole answer byte by byte with this pause between.
    Drip(Vec<u8>, Duration),
    /// [`HUGE_BODY`] bytes of JSON.
    Huge,
}

/// Turns an answer into what is sent for it.
pub fn reply(value: &Value, delivery: Delivery, delays: Delays, path: &str) -> Reply {
    let body = value.to_string();
    match delivery {
        Delivery::Prompt => Reply::Http(response(StatusCode::OK, JSON, body)),
        Delivery::Slow => Reply::Delayed(delays.slow_by, response(StatusCode::OK, JSON, body)),
        Delivery::Drip => Reply::Raw(Raw::Drip(body.into_bytes(), delays.drip_every)),
        Delivery::Http500 => Reply::Http(response(
            StatusCode::INTERNAL_SERVER_ERROR,
            HTML,
            SERVER_ERROR_PAGE,
        )),
        Delivery::Html => Reply::Http(response(StatusCode::OK, HTML, WAITING_PAGE)),
        Delivery::Garbage => Reply::Http(response(
            StatusCode::OK,
            JSON,
            &b"\xff\xfe\x00\x9f{\"order\":\x80\xc3\x28"[..],
        )),
        Delivery::Empty => Reply::Http(response(StatusCode::OK, JSON, "")),
        Delivery::CutJson => Reply::Http(response(StatusCode::OK, JSON, half(body.into_bytes()))),
        Delivery::Truncated => Reply::Raw(Raw::Truncated(body.into_bytes())),
        Delivery::Huge => Reply::Raw(Raw::Huge),
        Delivery::GzipBomb => {
            let mut response = response(StatusCode::OK, JSON, bomb::gzip());
            response
                .headers_mut()
                .insert(CONTENT_ENCODING, hyper::header::HeaderValue::from_static("gzip"));
            Reply::Http(response)
        }
        Delivery::Redirect => {
            let mut response = response(StatusCode::TEMPORARY_REDIRECT, HTML, "");
            if let Ok(location) = path.parse() {
                response.headers_mut().insert(LOCATION, location);
            }
            Reply::Http(response)
        }
        Delivery::TooManyRequests => {
            let body = json!({ "error": "Too many requests" }).to_string();
            let mut response = response(StatusCode::TOO_MANY_REQUESTS, JSON, body);
            response
                .headers_mut()
                .insert(RETRY_AFTER, hyper::header::HeaderValue::from_static("2"));
            Reply::Http(response)
        }
        Delivery::Forbidden => {
            let body = json!({ "error": "Access denied" }).to_string();
            Reply::Http(response(StatusCode::FORBIDDEN, JSON, body))
        }
        Delivery::Reset => Reply::Raw(Raw::Reset),
        Delivery::HalfClose => Reply::Raw(Raw::HalfClose),
        Delivery::Hang => Reply::Silence,
    }
}

/// A plain response.
pub fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        hyper::header::HeaderValue::from_static(content_type),
    );
    response
}

/// A JSON response.
pub fn json_response(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    response(status, JSON, value.to_string())
}

fn half(mut body: Vec<u8>) -> Vec<u8> {
    body.truncate(body.len() / 2);
    body
}

/// Sends what hyper would not, and ends the connection.
pub async fn send_raw(raw: Raw, mut stream: TcpStream) -> io::Result<()> {
    match raw {
        Raw::Reset => {
            stream.set_zero_linger()?;
            drop(stream);
            return Ok(());
        }
        Raw::HalfClose => {}
        Raw::Truncated(body) => {
            stream.write_all(&head(body.len())).await?;
            stream.write_all(&half(body)).await?;
        }
        Raw::Drip(body, pause) => drip(&mut stream, [head(body.len()), body].concat(), pause).await?,
        Raw::Huge => write_huge(&mut stream).await?,
    }
    stream.shutdown().await?;
    drain(stream).await
}

fn head(length: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {JSON}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .into_bytes()
}

async fn drip(stream: &mut TcpStream, bytes: Vec<u8>, pause: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let all = async {
        for byte in bytes {
            stream.write_all(&[byte]).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    };
    tokio::time::timeout(MAX_DRIP, all).await.unwrap_or(Ok(()))
}

async fn write_huge(stream: &mut TcpStream) -> io::Result<()> {
    const OPENING: &[u8] = b"{\"order\":1,\"note\":\"";
    const CLOSING: &[u8] = b"\"}";
    stream.write_all(&head(HUGE_BODY)).await?;
    stream.write_all(OPENING).await?;
    let chunk = vec![b'x'; CHUNK];
    let mut left = HUGE_BODY.saturating_sub(OPENING.len() + CLOSING.len());
    while left > 0 {
        let piece = chunk.get(..left.min(CHUNK)).unwrap_or(&chunk);
        stream.write_all(piece).await?;
        left = left.saturating_sub(piece.len());
    }
    stream.write_all(CLOSING).await
}

/// Reads until the caller closes, so that closing with unread bytes does not turn the FIN into a RST.
async fn drain(mut stream: TcpStream) -> io::Result<()> {
    let mut sink = [0_u8; 1_024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}
