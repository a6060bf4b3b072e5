//! The life of an order under every sequence of events, likely or not.

use std::time::Duration;

use domain::orders::{
    Actor, AttemptOutcome, Change, Evidence, Hold, Observation, OrderPolicy, ReviewDecision, absence_proves,
    await_decision, cancel_by_customer, claim, doubt, expire_lease, looked_up, observe, observe_refusal,
    resolve, settle_review, take_back, withdraw, write_off,
};
use domain::providers::{UpstreamCount, UpstreamOrder};
use domain::{Money, ProviderOrderId, Timestamp, UserId};
use proptest::prelude::*;

use crate::model::{NOW, World, held_order, observation};

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    TimePasses(Duration),
    Claim,
    Learn(Evidence),
    ExpireLease,
    TakeBack { own: bool },
    WriteOff,
    LookUp,
    AwaitDecision,
    Withdraw,
    Doubt,
    Cancel,
    Observe { report: UpstreamOrder, age: Duration },
    ObserveRefusal,
    Decide(ReviewDecision),
}

const QUANTITY: u64 = 40;

fn evidence() -> impl Strategy<Value = Evidence> {
    let actor = || prop_oneof![Just(Actor::System), Just(Actor::Provider)];
    let proof = || "[a-z]{1,4}";
    prop_oneof![
        3 => (1_u32..4, actor()).prop_map(|(id, actor)| Evidence::Placed {
            provider_order_id: ProviderOrderId::new(id.to_string()),
            actor,
        }),
        3 => proof().prop_map(|proof| Evidence::NotSent { proof }),
        1 => proof().prop_map(|text| Evidence::Refused { text }),
        2 => (proof(), actor()).prop_map(|(proof, actor)| Evidence::Absent { proof, actor }),
        3 => proof().prop_map(|why| Evidence::Unknown { why }),
    ]
}

fn reports() -> impl Strategy<Value = UpstreamOrder> {
    let status = prop_oneof![
        4 => prop_oneof![Just("Pending"), Just("In progress")],
        3 => prop_oneof![Just("Completed"), Just("Partial"), Just("Canceled")],
        1 => Just("Refunded"),
    ];
    let count = || {
        prop_oneof![
            4 => (0..=QUANTITY + 2).prop_map(UpstreamCount::Known),
            1 => Just(UpstreamCount::Absent),
            1 => Just(UpstreamCount::Invalid("-3".to_owned())),
        ]
    };
    (status, count(), count()).prop_map(|(status, start_count, remains)| UpstreamOrder {
        status: status.to_owned(),
        start_count,
        remains,
        charge: None,
    })
}

fn events() -> impl Strategy<Value = Event> {
    let decision = prop_oneof![
        Just(ReviewDecision::Dismiss),
        Just(ReviewDecision::Completed),
        (0..=QUANTITY + 2).prop_map(|remains| ReviewDecision::Partial { remains }),
        Just(ReviewDecision::Canceled),
    ];
    let passing = prop_oneof![1_u64..30, 60_u64..700, 3_600_u64..100_000];
    prop_oneof![
        6 => passing.prop_map(|seconds| Event::TimePasses(Duration::from_secs(seconds))),
        6 => Just(Event::Claim),
        6 => evidence().prop_map(Event::Learn),
        3 => Just(Event::ExpireLease),
        2 => any::<bool>().prop_map(|own| Event::TakeBack { own }),
        3 => Just(Event::WriteOff),
        1 => Just(Event::LookUp),
        1 => Just(Event::AwaitDecision),
        1 => Just(Event::Withdraw),
        1 => Just(Event::Doubt),
        2 => Just(Event::Cancel),
        8 => (reports(), 0_u64..7_200).prop_map(|(report, age)| Event::Observe {
            report,
            age: Duration::from_secs(age),
        }),
        1 => Just(Event::ObserveRefusal),
        3 => decision.prop_map(Event::Decide),
    ]
}

fn decide(world: &World, event: &Event, policy: &OrderPolicy, now: Timestamp) -> Option<Change> {
    let order = &world.order;
    let staff = UserId::new("staff");
    match event {
        Event::TimePasses(_) => None,
        Event::Claim => claim(order, "w1", policy, now),
        Event::Learn(evidence) => resolve(order, &world.latest()?, evidence, policy, now),
        Event::ExpireLease => expire_lease(order, &world.latest()?, policy, now),
        Event::TakeBack { own } => {
            let attempt = world.latest()?;
            let change = take_back(order, &attempt, if *own { "w1" } else { "w2" }, policy, now);
            let unsent = attempt.worker == "w1" && attempt.outcome == AttemptOutcome::Intent;
            assert!(
                change.is_none() || (*own && unsent),
                "a claim is taken back by its own worker, and only while nothing is known of it: {attempt:?}"
            );
            change
        }
        Event::WriteOff => write_off(order, &world.latest()?, policy, now),
        Event::LookUp => {
            let looked_for = matches!(order.state.as_str(), "unknown" | "voided");
            looked_for.then(|| looked_up(order, "nothing", policy, now))
        }
        Event::AwaitDecision => await_decision(order, policy, now).filter(|_| order.unknown_since.is_some()),
        Event::Withdraw => withdraw(order, "provider removed", now),
        Event::Doubt => {
            let sent_until = now.plus(policy.lease);
            doubt(
                order,
                world.latest().as_ref(),
                "restored",
                sent_until,
                policy,
                now,
            )
        }
        Event::Cancel => cancel_by_customer(order, now).ok(),
        Event::Observe { report, age } => {
            observe(order, &observation(now.minus(*age), report.clone()), policy, now)
        }
        Event::ObserveRefusal => observe_refusal(order, "Incorrect order ID", policy, now),
        Event::Decide(decision) => settle_review(order, *decision, &staff, "note", now).ok(),
    }
}

/// Lets everything happen in turn; the model checks the books after each step.
fn live(world: &mut World, happening: &[Event], policy: &OrderPolicy) -> Timestamp {
    let mut now = NOW;
    for event in happening {
        if let Event::TimePasses(duration) = event {
            now = now.plus(*duration);
        }
        if let Some(change) = decide(world, event, policy, now) {
            world.apply(change);
        }
    }
    now
}

fn worlds() -> impl Strategy<Value = World> {
    (1_i64..5_000, 0_i64..5_000).prop_map(|(price, cost)| {
        World::with(held_order(
            Money::from_micros(price),
            Money::from_micros(cost),
            QUANTITY,
        ))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_sequence_of_events_breaks_the_books(
        mut world in worlds(),
        happening in proptest::collection::vec(events(), 1..60),
    ) {
        live(&mut world, &happening, &OrderPolicy::default());
    }

    #[test]
    fn a_refunded_customer_is_never_charged_again(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
        after in proptest::collection::vec(events(), 1..30),
    ) {
        let policy = OrderPolicy::default();
        live(&mut world, &before, &policy);
        let (available, hold) = (world.available, world.order.hold);
        live(&mut world, &after, &policy);
        prop_assert!(world.available >= available, "money came back and was taken again");
        if hold == Hold::Voided {
            prop_assert_eq!(world.available, available, "all of it was given back already");
        }
    }

    #[test]
    fn news_that_is_told_twice_changes_nothing_the_second_time(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
        news in evidence(),
    ) {
        let policy = OrderPolicy::default();
        let now = live(&mut world, &before, &policy);
        let learn = Event::Learn(news);
        if let Some(change) = decide(&world, &learn, &policy, now) {
            world.apply(change);
            prop_assert_eq!(decide(&world, &learn, &policy, now), None);
        }
    }

    #[test]
    fn a_report_that_is_applied_twice_moves_money_once(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
        report in reports(),
    ) {
        let policy = OrderPolicy::default();
        let now = live(&mut world, &before, &policy);
        let seen: Observation = observation(now, report);
        if let Some(change) = observe(&world.order, &seen, &policy, now) {
            world.apply(change);
            let again = observe(&world.order, &seen, &policy, now);
            prop_assert_eq!(again.map(|change| change.movements).unwrap_or_default(), []);
        }
    }

    #[test]
    fn a_report_that_is_older_than_the_last_one_applied_changes_nothing(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..40),
        report in reports(),
        older in 1_u64..100_000,
    ) {
        let policy = OrderPolicy::default();
        let now = live(&mut world, &before, &policy);
        let Some(applied) = world.order.observed_at else { return Ok(()) };
        let stale = observation(applied.minus(Duration::from_micros(older)), report);
        if let Some(change) = observe(&world.order, &stale, &policy, now) {
            prop_assert_eq!(&change.order, &world.order);
            prop_assert_eq!(change.movements, []);
        }
    }

    #[test]
    fn an_order_in_doubt_is_not_sent_again_and_its_absence_proves_nothing_for_a_while(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
        after in proptest::collection::vec(0_u64..600, 1..5),
    ) {
        let policy = OrderPolicy::default();
        let now = live(&mut world, &before, &policy);
        let sent_until = now.plus(policy.lease);
        let change = doubt(&world.order, world.latest().as_ref(), "restored", sent_until, &policy, now);
        let Some(change) = change else {
            prop_assert!(!matches!(world.order.state.as_str(), "held" | "submitting"));
            return Ok(());
        };
        world.apply(change);
        prop_assert_eq!(world.order.state.as_str(), "unknown");
        prop_assert_eq!(doubt(&world.order, world.latest().as_ref(), "again", sent_until, &policy, now), None);
        for seconds in after {
            let at = now.plus(Duration::from_secs(seconds));
            prop_assert_eq!(claim(&world.order, "w", &policy, at), None);
            let proven = at > sent_until.plus(policy.quarantine);
            prop_assert!(proven || !absence_proves(&world.order, &policy, at));
        }
    }

    #[test]
    fn nothing_is_written_off_before_its_time(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
    ) {
        let policy = OrderPolicy::default();
        live(&mut world, &before, &policy);
        let (Some(since), Some(attempt)) = (world.order.unknown_since, world.latest()) else { return Ok(()) };
        let early = since.plus(policy.write_off_after).minus(Duration::from_micros(1));
        prop_assert_eq!(write_off(&world.order, &attempt, &policy, early), None);
    }

    /// Whatever happened, patience ends the uncertainty: after the time limit nothing is unknown, and no money waits.
    #[test]
    fn an_order_whose_fate_stays_unknown_is_given_back_in_the_end(
        mut world in worlds(),
        before in proptest::collection::vec(events(), 1..30),
    ) {
        let policy = OrderPolicy::default();
        let now = live(&mut world, &before, &policy);
        let later = now.plus(policy.lease).plus(Duration::from_secs(1));
        for event in [Event::ExpireLease, Event::TimePasses(Duration::ZERO)] {
            if let Some(change) = decide(&world, &event, &policy, later) {
                world.apply(change);
            }
        }
        let patience = later.plus(policy.write_off_after);
        if let Some(change) = decide(&world, &Event::WriteOff, &policy, patience) {
            world.apply(change);
        }
        prop_assert!(!matches!(world.order.state.as_str(), "submitting" | "unknown"));
    }
}
