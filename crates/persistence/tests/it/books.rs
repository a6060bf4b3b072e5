//! Every invariant of the books bites: each test breaks sound books in one way, behind the back of the repositories, and
//! names the invariants that have to notice. Constraints that would prevent it are dropped first; they are the first
//! line of defence, and the proof must not lean on them.

use std::time::Duration;

use domain::orders::Evidence;
use ports::ledger::InvariantCount;
use testkit::contract::Backend;
use testkit::contract::steps::{
    accepted, assert_sound, claimed, placed, reported, resolved, rich_shop, submitted, unknown, written_off,
};
use testkit::fixtures::{NOW, after};

use crate::backend::{Bench, on_every_database};

on_every_database!(
    a_wallet_with_a_micro_too_much,
    wallet_money_that_is_nobodys,
    ledger_rows_of_a_wallet_that_is_gone,
    a_wallet_below_zero,
    a_price_that_is_not_what_was_held,
    an_order_that_took_no_money,
    an_order_that_took_its_money_twice,
    a_hold_that_was_posted_and_given_back,
    a_hold_whose_end_the_order_does_not_know,
    two_attempts_that_may_have_arrived,
    a_posted_order_that_no_provider_has,
    revenue_that_the_ledger_does_not_know,
    a_voided_order_that_defers_money,
    a_refund_beyond_the_price,
    an_ended_order_that_still_defers,
    a_ledger_row_into_an_account_that_is_not_there,
    a_lease_that_nobody_missed,
    a_held_order_that_nobody_took,
    what_was_looked_at_is_left_alone_until_everything_is_looked_at_again,
);

const NO_CONSTRAINTS_SQLITE: &str =
    "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; DROP INDEX one_live_attempt;";
const NO_CONSTRAINTS_POSTGRES: &str = "
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT conrelid::regclass AS of_table, conname FROM pg_constraint
        WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 0
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.of_table, found.conname);
    END LOOP;
END $$;
DROP INDEX one_live_attempt;";

/// One order in each place that an order can be in.
async fn fill(backend: &Backend) -> Result<(), ports::StoreError> {
    let shop = rich_shop(backend).await?;
    placed(backend, &shop, 1).await?;
    let order = placed(backend, &shop, 2).await?;
    claimed(backend, &order, NOW).await?;
    let order = placed(backend, &shop, 3).await?;
    submitted(backend, &order, "p3", NOW).await?;
    for (n, status, remains) in [(4, "Completed", 0), (5, "Partial", 300), (6, "Canceled", 1_000)] {
        let order = placed(backend, &shop, n).await?;
        submitted(backend, &order, &format!("p{n}"), NOW).await?;
        reported(backend, &order, status, remains, after(1)).await?;
    }
    let order = placed(backend, &shop, 7).await?;
    unknown(backend, &order, NOW).await?;
    let order = placed(backend, &shop, 8).await?;
    unknown(backend, &order, NOW).await?;
    let order = written_off(backend, &order, NOW).await?;
    resolved(backend, &order, &accepted("late"), after(100_000)).await?;
    let order = placed(backend, &shop, 9).await?;
    claimed(backend, &order, NOW).await?;
    let text = "Incorrect link".to_owned();
    resolved(backend, &order, &Evidence::Refused { text }, NOW).await?;
    assert_sound(backend, "before anything is broken").await
}

async fn bites(bench: Bench, harm: &str, expected: &[&str]) {
    // From here on a watch looks only at what moves.
    assert_eq!(watched(&bench).await, [""; 0]);
    fill(&bench.backend).await.expect("the books can be filled");
    let no_constraints = if bench.database.is_postgres() {
        NO_CONSTRAINTS_POSTGRES
    } else {
        NO_CONSTRAINTS_SQLITE
    };
    let broken = bench.database.execute(&format!("{no_constraints} {harm}")).await;
    broken.expect("the books can be broken");
    let counts = bench.backend.proof.verify().await.expect("the books can be read");
    assert_eq!(violated(&counts), expected, "after {harm}");
    for _ in 0..3 {
        assert_eq!(watched(&bench).await, expected, "watching, after {harm}");
    }
}

pub fn violated(counts: &[InvariantCount]) -> Vec<&'static str> {
    let violated = counts.iter().filter(|count| count.violations != 0);
    violated.map(|count| count.id).collect()
}

pub async fn watched(bench: &Bench) -> Vec<&'static str> {
    violated(
        &bench
            .backend
            .proof
            .watch()
            .await
            .expect("the books can be watched"),
    )
}

async fn what_was_looked_at_is_left_alone_until_everything_is_looked_at_again(bench: Bench) {
    let none = [""; 0];
    assert_eq!(wrong_after_hours(&bench, 0).await, none);
    fill(&bench.backend).await.expect("the books can be filled");
    // The rows count as new in the watch that sees them first, and in the one after it.
    for _ in 0..2 {
        assert_eq!(wrong_after_hours(&bench, 0).await, none);
    }
    let harm = "UPDATE orders SET recognised = recognised - 1 WHERE state = 'completed'";
    bench
        .database
        .execute(harm)
        .await
        .expect("the books can be broken");
    assert_eq!(wrong_after_hours(&bench, 5).await, none);
    for _ in 0..2 {
        assert_eq!(wrong_after_hours(&bench, 6).await, ["V8", "V10"]);
    }
    let mended = "UPDATE orders SET recognised = recognised + 1 WHERE state = 'completed'";
    bench
        .database
        .execute(mended)
        .await
        .expect("the books can be mended");
    assert_eq!(wrong_after_hours(&bench, 6).await, none);
}

/// What a watch says of the books themselves: by then, orders have waited for hours.
pub async fn wrong_after_hours(bench: &Bench, hours: u64) -> Vec<&'static str> {
    bench.clock.set(after(hours * 3_600));
    let mut wrong = watched(bench).await;
    wrong.retain(|id| !["V12", "V13"].contains(id));
    wrong
}

async fn a_wallet_with_a_micro_too_much(bench: Bench) {
    bites(bench, "UPDATE wallets SET available = available + 1", &["V1"]).await;
}

async fn wallet_money_that_is_nobodys(bench: Bench) {
    let harm = "INSERT INTO transfers (debit, credit, amount, kind, reference, created_at)
        VALUES (13, 1, 5, 'adjustment', 'x', 0)";
    bites(bench, harm, &["V1"]).await;
}

async fn ledger_rows_of_a_wallet_that_is_gone(bench: Bench) {
    bites(bench, "DELETE FROM wallets", &["V1"]).await;
}

async fn a_wallet_below_zero(bench: Bench) {
    bites(bench, "UPDATE wallets SET available = -1", &["V1", "V2"]).await;
}

async fn a_price_that_is_not_what_was_held(bench: Bench) {
    bites(
        bench,
        "UPDATE orders SET price = price + 1 WHERE state = 'held'",
        &["V3", "V4"],
    )
    .await;
}

async fn an_order_that_took_no_money(bench: Bench) {
    let harm = "DELETE FROM transfers WHERE kind = 'hold'
        AND order_id = (SELECT id FROM orders WHERE state = 'completed')";
    bites(bench, harm, &["V1", "V4"]).await;
}

async fn an_order_that_took_its_money_twice(bench: Bench) {
    let harm = "
        INSERT INTO transfers (debit, credit, amount, kind, reference, user_id, order_id, created_at)
            SELECT debit, credit, amount, kind, 'again', user_id, order_id, created_at FROM transfers
            WHERE kind = 'hold' AND order_id = (SELECT id FROM orders WHERE state = 'held');
        UPDATE wallets SET
            available = available - (SELECT price FROM orders WHERE state = 'held'),
            held = held + (SELECT price FROM orders WHERE state = 'held')";
    bites(bench, harm, &["V3", "V4"]).await;
}

async fn a_hold_that_was_posted_and_given_back(bench: Bench) {
    // The ledger rows of the second end touch no wallet, so that only their kind gives them away.
    let harm = "INSERT INTO transfers (debit, credit, amount, kind, reference, order_id, created_at)
        SELECT 13, 12, price, 'void', 'x', id, 0 FROM orders WHERE state = 'submitted'";
    bites(bench, harm, &["V5"]).await;
}

async fn a_hold_whose_end_the_order_does_not_know(bench: Bench) {
    let harm = "UPDATE transfers SET kind = 'void'
        WHERE kind = 'post' AND order_id = (SELECT id FROM orders WHERE state = 'submitted')";
    bites(bench, harm, &["V5"]).await;
}

async fn two_attempts_that_may_have_arrived(bench: Bench) {
    let harm = "INSERT INTO attempts (order_id, no, worker, outcome, provider_id, started_at)
        SELECT order_id, 99, worker, 'intent', provider_id, started_at FROM attempts WHERE outcome = 'unknown'";
    bites(bench, harm, &["V6"]).await;
}

async fn a_posted_order_that_no_provider_has(bench: Bench) {
    bites(
        bench,
        "UPDATE orders SET provider_order_id = NULL WHERE state = 'submitted'",
        &["V7"],
    )
    .await;
}

async fn revenue_that_the_ledger_does_not_know(bench: Bench) {
    bites(
        bench,
        "UPDATE orders SET recognised = recognised + 1 WHERE state = 'submitted'",
        &["V8"],
    )
    .await;
}

async fn a_voided_order_that_defers_money(bench: Bench) {
    let harm = "INSERT INTO transfers (debit, credit, amount, kind, reference, order_id, created_at)
        SELECT 12, 3, 5, 'adjustment', 'x' || id, id, 0 FROM orders WHERE state = 'voided'";
    bites(bench, harm, &["V8"]).await;
}

async fn a_refund_beyond_the_price(bench: Bench) {
    let harm = "INSERT INTO transfers (debit, credit, amount, kind, reference, order_id, created_at)
        SELECT 13, 12, price + 1, 'refund', 'x', id, 0 FROM orders WHERE state = 'completed'";
    bites(bench, harm, &["V9"]).await;
}

async fn an_ended_order_that_still_defers(bench: Bench) {
    bites(
        bench,
        "UPDATE orders SET state = 'completed' WHERE state = 'submitted'",
        &["V10"],
    )
    .await;
}

async fn a_ledger_row_into_an_account_that_is_not_there(bench: Bench) {
    bites(
        bench,
        "UPDATE transfers SET credit = 99 WHERE kind = 'recognise'",
        &["V11"],
    )
    .await;
}

async fn a_lease_that_nobody_missed(bench: Bench) {
    let lease_until = NOW.minus(Duration::from_mins(2)).micros();
    bench.clock.set(NOW);
    let harm = format!("UPDATE orders SET lease_until = {lease_until} - 1 WHERE state = 'submitting'");
    bites(bench, &harm, &["V12"]).await;
}

async fn a_held_order_that_nobody_took(bench: Bench) {
    let updated_at = NOW.minus(Duration::from_mins(10)).micros();
    let harm = format!("UPDATE orders SET updated_at = {updated_at} - 1 WHERE state = 'held'");
    bites(bench, &harm, &["V13"]).await;
}
