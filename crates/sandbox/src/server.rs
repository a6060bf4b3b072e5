//! The connections: accepting them, speaking HTTP on them, and breaking them on purpose.

use std::convert::Infallible;
use std::future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::actions::Exchange;
use crate::book::Draft;
use crate::desk::Desk;
use crate::inspect;
use crate::params::Params;
use crate::wire::{self, Raw, Reply};
use crate::wording::Wording;

/// Connections open at a time; more wait in the backlog.
const MAX_CONNECTIONS: usize = 4_096;

/// Longest request body, in bytes.
const MAX_BODY: usize = 1_048_576;

/// Time a caller has to send the head of a request, and an idle connection stays open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Time requests in progress get when the panel stops.
const GRACE: Duration = Duration::from_millis(500);

/// Pause before accepting or listening is tried again after an error.
const RETRY: Duration = Duration::from_millis(50);

/// Path of the panel API.
pub const API_PATH: &str = "/api/v2";

/// Path below which the witness answers.
const SANDBOX_PREFIX: &str = "/sandbox/";

/// Tells every task of a panel to end: the value becomes true or the sender goes away.
type Stop = watch::Receiver<bool>;

async fn stopped(stop: &mut Stop) {
    // An error means that the panel is gone, which is the same signal.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until told to stop. While the panel is down it does not listen.
pub async fn run(listener: TcpListener, address: SocketAddr, desk: Arc<Desk>, mut stop: Stop) {
    let mut faults = desk.watch_faults();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    let mut accepted: u64 = 0;
    loop {
        if faults.borrow_and_update().is_down() {
            listener = None;
            connections.abort_all();
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        tokio::select! {
            () = stopped(&mut stop) => break,
            _ = faults.changed() => {}
            Some(_) = connections.join_next() => {}
            connection = accept(listener.as_ref()), if connections.len() < MAX_CONNECTIONS => {
                let Some((stream, peer)) = connection else { continue };
                accepted = accepted.wrapping_add(1);
                if !desk.faults().closes(desk.config.seed, accepted) {
                    connections.spawn(serve(stream, peer, Arc::clone(&desk), stop.clone()));
                }
            }
        }
    }
    drop(listener);
    let _ = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

/// The next connection; `None` after a pause when there is none to be had, forever pending while down.
async fn accept(listener: Option<&TcpListener>) -> Option<(TcpStream, SocketAddr)> {
    if let Some(listener) = listener
        && let Ok(connection) = listener.accept().await
    {
        return Some(connection);
    }
    sleep(RETRY).await;
    None
}

/// Serves one connection until it ends, is taken over for a raw answer, or the panel stops.
async fn serve(stream: TcpStream, peer: SocketAddr, desk: Arc<Desk>, mut stop: Stop) {
    let (takeover, mut taken_over) = mpsc::channel(1);
    let is_local = peer.ip().to_canonical().is_loopback();
    let stop_of_requests = stop.clone();
    let service = service_fn(move |request| {
        let caller = Caller {
            desk: Arc::clone(&desk),
            is_local,
            takeover: takeover.clone(),
            stop: stop_of_requests.clone(),
        };
        caller.answer(request)
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let raw = tokio::select! {
        // What goes wrong here is the caller's doing and the caller notices.
        _ = &mut connection => return,
        Some(raw) = taken_over.recv() => Some(raw),
        () = stopped(&mut stop) => None,
    };
    let Some(raw) = raw else {
        Pin::new(&mut connection).graceful_shutdown();
        let _ = connection.await;
        return;
    };
    let stream = connection.into_parts().io.into_inner();
    tokio::select! {
        _ = wire::send_raw(raw, stream) => {}
        () = stopped(&mut stop) => {}
    }
}

/// What answering one request needs.
struct Caller {
    desk: Arc<Desk>,
    is_local: bool,
    takeover: mpsc::Sender<Raw>,
    stop: Stop,
}

impl Caller {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        match self.reply(request).await {
            Reply::Http(response) => Ok(response),
            Reply::Delayed(delay, response) => {
                sleep(delay).await;
                Ok(response)
            }
            Reply::Raw(raw) => {
                // The connection is taken away from under this future, which must not answer meanwhile.
                let _ = self.takeover.send(raw).await;
                future::pending().await
            }
            Reply::Silence => future::pending().await,
        }
    }

    async fn reply(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        if head.method != Method::GET && head.method != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "use POST");
        }
        let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broken");
        };
        let content_type = head
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let params = Params::read(head.uri.query(), content_type, &body.to_bytes());
        if path == API_PATH {
            return self.api(&params).await;
        }
        match path.strip_prefix(SANDBOX_PREFIX) {
            // A browser names the page a request comes from; no page has business here.
            Some(page) if self.is_local && !head.headers.contains_key(ORIGIN) => {
                Reply::Http(inspect::answer(&self.desk, &head.method, page, &params))
            }
            _ => refuse(StatusCode::NOT_FOUND, "not found"),
        }
    }

    async fn api(&self, params: &Params) -> Reply {
        let (value, delivery) = match self.desk.handle(params) {
            Exchange::Answer(value, delivery) => (value, delivery),
            Exchange::Later(draft, wording, delivery) => match self.place_later(draft, wording).await {
                Some(value) => (value, delivery),
                None => return Reply::Silence,
            },
        };
        wire::reply(&value, delivery, self.desk.config.delays, API_PATH)
    }

    /// Places the order after the delay even when the caller has gone; `None` when the panel stopped first.
    async fn place_later(&self, draft: Draft, wording: Wording) -> Option<Value> {
        let (done, answer) = oneshot::channel();
        let desk = Arc::clone(&self.desk);
        let mut stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped(&mut stop) => {}
                () = sleep(desk.config.delays.late_after) => {
                    // Nobody may be listening any more: that is the point of the fault.
                    let _ = done.send(desk.place(draft, wording));
                }
            }
        });
        answer.await.ok()
    }
}

fn refuse(status: StatusCode, text: &str) -> Reply {
    Reply::Http(wire::json_response(status, &json!({ "error": text })))
}
