//! What becomes of orders in a database that may have forgotten what was done about them.

use domain::orders::{AttemptOutcome, Order, OrderState, claim, doubt};
use domain::{OrderId, Timestamp};

use crate::decisions::{after, held, policy, submitted, unknown};
use crate::model::{NOW, World};

/// Until when a request that the database has forgotten may still travel.
fn sent_until() -> Timestamp {
    after(90)
}

fn doubted(world: &World) -> Option<Order> {
    let attempt = world.latest();
    doubt(
        &world.order,
        attempt.as_ref(),
        "restored",
        sent_until(),
        &policy(),
        after(1),
    )
    .map(|it| it.order)
}

#[test]
fn a_held_order_gets_an_attempt_that_is_only_presumed() {
    let mut world = World::with(held());
    let change = doubt(&world.order, None, "restored", sent_until(), &policy(), after(1)).unwrap();
    world.apply(change);
    assert_eq!(world.order.state, OrderState::Unknown);
    assert_eq!(world.order.attempts, 1);
    assert_eq!(world.order.unknown_since, Some(after(1)));
    assert_eq!(world.order.lease_until, Some(sent_until()));
    assert_eq!(world.order.updated_at, after(1));
    assert!(world.order.due_at.is_some(), "it is looked up");
    assert_eq!(world.latest().unwrap().outcome, AttemptOutcome::Unknown);
}

#[test]
fn a_request_that_was_being_sent_may_travel_until_the_later_of_both_ends() {
    let mut world = World::with(held());
    world.apply(claim(&world.order, "w1", &policy(), NOW).unwrap());
    let found = doubted(&world).unwrap();
    assert_eq!(
        (found.state, found.lease_until),
        (OrderState::Unknown, Some(sent_until()))
    );
}

#[test]
fn absence_of_an_unknown_order_proves_nothing_before_the_new_end() {
    let mut world = unknown();
    for earlier in [None, Some(after(0)), Some(after(89))] {
        world.order.lease_until = earlier;
        let found = doubted(&world).unwrap();
        assert_eq!(
            (found.state, found.lease_until),
            (OrderState::Unknown, Some(sent_until()))
        );
        assert_eq!(
            found.attempts, world.order.attempts,
            "it is the attempt that is known"
        );
    }
}

#[test]
fn nothing_is_left_to_doubt_about_an_order_that_was_doubted_or_has_an_answer() {
    let mut world = unknown();
    for end in [sent_until(), after(91)] {
        world.order.lease_until = Some(end);
        assert_eq!(doubted(&world), None);
    }
    assert_eq!(doubted(&World::with(submitted())), None);
}

#[test]
fn an_order_is_the_same_by_its_id_and_the_time_when_it_was_placed() {
    let (order, later) = (held(), unknown().order);
    assert_eq!(later.state, OrderState::Unknown);
    assert!(order.is_same_as(&later), "whatever became of it");
    let other_id = Order {
        id: OrderId(order.id.0 + 1),
        ..order.clone()
    };
    let given_again = Order {
        created_at: after(1),
        ..order.clone()
    };
    assert!(!order.is_same_as(&other_id));
    assert!(!order.is_same_as(&given_again));
}
