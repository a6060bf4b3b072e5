//! When another order for the same link explains why a provider refused one, and what follows.

use domain::orders::{EventKind, Order, OrderState, keeps_the_link, refused_for_another};
use domain::text::Link;
use domain::{Money, OrderId, ProviderId};

use crate::decisions::{after, claimed, held, policy, submitted, unknown};
use crate::model::NOW;

const TEXT: &str = "You have active order with this link";

#[test]
fn only_an_order_for_the_same_that_was_there_before_keeps_the_link() {
    let order = held();
    let keeps = |other: &Order| keeps_the_link(other, &order, after(1));
    assert!(keeps(&submitted()), "accepted at {NOW:?}");
    let under_way = Order {
        state: OrderState::InProgress,
        ..submitted()
    };
    assert!(keeps(&under_way));

    let changed = |change: fn(&mut Order)| {
        let mut other = submitted();
        change(&mut other);
        other
    };
    for (why, other) in [
        ("never sent", held()),
        (
            "accepted at that moment",
            changed(|it| it.submitted_at = Some(after(1))),
        ),
        ("accepted later", changed(|it| it.submitted_at = Some(after(2)))),
        ("nobody knows when", changed(|it| it.submitted_at = None)),
        ("ended", changed(|it| it.state = OrderState::Completed)),
        ("unknown", changed(|it| it.state = OrderState::Unknown)),
        ("elsewhere", changed(|it| it.service.provider = ProviderId(77))),
        (
            "another service",
            changed(|it| it.service.upstream_id = "77".to_owned()),
        ),
        (
            "another link",
            changed(|it| it.link = Link::parse("https://example.com/77").unwrap()),
        ),
    ] {
        assert!(!keeps(&other), "{why}");
    }
    // Another of our services may be the same one of the provider's, and another amount is no other link.
    let resold = changed(|it| it.service.name = domain::text::Name::parse("Resold").unwrap());
    assert!(keeps(&resold));
    assert!(keeps(&changed(|it| it.quantity = 7)));
}

#[test]
fn an_order_that_was_refused_for_another_is_given_back_once_and_says_why() {
    let mut world = unknown();
    let (order, attempt) = (world.order.clone(), world.latest().unwrap());
    let change = refused_for_another(&order, &attempt, TEXT, OrderId(7), &policy(), after(9)).unwrap();
    let kinds: Vec<EventKind> = change.events.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [EventKind::LookedUp, EventKind::Refused, EventKind::Voided]
    );
    let seen = change.events.first().map(|event| event.details.clone());
    assert!(
        format!("{seen:?}").contains("order 7 for the same link is under way there"),
        "{seen:?}"
    );
    world.apply(change);
    assert_eq!(world.order.state, OrderState::Voided);
    assert_eq!(
        world.order.refunded,
        Money::ZERO,
        "nothing had been taken for good"
    );
    let attempt = world.latest().unwrap();
    let again = refused_for_another(&world.order, &attempt, TEXT, OrderId(7), &policy(), after(10));
    assert_eq!(again, None);
}

#[test]
fn an_order_that_is_being_sent_may_be_told_so_too() {
    let world = claimed();
    let attempt = world.latest().unwrap();
    let change = refused_for_another(&world.order, &attempt, TEXT, OrderId(7), &policy(), after(1));
    assert_eq!(change.unwrap().order.state, OrderState::Voided);
}
