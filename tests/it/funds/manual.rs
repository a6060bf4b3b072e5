//! Deposits that staff look at.

use domain::identity::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use super::office::{DEPOSITS, Office, STAFF_DEPOSITS};
use crate::support::{Browser, Way, money, scenarios};

scenarios!(on both ways:
    a_reference_is_submitted_once_and_approved_once,
    a_large_deposit_takes_two_different_people,
    a_refused_deposit_is_free_again_and_nobody_decides_about_their_own,
    whoever_clicks_how_often_wherever_a_deposit_is_credited_once,
);
scenarios!(on two nodes:
    whoever_clicks_how_often_wherever_a_deposit_is_credited_once,
);

async fn submit(browser: &Browser, reference: &str, amount: &str) -> i64 {
    let form = json!({ "method": "bank", "reference": reference, "amount": amount });
    let deposit = browser
        .post(DEPOSITS, form)
        .await
        .success(201, "DEPOSIT_SUBMITTED");
    deposit["id"].as_i64().expect("an id")
}

fn approve(id: i64) -> String {
    format!("{STAFF_DEPOSITS}/{id}/approve")
}

fn refuse(id: i64) -> String {
    format!("{STAFF_DEPOSITS}/{id}/refuse")
}

async fn balance(browser: &Browser) -> i64 {
    let wallet = browser
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    money(&wallet["balance"])
}

async fn a_reference_is_submitted_once_and_approved_once(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, admin) = (&office.world.customer, &office.world.admin);
    let (_, bob) = office.world.join("bob", Role::User).await;
    let before = balance(ann).await;
    let id = submit(ann, "UTR 12ab", "25.50").await;
    let same = json!({ "method": "bank", "reference": " utr  12AB ", "amount": "25.50" });
    bob.post(DEPOSITS, same.clone())
        .await
        .failure(409, "TRANSACTION_CLAIMED");
    ann.post(DEPOSITS, same.clone())
        .await
        .failure(409, "TRANSACTION_IN_REVIEW");
    for (field, odd) in [
        ("method", "cash"),
        ("amount", "-1"),
        ("amount", "x"),
        ("currency", "XXX"),
    ] {
        let mut form = json!({ "method": "bank", "reference": "other", "amount": "1" });
        form[field] = Value::from(odd);
        let answer = ann.post(DEPOSITS, form).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    assert_eq!(balance(ann).await, before);
    for _ in 0..2 {
        let decided = admin
            .post(&approve(id), json!({}))
            .await
            .success(200, "DEPOSIT_APPROVED");
        assert_eq!(decided["needsSecond"], false);
    }
    assert_eq!(balance(ann).await - before, 25_500_000);
    ann.post(DEPOSITS, same)
        .await
        .failure(400, "TRANSACTION_ALREADY_PROCESSED");
    let note = json!({ "reason": "no" });
    admin
        .post(&refuse(id), note)
        .await
        .failure(409, "FUNDS_DECISION_REFUSED");
    admin
        .post(&approve(999_999), json!({}))
        .await
        .failure(404, "DEPOSIT_NOT_FOUND");
    let own = ann.get(DEPOSITS).await.success(200, "DEPOSITS_FETCHED");
    assert_eq!(
        (
            &own["deposits"][0]["state"],
            own["deposits"].as_array().map(Vec::len)
        ),
        (&json!("credited"), Some(1))
    );
    let others = bob.get(DEPOSITS).await.success(200, "DEPOSITS_FETCHED");
    assert_eq!(others["deposits"], json!([]));
    // Rupees are worth what they are worth when staff say yes.
    let form = json!({ "method": "bank", "reference": "rupees", "amount": "800", "currency": "inr" });
    let id = bob.post(DEPOSITS, form).await.success(201, "DEPOSIT_SUBMITTED")["id"]
        .as_i64()
        .expect("an id");
    admin
        .post(&approve(id), json!({}))
        .await
        .success(200, "DEPOSIT_APPROVED");
    assert_eq!(balance(&bob).await, 10_000_000);
    office.close().await;
}

async fn a_large_deposit_takes_two_different_people(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, first) = (&office.world.customer, &office.world.admin);
    let (_, second) = office.world.join("second", Role::Admin).await;
    let before = balance(ann).await;
    let id = submit(ann, "LARGE", "500").await;
    for _ in 0..3 {
        let decided = first
            .post(&approve(id), json!({}))
            .await
            .success(200, "DEPOSIT_APPROVED");
        assert_eq!(decided["needsSecond"], true, "one person stays one person");
    }
    assert_eq!(balance(ann).await, before);
    let decided = second
        .post(&approve(id), json!({}))
        .await
        .success(200, "DEPOSIT_APPROVED");
    assert_eq!(decided["needsSecond"], false);
    assert_eq!(balance(ann).await - before, 500_000_000);
    let deposit = office.deposit("LARGE").await;
    assert!(
        deposit["firstApprover"] != deposit["decidedBy"] && deposit["decidedBy"].is_string(),
        "{deposit}"
    );
    office.close().await;
}

async fn a_refused_deposit_is_free_again_and_nobody_decides_about_their_own(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (admin, ann) = (&office.world.admin, &office.world.customer);
    let own = submit(admin, "MINE", "10").await;
    admin
        .post(&approve(own), json!({}))
        .await
        .failure(403, "OWN_FUNDS");
    admin
        .post(&refuse(own), json!({ "reason": "no" }))
        .await
        .failure(403, "OWN_FUNDS");
    let id = submit(ann, "TYPO", "10").await;
    admin
        .post(&refuse(id), json!({ "reason": "" }))
        .await
        .failure(400, "VALIDATION_ERROR");
    for _ in 0..2 {
        let note = json!({ "reason": "The bank knows nothing of it" });
        admin
            .post(&refuse(id), note)
            .await
            .success(200, "DEPOSIT_REFUSED");
    }
    admin
        .post(&approve(id), json!({}))
        .await
        .failure(409, "FUNDS_DECISION_REFUSED");
    let (_, bob) = office.world.join("bob", Role::User).await;
    let again = submit(&bob, "typo", "10").await;
    assert_eq!(again, id, "it is the same payment");
    let (_, moderator) = office.world.join("moderator", Role::Moderator).await;
    moderator
        .post(&approve(id), json!({}))
        .await
        .failure(403, "FORBIDDEN");
    admin
        .post(&approve(id), json!({}))
        .await
        .success(200, "DEPOSIT_APPROVED");
    assert_eq!(balance(&bob).await, 10_000_000);
    office.close().await;
}

async fn whoever_clicks_how_often_wherever_a_deposit_is_credited_once(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let ann = &office.world.customer;
    let (_, second) = office.world.join("second", Role::Admin).await;
    let before = balance(ann).await;
    let (small, large) = (
        submit(ann, "SMALL", "10").await,
        submit(ann, "LARGE", "600").await,
    );
    let clicks = (0..16).map(|n| {
        let staff = if n % 2 == 0 { &office.world.admin } else { &second };
        let id = if n % 4 < 2 { small } else { large };
        async move { staff.post(&approve(id), json!({})).await }
    });
    for answer in join_all(clicks).await {
        assert!([200, 409].contains(&answer.status), "{}", answer.text);
    }
    assert_eq!(balance(ann).await - before, 610_000_000);
    office.close().await;
}
