//! Another installation of ours understands everything that it is told as a reseller's client, in both dialects.

use std::time::Duration;

use actix_web::http::StatusCode;
use application::api_keys::KeyRefusal;
use application::orders::{CancelOrderError, OverBudget, PlaceOrderError};
use domain::api_keys::{ErrorWords, KeyStop, Scope};
use domain::orders::{CancelRefusal, PlaceRefusal};
use domain::providers::{
    AddAnswer, AddBody, AddOutcome, RefusalKind, classify_add, is_about_order, is_passing,
};
use domain::{Money, OrderId, Rate};
use ports::StoreError;

use super::fault::Fault;

const DIALECTS: [ErrorWords; 2] = [ErrorWords::English, ErrorWords::Codes];

/// What is made of the fault as the answer to an order.
fn read_as(fault: &Fault, words: ErrorWords) -> AddOutcome {
    let error = Some(fault.text(words).to_owned());
    classify_add(&AddAnswer::Answered {
        status: fault.plain(words).status().as_u16(),
        body: AddBody::Object { order: None, error },
        excerpt: String::new(),
    })
}

fn assert_refused(fault: &Fault, expected: RefusalKind) {
    for words in DIALECTS {
        let (text, outcome) = (fault.text(words), read_as(fault, words));
        assert!(
            matches!(&outcome, AddOutcome::Refused { kind, .. } if *kind == expected),
            "{text}: {outcome:?}"
        );
        assert!(
            expected == RefusalKind::Order || !is_about_order(text),
            "it says nothing about an order: {text}"
        );
    }
}

/// Ordering five pieces fails.
fn ordering(error: PlaceOrderError) -> Fault {
    Fault::of_order(error, 5)
}

fn refusing(refusal: PlaceRefusal) -> Fault {
    ordering(PlaceOrderError::Refused(refusal))
}

fn asked_too_often() -> Fault {
    let retry_after = Duration::from_secs(1);
    KeyRefusal::TooMany { retry_after }.into()
}

fn busy() -> Fault {
    StoreError::Unavailable("away".to_owned()).into()
}

#[test]
fn what_is_wrong_with_the_account_is_told_from_what_is_wrong_with_an_order() {
    let poor = PlaceOrderError::InsufficientBalance {
        price: Money::ZERO,
        available: Money::ZERO,
    };
    for fault in [
        Fault::no_key(),
        KeyRefusal::Unknown.into(),
        KeyRefusal::Stopped(KeyStop::Disabled).into(),
        KeyRefusal::Stopped(KeyStop::Expired).into(),
        KeyRefusal::Stopped(KeyStop::Network).into(),
        KeyRefusal::Scope(Scope::OrdersWrite).into(),
        KeyRefusal::Banned.into(),
        asked_too_often(),
        refusing(PlaceRefusal::Banned),
        ordering(PlaceOrderError::OverBudget(OverBudget::Stopped)),
        ordering(PlaceOrderError::OverBudget(OverBudget::Cap { left: Money::ZERO })),
        ordering(PlaceOrderError::WalletFrozen),
        ordering(PlaceOrderError::Unverified),
        ordering(poor),
    ] {
        assert_refused(&fault, RefusalKind::Account);
    }
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    for fault in [
        Fault::service(),
        Fault::link(),
        Fault::quantity(),
        Fault::comments("they are too long"),
        ordering(PlaceOrderError::UnknownService),
        refusing(PlaceRefusal::ServiceUnavailable),
        refusing(PlaceRefusal::UnsupportedType("Poll".to_owned())),
        refusing(PlaceRefusal::QuantityOutOfRange { min: 10, max: 20 }),
        refusing(PlaceRefusal::QuantityOutOfRange { min: 1, max: 2 }),
        refusing(PlaceRefusal::QuantityMissing),
        refusing(PlaceRefusal::OtherQuantity { comments: 2 }),
        refusing(PlaceRefusal::CommentsMissing),
        refusing(PlaceRefusal::CommentsNotTaken),
        refusing(PlaceRefusal::TooLarge),
    ] {
        assert_refused(&fault, RefusalKind::Order);
    }
}

#[test]
fn what_does_not_prove_that_nothing_was_placed_proves_nothing() {
    for fault in [
        busy(),
        Fault::action(),
        Fault::request("it makes no sense"),
        Fault::not_by_get(),
        ordering(PlaceOrderError::RateAbove { rate: Rate::ZERO }),
        ordering(PlaceOrderError::KeyReused),
        ordering(PlaceOrderError::Twin { order: OrderId(1) }),
    ] {
        for words in DIALECTS {
            let (text, outcome) = (fault.text(words), read_as(&fault, words));
            assert!(
                matches!(outcome, AddOutcome::Unknown { .. }),
                "{text}: {outcome:?}"
            );
        }
    }
}

#[test]
fn what_passes_is_told_from_a_no_about_an_order() {
    for fault in [asked_too_often(), busy(), CancelOrderError::InDoubt.into()] {
        for words in DIALECTS {
            let text = fault.text(words);
            assert!(is_passing(text) && !is_about_order(text), "{text}");
            assert_ne!(fault.plain(words).status(), StatusCode::OK, "{text}");
        }
    }
    let cannot = |refusal| Fault::from(CancelOrderError::Refused(refusal));
    for fault in [
        Fault::order(),
        Fault::refill(),
        Fault::no_refills(),
        cannot(CancelRefusal::AlreadyEnded),
        cannot(CancelRefusal::NotCancelable),
        cannot(CancelRefusal::AskedRecently),
    ] {
        for words in DIALECTS {
            let text = fault.text(words);
            assert!(is_about_order(text) && !is_passing(text), "{text}");
        }
    }
}
