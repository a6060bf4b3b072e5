//! What moved somebody's money, for them and for staff.

use domain::identity::Role;
use serde_json::json;

use super::office::Office;
use crate::support::{Way, money, scenarios};

scenarios!(on both ways:
    every_entry_says_what_was_there_afterwards_and_filters_leave_entries_out,
    an_export_holds_everything_of_its_owner_and_runs_nothing,
);

const ENTRIES: &str = "/api/v1/dashboard/wallet/transactions";

async fn every_entry_says_what_was_there_afterwards_and_filters_leave_entries_out(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (ann, admin) = (&office.world.customer, &office.world.admin);
    let order = office.world.place("partial:40").await;
    office.world.until(order, "partial").await;
    office.world.fund(office.world.user.id.as_str(), "7").await;
    let all = ann.get(ENTRIES).await.success(200, "TRANSACTIONS_FETCHED");
    let all = all["transactions"].as_array().expect("entries").clone();
    let kinds: Vec<_> = all
        .iter()
        .map(|it| it["kind"].as_str().expect("a word"))
        .collect();
    assert_eq!(kinds, ["adjustment", "refund", "hold", "adjustment"]);
    let mut balance = 0;
    for entry in all.iter().rev() {
        balance += money(&entry["amount"]);
        assert_eq!(money(&entry["balance"]), balance, "{entry}");
    }
    assert_eq!(balance, office.world.wallet().await.0);
    let list = async |query: &str| {
        let answer = ann.get(&format!("{ENTRIES}?{query}")).await;
        answer.success(200, "TRANSACTIONS_FETCHED")
    };
    assert_eq!(
        list("kind=adjustment").await["transactions"],
        json!([all[0], all[3]])
    );
    assert_eq!(
        list(&format!("order={order}")).await["transactions"],
        json!([all[1], all[2]])
    );
    let at = all[1]["created_at"].as_str().expect("a date");
    let before = list(&format!("to={at}")).await;
    assert!(
        before["transactions"]
            .as_array()
            .is_some_and(|it| !it.contains(&all[0]) && it.contains(&all[3]))
    );
    let first = list("limit=3").await;
    let cursor = first["nextCursor"].as_str().expect("there is more");
    assert_eq!(
        list(&format!("limit=3&cursor={cursor}")).await["transactions"],
        json!([all[3]])
    );
    ann.get(&format!("{ENTRIES}?from=yesterday"))
        .await
        .failure(400, "VALIDATION_ERROR");

    let of = format!("/api/v1/admin/users/{}/wallet", office.world.user.id);
    let seen = admin
        .get(&format!("{of}/transactions"))
        .await
        .success(200, "TRANSACTIONS_FETCHED");
    assert_eq!(seen["transactions"], json!(all));
    let wallet = admin.get(&of).await.success(200, "USER_BALANCE");
    assert_eq!(money(&wallet["balance"]), balance);
    let (_, moderator) = office.world.join("moderator", Role::Moderator).await;
    moderator.get(&of).await.failure(403, "FORBIDDEN");
    office.close().await;
}

async fn an_export_holds_everything_of_its_owner_and_runs_nothing(way: Way) {
    let Some(office) = Office::open(way, false).await else {
        return;
    };
    let (user, ann) = office.world.join("ann", Role::User).await;
    let path = format!("/api/v1/admin/users/{}/wallet/credit", user.id);
    for reason in ["=cmd|' /C calc'!A0", "@SUM(A1)", "plain, with a comma"] {
        let form = json!({ "amount": "1", "reason": reason });
        office
            .world
            .admin
            .post(&path, form)
            .await
            .success(201, "WALLET_CREDITED");
    }
    let export = ann.get(&format!("{ENTRIES}.csv")).await;
    assert_eq!(
        (export.status, export.header("content-type")),
        (200, Some("text/csv; charset=utf-8"))
    );
    let lines: Vec<&str> = export.text.lines().collect();
    assert_eq!(lines.len(), 4, "{}", export.text);
    assert_eq!(lines[0], "id,at,kind,amount,balance,currency,order_id,note");
    assert!(
        lines[1].ends_with(",adjustment,1.00,3.00,USD,,\"plain, with a comma\""),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].ends_with(",'@SUM(A1)") && lines[3].ends_with(",'=cmd|' /C calc'!A0"),
        "{}",
        export.text
    );
    let staff = format!("/api/v1/admin/users/{}/wallet/transactions.csv", user.id);
    assert_eq!(office.world.admin.get(&staff).await.text, export.text);
    let others = office
        .world
        .customer
        .get(&format!("{ENTRIES}.csv?kind=adjustment"))
        .await;
    assert!(!others.text.contains("SUM"), "{}", others.text);
    office.close().await;
}
