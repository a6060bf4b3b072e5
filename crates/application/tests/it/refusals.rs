//! Refused sign-ins are noted, and guessing does not fill the disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use application::identity::{Browser, IdentityPorts, Refusal, RefusedSignIns};
use async_trait::async_trait;
use domain::identity::{Role, User};
use domain::text::Email;
use ports::Store;
use ports::limits::{Admission, Limit, RateLimiter};
use testkit::fixtures::user;

use crate::bench::Bench;

/// Lines about refusals that concern no staff, in an hour.
const BUDGET: usize = 300;

/// Grants a burst of each limit and, until it is told to, nothing more.
#[derive(Default)]
struct Purse(Mutex<HashMap<String, u32>>);

impl Purse {
    fn refill(&self) {
        self.0.lock().unwrap().clear();
    }
}

#[async_trait]
impl RateLimiter for Purse {
    async fn take(&self, key: &str, limit: Limit) -> Admission {
        let mut taken = self.0.lock().unwrap();
        let taken = taken.entry(key.to_owned()).or_default();
        if *taken == limit.burst {
            return Admission::Denied {
                retry_after: limit.period,
            };
        }
        *taken += 1;
        Admission::Granted { remaining: 0 }
    }
}

struct Guard {
    bench: Bench,
    purse: Arc<Purse>,
    refused: RefusedSignIns,
}

impl Guard {
    async fn new() -> Self {
        let (bench, purse) = (Bench::new().await, Arc::new(Purse::default()));
        let ports = IdentityPorts {
            limiter: purse.clone(),
            ..bench.people()
        };
        Self {
            refused: RefusedSignIns::new(ports),
            bench,
            purse,
        }
    }

    async fn refuse(&self, email: &str, refusal: Refusal) {
        let email = Email::parse(email).unwrap();
        self.refused.note(&email, &Browser::default(), refusal).await;
    }

    async fn lines(&self, condition: &str) -> usize {
        let sql = format!("SELECT COUNT(*) FROM audit_log WHERE action = 'session.refuse' AND {condition}");
        usize::try_from(self.bench.number(&sql).await).unwrap()
    }
}

#[tokio::test]
async fn guesses_share_a_budget_and_what_exceeds_it_is_counted_in_the_next_line() {
    let guard = Guard::new().await;
    for number in 0..BUDGET + 7 {
        guard
            .refuse(&format!("nobody-{number}@example.com"), Refusal::Credentials)
            .await;
    }
    assert_eq!(guard.lines("TRUE").await, BUDGET);
    assert_eq!(guard.lines("details LIKE '%left_out%'").await, 0);
    guard.purse.refill();
    guard.refuse("nobody@example.com", Refusal::Credentials).await;
    guard.refuse("nobody@example.com", Refusal::Credentials).await;
    assert_eq!(guard.lines("TRUE").await, BUDGET + 2);
    assert_eq!(
        guard.lines("details LIKE '%\"left_out\",\"7\"%'").await,
        1,
        "what was left out is counted, once"
    );
    guard.bench.close().await;
}

#[tokio::test]
async fn guesses_at_staff_are_noted_however_many_there_are() {
    let guard = Guard::new().await;
    let staff = User {
        role: Role::Moderator,
        ..user(50)
    };
    let mut tx = guard.bench.store.begin().await.unwrap();
    tx.identity().insert_user(&staff).await.unwrap();
    tx.commit().await.unwrap();
    for number in 0..BUDGET {
        guard
            .refuse(&format!("nobody-{number}@example.com"), Refusal::Credentials)
            .await;
    }
    for _ in 0..20 {
        guard.refuse(staff.email.as_str(), Refusal::Credentials).await;
        guard.refuse("nobody@example.com", Refusal::Credentials).await;
    }
    let about = format!("target = 'user:{}'", staff.id);
    assert_eq!(guard.lines(&about).await, 20);
    assert_eq!(guard.lines("TRUE").await, BUDGET + 20);
    guard.bench.close().await;
}

#[tokio::test]
async fn an_account_that_is_slowed_down_is_noted_once_in_a_while() {
    let guard = Guard::new().await;
    for _ in 0..10 {
        guard.refuse("nobody@example.com", Refusal::Slowed).await;
        guard.refuse("another@example.com", Refusal::Slowed).await;
    }
    assert_eq!(guard.lines("TRUE").await, 2);
    guard.purse.refill();
    guard.refuse("nobody@example.com", Refusal::Slowed).await;
    assert_eq!(guard.lines("TRUE").await, 3);
    guard.bench.close().await;
}
