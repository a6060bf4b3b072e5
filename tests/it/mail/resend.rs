//! Resend's API, by a server that lies, stalls and is overloaded.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::text::Email;
use ports::mail::{Delivery, Mail, Rendered};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::site::{Site, link, token};
use crate::support::eventually;

const KEY: &str = "re_canary_5f0e77";

/// What the server says to a request.
#[derive(Clone, Copy)]
enum Says {
    /// It takes the mail.
    Yes,
    /// It takes the mail and says nothing.
    YesInSilence,
    /// Status and body.
    This(u16, &'static str),
    /// 429, and when to come back in seconds.
    Overloaded(u32),
}

#[derive(Default)]
struct Book {
    plan: VecDeque<Says>,
    /// Mails that it took, by idempotency key: a key sends once.
    taken: HashMap<String, Value>,
    asked: Vec<(String, Value)>,
}

struct Resend {
    url: String,
    book: Arc<Mutex<Book>>,
}

impl Resend {
    async fn start(plan: &[Says]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book {
            plan: plan.iter().copied().collect(),
            ..Book::default()
        }));
        let shared = book.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { url, book }
    }

    fn taken(&self) -> Vec<Value> {
        self.book.lock().unwrap().taken.values().cloned().collect()
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.book.lock().unwrap().asked.clone()
    }

    async fn site(&self) -> Site {
        Site::open(&[
            ("RESEND_API_KEY", KEY),
            ("RESEND_URL", &self.url),
            ("MAIL_TIMEOUT_SECONDS", "1"),
            ("MAIL_WELCOME", "false"),
            ("MAIL_VERIFY_ON_SIGN_UP", "false"),
        ])
        .await
    }
}

async fn serve(stream: TcpStream, book: Arc<Mutex<Book>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = request(&mut stream).await {
        assert_eq!(head["authorization"], format!("Bearer {KEY}"));
        let (key, body): (_, Value) = (
            head["idempotency-key"].clone(),
            serde_json::from_slice(&body).unwrap(),
        );
        let said = {
            let mut book = book.lock().unwrap();
            book.asked.push((key.clone(), body.clone()));
            let said = book.plan.pop_front().unwrap_or(Says::Yes);
            if matches!(said, Says::Yes | Says::YesInSilence) {
                book.taken.entry(key).or_insert(body);
            }
            said
        };
        let (status, extra, body) = match said {
            Says::Yes => (200, String::new(), r#"{"id":"49a3999c"}"#),
            Says::YesInSilence => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
            Says::This(status, body) => (status, String::new(), body),
            Says::Overloaded(seconds) => (
                429,
                format!("Retry-After: {seconds}\r\n"),
                r#"{"statusCode":429,"name":"rate_limit_exceeded","message":"Too many requests"}"#,
            ),
        };
        let answer = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<(HashMap<String, String>, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    assert!(line.starts_with("POST /emails "), "{line}");
    let mut head = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        head.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; head["content-length"].parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

fn mail(key: &str) -> Mail {
    Mail {
        key: key.to_owned(),
        to: Email::parse("ann@example.com").unwrap(),
        content: Rendered {
            subject: "Subject".to_owned(),
            text: "text".to_owned(),
            html: "<p>html</p>".to_owned(),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_the_same_key_and_arrives_once() {
    let resend = Resend::start(&[Says::YesInSilence]).await;
    let (site, ann) = (resend.site().await, "ann@example.com");
    site.sign_up(ann).await;
    site.forgot(ann).await;
    site.mail_becomes(ann, "reset_password", "delivered").await;
    let asked = resend.asked();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[0] == asked[1],
        "key, words and token are those of the first attempt"
    );
    let taken = resend.taken();
    let [mail] = taken.as_slice() else {
        panic!("taken {} times", taken.len());
    };
    assert_eq!(
        (&mail["to"], &mail["from"]),
        (&json!([ann]), &json!("SMM Guru <no-reply@panel.example>"))
    );
    let token = token(&site, &link(mail)).await;
    let form = json!({ "newPassword": "another password of ann", "token": token });
    let reset = |form| async { site.anybody().post("/api/auth/reset-password", form).await };
    assert_eq!(reset(form.clone()).await.status, 200);
    reset(form).await.auth_failure(400, "INVALID_TOKEN");
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_answer_that_says_so_is_a_yes_and_only_one_about_the_mail_is_a_no() {
    let refused =
        r#"{"statusCode":422,"name":"validation_error","message":"Invalid `to` field re_canary_5f0e77"}"#;
    let wrong_key = r#"{"statusCode":403,"name":"invalid_api_key","message":"API key is invalid"}"#;
    let used = r#"{"name":"invalid_idempotent_request","message":"used with another payload"}"#;
    let busy = r#"{"name":"concurrent_idempotent_requests","message":"in progress"}"#;
    let rows = [
        (Says::Yes, "accepted"),
        (Says::This(200, "<html>It works!</html>"), "nobody"),
        (Says::This(200, "{}"), "nobody"),
        (Says::This(302, ""), "nobody"),
        (Says::This(409, used), "accepted"),
        (Says::This(409, busy), "later"),
        (Says::This(422, refused), "refused"),
        (Says::This(403, wrong_key), "nobody"),
        (Says::This(500, "oops"), "nobody"),
        (Says::Overloaded(7), "nobody"),
        (Says::YesInSilence, "nobody"),
    ];
    let plan: Vec<Says> = rows.iter().map(|(says, _)| *says).collect();
    let resend = Resend::start(&plan).await;
    let site = resend.site().await;
    let mailer = site.system.adapters().mailer.clone();
    for (n, (_, expected)) in rows.iter().enumerate() {
        let delivery = mailer.send(&mail(&format!("key-{n}"))).await;
        let word = match &delivery {
            Delivery::Accepted => "accepted",
            Delivery::Refused(_) => "refused",
            Delivery::TryLater { nobody: true, .. } => "nobody",
            Delivery::TryLater { nobody: false, .. } => "later",
        };
        assert_eq!(word, *expected, "row {n}: {delivery:?}");
        assert!(!format!("{delivery:?}").contains(KEY), "row {n} tells the key");
    }
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_service_is_asked_again_when_it_said_and_not_before() {
    let resend = Resend::start(&[Says::Overloaded(6)]).await;
    let (site, ann) = (resend.site().await, "ann@example.com");
    site.sign_up(ann).await;
    let begun = std::time::Instant::now();
    site.forgot(ann).await;
    eventually(
        || "a second attempt".to_owned(),
        async || (resend.asked().len() > 1).then_some(()),
    )
    .await;
    assert!(begun.elapsed() >= Duration::from_secs(6), "{:?}", begun.elapsed());
    site.mail_becomes(ann, "reset_password", "delivered").await;
    site.close().await;
}
