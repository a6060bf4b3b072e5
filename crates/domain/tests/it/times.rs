//! When an order is asked about next.

use std::time::Duration;

use domain::Timestamp;
use domain::orders::{
    Order, OrderPolicy, PollPace, PollWindow, looked_up, next_group_poll, next_poll, next_poll_turn, observe,
    poll_interval,
};

use crate::decisions::{after, policy, submitted, unknown};
use crate::model::{NOW, observation, report};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Submitted at [`NOW`].
fn order() -> Order {
    Order {
        submitted_at: Some(NOW),
        ..submitted()
    }
}

fn polled(poll_percent: u32) -> OrderPolicy {
    OrderPolicy {
        poll_percent,
        ..policy()
    }
}

/// Whether it is `expected` seconds from `now` on, give or take the tenth that keeps orders apart.
fn is_in(time: Timestamp, now: Timestamp, expected: u64) -> bool {
    let wait = time.since(now);
    (secs(expected) * 9 / 10..=secs(expected) * 11 / 10).contains(&wait)
}

#[test]
fn the_older_an_order_is_the_more_seldom_it_is_asked_about() {
    for (age, every) in [
        (0, MINUTE),
        (10 * MINUTE - 1, MINUTE),
        (10 * MINUTE, 3 * MINUTE),
        (HOUR - 1, 3 * MINUTE),
        (HOUR, 10 * MINUTE),
        (6 * HOUR, 30 * MINUTE),
        (DAY, 2 * HOUR),
        (7 * DAY - 1, 2 * HOUR),
        (7 * DAY, 8 * HOUR),
        (90 * DAY, 8 * HOUR),
    ] {
        let order = order();
        assert_eq!(poll_interval(&order, &policy(), after(age)), secs(every), "{age}");
        assert_eq!(
            poll_interval(&order, &polled(50), after(age)),
            secs(every) / 2,
            "{age}"
        );
        let next = next_poll(&order, PollPace::default(), &polled(200), after(age));
        assert!(is_in(next, after(age), every * 2), "{age}: {next:?}");
    }
}

#[test]
fn an_order_is_asked_about_when_it_should_be_finished_but_not_much_sooner_or_later_than_others() {
    let base = 10 * MINUTE;
    for (finishes_in, expected) in [
        (secs(1), base / 2),
        (secs(base / 2 + 60), base / 2 + 60),
        (secs(base + 60), base + 60),
        (secs(DAY), base * 2),
    ] {
        for (half_open, times) in [(false, 1), (true, 2)] {
            let pace = PollPace {
                finishes_in: Some(finishes_in),
                half_open,
            };
            let next = next_poll(&order(), pace, &policy(), after(HOUR));
            assert!(
                is_in(next, after(HOUR), expected * times),
                "{finishes_in:?}: {next:?}"
            );
        }
    }
}

#[test]
fn how_fast_it_went_between_two_reports_says_when_an_order_should_be_finished() {
    let reported = Order {
        observed_at: Some(after(HOUR)),
        remains: Some(10),
        ..order()
    };
    let base = 10 * MINUTE;
    for (remains, elapsed, expected) in [
        (6, base, base * 3 / 2),
        (5, base * 4 / 5, base * 4 / 5),
        (10, base, base),
        (11, base, base),
    ] {
        let now = after(HOUR + elapsed);
        let seen = observation(now, report("In progress", remains));
        let next = observe(&reported, &seen, &policy(), now).unwrap().order.due_at;
        assert!(is_in(next.unwrap(), now, expected), "{remains}: {next:?}");
    }
}

#[test]
fn orders_that_were_placed_together_do_not_stay_together() {
    let waits = (0..200).map(|seed| {
        next_group_poll(secs(HOUR), false, seed, &policy(), NOW)
            .due_at
            .since(NOW)
    });
    let waits: Vec<Duration> = waits.collect();
    let (early, late) = (secs(HOUR) * 95 / 100, secs(HOUR) * 105 / 100);
    assert!(
        waits.iter().filter(|wait| **wait < early).count() > 20,
        "{waits:?}"
    );
    assert!(
        waits.iter().filter(|wait| **wait > late).count() > 20,
        "{waits:?}"
    );
}

#[test]
fn a_group_may_fill_a_request_a_quarter_of_its_interval_early_and_not_more_than_a_quarter_of_an_hour() {
    for (every, ahead) in [(4 * MINUTE, MINUTE), (HOUR, 15 * MINUTE), (8 * HOUR, 15 * MINUTE)] {
        for (half_open, times) in [(false, 1), (true, 2)] {
            let time = next_group_poll(secs(every), half_open, 7, &policy(), NOW);
            assert!(is_in(time.due_at, NOW, every * times), "{every}: {time:?}");
            assert_eq!(time.due_at.since(time.soon_at), secs(ahead), "{every}");
        }
    }
    let hurried = next_group_poll(secs(HOUR), false, 7, &polled(10), NOW);
    assert_eq!(hurried.due_at.since(hurried.soon_at), secs(90));
}

#[test]
fn a_provider_has_its_turn_about_once_a_minute_and_a_request_takes_what_is_due_soon() {
    assert_eq!(next_poll_turn(&policy(), NOW), after(55));
    assert_eq!(next_poll_turn(&polled(200), NOW), after(110));
    for (percent, orders, groups) in [
        (100, 6, 15 * MINUTE),
        (50, 3, 15 * MINUTE / 2),
        (200, 6, 30 * MINUTE),
    ] {
        let window = PollWindow::at(NOW, &polled(percent));
        assert_eq!(
            (window.now, window.orders_until, window.groups_until),
            (NOW, after(orders), after(groups)),
            "{percent}"
        );
    }
}

#[test]
fn an_unknown_order_is_looked_up_soon_and_then_more_and_more_seldom() {
    let mut order = unknown().order;
    assert_eq!(order.due_at, Some(after(5)));
    for wait in [
        30,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        HOUR,
        HOUR,
        HOUR,
    ] {
        order = looked_up(&order, "nothing", &policy(), NOW).order;
        assert_eq!(order.due_at, Some(after(wait)), "{}", order.lookups);
    }
    let hurried = OrderPolicy {
        lookup_percent: 10,
        ..policy()
    };
    let order = looked_up(&unknown().order, "nothing", &hurried, NOW).order;
    assert_eq!(order.due_at, Some(after(3)));
}
