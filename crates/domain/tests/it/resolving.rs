//! What evidence about an attempt changes, and what it does not change any more.

use domain::orders::{
    Actor, AttemptOutcome, EventKind, Evidence, Hold, OrderState, resolve, take_back, write_off,
};

use crate::decisions::{absent, after, claimed, learn, placed, policy, unknown};
use crate::model::{NOW, World};

fn refused() -> Evidence {
    Evidence::Refused {
        text: "Not enough funds".to_owned(),
    }
}

fn not_sent() -> Evidence {
    Evidence::NotSent {
        proof: "connect:refused".to_owned(),
    }
}

fn silence() -> Evidence {
    Evidence::Unknown {
        why: "timeout".to_owned(),
    }
}

#[test]
fn nothing_is_learned_of_an_attempt_that_was_settled() {
    let mut waiting = claimed();
    learn(&mut waiting, &not_sent(), NOW);
    assert_eq!(
        (waiting.order.state, waiting.latest().unwrap().outcome),
        (OrderState::Held, AttemptOutcome::NotPlaced)
    );
    for evidence in [placed(), not_sent(), refused(), absent(), silence()] {
        let attempt = waiting.latest().unwrap();
        let change = resolve(&waiting.order, &attempt, &evidence, &policy(), after(1));
        assert_eq!(change, None, "{evidence:?}");
    }
}

#[test]
fn a_refusal_gives_the_money_back_and_is_told() {
    for mut world in [claimed(), unknown()] {
        learn(&mut world, &refused(), after(1));
        assert_eq!(
            (world.order.state, world.order.hold),
            (OrderState::Voided, Hold::Voided)
        );
    }
    let world = claimed();
    let change = resolve(&world.order, &world.latest().unwrap(), &refused(), &policy(), NOW);
    let kinds: Vec<EventKind> = change.unwrap().events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Refused, EventKind::Voided]);
}

#[test]
fn a_loss_that_was_booked_is_taken_back_whatever_proves_that_there_is_none() {
    for evidence in [refused(), not_sent(), absent()] {
        let mut world = unknown();
        let given_up = write_off(&world.order, &world.latest().unwrap(), &policy(), after(86_400));
        world.apply(given_up.unwrap());
        let booked = world.transfers.len();
        learn(&mut world, &evidence, after(90_000));
        assert_eq!(world.transfers.len(), booked + 1, "{evidence:?}");
        let again = resolve(
            &world.order,
            &world.latest().unwrap(),
            &evidence,
            &policy(),
            after(90_001),
        );
        assert_eq!(again, None, "{evidence:?}");
    }
}

#[test]
fn a_worker_takes_back_its_own_claim_and_no_other() {
    let world = claimed();
    let attempt = world.latest().unwrap();
    let take = |world: &World, worker| take_back(&world.order, &attempt, worker, &policy(), after(1));
    assert_eq!(take(&world, "w1").unwrap().order.state, OrderState::Held);
    assert_eq!(take(&world, "w2"), None);
    let unknown = unknown();
    let tried = unknown.latest().unwrap();
    assert_eq!(
        take_back(&unknown.order, &tried, "w1", &policy(), after(1)),
        None,
        "it was sent, perhaps"
    );
}

#[test]
fn history_says_whether_an_order_was_accepted_by_an_answer_or_found_later() {
    for (world, how) in [(claimed(), "answer"), (unknown(), "evidence")] {
        let change = resolve(
            &world.order,
            &world.latest().unwrap(),
            &placed(),
            &policy(),
            after(1),
        );
        let event = change.unwrap().events.remove(0);
        assert_eq!((event.kind, event.actor), (EventKind::Submitted, Actor::Provider));
        assert!(
            event
                .details
                .iter()
                .any(|(name, value)| *name == "known_by" && value == how),
            "{:?}",
            event.details
        );
    }
}
