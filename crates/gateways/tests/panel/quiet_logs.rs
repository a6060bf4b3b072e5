//! Not even the most talkative log shows the key or a customer's link.

use std::io;
use std::sync::{Arc, Mutex};

use ports::gateway::PanelGateway;
use tracing_subscriber::filter::LevelFilter;

use crate::support::{KEY, Server, gateway, ids, order, target};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_the_key_or_the_link() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let echo = Server::answering("200 OK", "", &format!(r#"{{"error":"Invalid API key {KEY}"}}"#)).await;
    let cut = Server::sending("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
    for target in [echo.target(), cut.target(), target("http://127.0.0.1:1/api/v2")] {
        gateway().add(&target, &order()).await;
        gateway().statuses(&target, &ids(&["1"])).await.unwrap_err();
    }

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("panel called"))
        .collect();
    assert_eq!(ours.len(), 6, "{text}");
    assert!(
        ours[0].contains(r#"provider_id=1 action="add" status=200"#),
        "{}",
        ours[0]
    );
    assert!(ours[0].contains(r#"outcome="answered""#), "{}", ours[0]);
    for secret in [KEY, "c2VjcmV0", "a.test"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
