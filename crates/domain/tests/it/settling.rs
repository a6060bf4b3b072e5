//! What a report about an order says exactly, and what staff may say instead.

use domain::orders::{
    EventKind, Order, OrderState, RefundPlan, ReviewDecision, observe, observe_refusal, settle_review,
};
use domain::providers::{UpstreamCount, UpstreamOrder};
use domain::{Money, UserId};

use crate::decisions::{after, held, policy, submitted};
use crate::model::{NOW, observation, report};

#[test]
fn a_refund_neither_takes_back_nor_reaches_into_revenue() {
    let plan = |refunded, recognised, undelivered| {
        let order = Order {
            refunded: Money::from_micros(refunded),
            recognised: Money::from_micros(recognised),
            ..submitted()
        };
        RefundPlan::for_undelivered(&order, undelivered).is_some()
    };
    assert!(plan(0, 0, 5));
    assert!(plan(500, 500, 5), "the same end again");
    assert!(!plan(500, 500, 6), "revenue is booked");
    assert!(!plan(500, 500, 4), "the customer has it already");
    assert!(!plan(0, 1_000, 1), "revenue is booked");
    assert!(plan(0, 1_000, 0));
}

#[test]
fn an_end_that_is_told_again_books_no_revenue_again() {
    let ended = Order {
        refunded: Money::from_micros(400),
        recognised: Money::from_micros(600),
        ..submitted()
    };
    let (movements, ..) = RefundPlan::for_undelivered(&ended, 4).unwrap().movements(&ended);
    assert_eq!(movements, []);
}

#[test]
fn a_report_is_news_or_it_is_not() {
    let order = submitted();
    let tell = |order: &Order, status: &str, remains| {
        observe(
            order,
            &observation(after(60), report(status, remains)),
            &policy(),
            after(61),
        )
    };
    let progress = tell(&order, "In progress", 4).unwrap();
    assert_eq!(progress.order.state, OrderState::InProgress);
    assert_eq!(tell(&progress.order, "In progress", 4), None);
    assert!(tell(&progress.order, "In progress", 3).is_some());
    assert_eq!(
        tell(&progress.order, "Pending", 4).unwrap().order.state,
        OrderState::InProgress
    );
    let late = observe(
        &progress.order,
        &observation(after(59), report("Completed", 0)),
        &policy(),
        after(62),
    );
    assert_eq!(late.unwrap().events[0].kind, EventKind::Ignored);
    let odd = tell(&order, "Refunded", 4).unwrap();
    assert!(
        odd.order
            .review
            .as_deref()
            .unwrap()
            .contains("unknown status word")
    );
    assert_eq!(tell(&odd.order, "Refunded", 4), None);
    let silent = |order: &Order, status| {
        let report = UpstreamOrder {
            remains: UpstreamCount::Absent,
            ..report(status, 0)
        };
        observe(order, &observation(after(60), report), &policy(), after(61))
    };
    let first = silent(&order, "Partial").unwrap().order;
    assert_eq!(silent(&first, "Partial"), None);
    let other_word = silent(&first, "partial").unwrap().order;
    assert_eq!(other_word.review, first.review);
    let lost = observe_refusal(&order, "Incorrect order ID", &policy(), NOW).unwrap();
    assert_eq!(
        observe_refusal(&lost.order, "Incorrect order ID", &policy(), NOW),
        None
    );
    assert_eq!(
        observe_refusal(&held(), "Incorrect order ID", &policy(), NOW),
        None
    );
}

#[test]
fn an_end_is_named_after_what_was_delivered() {
    let end = |status: &str, remains| {
        let seen = observation(after(60), report(status, remains));
        let change = observe(&submitted(), &seen, &policy(), after(61)).unwrap();
        (change.order.state, change.events.last().unwrap().kind)
    };
    assert_eq!(end("Partial", 0), (OrderState::Completed, EventKind::Completed));
    assert_eq!(end("Partial", 10), (OrderState::Canceled, EventKind::Canceled));
    assert_eq!(end("Partial", 3), (OrderState::Partial, EventKind::Partial));
    assert_eq!(end("Canceled", 3), (OrderState::Canceled, EventKind::Canceled));
    assert_eq!(end("Completed", 3), (OrderState::Completed, EventKind::Completed));
}

#[test]
fn an_order_that_ended_says_what_was_not_delivered_whatever_was_counted_before() {
    let counted = Order {
        remains: Some(7),
        ..submitted()
    };
    let told = |status: &str, remains| {
        let report = UpstreamOrder {
            remains,
            ..report(status, 0)
        };
        let seen = observation(after(60), report);
        observe(&counted, &seen, &policy(), after(61))
            .unwrap()
            .order
            .remains
    };
    assert_eq!(told("Completed", UpstreamCount::Absent), Some(0));
    assert_eq!(told("Completed", UpstreamCount::Known(3)), Some(0));
    assert_eq!(told("Partial", UpstreamCount::Known(4)), Some(4));
    assert_eq!(told("Canceled", UpstreamCount::Absent), Some(10));
    assert_eq!(told("Canceled", UpstreamCount::Known(2)), Some(10));

    let in_review = Order {
        review: Some("odd".to_owned()),
        ..counted
    };
    for (decision, undelivered) in [
        (ReviewDecision::Completed, 0),
        (ReviewDecision::Partial { remains: 4 }, 4),
        (ReviewDecision::Canceled, 10),
    ] {
        let settled = settle_review(&in_review, decision, &UserId::new("sam"), "looked", NOW);
        assert_eq!(settled.unwrap().order.remains, Some(undelivered), "{decision:?}");
    }
}

#[test]
fn more_left_than_was_ordered_is_told_to_staff_and_not_kept() {
    let tell = |order: &Order, status: &str, remains| {
        let seen = observation(after(60), report(status, remains));
        observe(order, &seen, &policy(), after(61)).unwrap()
    };
    let whole = tell(&submitted(), "In progress", 10);
    assert_eq!(whole.order.remains, Some(10));
    for status in ["In progress", "Partial"] {
        let first = tell(&submitted(), status, 11);
        assert_eq!(first.order.remains, None, "{status}");
        let told = ("remains", "11".to_owned());
        let is_told = first.events.iter().any(|event| event.details.contains(&told));
        assert!(is_told, "{status}: {:?}", first.events);
    }
    let counted = Order {
        remains: Some(7),
        ..submitted()
    };
    assert_eq!(tell(&counted, "In progress", 11).order.remains, Some(7));
}

#[test]
fn another_end_than_the_booked_one_is_for_people() {
    let ended = observe(
        &submitted(),
        &observation(after(60), report("Partial", 3)),
        &policy(),
        after(61),
    );
    let ended = ended.unwrap().order;
    let told = |status: &str, remains| {
        observe(
            &ended,
            &observation(after(70), report(status, remains)),
            &policy(),
            after(71),
        )
    };
    assert_eq!(told("Partial", 3), None);
    assert_eq!(told("In progress", 3), None);
    let review = told("Canceled", 10).unwrap().order.review.unwrap();
    assert!(review.contains("undelivered"), "{review}");
}

#[test]
fn another_end_is_for_people_even_where_no_money_is_to_be_given_back() {
    let free = Order {
        price: Money::ZERO,
        ..submitted()
    };
    let tell = |order: &Order, status: &str, remains, at| {
        let seen = observation(after(at), report(status, remains));
        observe(order, &seen, &policy(), after(at + 1))
    };
    let ended = tell(&free, "Completed", 0, 60).unwrap().order;
    assert_eq!(tell(&ended, "Completed", 0, 70), None);
    let review = tell(&ended, "Canceled", 10, 70).unwrap().order.review;
    assert_eq!(
        review.as_deref(),
        Some("reported canceled after it ended as completed")
    );
}

#[test]
fn staff_settle_what_is_in_review_and_nothing_else() {
    let staff = UserId::new("sam");
    let settle = |order: &Order, decision| settle_review(order, decision, &staff, "looked", NOW);
    assert!(settle(&submitted(), ReviewDecision::Canceled).is_err());
    let in_review = Order {
        review: Some("odd".to_owned()),
        due_at: None,
        ..submitted()
    };
    let dismissed = settle(&in_review, ReviewDecision::Dismiss).unwrap();
    assert_eq!(
        (dismissed.order.review, dismissed.order.due_at),
        (None, Some(NOW))
    );
    let ended = Order {
        state: OrderState::Completed,
        ..in_review.clone()
    };
    let dismissed = settle(&ended, ReviewDecision::Dismiss).unwrap();
    assert_eq!((dismissed.order.review, dismissed.order.due_at), (None, None));
    for (decision, word, state) in [
        (ReviewDecision::Completed, "completed", OrderState::Completed),
        (
            ReviewDecision::Partial { remains: 4 },
            "partial",
            OrderState::Partial,
        ),
        (ReviewDecision::Canceled, "canceled", OrderState::Canceled),
    ] {
        assert_eq!(
            (decision.word(), settle(&in_review, decision).unwrap().order.state),
            (word, state)
        );
    }
    assert_eq!(ReviewDecision::Dismiss.word(), "dismiss");
    assert!(settle(&in_review, ReviewDecision::Partial { remains: 11 }).is_err());
}
