//! Payments by Paytm that a person looks at: Paytm's word goes before the claimant's.

use std::time::Duration;

use sandbox::PaytmOrder;
use serde_json::json;

use super::office::{Office, STAFF_DEPOSITS, claim, india, order};
use crate::support::{Answer, Way, scenarios};

scenarios!(on both ways:
    nobody_is_credited_more_than_was_paid_whoever_approves_it,
    what_was_paid_back_is_not_credited,
    a_payment_that_was_written_wrong_is_claimed_again_as_it_should_be,
);

/// Paid so long ago that a person has to look.
fn long_ago(amount: &str) -> PaytmOrder {
    PaytmOrder {
        paid_at: india(Duration::from_hours(3)),
        ..order(amount)
    }
}

async fn decide(office: &Office, reference: &str, what: &str) -> Answer {
    let id = office.deposit(reference).await["deposit"]["id"].clone();
    let note = json!({ "reason": "It is not so" });
    let path = format!("{STAFF_DEPOSITS}/{id}/{what}");
    office.world.admin.post(&path, note).await
}

async fn nobody_is_credited_more_than_was_paid_whoever_approves_it(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (customer, before) = (&office.world.customer, office.world.wallet().await.0);
    office.paytm.order("OLD", long_ago("80.00"));
    claim(customer, "OLD", "8000.00")
        .await
        .failure(409, "TRANSACTION_IN_REVIEW");
    let refused = decide(&office, "OLD", "approve").await;
    let refused = refused.failure(409, "FUNDS_DECISION_REFUSED");
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("80 was paid"), "{message}");
    assert_eq!(office.world.wallet().await.0, before);
    decide(&office, "OLD", "refuse")
        .await
        .success(200, "DEPOSIT_REFUSED");
    // What was right in it may be claimed anew, and is looked at again.
    claim(customer, "OLD", "80.00")
        .await
        .failure(409, "TRANSACTION_IN_REVIEW");
    decide(&office, "OLD", "approve")
        .await
        .success(200, "DEPOSIT_APPROVED");
    // A dollar, less 2.5 % and 10 cents.
    assert_eq!(office.world.wallet().await.0 - before, 875_000);
    for (id, odd, says) in [
        (
            "DOLLARS",
            PaytmOrder {
                currency: Some("USD".to_owned()),
                ..order("80.00")
            },
            "paid in USD",
        ),
        (
            "BACK",
            PaytmOrder {
                refunded: "80.00".to_owned(),
                ..order("80.00")
            },
            "paid back",
        ),
    ] {
        office.paytm.order(id, odd);
        claim(customer, id, "80.00")
            .await
            .failure(409, "TRANSACTION_IN_REVIEW");
        let refused = decide(&office, id, "approve").await;
        let refused = refused.failure(409, "FUNDS_DECISION_REFUSED");
        let message = refused["message"].as_str().expect("a message");
        assert!(message.contains(says), "{message}");
    }
    assert_eq!(office.world.wallet().await.0 - before, 875_000);
    office.close().await;
}

async fn what_was_paid_back_is_not_credited(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (customer, before) = (&office.world.customer, office.world.wallet().await.0);
    let half = PaytmOrder {
        refunded: "400.00".to_owned(),
        ..order("800.00")
    };
    office.paytm.order("HALF", half);
    claim(customer, "HALF", "800.00")
        .await
        .failure(409, "TRANSACTION_IN_REVIEW");
    decide(&office, "HALF", "approve")
        .await
        .success(200, "DEPOSIT_APPROVED");
    // Five dollars, less 2.5 % and 10 cents.
    assert_eq!(office.world.wallet().await.0 - before, 4_775_000);
    assert_eq!(office.deposit("HALF").await["deposit"]["gross"], "5.00");
    office.close().await;
}

async fn a_payment_that_was_written_wrong_is_claimed_again_as_it_should_be(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (customer, before) = (&office.world.customer, office.world.wallet().await.0);
    office.paid("Order-9", "80.00");
    claim(customer, "order-9", "80.00")
        .await
        .failure(404, "TRANSACTION_NOT_FOUND");
    claim(customer, "Order-9", "80.00")
        .await
        .success(201, "FUNDS_ADDED");
    assert_eq!(office.world.wallet().await.0 - before, 875_000);
    office.close().await;
}
