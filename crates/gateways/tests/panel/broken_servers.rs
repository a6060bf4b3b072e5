//! What is observed of servers that break the protocol, one way at a time.

use std::time::{Duration, Instant};

use domain::providers::{AddAnswer, AddOutcome, classify_add};
use gateways::{GatewayConfig, PanelHttpGateway};
use ports::gateway::{PanelError, PanelGateway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::{Server, config, gateway, ids, is_broken, is_not_sent, is_unreadable, order, target};

#[tokio::test]
async fn an_order_is_sent_once_as_a_form_on_a_connection_of_its_own() {
    let server = Server::answering("200 OK", "content-type: text/html\r\n", r#"{"order":"23501"}"#).await;
    let gateway = gateway();
    for _ in 0..2 {
        let answer = gateway.add(&server.target(), &order()).await;
        assert!(
            matches!(classify_add(&answer), AddOutcome::Placed(id) if id.as_str() == "23501"),
            "{answer:?}"
        );
    }
    assert_eq!(server.accepted(), 2);
    let request = &server.received()[0];
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/v2 HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
    assert_eq!(
        body,
        "key=c2VjcmV0%2Fkey%2B1&action=add&service=1&link=https%3A%2F%2Fa.test%2Fp%3Fx%3D1%26y%3D%C3%BC\
         &quantity=1000&request_id=ref-1"
    );
}

#[tokio::test]
async fn a_refused_connection_and_an_unknown_name_prove_that_nothing_was_sent() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = target(&format!("http://127.0.0.1:{port}/api/v2"));
    let answer = gateway().add(&refused, &order()).await;
    assert_eq!(
        answer,
        AddAnswer::NotSent {
            why: "connection refused".to_owned()
        }
    );
    let error = gateway().balance(&refused).await.unwrap_err();
    assert_eq!(error, PanelError::Unreachable("connection refused".to_owned()));
    let unknown = target("http://no-such-host.invalid/api/v2");
    assert!(is_not_sent(&gateway().add(&unknown, &order()).await));
}

#[tokio::test]
async fn a_connect_timeout_proves_that_nothing_was_sent() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts: once the backlog is full, connecting takes for ever.
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the backlog does not fill up");
    }
    let gateway = PanelHttpGateway::new(&GatewayConfig {
        connect_timeout: Duration::from_millis(300),
        ..config()
    })
    .unwrap();
    let answer = gateway
        .add(&target(&format!("http://{address}/api/v2")), &order())
        .await;
    assert_eq!(
        answer,
        AddAnswer::NotSent {
            why: "timeout".to_owned()
        }
    );
}

#[tokio::test]
async fn a_failed_tls_handshake_proves_that_nothing_was_sent() {
    let plain = Server::sending("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let silent = Server::start(|_stream| std::future::pending()).await;
    for server in [&plain, &silent] {
        let url = format!("https://127.0.0.1:{}/api/v2", server.port);
        let answer = gateway().add(&target(&url), &order()).await;
        assert!(is_not_sent(&answer), "{answer:?}");
        assert!(
            server
                .received()
                .iter()
                .all(|request| !request.contains("action"))
        );
    }
}

#[tokio::test]
async fn an_address_that_is_none_proves_that_nothing_was_sent() {
    for url in [
        "",
        "panel.example",
        "ftp://panel.example/",
        "http://user:pass@127.0.0.1/",
    ] {
        let answer = gateway().add(&target(url), &order()).await;
        assert!(is_not_sent(&answer), "{url}: {answer:?}");
        let error = gateway().balance(&target(url)).await.unwrap_err();
        assert!(matches!(error, PanelError::Forbidden(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn silence_after_the_request_is_a_broken_answer_when_the_time_is_up() {
    let server = Server::start(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let started = Instant::now();
    let answer = gateway().add(&server.target(), &order()).await;
    assert_eq!(
        answer,
        AddAnswer::Broken {
            why: "timeout".to_owned()
        }
    );
    assert!(is_broken(&answer));
    let error = gateway().balance(&server.target()).await.unwrap_err();
    assert_eq!(error, PanelError::Broken("timeout".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(server.accepted(), 2, "one request each");
}

#[tokio::test]
async fn a_slow_drip_is_cut_by_the_total_time() {
    let server = Server::start(|mut stream| async move {
        stream.set_nodelay(true).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{\"order\":1}";
        for byte in answer.iter().chain(std::iter::repeat(&b' ')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let started = Instant::now();
    assert!(is_broken(&gateway().add(&server.target(), &order()).await));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_reset_or_an_early_end_is_a_broken_answer_and_is_not_repeated() {
    let reset = Server::start(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    let closed = Server::sending("").await;
    let half_a_head = Server::sending("HTTP/1.1 200 OK\r\ncontent-le").await;
    let truncated = Server::sending("HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{\"order\":151}").await;
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"order\":151}\r\n";
    let without_last_chunk = Server::sending(chunks).await;
    let not_http = Server::sending("order=151\r\n\r\n").await;
    let invalid_length = Server::sending("HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\n{}").await;
    for server in [
        &reset,
        &closed,
        &half_a_head,
        &truncated,
        &without_last_chunk,
        &not_http,
        &invalid_length,
    ] {
        let answer = gateway().add(&server.target(), &order()).await;
        assert!(is_broken(&answer), "{answer:?}");
        assert_eq!(server.accepted(), 1);
        let error = gateway().balance(&server.target()).await.unwrap_err();
        assert!(matches!(error, PanelError::Broken(_)), "{error:?}");
        assert_eq!(server.accepted(), 2);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_anywhere() {
    let elsewhere = Server::answering("200 OK", "", r#"{"order":1}"#).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("location: {}\r\n", elsewhere.url());
        let server = Server::answering(status, &location, "").await;
        let answer = gateway().add(&server.target(), &order()).await;
        assert!(is_unreadable(&answer), "{status}: {answer:?}");
        let error = gateway().services(&server.target()).await.unwrap_err();
        assert!(matches!(error, PanelError::Unreadable(_)), "{status}: {error:?}");
        assert_eq!(server.accepted(), 2);
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn no_more_than_a_batch_of_sendable_ids_is_asked_for() {
    let server = Server::answering("200 OK", "", "{}").await;
    let many: Vec<String> = (1..=150).map(|id| id.to_string()).collect();
    let mut asked: Vec<&str> = vec!["1,2", "", "a b"];
    asked.extend(many.iter().map(String::as_str));
    assert!(
        gateway()
            .statuses(&server.target(), &ids(&asked))
            .await
            .unwrap()
            .is_empty()
    );
    let request = &server.received()[0];
    assert_eq!(request.matches("%2C").count(), 99);
    assert!(request.ends_with("%2C100"), "{request}");
    assert!(
        gateway()
            .statuses(&server.target(), &[])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(server.accepted(), 1, "nothing to ask, nothing sent");
}

#[tokio::test]
async fn reads_reuse_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = r#"{"balance":"1","currency":"USD"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).await.unwrap() > 0 {
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let gateway = gateway();
    let target = target(&format!("http://{address}/api/v2"));
    for _ in 0..3 {
        assert_eq!(gateway.balance(&target).await.unwrap().amount, "1");
    }
    drop(gateway);
    server.await.unwrap();
}

#[tokio::test]
async fn an_order_never_goes_over_a_connection_that_was_used_before() {
    let server = Server::start(|mut stream| async move {
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: keep-alive\r\n\r\n{\"order\":151}";
        stream.write_all(answer).await.unwrap();
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let gateway = gateway();
    for sent in 1..=3 {
        let answer = gateway.add(&server.target(), &order()).await;
        assert!(
            matches!(classify_add(&answer), AddOutcome::Placed(_)),
            "{answer:?}"
        );
        assert_eq!(server.accepted(), sent);
    }
}
