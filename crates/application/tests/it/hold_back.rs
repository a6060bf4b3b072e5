//! Orders that must not be sent now.

use std::time::Duration;

use application::jobs::Verdict;
use application::providers::{CallClass, PanelsError};
use domain::Money;
use domain::catalog::Availability;
use domain::orders::{EventKind, OrderState};

use crate::bench::{Bench, PRICE, WEALTH, units};
use crate::panel::{accepted, lost, not_sent};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_provider_that_is_switched_off_makes_its_orders_wait() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.make_provider(Availability::Disabled).await;
    assert_eq!(bench.send(id).await, Verdict::Later(SECOND * 60));
    assert_eq!(bench.state(id).await, OrderState::Held);
    assert_eq!(bench.outcomes(id).await, Vec::<String>::new());

    bench.make_provider(Availability::Active).await;
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_was_removed_gives_the_money_back() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.make_provider(Availability::Archived).await;
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.events(id).await, [EventKind::Placed, EventKind::Voided]);
    bench.close().await;
}

#[tokio::test]
async fn too_much_money_of_unknown_fate_holds_further_orders_back() {
    let bench = Bench::new().await;
    let lost_one = bench.unknown(1).await;
    let id = bench.place(2).await;
    let cap = |cap| move |provider: &mut domain::providers::Provider| provider.settings.exposure_cap = cap;

    bench.turn(cap(PRICE.saturating_sub(Money::MICRO))).await;
    assert_eq!(bench.send(id).await, Verdict::Later(SECOND * 30));
    assert_eq!(bench.state(id).await, OrderState::Held);

    bench.turn(cap(PRICE)).await;
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    assert_eq!(bench.state(lost_one).await, OrderState::Unknown);
    bench.close().await;
}

#[tokio::test]
async fn a_used_up_rate_limit_makes_the_order_wait_without_an_attempt() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.limiter.deny(SECOND * 7);
    assert_eq!(bench.send(id).await, Verdict::Later(SECOND * 7));
    assert_eq!(bench.outcomes(id).await, Vec::<String>::new());
    assert_eq!(bench.events(id).await, [EventKind::Placed]);
    assert_eq!(
        bench.limiter.asked(),
        [format!("provider:{}", bench.shop.provider.id)]
    );

    bench.limiter.grant();
    bench.panel.answers(accepted("77"));
    bench.send(id).await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_limit_that_is_free_in_no_time_still_makes_the_worker_breathe() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.limiter.deny(Duration::ZERO);
    assert_eq!(bench.send(id).await, Verdict::Later(Duration::from_millis(10)));
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_left_alone_after_five_tries_without_using_the_limit() {
    let bench = Bench::new().await;
    for n in 0..5 {
        let id = bench.place(n).await;
        bench.panel.answers(not_sent());
        assert_eq!(bench.send(id).await, Verdict::Done);
    }
    let id = bench.place(5).await;
    let asked = bench.limiter.asked().len();
    assert_eq!(bench.send(id).await, Verdict::Later(SECOND * 10));
    assert_eq!(bench.outcomes(id).await, Vec::<String>::new());
    assert_eq!(bench.limiter.asked().len(), asked);
    bench.close().await;
}

#[tokio::test]
async fn a_half_open_circuit_lets_one_order_through_at_a_time() {
    let bench = Bench::new().await;
    let (first, second) = (bench.place(1).await, bench.place(2).await);
    bench.panels.trip(bench.shop.provider.id, CallClass::Submit);
    bench.pass(SECOND * 30);
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        assert_eq!(other.send(second).await, Verdict::Later(SECOND * 10));
        assert_eq!(other.state(second).await, OrderState::Held);
        not_sent()
    });
    bench.send(first).await;
    for _ in 0..2 {
        // The circuit is open for a minute now. Another process's may be closed, so the job comes back earlier.
        let Verdict::Later(pause) = bench.send(second).await else {
            panic!("the probe failed")
        };
        assert!((SECOND * 9..SECOND * 11).contains(&pause), "{pause:?}");
        assert_eq!(bench.state(second).await, OrderState::Held);
        bench.pass(SECOND * 29);
    }
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_answers_one_of_three_probes_is_used_at_once() {
    let bench = Bench::new().await;
    let mut orders = Vec::new();
    for n in 0..4 {
        orders.push(bench.place(n).await);
    }
    bench.panels.trip(bench.shop.provider.id, CallClass::Submit);
    bench.pass(SECOND * 30);
    let answers = [lost(), lost(), accepted("p3"), accepted("p4")];
    for (order, answer) in orders.iter().zip(answers) {
        bench.panel.answers(answer);
        assert_eq!(bench.send(*order).await, Verdict::Done);
    }
    assert_eq!(bench.panels.open_circuits(), []);
    bench.close().await;
}

#[tokio::test]
async fn a_probe_that_was_not_made_does_not_keep_others_from_probing() {
    let bench = Bench::new().await;
    let (first, second, third) = (bench.place(1).await, bench.place(2).await, bench.place(3).await);
    bench.panels.trip(bench.shop.provider.id, CallClass::Submit);
    bench.pass(SECOND * 30);
    // The first is canceled before it is claimed, and of the second claim nobody knows whether it was recorded.
    let other = bench.clone();
    bench.store.before_next(async move {
        let canceled = other.canceling().cancel(&other.customer(), first).await;
        canceled.unwrap();
    });
    assert_eq!(bench.send(first).await, Verdict::Done);
    bench.store.loses_at_while(1, async {});
    let unclaimed = bench.submitting().submit(second).await;
    assert!(matches!(unclaimed, Err(PanelsError::Store(_))), "{unclaimed:?}");

    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(third).await, Verdict::Done);
    assert_eq!(bench.panels.open_circuits(), []);
    bench.close().await;
}

#[tokio::test]
async fn a_process_sends_eight_orders_at_once_to_one_provider() {
    let bench = Bench::new().await;
    let mut orders = Vec::new();
    for n in 0..9 {
        orders.push(bench.place(n).await);
    }
    // The panel answers the ninth order only once it was held back.
    let (tell, told) = tokio::sync::watch::channel(false);
    for n in 0..8 {
        let mut told = told.clone();
        bench.panel.meanwhile(move || async move {
            told.wait_for(|told| *told).await.unwrap();
            accepted(&format!("p{n}"))
        });
    }
    let eight = futures::future::join_all(orders[..8].iter().map(|id| bench.send(*id)));
    let ninth = async {
        while bench.panel.sent() < 8 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            bench.send(orders[8]).await,
            Verdict::Later(Duration::from_millis(250))
        );
        tell.send(true).unwrap();
    };
    futures::join!(eight, ninth);
    bench.panel.answers(accepted("p8"));
    assert_eq!(bench.send(orders[8]).await, Verdict::Done);
    bench.close().await;
}

#[tokio::test]
async fn an_order_is_not_sent_without_the_key_of_its_provider() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.sealer.lose_the_keys();
    let outcome = bench.submitting().submit(id).await;
    assert!(matches!(outcome, Err(PanelsError::Key(_))), "{outcome:?}");
    assert_eq!(bench.state(id).await, OrderState::Held);
    bench.close().await;
}

#[tokio::test]
async fn a_worker_that_slept_between_its_claim_and_its_request_does_not_send() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let clock = std::sync::Arc::clone(&bench.clock);
    let sleep = bench.policy.send_within;
    bench.store.after(1, async move { clock.advance(sleep) });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!((bench.panel.sent(), bench.state(id).await), (0, OrderState::Held));
    assert_eq!(bench.outcomes(id).await, ["not_placed"]);

    bench.pass(SECOND * 5);
    bench.panel.answers(accepted("77"));
    bench.send(id).await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_worker_that_was_just_quick_enough_sends() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let clock = std::sync::Arc::clone(&bench.clock);
    let almost = bench.policy.send_within - Duration::from_millis(1);
    bench.store.after(1, async move { clock.advance(almost) });
    bench.panel.answers(accepted("77"));
    bench.send(id).await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    bench.close().await;
}

#[tokio::test]
async fn a_worker_that_slept_past_its_lease_sends_nothing_and_its_word_frees_the_order() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let (other, lease) = (bench.clone(), bench.policy.lease);
    bench.store.after(1, async move {
        other.pass(lease + SECOND);
        assert_eq!(other.rescue().await, 1);
        assert_eq!(other.state(id).await, OrderState::Unknown);
    });
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert_eq!((bench.panel.sent(), bench.state(id).await), (0, OrderState::Held));
    bench.close().await;
}

#[tokio::test]
async fn one_provider_never_has_more_than_a_quarter_of_the_workers() {
    let bench = Bench::new().await;
    let provider = bench.panels.target(bench.shop.provider.id).await.unwrap().0;
    for (workers, submitting, reading) in [(1, 1, 1), (8, 1, 1), (16, 2, 1), (48, 8, 4), (200, 8, 4)] {
        let panels = bench.panels_for(workers);
        let admit = async |class| {
            let mut admitted = Vec::new();
            while let Ok(leave) = panels.admit(&provider, class).await {
                admitted.push(leave);
            }
            admitted
        };
        let held = (admit(CallClass::Submit).await, admit(CallClass::Read).await);
        assert_eq!(
            (held.0.len(), held.1.len()),
            (submitting, reading),
            "{workers} workers"
        );
        assert!(workers < 8 || (submitting + reading) * 4 <= workers);
    }
    bench.close().await;
}

#[tokio::test]
async fn orders_that_find_no_place_come_back_one_after_the_other_and_never_all_at_once() {
    let bench = Bench::new().await;
    bench
        .turn(|provider| provider.settings.requests_per_second = 10)
        .await;
    let mut orders = Vec::new();
    for n in 0..30 {
        orders.push(bench.place(n).await);
    }
    bench.make_provider(Availability::Disabled).await;
    let mut pauses = Vec::new();
    for id in orders {
        let Verdict::Later(pause) = bench.send(id).await else {
            panic!("the provider is switched off");
        };
        pauses.push(pause);
    }
    let expected = (0..30).map(|n| SECOND * 60 + Duration::from_millis(100) * n);
    assert!(pauses.iter().copied().eq(expected), "{pauses:?}");
    bench.close().await;
}

#[tokio::test]
async fn a_call_from_before_the_provider_was_left_alone_does_not_conclude_the_probe() {
    let bench = Bench::new().await;
    let (early, probe, other) = (bench.place(1).await, bench.place(2).await, bench.place(3).await);
    let desk = bench.clone();
    bench.panel.meanwhile(move || async move {
        desk.panels.trip(desk.shop.provider.id, CallClass::Submit);
        desk.pass(SECOND * 30);
        let inner = desk.clone();
        desk.panel.meanwhile(move || async move {
            assert!(
                matches!(inner.send(other).await, Verdict::Later(_)),
                "one probe at a time"
            );
            lost()
        });
        // The probe is made, and fails, while the early call is still under way.
        desk.send(probe).await;
        accepted("77")
    });
    bench.send(early).await;
    assert_eq!(bench.state(early).await, OrderState::Submitted);
    let open = bench.panels.open_circuits();
    assert_eq!(open.len(), 1, "the late answer closes nothing: {open:?}");
    bench.close().await;
}
