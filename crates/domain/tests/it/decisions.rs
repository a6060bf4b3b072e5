//! What each decision says exactly. That no sequence of them breaks the books is shown in `orders`; here is what they
//! say in one case each, for mistakes that keep the books in order and are mistakes all the same.

use std::time::Duration;

use domain::orders::{
    Actor, CancelRefusal, CustomerStatus, Evidence, FollowUp, Order, OrderPolicy, OrderState, PolicyError,
    absence_proves, await_decision, cancel_by_customer, claim, expire_lease, looked_up, resolve,
    staff_decision_allowed, withdraw, write_off,
};
use domain::wallets::{Account, TransferKind, WalletStatus};
use domain::{Money, ProviderOrderId, Timestamp, UserId};

use crate::model::{NOW, World, held_order, submitted_order};

const POLICY_LEASE: Duration = Duration::from_secs(90);

pub fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

pub fn policy() -> OrderPolicy {
    OrderPolicy::default()
}

pub fn held() -> Order {
    held_order(Money::from_micros(1_000), Money::from_micros(600), 10)
}

pub fn submitted() -> Order {
    submitted_order(Money::from_micros(1_000), Money::from_micros(600), 10)
}

/// A world whose order a worker has claimed at [`NOW`].
pub fn claimed() -> World {
    let mut world = World::with(held());
    world.apply(claim(&world.order, "w1", &policy(), NOW).unwrap());
    world
}

/// A world whose order has been unknown since [`NOW`].
pub fn unknown() -> World {
    let mut world = claimed();
    learn(
        &mut world,
        &Evidence::Unknown {
            why: "timeout".to_owned(),
        },
        NOW,
    );
    world
}

pub fn learn(world: &mut World, evidence: &Evidence, now: Timestamp) {
    let change = resolve(&world.order, &world.latest().unwrap(), evidence, &policy(), now);
    world.apply(change.unwrap());
}

pub fn absent() -> Evidence {
    Evidence::Absent {
        proof: "not in the list".to_owned(),
        actor: Actor::Provider,
    }
}

pub fn placed() -> Evidence {
    Evidence::Placed {
        provider_order_id: ProviderOrderId::new("900"),
        actor: Actor::Provider,
    }
}

fn kinds(world: &World) -> Vec<TransferKind> {
    world.transfers.iter().map(|row| row.kind).collect()
}

#[test]
fn stored_words_read_back() {
    for status in [WalletStatus::Active, WalletStatus::Frozen] {
        assert_eq!(WalletStatus::from_stored(status.as_str()), Some(status));
    }
    assert_eq!(WalletStatus::Active.as_str(), "active");
    assert_eq!(WalletStatus::from_stored("closed"), None);
    let ann = UserId::new("ann");
    let actors = [
        Actor::System,
        Actor::Provider,
        Actor::Customer(ann.clone()),
        Actor::Staff(ann.clone()),
    ];
    assert_eq!(
        actors.each_ref().map(Actor::kind),
        ["system", "provider", "customer", "staff"]
    );
    assert_eq!(
        actors.each_ref().map(Actor::user),
        [None, None, Some(&ann), Some(&ann)]
    );
}

#[test]
fn the_stored_words_of_the_ledger_never_change() {
    let kinds = [
        (TransferKind::Hold, "hold"),
        (TransferKind::Post, "post"),
        (TransferKind::Cogs, "cogs"),
        (TransferKind::Void, "void"),
        (TransferKind::Recognise, "recognise"),
        (TransferKind::Refund, "refund"),
        (TransferKind::ProviderRefund, "provider_refund"),
        (TransferKind::Writeoff, "writeoff"),
        (TransferKind::WriteoffReversal, "writeoff_reversal"),
        (TransferKind::LatePlaced, "late_placed"),
        (TransferKind::Adjustment, "adjustment"),
        (TransferKind::Deposit, "deposit"),
        (TransferKind::DepositFee, "deposit_fee"),
        (TransferKind::Withdrawal, "withdrawal"),
        (TransferKind::WithdrawalPaid, "withdrawal_paid"),
        (TransferKind::WithdrawalRefused, "withdrawal_refused"),
    ];
    for (kind, word) in kinds {
        assert_eq!(kind.as_str(), word);
    }
    let codes = Account::ALL.map(Account::code).join(" ");
    assert_eq!(
        codes,
        "user_wallets user_holds order_deferred revenue provider_float provider_cost gateway_clearing gateway_fees \
         refund_goodwill writeoff user_receivable manual_adjust bank withdrawals_payable"
    );
    assert_eq!(
        Account::ALL.map(Account::id),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    );
}

#[test]
fn customers_see_each_state_under_one_word() {
    let seen = |status: CustomerStatus| {
        status
            .states()
            .map(OrderState::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        CustomerStatus::ALL
            .iter()
            .map(|status| (status.as_str(), seen(*status)))
            .collect::<Vec<_>>(),
        [
            ("Pending", "held submitting unknown".to_owned()),
            ("In progress", "submitted in_progress".to_owned()),
            ("Completed", "completed".to_owned()),
            ("Partial", "partial".to_owned()),
            ("Canceled", "canceled voided".to_owned()),
        ]
    );
}

#[test]
fn an_order_has_a_reference_of_its_own_and_knows_what_it_still_owes() {
    assert_eq!(held().reference(), format!("smmguru-7-{}", NOW.micros()));
    let order = Order {
        refunded: Money::from_micros(300),
        recognised: Money::from_micros(200),
        ..submitted()
    };
    assert_eq!(order.deferred(), Money::from_micros(500));
}

#[test]
fn a_policy_may_be_as_tight_as_is_safe() {
    let tight = OrderPolicy {
        lease: Duration::from_secs(55),
        ..policy()
    };
    assert_eq!(tight.check(), Ok(()));
    for percent in [0, 1_001] {
        let polls = OrderPolicy {
            poll_percent: percent,
            ..policy()
        };
        let lookups = OrderPolicy {
            lookup_percent: percent,
            ..policy()
        };
        for unsound in [polls, lookups] {
            assert_eq!(unsound.check(), Err(PolicyError::PercentOutOfRange));
        }
    }
}

#[test]
fn only_an_order_that_waits_to_be_sent_is_withdrawn() {
    let mut world = World::with(held());
    world.apply(withdraw(&world.order, "the provider was removed", NOW).unwrap());
    assert_eq!(world.order.state, OrderState::Voided);
    assert_eq!(withdraw(&world.order, "again", NOW), None);
    assert_eq!(withdraw(&claimed().order, "too late", NOW), None);
    assert_eq!(withdraw(&submitted(), "too late", NOW), None);
}

#[test]
fn a_customer_cancels_what_can_be_canceled_and_not_all_the_time() {
    let change = cancel_by_customer(&submitted(), NOW).unwrap();
    assert_eq!(change.follow_ups, [FollowUp::Cancel { due_at: NOW }]);
    let asked = change.order;
    assert_eq!(
        cancel_by_customer(&asked, after(599)),
        Err(CancelRefusal::AskedRecently)
    );
    assert!(cancel_by_customer(&asked, after(600)).is_ok());
    let mut fixed = submitted();
    fixed.service.cancel = false;
    assert_eq!(cancel_by_customer(&fixed, NOW), Err(CancelRefusal::NotCancelable));
    // Nobody knows yet whether the provider has it: the wish is noted, and nobody is asked.
    let mut open = unknown().order;
    open.service.cancel = false;
    let noted = cancel_by_customer(&open, NOW).unwrap();
    assert_eq!(
        (noted.order.cancel_requested_at, noted.follow_ups),
        (Some(NOW), vec![])
    );
}

#[test]
fn a_noted_wish_to_cancel_reaches_the_provider_once_it_has_the_order() {
    for (cancelable, asked, expected) in [(true, true, 1), (true, false, 0), (false, true, 0)] {
        let mut world = claimed();
        world.order.service.cancel = cancelable;
        world.order.cancel_requested_at = asked.then_some(NOW);
        let change = resolve(&world.order, &world.latest().unwrap(), &placed(), &policy(), NOW).unwrap();
        assert_eq!(change.follow_ups.len(), expected, "{cancelable} {asked}");
    }
}

#[test]
fn what_was_provably_not_sent_is_tried_again_until_it_was_tried_often_enough_or_is_not_wanted() {
    let not_sent = Evidence::NotSent {
        proof: "connect:refused".to_owned(),
    };
    let state = |attempts: u32, asked: bool| {
        let mut world = claimed();
        world.order.attempts = attempts;
        world.order.cancel_requested_at = asked.then_some(NOW);
        let change = resolve(&world.order, &world.latest().unwrap(), &not_sent, &policy(), NOW).unwrap();
        change.order.state
    };
    assert_eq!(state(1, false), OrderState::Held);
    assert_eq!(state(4, false), OrderState::Held);
    assert_eq!(state(5, false), OrderState::Voided);
    assert_eq!(state(1, true), OrderState::Voided);
}

#[test]
fn a_lease_has_ended_after_its_last_moment() {
    let world = claimed();
    let expire = |now| expire_lease(&world.order, &world.latest().unwrap(), &policy(), now);
    assert_eq!(expire(NOW.plus(POLICY_LEASE)), None);
    let change = expire(NOW.plus(POLICY_LEASE).plus(Duration::from_micros(1))).unwrap();
    assert_eq!(change.order.state, OrderState::Unknown);
}

#[test]
fn absence_proves_something_only_after_lease_and_quarantine() {
    let order = unknown().order;
    let end = NOW.plus(POLICY_LEASE).plus(policy().quarantine);
    assert!(!absence_proves(&order, &policy(), end));
    assert!(absence_proves(
        &order,
        &policy(),
        end.plus(Duration::from_micros(1))
    ));
    assert!(!absence_proves(&held(), &policy(), after(1_000_000)));
}

#[test]
fn staff_decide_about_the_unknown_and_about_absence_only_after_the_quarantine() {
    let world = unknown();
    let allowed = |world: &World, placed, now| {
        staff_decision_allowed(&world.order, &world.latest().unwrap(), placed, &policy(), now).is_ok()
    };
    assert!(allowed(&world, true, NOW));
    assert!(!allowed(&world, false, NOW));
    assert!(allowed(&world, false, after(691)));
    assert!(!allowed(&claimed(), true, NOW));
    let mut known = unknown();
    learn(&mut known, &placed(), NOW);
    assert!(!allowed(&known, true, NOW));
    let mut absent_for_good = unknown();
    learn(&mut absent_for_good, &absent(), after(691));
    assert!(!allowed(&absent_for_good, true, after(692)));
}

#[test]
fn an_order_is_written_off_when_its_time_is_over_and_watched_for_a_week() {
    let mut world = unknown();
    let day = 24 * 3_600;
    assert_eq!(
        write_off(&world.order, &world.latest().unwrap(), &policy(), after(day - 1)),
        None
    );
    world.apply(write_off(&world.order, &world.latest().unwrap(), &policy(), after(day)).unwrap());
    assert_eq!(world.order.due_at, Some(after(day + 8 * 3_600)));
    let look = |now| looked_up(&world.order, "nothing", &policy(), now).order.due_at;
    assert_eq!(look(after(day * 7)), Some(after(day * 7 + 8 * 3_600)));
    assert_eq!(look(after(day * 8)), None);
    assert_eq!(
        looked_up(&world.order, "nothing", &policy(), NOW).order.lookups,
        1
    );
}

#[test]
fn late_evidence_books_the_loss_once_and_takes_it_back_if_there_is_none() {
    let written_off = || {
        let mut world = unknown();
        world.apply(write_off(&world.order, &world.latest().unwrap(), &policy(), after(86_400)).unwrap());
        world
    };
    let mut world = written_off();
    learn(&mut world, &placed(), after(90_000));
    assert!(
        !kinds(&world).contains(&TransferKind::LatePlaced),
        "the loss is booked already"
    );
    let mut world = written_off();
    learn(&mut world, &absent(), after(90_000));
    assert!(kinds(&world).contains(&TransferKind::WriteoffReversal));
    let mut world = unknown();
    learn(&mut world, &absent(), after(90_000));
    learn(&mut world, &placed(), after(90_001));
    assert!(kinds(&world).contains(&TransferKind::LatePlaced));
    assert!(world.order.review.is_some(), "a person looks at it");
}

#[test]
fn waiting_for_people_ends_with_the_time_to_write_off() {
    let order = unknown().order;
    let waiting = await_decision(&order, &policy(), NOW).unwrap().order;
    assert_eq!(waiting.due_at, Some(after(86_400)));
    assert_eq!(await_decision(&waiting, &policy(), NOW), None);
}
