//! A watch adds up what came after the checkpoint of a wallet, and still finds what is wrong; a checkpoint that is wrong
//! alarms nobody.

use testkit::contract::steps::{placed, rich_shop};
use testkit::fixtures::Shop;

use crate::backend::{Bench, on_every_database};
use crate::books::{violated, watched, wrong_after_hours};

on_every_database!(
    a_wallet_that_is_changed_after_its_checkpoint_is_found,
    a_transfer_that_is_missing_after_the_checkpoint_is_found,
    a_wallet_that_is_gone_after_its_checkpoint_is_found,
    history_that_is_changed_before_the_checkpoint_is_found_when_everything_is_looked_at,
    a_wrong_or_missing_checkpoint_alarms_nobody_and_is_made_anew,
    a_transfer_that_is_committed_late_alarms_nobody,
    checkpoints_follow_whoever_moves_also_if_two_watch_at_once,
    checkpoints_do_not_move_while_anything_is_wrong,
);

const NONE: [&str; 0] = [];
/// Checkpoints that are not what the ledger says.
const WRONG: &str = "
SELECT COUNT(*) FROM proven_wallets WHERE
    available <> (SELECT COALESCE(SUM(CASE WHEN debit = 1 THEN -amount WHEN credit = 1 THEN amount ELSE 0 END), 0)
        FROM transfers WHERE transfers.user_id = proven_wallets.user_id AND transfers.id <= up_to)
    OR held <> (SELECT COALESCE(SUM(CASE WHEN debit = 2 THEN -amount WHEN credit = 2 THEN amount ELSE 0 END), 0)
        FROM transfers WHERE transfers.user_id = proven_wallets.user_id AND transfers.id <= up_to)";
/// Checkpoints that are as new as the ledger.
const AT_THE_END: &str = "SELECT COUNT(*) FROM proven_wallets WHERE up_to = (SELECT MAX(id) FROM transfers)";

/// A shop whose one wallet has a checkpoint with all that ever moved in it.
async fn proven_shop(bench: &Bench) -> Shop {
    // From here on a watch looks only at what moves.
    assert_eq!(watched(bench).await, NONE);
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    for n in 1..=3 {
        order(bench, &shop, n).await;
    }
    for _ in 0..2 {
        assert_eq!(watched(bench).await, NONE);
    }
    assert_eq!(
        (number(bench, AT_THE_END).await, number(bench, WRONG).await),
        (1, 0)
    );
    shop
}

async fn order(bench: &Bench, shop: &Shop, n: u32) -> i64 {
    let placed = placed(&bench.backend, shop, n).await;
    placed.expect("it is placed").id.0
}

async fn number(bench: &Bench, sql: &str) -> i64 {
    bench.database.number(sql).await.expect("the database works")
}

async fn execute(bench: &Bench, sql: &str) {
    let done = bench.database.execute(sql).await;
    assert_eq!(done, Ok(()), "{sql}");
}

async fn verified(bench: &Bench) -> Vec<&'static str> {
    violated(&bench.backend.proof.verify().await.expect("the books can be read"))
}

async fn a_wallet_that_is_changed_after_its_checkpoint_is_found(bench: Bench) {
    let shop = proven_shop(&bench).await;
    order(&bench, &shop, 4).await;
    for column in ["available", "held"] {
        let change = |sign: char| format!("UPDATE wallets SET {column} = {column} {sign} 1");
        execute(&bench, &change('+')).await;
        let expected = verified(&bench).await;
        assert!(expected.contains(&"V1"), "{expected:?}");
        for _ in 0..3 {
            assert_eq!(watched(&bench).await, expected);
        }
        execute(&bench, &change('-')).await;
        assert_eq!(watched(&bench).await, NONE);
    }
}

async fn a_transfer_that_is_missing_after_the_checkpoint_is_found(bench: Bench) {
    let shop = proven_shop(&bench).await;
    let lost = order(&bench, &shop, 4).await;
    order(&bench, &shop, 5).await;
    execute(&bench, &format!("DELETE FROM transfers WHERE order_id = {lost}")).await;
    assert_eq!(verified(&bench).await, ["V1", "V4"]);
    for _ in 0..3 {
        // Nothing names the order any more.
        assert_eq!(watched(&bench).await, ["V1"]);
    }
}

async fn a_wallet_that_is_gone_after_its_checkpoint_is_found(bench: Bench) {
    let shop = proven_shop(&bench).await;
    order(&bench, &shop, 4).await;
    execute(&bench, "DELETE FROM wallets").await;
    for _ in 0..3 {
        assert_eq!(watched(&bench).await, ["V1"]);
    }
}

async fn history_that_is_changed_before_the_checkpoint_is_found_when_everything_is_looked_at(bench: Bench) {
    let shop = proven_shop(&bench).await;
    execute(
        &bench,
        "UPDATE transfers SET amount = amount + 1 WHERE kind = 'adjustment'",
    )
    .await;
    order(&bench, &shop, 4).await;
    assert_eq!(verified(&bench).await, ["V1"]);
    assert_eq!(watched(&bench).await, NONE);
    assert_eq!(wrong_after_hours(&bench, 5).await, NONE);
    for _ in 0..2 {
        assert_eq!(wrong_after_hours(&bench, 6).await, ["V1"]);
    }
}

async fn a_wrong_or_missing_checkpoint_alarms_nobody_and_is_made_anew(bench: Bench) {
    let shop = proven_shop(&bench).await;
    let harms = [
        "UPDATE proven_wallets SET available = available + 1",
        "UPDATE proven_wallets SET held = held - 1",
        "UPDATE proven_wallets SET up_to = up_to + 1000000",
        "UPDATE proven_wallets SET up_to = 0",
        "DELETE FROM proven_wallets",
    ];
    for (n, harm) in (4..).zip(harms) {
        execute(&bench, harm).await;
        order(&bench, &shop, n).await;
        for _ in 0..2 {
            assert_eq!(watched(&bench).await, NONE, "after {harm}");
        }
        let found = (number(&bench, AT_THE_END).await, number(&bench, WRONG).await);
        assert_eq!(found, (1, 0), "after {harm}");
    }
}

async fn a_transfer_that_is_committed_late_alarms_nobody(bench: Bench) {
    let shop = proven_shop(&bench).await;
    let user = shop.user.id.as_str();
    let late = format!(
        "INSERT INTO transfers (id, debit, credit, amount, kind, reference, user_id, created_at)
            VALUES (-1, 12, 1, 5, 'adjustment', 'late', '{user}', 0);
        UPDATE wallets SET available = available + 5"
    );
    execute(&bench, &late).await;
    for n in 4..=5 {
        order(&bench, &shop, n).await;
        for _ in 0..2 {
            assert_eq!(watched(&bench).await, NONE);
        }
        assert_eq!(number(&bench, WRONG).await, 0);
    }
    assert_eq!(verified(&bench).await, NONE);
}

async fn checkpoints_follow_whoever_moves_also_if_two_watch_at_once(bench: Bench) {
    let shop = proven_shop(&bench).await;
    for n in 4..12 {
        order(&bench, &shop, n).await;
        let both = tokio::join!(watched(&bench), watched(&bench));
        assert_eq!(both, (Vec::new(), Vec::new()));
        assert_eq!(number(&bench, WRONG).await, 0);
    }
    for _ in 0..2 {
        assert_eq!(watched(&bench).await, NONE);
    }
    assert_eq!(
        (number(&bench, AT_THE_END).await, number(&bench, WRONG).await),
        (1, 0)
    );
}

async fn checkpoints_do_not_move_while_anything_is_wrong(bench: Bench) {
    let shop = proven_shop(&bench).await;
    order(&bench, &shop, 4).await;
    execute(&bench, "UPDATE wallets SET available = available + 1").await;
    for _ in 0..3 {
        assert_eq!(watched(&bench).await, ["V1"]);
    }
    assert_eq!(number(&bench, AT_THE_END).await, 0);
    execute(&bench, "UPDATE wallets SET available = available - 1").await;
    for _ in 0..2 {
        assert_eq!(watched(&bench).await, NONE);
    }
    assert_eq!(
        (number(&bench, AT_THE_END).await, number(&bench, WRONG).await),
        (1, 0)
    );
}
