//! A server that does one thing, a gateway with short limits, and the texts an answer consists of.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::providers::{AddAnswer, AddBody, AddOutcome, classify_add};
use domain::{ProviderId, ProviderOrderId, Secret};
use gateways::{AddressPolicy, GatewayConfig, PanelHttpGateway};
use ports::gateway::{PanelOrder, PanelTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const KEY: &str = "c2VjcmV0/key+1";

/// Limits short enough for tests and long enough for a busy machine.
pub fn config() -> GatewayConfig {
    GatewayConfig {
        addresses: AddressPolicy::AllowPrivate,
        connect_timeout: Duration::from_secs(1),
        submit_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(2),
        services_timeout: Duration::from_secs(5),
    }
}

pub fn gateway() -> PanelHttpGateway {
    PanelHttpGateway::new(&config()).unwrap()
}

pub fn target(api_url: &str) -> PanelTarget {
    PanelTarget {
        provider: ProviderId(1),
        api_url: api_url.to_owned(),
        api_key: Secret::new(KEY),
    }
}

pub fn order() -> PanelOrder {
    PanelOrder {
        upstream_service: "1".to_owned(),
        link: "https://a.test/p?x=1&y=ü".to_owned(),
        quantity: Some(1_000),
        comments: None,
        reference: Some("ref-1".to_owned()),
    }
}

pub fn ids(ids: &[&str]) -> Vec<ProviderOrderId> {
    ids.iter().map(|id| ProviderOrderId::new(*id)).collect()
}

/// A server on the loopback interface that treats every connection alike and remembers what it received.
pub struct Server {
    pub port: u16,
    accepted: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Reads a whole request from each connection, then leaves the connection to `behave`.
    pub async fn start<F, B>(behave: B) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        B: Fn(TcpStream) -> F + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (accepted, received) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counter, log) = (Arc::clone(&accepted), Arc::clone(&received));
        let behave = Arc::new(behave);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (log, behave) = (Arc::clone(&log), Arc::clone(&behave));
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    log.lock().unwrap().push(request);
                    behave(stream).await;
                });
            }
        });
        Self {
            port,
            accepted,
            received,
            task,
        }
    }

    /// Sends the same bytes to everybody and closes.
    pub async fn sending(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::start(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        })
        .await
    }

    /// Answers everybody with this status line, these headers and this body, correctly framed.
    pub async fn answering(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::sending(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
        .await
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v2", self.port)
    }

    pub fn target(&self) -> PanelTarget {
        target(&self.url())
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads until the announced length is there, or until the peer stops.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:")
                    .and_then(|length| length.trim().parse::<usize>().ok())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
            _ => return text,
        }
    }
}

pub fn is_not_sent(answer: &AddAnswer) -> bool {
    matches!(answer, AddAnswer::NotSent { .. }) && matches!(classify_add(answer), AddOutcome::NotSent { .. })
}

pub fn is_broken(answer: &AddAnswer) -> bool {
    matches!(answer, AddAnswer::Broken { .. }) && matches!(classify_add(answer), AddOutcome::Unknown { .. })
}

pub fn is_unreadable(answer: &AddAnswer) -> bool {
    matches!(
        answer,
        AddAnswer::Answered {
            body: AddBody::NotAnObject,
            ..
        }
    ) && matches!(classify_add(answer), AddOutcome::Unknown { .. })
}
