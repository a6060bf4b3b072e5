//! Staff put money into wallets by hand.

use domain::identity::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use super::office::{Office, STAFF_DEPOSITS};
use crate::support::{Answer, Browser, Way, act, money, scenarios};

scenarios!(on both ways:
    nobody_credits_their_own_wallet,
    a_large_credit_takes_two_different_people,
    a_large_credit_is_asked_for_once_with_a_key_and_credited_once,
);
scenarios!(on two nodes:
    a_large_credit_is_asked_for_once_with_a_key_and_credited_once,
);

async fn credit(staff: &Browser, user: &str, amount: &str, key: Option<&str>) -> Answer {
    let path = format!("/api/v1/admin/users/{user}/wallet/credit");
    let form = json!({ "amount": amount, "reason": "Goodwill" });
    staff
        .send(reqwest::Method::POST, &path, |request| {
            let request = match key {
                Some(key) => request.header("Idempotency-Key", key),
                None => request,
            };
            request.json(&form)
        })
        .await
}

async fn approve(staff: &Browser, deposit: &Value) -> Answer {
    let path = format!("{STAFF_DEPOSITS}/{deposit}/approve");
    staff.post(&path, json!({})).await
}

async fn nobody_credits_their_own_wallet(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (boss, browser) = office.world.join("boss", Role::Admin).await;
    for amount in ["0.01", "900000"] {
        credit(&browser, boss.id.as_str(), amount, None)
            .await
            .failure(403, "OWN_FUNDS");
    }
    credit(&office.world.admin, boss.id.as_str(), "1", None)
        .await
        .success(201, "WALLET_CREDITED");
    office.close().await;
}

async fn a_large_credit_takes_two_different_people(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (first, ann) = (&office.world.admin, office.world.user.id.as_str());
    let (_, second) = office.world.join("second", Role::Admin).await;
    let (rogue_user, rogue) = office.world.join("rogue", Role::Admin).await;
    let before = office.world.wallet().await.0;
    credit(first, ann, "499.999999", None)
        .await
        .success(201, "WALLET_CREDITED");
    let asked = credit(first, ann, "20000", None)
        .await
        .success(202, "CREDIT_NEEDS_SECOND");
    assert_eq!(asked["needsSecond"], true);
    let again = approve(first, &asked["deposit"]).await;
    assert_eq!(again.success(200, "DEPOSIT_APPROVED")["needsSecond"], true);
    assert_eq!(office.world.wallet().await.0 - before, 499_999_999);
    for _ in 0..2 {
        let decided = approve(&second, &asked["deposit"]).await;
        assert_eq!(decided.success(200, "DEPOSIT_APPROVED")["needsSecond"], false);
    }
    // More than is deposited at once, and without a fee: nobody paid it.
    assert_eq!(office.world.wallet().await.0 - before, 20_499_999_999);
    // Whoever asked and was sent away said nothing.
    let asked = credit(&rogue, ann, "500", None)
        .await
        .success(202, "CREDIT_NEEDS_SECOND");
    act(first, "ban-user", json!({ "userId": rogue_user.id.as_str() })).await;
    let decided = approve(&second, &asked["deposit"]).await;
    assert_eq!(decided.success(200, "DEPOSIT_APPROVED")["needsSecond"], true);
    let refused = json!({ "reason": "Nobody knows of it" });
    second
        .post(&format!("{STAFF_DEPOSITS}/{}/refuse", asked["deposit"]), refused)
        .await
        .success(200, "DEPOSIT_REFUSED");
    assert_eq!(office.world.wallet().await.0 - before, 20_499_999_999);
    office.close().await;
}

async fn a_large_credit_is_asked_for_once_with_a_key_and_credited_once(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (first, ann) = (&office.world.admin, office.world.user.id.as_str());
    let (_, second) = office.world.join("second", Role::Admin).await;
    let before = office.world.wallet().await.0;
    let asked = join_all((0..6).map(|_| credit(first, ann, "600", Some("large")))).await;
    let deposits: Vec<Value> = asked
        .iter()
        .map(|it| it.success(202, "CREDIT_NEEDS_SECOND")["deposit"].clone())
        .collect();
    assert!(deposits.iter().all(|it| it == &deposits[0]), "{deposits:?}");
    credit(first, ann, "601", Some("large"))
        .await
        .failure(422, "IDEMPOTENCY_KEY_REUSED");
    let decided = join_all((0..6).map(|_| approve(&second, &deposits[0]))).await;
    for answer in decided {
        answer.success(200, "DEPOSIT_APPROVED");
    }
    assert_eq!(office.world.wallet().await.0 - before, 600_000_000);
    let replayed = credit(first, ann, "600", Some("large"))
        .await
        .success(201, "WALLET_CREDITED");
    assert_eq!(
        (&replayed["replayed"], &replayed["deposit"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        money(&replayed["wallet"]["balance"]),
        office.world.wallet().await.0
    );
    office.close().await;
}
