//! Where withdrawals go to: nobody sees it who does not pay them out.

use application::funds::SealDestinations;
use domain::identity::Role;
use futures::future::join_all;
use serde_json::{Value, json};

use super::office::{Office, STAFF_WITHDRAWALS, WITHDRAWALS};
use crate::support::{DyingStore, Way, scenarios};

scenarios!(on both ways:
    a_destination_is_masked_in_lists_and_whole_for_whoever_pays_it_out,
    whoever_does_not_pay_a_withdrawal_out_does_not_see_where_to,
    a_destination_that_stands_in_plain_is_sealed_wherever_that_was_torn,
    a_destination_opens_in_its_own_row_only,
);

const IBAN: &str = "IBAN DE89 3704 0044 0532 0130 00";
const SHOWN: &str = "…3000";

/// Whether a text tells more of [`IBAN`] than its end, as it stands or as the bytes of a column. Spaces keep it apart
/// from the digits of what is sealed and of points in time, where four of them stand by chance.
fn tells(text: &str) -> bool {
    let bytes: String = "3704 0044".bytes().map(|byte| format!("{byte:02x}")).collect();
    text.contains("3704 0044") || text.to_lowercase().contains(&bytes)
}

/// The customer asks for money; the withdrawal's id.
async fn ask(office: &Office, destination: &str, key: &str) -> i64 {
    let form = json!({ "amount": "1", "destination": destination });
    let send = |request: reqwest::RequestBuilder| request.header("Idempotency-Key", key).json(&form);
    let customer = &office.world.customer;
    let answer = customer.send(reqwest::Method::POST, WITHDRAWALS, send).await;
    let body = answer.success(201, "WITHDRAWAL_REQUESTED");
    assert!(!answer.text.contains(destination), "{}", answer.text);
    body["id"].as_i64().expect("an id")
}

fn destination_of(id: i64) -> String {
    format!("{STAFF_WITHDRAWALS}/{id}/destination")
}

async fn revealed(office: &Office, id: i64) -> Value {
    let answer = office.world.admin.post(&destination_of(id), json!({})).await;
    answer.success(200, "DESTINATION_FETCHED")["destination"].clone()
}

/// What the database holds of destinations, as text.
async fn stored(office: &Office) -> Vec<String> {
    let database = office.world.database().await;
    let rows = if database.is_postgres() {
        "SELECT t::text FROM withdrawals t ORDER BY id"
    } else {
        "SELECT destination || quote(destination_sealed) FROM withdrawals ORDER BY id"
    };
    database.texts(rows).await.expect("rows")
}

/// As a version before this one left it.
async fn in_plain(office: &Office, destination: &str) {
    let sql = format!(
        "UPDATE withdrawals SET destination = '{destination}', destination_sealed = NULL, destination_nonce = NULL,
         destination_key_version = NULL"
    );
    let database = office.world.database().await;
    database.execute(&sql).await.expect("the database works");
}

async fn a_destination_is_masked_in_lists_and_whole_for_whoever_pays_it_out(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let world = &office.world;
    assert!(tells(IBAN) && !tells(SHOWN));
    let id = ask(&office, IBAN, "w1").await;
    // A repetition is the same withdrawal, and another destination is not.
    assert_eq!(ask(&office, IBAN, "w1").await, id);
    let other = json!({ "amount": "1", "destination": "IBAN DE89 0000 0000 0000 0000 3000" });
    let send = |request: reqwest::RequestBuilder| request.header("Idempotency-Key", "w1").json(&other);
    let other = world
        .customer
        .send(reqwest::Method::POST, WITHDRAWALS, send)
        .await;
    other.failure(422, "IDEMPOTENCY_KEY_REUSED");
    for (browser, list, name) in [
        (&world.customer, WITHDRAWALS, "WITHDRAWALS_FETCHED"),
        (&world.admin, STAFF_WITHDRAWALS, "WITHDRAWALS_FETCHED"),
    ] {
        let listed = browser.get(list).await;
        let body = listed.success(200, name)["withdrawals"][0].clone();
        let body = body.get("withdrawal").unwrap_or(&body).clone();
        assert_eq!(body["destination"], SHOWN);
        assert!(!tells(&listed.text), "{}", listed.text);
    }
    assert!(!tells(&stored(&office).await.concat()));

    assert_eq!(revealed(&office, id).await, IBAN);
    let noted = world
        .admin
        .get("/api/v1/admin/audit?action=withdrawal.reveal")
        .await;
    let lines = noted.success(200, "AUDIT_FETCHED")["lines"].clone();
    assert_eq!(lines.as_array().map(Vec::len), Some(1), "{lines}");
    assert_eq!(lines[0]["target"], format!("withdrawal:{id}"));
    assert!(!tells(&noted.text), "{}", noted.text);

    office.close().await;
}

async fn whoever_does_not_pay_a_withdrawal_out_does_not_see_where_to(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let world = &office.world;
    let id = ask(&office, IBAN, "w1").await;
    world
        .customer
        .post(&destination_of(id), json!({}))
        .await
        .failure(401, "Validation Error");
    let (_, moderator) = world.join("moderator", Role::Moderator).await;
    moderator
        .post(&destination_of(id), json!({}))
        .await
        .failure(403, "FORBIDDEN");
    world
        .admin
        .post(&destination_of(99_999), json!({}))
        .await
        .failure(404, "WITHDRAWAL_NOT_FOUND");
    // Nobody looks into their own, and nobody at what is over.
    let (boss_user, boss) = world.join("boss", Role::Admin).await;
    world.fund(boss_user.id.as_str(), "10").await;
    let form = json!({ "amount": "1", "destination": IBAN });
    let own = boss
        .post(WITHDRAWALS, form)
        .await
        .success(201, "WITHDRAWAL_REQUESTED");
    let own = own["id"].as_i64().expect("an id");
    boss.post(&destination_of(own), json!({}))
        .await
        .failure(403, "OWN_FUNDS");
    let approve = format!("{STAFF_WITHDRAWALS}/{id}/approve");
    let paid = world
        .admin
        .post(&approve, json!({ "reason": "transfer 4711" }))
        .await;
    paid.success(200, "WITHDRAWAL_APPROVED");
    world
        .admin
        .post(&destination_of(id), json!({}))
        .await
        .failure(409, "FUNDS_DECISION_REFUSED");
    office.close().await;
}

async fn a_destination_that_stands_in_plain_is_sealed_wherever_that_was_torn(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let ports = office.ports();
    let first = ask(&office, IBAN, "w0").await;
    for n in 1..5 {
        ask(&office, IBAN, &format!("w{n}")).await;
    }
    let sealing = |store| SealDestinations::new(store, ports.queries.clone(), ports.sealer.clone());
    let mut deaths = 0;
    loop {
        in_plain(&office, IBAN).await;
        // Nobody sees more of it meanwhile.
        let listed = office.world.customer.get(WITHDRAWALS).await;
        assert!(
            listed.text.contains(SHOWN) && !tells(&listed.text),
            "{}",
            listed.text
        );
        let torn = sealing(DyingStore::after(deaths, ports.store.clone()));
        let run = tokio::spawn(async move { torn.seal().await }).await;
        // The next run does the rest, also twice at once.
        let runs = join_all(
            [sealing(ports.store.clone()), sealing(ports.store.clone())]
                .map(|run| async move { run.seal().await }),
        );
        assert!(runs.await.iter().all(Result::is_ok));
        let plain = ports
            .queries
            .plain_destinations(9)
            .await
            .expect("the database works");
        assert!(plain.is_empty(), "at step {deaths}: {plain:?}");
        assert!(!tells(&stored(&office).await.concat()));
        assert_eq!(revealed(&office, first).await, IBAN, "at step {deaths}");
        match run {
            Err(_) => deaths += 1,
            Ok(Ok(5)) => break,
            // The workers of the shop were faster: once more.
            Ok(sealed) => assert!(sealed.is_ok(), "{sealed:?}"),
        }
    }
    assert!(deaths >= 6, "there are only {deaths} points to die at");
    // A request is repeated as before, and whoever pays before the workers came by sees it all the same.
    in_plain(&office, IBAN).await;
    assert_eq!(ask(&office, IBAN, "w0").await, first);
    in_plain(&office, "ann@upi").await;
    assert_eq!(revealed(&office, first).await, "ann@upi");
    assert!(!stored(&office).await.concat().contains("ann@upi"));
    office.close().await;
}

async fn a_destination_opens_in_its_own_row_only(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (mine, theirs) = (
        ask(&office, IBAN, "w1").await,
        ask(&office, "ann@upi", "w2").await,
    );
    // Whoever writes to the database swaps them.
    let swap = format!(
        "UPDATE withdrawals SET destination_sealed = (SELECT destination_sealed FROM withdrawals WHERE id = {theirs}),
         destination_nonce = (SELECT destination_nonce FROM withdrawals WHERE id = {theirs}) WHERE id = {mine}"
    );
    office
        .world
        .database()
        .await
        .execute(&swap)
        .await
        .expect("the database works");
    let answer = office.world.admin.post(&destination_of(mine), json!({})).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(
        !answer.text.contains("upi") && !answer.text.contains("sealed"),
        "{}",
        answer.text
    );
    assert_eq!(revealed(&office, theirs).await, "ann@upi");
    office.close().await;
}
