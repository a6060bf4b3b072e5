//! A small HTTP server whose every answer is decided by a function, and which can stall, lie and break off.

use std::convert::Infallible;
use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// A request as it came.
#[derive(Debug)]
pub struct Asked {
    /// The path, without a query.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// The header `apikey`.
    pub key: String,
    /// The body.
    pub body: String,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Told {
    /// JSON with this status.
    Json(u16, Value),
    /// This text with status 200.
    Text(String),
    /// JSON as text, after a while.
    Late(Duration, String),
    /// Never an answer.
    Stall,
    /// The connection ends without one.
    Close,
}

/// Somebody who decides what to answer.
pub trait Teller: Send + Sync + 'static {
    /// Decides about one request.
    fn tell(&self, asked: &Asked) -> Told;
}

/// A server on the loopback interface. Dropping it ends it.
#[derive(Debug)]
pub struct PlainServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl PlainServer {
    /// Starts on any free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(teller: Arc<dyn Teller>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(run(listener, teller));
        Ok(Self { address, task })
    }

    /// `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, teller: Arc<dyn Teller>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&teller)));
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, teller: Arc<dyn Teller>) {
    let (close, mut closed) = mpsc::channel::<()>(1);
    let service = service_fn(move |request| answer(request, Arc::clone(&teller), close.clone()));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // What goes wrong here is the caller's doing and the caller notices.
        _ = connection => {}
        _ = closed.recv() => {}
    }
}

async fn answer(
    request: Request<Incoming>,
    teller: Arc<dyn Teller>,
    close: mpsc::Sender<()>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let key = head.headers.get("apikey").and_then(|it| it.to_str().ok());
    let asked = Asked {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        key: key.unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    Ok(match teller.tell(&asked) {
        Told::Json(status, value) => response(status, value.to_string()),
        Told::Text(text) => response(200, text),
        Told::Late(after, text) => {
            sleep(after).await;
            response(200, text)
        }
        Told::Stall => future::pending().await,
        Told::Close => {
            let _ = close.send(()).await;
            future::pending().await
        }
    })
}

fn response(status: u16, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
