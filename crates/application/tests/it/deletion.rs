//! Users delete their account: not by accident, not by somebody else, and not while anything is left in it.

use std::time::Duration;

use application::identity::{ActiveSession, Browser, DeleteAccount, DeleteAccountError, Deletion, Remember};
use domain::Secret;
use domain::identity::Rights;
use domain::mail::{MailKind, MailState};
use ports::Store;
use ports::audit::Origin;
use testkit::fixtures::{session, user};

use crate::bench::Bench;

/// A session that was just opened, of the shop's customer.
pub fn signed_in(bench: &Bench) -> ActiveSession {
    let user = bench.shop.user.clone();
    let session = domain::identity::Session {
        authenticated_at: bench.now(),
        created_at: bench.now(),
        ..session(1, &user.id)
    };
    ActiveSession {
        session,
        user,
        rights: Rights::default(),
        remember: Remember::Yes,
        origin: Origin::default(),
        now: bench.now(),
    }
}

async fn delete(
    bench: &Bench,
    session: &ActiveSession,
    wish: DeleteAccount,
) -> Result<Deletion, DeleteAccountError> {
    bench.deleting().delete(session, wish, &Browser::default()).await
}

/// The wallet is empty, as if its money had been paid out.
async fn emptied(bench: &Bench) {
    bench
        .database
        .execute("UPDATE wallets SET available = 0, held = 0")
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_signed_in_long_ago_needs_the_password() {
    let bench = Bench::new().await;
    emptied(&bench).await;
    let session = signed_in(&bench);
    bench.pass(Duration::from_mins(5));
    assert_eq!(
        delete(&bench, &session, DeleteAccount::default()).await,
        Ok(Deletion::Asked)
    );
    bench.pass(Duration::from_micros(1));
    let late = delete(&bench, &session, DeleteAccount::default()).await;
    assert_eq!(late, Err(DeleteAccountError::NotFresh));
    let with = |password: &str| DeleteAccount {
        password: Some(Secret::new(password)),
        ..DeleteAccount::default()
    };
    let none = delete(&bench, &session, with("the password")).await;
    assert_eq!(none, Err(DeleteAccountError::NoPassword));
    let mut tx = bench.store.begin().await.unwrap();
    let (id, now) = (&session.user.id, bench.now());
    tx.identity()
        .set_password("account", id, "hash-of-the password", now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let wrong = delete(&bench, &session, with("another password")).await;
    assert_eq!(wrong, Err(DeleteAccountError::WrongPassword));
    assert_eq!(
        delete(&bench, &session, with("the password")).await,
        Ok(Deletion::Asked)
    );
    bench.leave();
}

#[tokio::test]
async fn nothing_is_deleted_while_there_is_money_or_an_open_order() {
    let bench = Bench::new().await;
    let session = signed_in(&bench);
    let rich = delete(&bench, &session, DeleteAccount::default()).await;
    assert_eq!(rich, Err(DeleteAccountError::HasMoney));
    bench.submitted(1, "77").await;
    emptied(&bench).await;
    let busy = delete(&bench, &session, DeleteAccount::default()).await;
    assert_eq!(busy, Err(DeleteAccountError::HasOpenOrders));
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM mails").await,
        0,
        "nobody is asked"
    );
    bench.leave();
}

#[tokio::test]
async fn the_link_is_for_its_user_works_once_and_leaves_nothing_of_them() {
    let bench = Bench::new().await;
    emptied(&bench).await;
    let session = signed_in(&bench);
    delete(&bench, &session, DeleteAccount::default()).await.unwrap();
    let asked = bench.latest_mail().await;
    assert_eq!(
        (asked.kind, asked.state),
        (MailKind::DeleteAccount, MailState::Waiting)
    );
    bench.work().await;
    let text = bench.carrier.offered()[0].content.text.clone();
    let (_, rest) = text.split_once("token=").unwrap();
    let token = Secret::new(rest.split('&').next().unwrap());
    let stranger = ActiveSession {
        user: user(77),
        ..session.clone()
    };
    let deleting = bench.deleting();
    assert_eq!(
        deleting.confirm(&stranger, &token).await,
        Err(DeleteAccountError::InvalidToken)
    );
    assert_eq!(deleting.confirm(&session, &token).await, Ok(()));
    assert_eq!(
        deleting.confirm(&session, &token).await,
        Err(DeleteAccountError::InvalidToken)
    );
    let found = bench
        .backend
        .identity
        .credentials(&session.user.email)
        .await
        .unwrap();
    assert_eq!(found, None);
    for left in ["mails", "verifications", "sessions", "accounts"] {
        assert_eq!(
            bench.number(&format!("SELECT COUNT(*) FROM {left}")).await,
            0,
            "{left}"
        );
    }
    let line = "SELECT COUNT(*) FROM audit_log WHERE action = 'user.delete'";
    assert_eq!(bench.number(line).await, 1);
    bench.leave();
}
