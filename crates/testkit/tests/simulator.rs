//! The order protocol in worlds where everything goes wrong, and what becomes of it when one of its rules is left out.

#![expect(clippy::panic, reason = "tests fail by panicking")]

use testkit::simulator::{Breach, Failure, Mode, Mutant, Rules, Summary, replay, search};

fn held(seeds: u64, rules: Rules, mode: Mode) -> Summary {
    match search(0..seeds, rules, mode, None, || {}) {
        Ok(summary) => summary,
        Err(failure) => panic!("{failure}"),
    }
}

fn caught(mutant: Mutant, within: u64) -> Failure {
    match search(0..within, Rules::without(mutant), Mode::Safety, None, || {}) {
        Ok(_) => panic!("{} was not noticed in {within} seeds", mutant.as_str()),
        Err(failure) => *failure,
    }
}

#[test]
fn ten_thousand_worlds_of_faults_break_neither_orders_nor_money() {
    let summary = held(10_000, Rules::PRODUCT, Mode::Safety);
    // Worlds in which nothing happens would prove nothing.
    for (event, at_least) in [
        ("an order is placed", 10_000),
        ("a request arrives", 10_000),
        ("a worker is killed at work", 5_000),
        ("an order is rescued", 2_000),
        ("a guard refuses an old row", 2_000),
        ("look-up: found", 1_000),
        ("look-up: absent", 1_000),
        ("look-up: inconclusive", 1_000),
        ("answer: placed", 1_000),
        ("answer: refused", 1_000),
        ("answer: unknown", 1_000),
        ("answer: not sent", 1_000),
        ("a claim is taken back", 1_000),
        ("a report is applied", 1_000),
        ("polls are taken", 2_000),
        ("polls are put back", 1_000),
        ("an order is asked about alone", 40),
        ("a review is settled", 100),
        ("staff decide a fate", 100),
        ("a customer cancels", 1_000),
        ("a wallet holds too little", 1_000),
        ("post", 1_000),
        ("void", 1_000),
        ("refund", 100),
        ("recognise", 100),
        ("provider_refund", 100),
        ("writeoff", 100),
        ("writeoff_reversal", 10),
        ("the database is restored", 2_000),
        ("an order is in doubt", 2_000),
        ("orders are released", 200),
    ] {
        let happened = summary.events.get(event).copied().unwrap_or_default();
        assert!(
            happened >= at_least,
            "{event}: {happened} times, {at_least} expected"
        );
    }
}

#[test]
fn once_the_faults_stop_every_order_comes_to_an_end() {
    held(1_000, Rules::PRODUCT, Mode::Liveness);
}

#[test]
fn without_the_quarantine_goods_are_free() {
    assert_eq!(
        caught(Mutant::NoQuarantine, 10_000).violation.kind,
        Breach::FreeGoods
    );
}

#[test]
fn a_quarantine_that_ends_while_the_answer_of_the_provider_lies_around_gives_goods_away() {
    let failure = caught(Mutant::AbsenceAsOfRecording, 10_000);
    assert_eq!(failure.violation.kind, Breach::FreeGoods);
}

#[test]
fn without_a_durable_intent_an_order_is_placed_twice_or_given_away() {
    let kind = caught(Mutant::NoDurableIntent, 2_000).violation.kind;
    assert!(
        matches!(kind, Breach::PlacedTwice | Breach::FreeGoods),
        "{kind:?}"
    );
}

#[test]
fn without_the_unique_live_attempt_a_queue_that_repeats_itself_places_twice() {
    assert_eq!(
        caught(Mutant::NoUniqueAttempt, 2_000).violation.kind,
        Breach::PlacedTwice
    );
}

#[test]
fn the_unique_live_attempt_alone_stops_a_queue_that_repeats_itself() {
    held(2_000, Rules::REQUEUE, Mode::Safety);
}

#[test]
fn a_worker_that_takes_back_what_another_one_claimed_places_twice_or_gives_away() {
    let kind = caught(Mutant::AnyClaimTakenBack, 10_000).violation.kind;
    assert!(
        matches!(kind, Breach::PlacedTwice | Breach::FreeGoods),
        "{kind:?}"
    );
}

#[test]
fn without_the_restore_guard_what_was_forgotten_is_sent_again_or_given_away() {
    let kind = caught(Mutant::NoRestoreGuard, 2_000).violation.kind;
    assert!(
        matches!(kind, Breach::PlacedTwice | Breach::FreeGoods),
        "{kind:?}"
    );
}

#[test]
fn without_the_hold_the_same_money_is_spent_twice() {
    assert_eq!(caught(Mutant::NoHold, 5_000).violation.kind, Breach::Overdrawn);
}

#[test]
fn a_failure_is_told_in_few_steps_and_comes_again_with_its_seed() {
    let failure = caught(Mutant::NoUniqueAttempt, 2_000);
    assert!(failure.kept < failure.steps / 2, "{failure}");
    assert!(
        failure
            .to_string()
            .contains(&format!("seed {}: PlacedTwice", failure.seed))
    );
    let rules = Rules::without(Mutant::NoUniqueAttempt);
    let (first, again) = (
        replay(failure.seed, rules, Mode::Safety),
        replay(failure.seed, rules, Mode::Safety),
    );
    assert_eq!(first, again);
    assert_eq!(first.1.map(|violation| violation.kind), Some(Breach::PlacedTwice));
}
