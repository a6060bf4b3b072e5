//! Payments by Paytm.

use std::time::Duration;

use application::jobs::Verdict;
use domain::identity::Role;
use futures::future::join_all;
use sandbox::{PaytmFault, PaytmOrder};
use serde_json::json;

use super::office::{KEY, Office, PAYTM, claim, india, order};
use crate::support::{Way, money, scenarios};

scenarios!(on both ways:
    a_payment_is_credited_once_with_its_fee,
    a_signed_payment_is_credited_and_an_answer_without_a_signature_is_none,
    a_payment_that_is_not_one_is_refused_by_name,
    a_claim_that_makes_no_sense_is_refused_before_anybody_is_asked,
    whatever_paytm_does_wrong_is_kept_and_credited_when_it_knows,
    without_a_rate_nothing_is_credited_until_there_is_one,
    eight_submissions_by_each_of_two_users_credit_a_payment_once,
    many_payments_and_jobs_at_once_credit_each_once,
);
scenarios!(on two nodes:
    eight_submissions_by_each_of_two_users_credit_a_payment_once,
    many_payments_and_jobs_at_once_credit_each_once,
);

async fn balance(office: &Office) -> i64 {
    office.world.wallet().await.0
}

async fn a_payment_is_credited_once_with_its_fee(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let before = balance(&office).await;
    office.paid("ORDER-1", "800.00");
    let added = claim(&office.world.customer, "ORDER-1", "800")
        .await
        .success(201, "FUNDS_ADDED");
    // 10 dollars, less 2.5 % and 10 cents.
    assert_eq!(balance(&office).await - before, 9_650_000);
    assert!(
        added["transactionId"].is_i64() && added["amount"] == "800",
        "{added}"
    );
    assert_eq!(money(&added["newBalance"]), balance(&office).await);
    for id in ["ORDER-1", "order-1", " ORDER-1 "] {
        let again = claim(&office.world.customer, id, "800.00").await;
        let again = again.failure(400, "TRANSACTION_ALREADY_PROCESSED");
        let message = again["message"].as_str().expect("a message");
        assert!(message.contains("Transaction ID: "), "{message}");
    }
    assert_eq!(balance(&office).await - before, 9_650_000);
    let deposit = office.deposit("ORDER-1").await;
    let deposit = &deposit["deposit"];
    assert_eq!(
        (&deposit["gross"], &deposit["fee"], &deposit["rate"]),
        (&json!("10.00"), &json!("0.35"), &json!("80"))
    );
    office.close().await;
}

async fn a_signed_payment_is_credited_and_an_answer_without_a_signature_is_none(way: Way) {
    let Some(office) = Office::open(way, true).await else {
        return;
    };
    let customer = &office.world.customer;
    office.paid("S1", "80.00");
    claim(customer, "S1", "80.00").await.success(201, "FUNDS_ADDED");
    assert_eq!(office.paytm.unsigned(), 0);
    for (n, fault) in [PaytmFault::Unsigned, PaytmFault::Forged].into_iter().enumerate() {
        let id = format!("F{n}");
        office.paid(&id, "80.00");
        office.paytm.fault(Some(fault));
        let pending = claim(customer, &id, "80.00").await;
        pending.success(202, "TRANSACTION_PENDING");
        let deposit = office.deposit(&id).await;
        let reason = deposit["deposit"]["reason"].as_str().expect("a reason");
        assert!(
            reason.contains("sign") && !deposit.to_string().contains(KEY),
            "{reason}"
        );
        // What was forged asked for more.
        claim(customer, &id, "980.00")
            .await
            .success(202, "TRANSACTION_PENDING");
        office.paytm.fault(None);
        claim(customer, &id, "80.00").await.success(201, "FUNDS_ADDED");
    }
    office.close().await;
}

async fn a_payment_that_is_not_one_is_refused_by_name(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (customer, before) = (&office.world.customer, balance(&office).await);
    office.paytm.order(
        "FAILED",
        PaytmOrder {
            status: "TXN_FAILURE".to_owned(),
            ..order("80.00")
        },
    );
    let failed = claim(customer, "FAILED", "80.00")
        .await
        .failure(400, "TRANSACTION_FAILED");
    assert_eq!(
        failed["message"],
        "Transaction failed with status: TXN_FAILURE. Please try again."
    );
    office.paid("MORE", "100.00");
    let mismatch = claim(customer, "MORE", "5000")
        .await
        .failure(400, "AMOUNT_MISMATCH");
    assert_eq!(
        mismatch["message"],
        "Transaction amount mismatch. Expected: 5000.00, which is not what was paid. Send exactly the amount that you paid."
    );
    claim(customer, "NOBODY", "80.00")
        .await
        .failure(404, "TRANSACTION_NOT_FOUND");
    for (id, odd) in [
        (
            "OLD",
            PaytmOrder {
                paid_at: india(Duration::from_hours(3)),
                ..order("80.00")
            },
        ),
        (
            "BACK",
            PaytmOrder {
                refunded: "1.00".to_owned(),
                ..order("80.00")
            },
        ),
        (
            "DOLLARS",
            PaytmOrder {
                currency: Some("USD".to_owned()),
                ..order("80.00")
            },
        ),
        ("HUGE", order("99999999.00")),
    ] {
        let amount = odd.amount.clone();
        office.paytm.order(id, odd);
        claim(customer, id, &amount)
            .await
            .failure(409, "TRANSACTION_IN_REVIEW");
        assert_eq!(office.deposit(id).await["deposit"]["state"], "review");
    }
    assert_eq!(balance(&office).await, before, "nothing of all that is money");
    // What was corrected is.
    claim(customer, "MORE", "100.00")
        .await
        .success(201, "FUNDS_ADDED");
    // A failed payment may be claimed by whoever really makes it.
    office.paid("FAILED", "80.00");
    let (_, other) = office.world.join("other", Role::User).await;
    claim(&other, "FAILED", "80.00").await.success(201, "FUNDS_ADDED");
    office.close().await;
}

async fn a_claim_that_makes_no_sense_is_refused_before_anybody_is_asked(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let customer = &office.world.customer;
    for (form, name) in [
        (json!({ "transactionId": "", "amount": "1" }), "VALIDATION_ERROR"),
        (
            json!({ "transactionId": "a b", "amount": "1" }),
            "VALIDATION_ERROR",
        ),
        (json!({ "transactionId": "x", "amount": "" }), "VALIDATION_ERROR"),
        (
            json!({ "transactionId": "x", "amount": "-1" }),
            "VALIDATION_ERROR",
        ),
        (json!({ "transactionId": "x", "amount": "0" }), "VALIDATION_ERROR"),
        (
            json!({ "transactionId": "x", "amount": "1e3" }),
            "VALIDATION_ERROR",
        ),
        (
            json!({ "transactionId": "x", "amount": "99999999999999999999999" }),
            "VALIDATION_ERROR",
        ),
        (json!({ "transactionId": "x" }), "VALIDATION_ERROR"),
    ] {
        customer.post(PAYTM, form).await.failure(400, name);
    }
    assert_eq!(office.paytm.asked(), 0);
    office.close().await;
}

async fn whatever_paytm_does_wrong_is_kept_and_credited_when_it_knows(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (_, stranger) = office.world.join("stranger", Role::User).await;
    let before = balance(&office).await;
    let faults = [
        PaytmFault::Status(500),
        PaytmFault::Html,
        PaytmFault::Empty,
        PaytmFault::Stall,
        PaytmFault::Close,
        PaytmFault::OtherOrder,
        PaytmFault::OtherMerchant,
        PaytmFault::Late(Duration::from_secs(30)),
    ];
    for (n, fault) in faults.into_iter().enumerate() {
        let id = format!("KEPT-{n}");
        office.paid(&id, "80.00");
        office.paytm.fault(Some(fault));
        claim(&office.world.customer, &id, "80.00")
            .await
            .success(202, "TRANSACTION_PENDING");
        let deposit = office.deposit(&id).await;
        assert_eq!(deposit["deposit"]["state"], "open", "{fault:?}: {deposit}");
        let number = deposit["deposit"]["id"].as_i64().expect("an id");
        assert!(
            matches!(office.check(number).await, Verdict::Later(_)),
            "{fault:?}"
        );
        office.paytm.fault(None);
        claim(&stranger, &id, "80.00")
            .await
            .failure(409, "TRANSACTION_CLAIMED");
        assert_eq!(office.check(number).await, Verdict::Done, "{fault:?}");
        assert_eq!(office.check(number).await, Verdict::Done);
    }
    let each = 875_000;
    assert_eq!(
        balance(&office).await - before,
        each * i64::try_from(faults.len()).expect("a few")
    );
    office.close().await;
}

async fn without_a_rate_nothing_is_credited_until_there_is_one(way: Way) {
    let Some(office) = Office::without_a_rate(way, false).await else {
        return;
    };
    let before = balance(&office).await;
    office.paid("RATELESS", "800.00");
    for _ in 0..2 {
        let kept = claim(&office.world.customer, "RATELESS", "800.00").await;
        kept.failure(503, "CURRENCY_UNAVAILABLE");
    }
    let deposit = office.deposit("RATELESS").await;
    assert_eq!(
        (&deposit["deposit"]["state"], &deposit["deposit"]["reason"]),
        (&json!("open"), &json!("no_rate"))
    );
    let number = deposit["deposit"]["id"].as_i64().expect("an id");
    assert!(matches!(office.check(number).await, Verdict::Later(_)));
    assert_eq!(balance(&office).await, before);
    office.rate("80").await;
    assert_eq!(office.check(number).await, Verdict::Done);
    assert_eq!(balance(&office).await - before, 9_650_000);
    office.close().await;
}

async fn eight_submissions_by_each_of_two_users_credit_a_payment_once(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (_, other) = office.world.join("other", Role::User).await;
    let before = balance(&office).await;
    office
        .paytm
        .fault(Some(PaytmFault::Late(Duration::from_millis(300))));
    office.paid("RACE", "800.00");
    let customer = &office.world.customer;
    let racers = (0..16).map(|n| claim(if n % 2 == 0 { customer } else { &other }, "RACE", "800.00"));
    let answers = join_all(racers).await;
    let credited = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(
        credited,
        1,
        "{:#?}",
        answers.iter().map(|it| &it.text).collect::<Vec<_>>()
    );
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let name = answer.json()["name"].as_str().expect("a name").to_owned();
        let known = [
            "TRANSACTION_ALREADY_PROCESSED",
            "TRANSACTION_CLAIMED",
            "TOO_MANY_REQUESTS",
        ];
        assert!(known.contains(&name.as_str()), "{}", answer.text);
    }
    let wallet = other
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    let together = balance(&office).await - before + money(&wallet["balance"]);
    assert_eq!(together, 9_650_000);
    office.close().await;
}

async fn many_payments_and_jobs_at_once_credit_each_once(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let before = balance(&office).await;
    office.paytm.fault(Some(PaytmFault::Status(503)));
    let ids: Vec<String> = (0..8).map(|n| format!("MANY{n}")).collect();
    for id in &ids {
        office.paid(id, "80.00");
        claim(&office.world.customer, id, "80.00")
            .await
            .success(202, "TRANSACTION_PENDING");
    }
    office.paytm.fault(None);
    let deposits = office.deposits().await;
    let numbers: Vec<i64> = deposits
        .iter()
        .filter_map(|it| it["deposit"]["id"].as_i64())
        .collect();
    let jobs = numbers
        .iter()
        .flat_map(|id| [office.check(*id), office.check(*id), office.check(*id)]);
    join_all(jobs).await;
    assert_eq!(balance(&office).await - before, 8 * 875_000);
    office.close().await;
}
