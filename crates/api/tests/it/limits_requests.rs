//! How often one network and one user may ask for what.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Allowance, RequestLimits};
use async_trait::async_trait;
use domain::identity::Role;
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};
use serde_json::json;

use crate::client::Answer;
use crate::server::{TestServer, direct, start, start_as};

const ORDERS: &str = "/api/v1/dashboard/orders";
const WALLET: &str = "/api/v1/dashboard/wallet";
const HOUR: Duration = Duration::from_hours(1);

const fn at_once(burst: u32) -> Option<Limit> {
    Some(Limit {
        count: 1,
        period: HOUR,
        burst,
    })
}

/// A server behind one proxy with these limits.
async fn limited(limits: RequestLimits) -> TestServer {
    let mut config = direct();
    config.trusted_hops = 1;
    config.limits = Box::new(limits);
    start_as(config, |state| state).await
}

async fn ask(server: &TestServer, method: &str, path: &str, cookie: &str, from: &str) -> Answer {
    server
        .request(method, path)
        .cookie(cookie)
        .header("X-Forwarded-For", from)
        .json(&json!({}))
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_orders_so_often_wherever_they_are_and_goes_on_with_the_rest() {
    let server = limited(RequestLimits {
        orders: Allowance {
            network: at_once(100),
            user: at_once(3),
        },
        ..RequestLimits::default()
    })
    .await;
    let (_, ann) = server.customer().await;
    let (_, bob) = server.user("bob", Role::User).await;
    for place in 1..=3 {
        let answer = ask(&server, "POST", ORDERS, &ann, &format!("192.0.2.{place}")).await;
        assert_eq!(answer.error(), (400, "VALIDATION_ERROR".to_owned()));
        assert_eq!(answer.header("ratelimit-limit"), Some("3"), "the nearest limit");
        assert_eq!(
            answer.header("ratelimit-remaining"),
            Some((3 - place).to_string().as_str())
        );
    }
    let denied = ask(&server, "POST", ORDERS, &ann, "192.0.2.9").await;
    assert_eq!(denied.error(), (429, "TOO_MANY_REQUESTS".to_owned()));
    let pause: u64 = denied.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_600).contains(&pause), "{pause}");
    assert_eq!(denied.json()["details"]["retryAfter"], pause);
    assert_eq!(denied.header("x-ratelimit-remaining"), Some("0"));
    for path in [ORDERS, WALLET] {
        assert_eq!(
            ask(&server, "GET", path, &ann, "192.0.2.9").await.status,
            200,
            "{path}"
        );
    }
    let mass = ask(&server, "POST", &format!("{ORDERS}/mass"), &ann, "192.0.2.9").await;
    assert_eq!(mass.status, 429, "many at once are orders too");
    assert_eq!(ask(&server, "POST", ORDERS, &bob, "192.0.2.9").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_counted_whoever_asks_and_before_anybody_looks_who_it_is() {
    let server = limited(RequestLimits {
        others: Allowance {
            network: at_once(4),
            user: at_once(100),
        },
        ..RequestLimits::default()
    })
    .await;
    let (_, ann) = server.customer().await;
    assert_eq!(ask(&server, "GET", WALLET, &ann, "192.0.2.1").await.status, 200);
    for path in [WALLET, "/api/v1/services?currency=USD", "/api/v1/nowhere"] {
        let answer = ask(&server, "GET", path, "", "192.0.2.1").await;
        assert_ne!(answer.status, 429, "{path}");
        assert!(answer.header("ratelimit-remaining").is_some(), "{path}");
    }
    for (path, cookie) in [(WALLET, ann.as_str()), ("/api/v1/services?currency=USD", "")] {
        let answer = ask(&server, "GET", path, cookie, "192.0.2.1").await;
        assert_eq!(answer.error(), (429, "TOO_MANY_REQUESTS".to_owned()), "{path}");
    }
    assert_eq!(ask(&server, "GET", WALLET, &ann, "192.0.2.2").await.status, 200);
    let live = ask(&server, "GET", "/health", "", "192.0.2.1").await;
    assert_eq!(live.status, 200, "operators are not limited");
    assert!(live.header("ratelimit-limit").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_and_acts_on_many_things_are_counted_by_themselves() {
    let one = Allowance {
        network: None,
        user: at_once(1),
    };
    let server = limited(RequestLimits {
        exports: one,
        bulk: one,
        ..RequestLimits::default()
    })
    .await;
    let sam = server.staff().await;
    let export = "/api/v1/admin/audit.csv";
    assert_eq!(ask(&server, "GET", export, &sam, "192.0.2.1").await.status, 200);
    assert_eq!(ask(&server, "GET", export, &sam, "192.0.2.1").await.status, 429);
    let import = "/api/v1/admin/providers/1/import";
    assert_ne!(ask(&server, "POST", import, &sam, "192.0.2.1").await.status, 429);
    assert_eq!(ask(&server, "POST", import, &sam, "192.0.2.1").await.status, 429);
    assert_eq!(
        ask(&server, "GET", "/api/v1/admin/audit", &sam, "192.0.2.1")
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_that_come_with_the_program_leave_pages_that_ask_every_second_alone() {
    let server = start().await;
    let (_, ann) = server.customer().await;
    for _ in 0..300 {
        assert_eq!(server.get(WALLET, &ann).await.status, 200);
    }
}

/// Counts how often it is asked, and grants.
#[derive(Default)]
struct Counting {
    calls: AtomicUsize,
    keys: Mutex<Vec<String>>,
}

#[async_trait]
impl RateLimiter for Counting {
    async fn take(&self, key: &str, limit: Limit) -> Admission {
        self.take_all(&[Bucket { key, limit }]).await;
        Admission::Granted { remaining: 1 }
    }

    async fn take_all(&self, buckets: &[Bucket<'_>]) -> JointAdmission {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let keys = buckets.iter().map(|bucket| bucket.key.to_owned());
        self.keys.lock().unwrap().extend(keys);
        JointAdmission::Granted {
            remaining: vec![1; buckets.len()],
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_limits_of_a_request_are_asked_for_at_once() {
    let counting = Arc::new(Counting::default());
    let limiter = counting.clone();
    let mut config = direct();
    config.trusted_hops = 1;
    let server = start_as(config, |state| api::ApiState { limiter, ..state }).await;
    let (id, ann) = server.customer().await;
    counting.calls.store(0, Ordering::SeqCst);
    counting.keys.lock().unwrap().clear();
    assert_eq!(ask(&server, "POST", ORDERS, &ann, "192.0.2.1").await.status, 400);
    assert_eq!(counting.calls.load(Ordering::SeqCst), 1);
    let expected = [
        "requests:orders:network:192.0.2.1".to_owned(),
        format!("requests:orders:user:{id}"),
    ];
    assert_eq!(*counting.keys.lock().unwrap(), expected);
}
