//! Complete answers that are too large, are no answers, or quote our key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::providers::{AddAnswer, AddOutcome, classify_add};
use ports::gateway::{PanelError, PanelGateway};
use tokio::io::AsyncWriteExt;

use crate::support::{KEY, Server, gateway, ids, is_unreadable, order};

#[tokio::test]
async fn an_announced_length_that_is_too_short_leaves_json_that_is_cut() {
    let server = Server::sending("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"order\":151}").await;
    assert!(is_unreadable(&gateway().add(&server.target(), &order()).await));
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_the_limit_only() {
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let server = Server::start(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"order\":1,\"note\":\"")
                .await;
            let piece = vec![b'x'; 65_536];
            while stream.write_all(&piece).await.is_ok() {
                counter.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    let answer = gateway().add(&server.target(), &order()).await;
    assert!(is_unreadable(&answer), "{answer:?}");
    let AddAnswer::Answered { excerpt, .. } = answer else {
        panic!("no answer")
    };
    assert_eq!(excerpt.len(), 1024);
    // What is beyond the limit is what the kernels hold.
    assert!(written.load(Ordering::SeqCst) < 16 * 1024 * 1024, "{written:?}");
    let error = gateway().balance(&server.target()).await.unwrap_err();
    assert!(
        matches!(&error, PanelError::Unreadable(why) if why.contains("too large")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_list_of_services_may_be_larger_than_other_answers() {
    let row = |id: u32| {
        format!(r#"{{"service":{id},"name":"Followers {id}","category":"A","rate":"0.9","min":1,"max":100}}"#)
    };
    let rows: Vec<String> = (1..=8_000).map(row).collect();
    let body = format!("[{}]", rows.join(","));
    assert!(body.len() > 2 * 256 * 1024);
    let server = Server::answering("200 OK", "", &body).await;
    let catalogue = gateway().services(&server.target()).await.unwrap();
    assert_eq!((catalogue.services.len(), catalogue.unreadable.len()), (8_000, 0));
}

#[tokio::test]
async fn pages_empty_bodies_garbage_and_compressed_bodies_are_unreadable() {
    let waiting_page = "<!DOCTYPE html><html><title>Just a moment...</title></html>";
    let deep = format!(
        "{}1{}",
        "{\"order\":".repeat(100_000 / 9),
        "}".repeat(100_000 / 9)
    );
    for (status, headers, body) in [
        ("200 OK", "content-type: text/html\r\n", waiting_page),
        ("403 Forbidden", "content-type: text/html\r\n", waiting_page),
        ("502 Bad Gateway", "", "Bad Gateway"),
        ("200 OK", "", ""),
        ("200 OK", "", "[]"),
        ("200 OK", "", "151"),
        ("200 OK", "", "{\"order\":15"),
        ("200 OK", "", &deep),
        ("200 OK", "content-encoding: gzip\r\n", r#"{"order":151}"#),
        ("200 OK", "content-encoding: identity, br\r\n", r#"{"order":151}"#),
    ] {
        let server = Server::answering(status, headers, body).await;
        let answer = gateway().add(&server.target(), &order()).await;
        assert!(
            is_unreadable(&answer),
            "{status} {headers} {body:.40}: {answer:?}"
        );
        let error = gateway().balance(&server.target()).await.unwrap_err();
        assert!(
            matches!(error, PanelError::Unreadable(_)),
            "{status} {headers} {body:.40}: {error:?}"
        );
    }
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let not_utf8 = Server::sending([&head[..], b"{\"order\":151,\"note\":\"\xff\xfe\"}"].concat()).await;
    assert!(is_unreadable(&gateway().add(&not_utf8.target(), &order()).await));
}

#[tokio::test]
async fn an_uncompressed_answer_may_say_so() {
    let server = Server::answering("200 OK", "content-encoding: identity\r\n", r#"{"order":151}"#).await;
    let answer = gateway().add(&server.target(), &order()).await;
    assert!(
        matches!(classify_add(&answer), AddOutcome::Placed(_)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_key_never_comes_back() {
    let body = format!(
        r#"{{"error":"Incorrect API key {KEY} (c2VjcmV0%2Fkey%2B1, c2VjcmV0\/key+1, \u0063{})"}}"#,
        &KEY[1..]
    );
    let server = Server::answering("200 OK", "", &body).await;
    let answer = gateway().add(&server.target(), &order()).await;
    assert!(!format!("{answer:?}").contains("c2VjcmV0"), "{answer:?}");
    assert!(
        matches!(classify_add(&answer), AddOutcome::Refused { .. }),
        "{answer:?}"
    );
    let error = gateway()
        .statuses(&server.target(), &ids(&["1", "2"]))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        PanelError::Refused("Incorrect API key *** (***, ***, ***)".to_owned())
    );
    let page = Server::answering("502 Bad Gateway", "", &format!("<p>key={KEY}</p>")).await;
    let error = gateway()
        .cancel(&page.target(), &ids(&["1"])[0])
        .await
        .unwrap_err();
    assert_eq!(
        error,
        PanelError::Unreadable("HTTP 502, not JSON: <p>key=***</p>".to_owned())
    );
}

#[tokio::test]
async fn an_error_at_the_top_is_about_no_order_in_particular() {
    let server = Server::answering("200 OK", "", r#"{"error":"Invalid API key"}"#).await;
    for asked in [&["1"][..], &["1", "2"]] {
        let error = gateway()
            .statuses(&server.target(), &ids(asked))
            .await
            .unwrap_err();
        assert_eq!(error, PanelError::Refused("Invalid API key".to_owned()));
    }
}
