//! Money goes out.

use domain::identity::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use super::office::{Office, STAFF_WITHDRAWALS, WITHDRAWALS};
use crate::support::{Browser, Way, money, scenarios};

scenarios!(on both ways:
    a_withdrawal_leaves_the_wallet_at_once_and_is_paid_or_comes_back,
    a_large_withdrawal_takes_two_different_people,
    a_word_does_not_outlive_the_right_to_say_it,
    nobody_who_acts_as_a_customer_takes_their_money,
    withdrawals_and_orders_race_for_the_same_money_and_none_of_it_goes_twice,
    whoever_decides_at_once_a_withdrawal_ends_one_way,
);
scenarios!(on two nodes:
    withdrawals_and_orders_race_for_the_same_money_and_none_of_it_goes_twice,
    whoever_decides_at_once_a_withdrawal_ends_one_way,
);

fn wish(amount: &str) -> Value {
    json!({ "amount": amount, "destination": "IBAN DE89" })
}

async fn ask(browser: &Browser, amount: &str) -> i64 {
    let answer = browser.post(WITHDRAWALS, wish(amount)).await;
    answer.success(201, "WITHDRAWAL_REQUESTED")["id"]
        .as_i64()
        .expect("an id")
}

fn path(id: i64, what: &str) -> String {
    format!("{STAFF_WITHDRAWALS}/{id}/{what}")
}

fn note() -> Value {
    json!({ "reason": "transfer 4711" })
}

async fn balance(browser: &Browser) -> i64 {
    let wallet = browser
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    money(&wallet["balance"])
}

async fn a_withdrawal_leaves_the_wallet_at_once_and_is_paid_or_comes_back(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, admin) = (&office.world.customer, &office.world.admin);
    for (amount, status, name) in [
        ("0.5", 400, "VALIDATION_ERROR"),
        ("-1", 400, "VALIDATION_ERROR"),
        ("x", 400, "VALIDATION_ERROR"),
        ("100.000001", 402, "INSUFFICIENT_BALANCE"),
        ("2000000000000", 402, "INSUFFICIENT_BALANCE"),
        ("9000000000000", 402, "INSUFFICIENT_BALANCE"),
    ] {
        ann.post(WITHDRAWALS, wish(amount)).await.failure(status, name);
    }
    let (paid, refused) = (ask(ann, "30").await, ask(ann, "50.5").await);
    assert_eq!(balance(ann).await, 19_500_000);
    for _ in 0..2 {
        let decided = admin
            .post(&path(paid, "approve"), note())
            .await
            .success(200, "WITHDRAWAL_APPROVED");
        assert_eq!(decided["needsSecond"], false);
        admin
            .post(&path(refused, "refuse"), note())
            .await
            .success(200, "WITHDRAWAL_REFUSED");
    }
    assert_eq!(balance(ann).await, 70_000_000);
    admin
        .post(&path(paid, "refuse"), note())
        .await
        .failure(409, "FUNDS_DECISION_REFUSED");
    admin
        .post(&path(refused, "approve"), note())
        .await
        .failure(409, "FUNDS_DECISION_REFUSED");
    admin
        .post(&path(99_999, "approve"), note())
        .await
        .failure(404, "WITHDRAWAL_NOT_FOUND");

    let keyed = async |amount: &str| {
        ann.send(reqwest::Method::POST, WITHDRAWALS, |request| {
            request.header("Idempotency-Key", "once").json(&wish(amount))
        })
        .await
    };
    let first = keyed("5").await.success(201, "WITHDRAWAL_REQUESTED");
    assert_eq!(keyed("5").await.success(201, "WITHDRAWAL_REQUESTED"), first);
    keyed("6").await.failure(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(balance(ann).await, 65_000_000);
    let own = ann.get(WITHDRAWALS).await.success(200, "WITHDRAWALS_FETCHED");
    assert_eq!(own["withdrawals"].as_array().map(Vec::len), Some(3));
    let (_, bob) = office.world.join("bob", Role::User).await;
    let others = bob.get(WITHDRAWALS).await.success(200, "WITHDRAWALS_FETCHED");
    assert_eq!(others["withdrawals"], json!([]));
    // Nobody pays themselves, and no account goes while money is on its way.
    let (boss_user, boss) = office.world.join("boss", Role::Admin).await;
    office.world.fund(boss_user.id.as_str(), "10").await;
    let own = ask(&boss, "5").await;
    boss.post(&path(own, "approve"), note())
        .await
        .failure(403, "OWN_FUNDS");
    office.close().await;
}

async fn a_large_withdrawal_takes_two_different_people(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, first) = (&office.world.customer, &office.world.admin);
    let (_, second) = office.world.join("second", Role::Admin).await;
    for _ in 0..2 {
        office.world.fund(office.world.user.id.as_str(), "450").await;
    }
    let id = ask(ann, "500").await;
    for _ in 0..2 {
        let decided = first
            .post(&path(id, "approve"), note())
            .await
            .success(200, "WITHDRAWAL_APPROVED");
        assert_eq!(decided["needsSecond"], true);
    }
    let decided = second
        .post(&path(id, "approve"), note())
        .await
        .success(200, "WITHDRAWAL_APPROVED");
    assert_eq!(decided["needsSecond"], false);
    assert_eq!(balance(ann).await, 500_000_000);
    office.close().await;
}

async fn a_word_does_not_outlive_the_right_to_say_it(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, admin) = (&office.world.customer, &office.world.admin);
    let (rogue_user, rogue) = office.world.join("rogue", Role::Admin).await;
    let (_, honest) = office.world.join("honest", Role::Admin).await;
    for _ in 0..2 {
        office.world.fund(office.world.user.id.as_str(), "450").await;
    }
    let id = ask(ann, "500").await;
    let said = async |staff: &Browser| {
        let answer = staff.post(&path(id, "approve"), note()).await;
        answer.success(200, "WITHDRAWAL_APPROVED")["needsSecond"] == true
    };
    assert!(said(&rogue).await);
    crate::support::act(
        admin,
        "ban-user",
        json!({ "userId": rogue_user.id.as_str(), "banReason": "stolen" }),
    )
    .await;
    assert!(said(admin).await, "the first word is gone with whoever said it");
    assert!(said(admin).await);
    assert!(!said(&honest).await);
    office.close().await;
}

async fn nobody_who_acts_as_a_customer_takes_their_money(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let ann = &office.world.customer;
    let before = balance(ann).await;
    let target = json!({ "userId": office.world.user.id.as_str() });
    let acting = crate::support::ask(&office.world.admin, "impersonate-user", target).await;
    let mut as_ann = office.world.admin.stranger();
    as_ann.cookie = Some(acting.session_cookie());
    assert_eq!(balance(&as_ann).await, before, "they see what she sees");
    as_ann
        .post(WITHDRAWALS, wish("5"))
        .await
        .failure(403, "FORBIDDEN");
    assert_eq!(balance(ann).await, before);
    office.close().await;
}

async fn withdrawals_and_orders_race_for_the_same_money_and_none_of_it_goes_twice(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (_, ann) = office.world.join("ann", Role::User).await;
    let ann_id = ann.get("/api/auth/get-session").await.json();
    office
        .world
        .fund(ann_id["user"]["id"].as_str().expect("an id"), "10")
        .await;
    let orders = (0..8).map(|_| {
        let form = office.world.order_form("1012", "complete", 1_000);
        let ann = &ann;
        async move { ann.post("/api/v1/dashboard/orders", form).await }
    });
    let withdrawals = (0..8).map(|_| {
        let ann = &ann;
        async move { ann.post(WITHDRAWALS, wish("3")).await }
    });
    let (orders, withdrawals) = futures::future::join(join_all(orders), join_all(withdrawals)).await;
    for answer in orders.iter().chain(&withdrawals) {
        assert!([201, 402].contains(&answer.status), "{}", answer.text);
    }
    let placed: Vec<_> = orders.iter().filter(|it| it.status == 201).collect();
    let prices = placed
        .iter()
        .map(|it| money(&it.json()["result"]["order"]["price"]));
    let taken: i64 = prices.sum();
    let asked = withdrawals.iter().filter(|it| it.status == 201).count();
    let asked = 3_000_000 * i64::try_from(asked).expect("a few");
    assert_eq!(balance(&ann).await, 10_000_000 - taken - asked);
    for order in placed {
        let id = order.json()["result"]["order"]["id"].as_i64().expect("an id");
        office.world.until(id, "completed").await;
    }
    office.close().await;
}

async fn whoever_decides_at_once_a_withdrawal_ends_one_way(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, first) = (&office.world.customer, &office.world.admin);
    let (_, second) = office.world.join("second", Role::Admin).await;
    let mut back = 0;
    for round in 0..4 {
        let id = ask(ann, "10").await;
        let clicks = (0..8).map(|n| {
            let staff = if n % 2 == 0 { first } else { &second };
            let what = if (n / 2 + round) % 2 == 0 {
                "approve"
            } else {
                "refuse"
            };
            async move { (what, staff.post(&path(id, what), note()).await) }
        });
        let done: Vec<_> = join_all(clicks).await;
        let mut won: Vec<&str> = done
            .iter()
            .filter(|(_, it)| it.status == 200)
            .map(|(what, _)| *what)
            .collect();
        assert!(done.iter().all(|(_, it)| [200, 409].contains(&it.status)));
        won.dedup();
        won.sort_unstable();
        won.dedup();
        assert_eq!(won.len(), 1, "it was {won:?}");
        back += i64::from(won == ["refuse"]);
    }
    assert_eq!(balance(ann).await, 100_000_000 - (4 - back) * 10_000_000);
    office.close().await;
}
