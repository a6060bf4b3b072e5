//! Many at once, on databases that let them.

use std::time::Duration;

use application::jobs::Verdict;
use domain::Money;
use domain::orders::OrderState;

use crate::bench::{Bench, PRICE, WEALTH, units};
use crate::panel::{about, accepted, says};

/// One test for each database of a function that takes a [`Bench`].
macro_rules! on_every_database {
    ($($case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test]
            async fn sqlite() {
                super::$case($crate::bench::Bench::new().await).await;
            }

            #[tokio::test]
            async fn sqlite_file() {
                super::$case($crate::bench::Bench::in_a_file().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(bench) = $crate::bench::Bench::on_postgres().await {
                    super::$case(bench).await;
                }
            }
        }
    )+ };
}

on_every_database!(
    of_racers_with_one_key_one_places_and_the_others_get_its_order,
    of_twins_without_a_key_one_is_placed,
    racers_spend_what_there_is_and_no_more,
    workers_that_race_for_an_order_send_it_once,
    a_cancellation_that_races_with_its_worker_either_wins_or_is_noted,
    workers_that_race_for_a_report_book_it_once,
);

async fn of_racers_with_one_key_one_places_and_the_others_get_its_order(bench: Bench) {
    let racers = (0..16).map(|_| bench.try_place(bench.wish(1, Some("key"))));
    let outcomes: Vec<_> = futures::future::join_all(racers).await;
    let placed: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(placed.iter().filter(|placed| !placed.replayed).count(), 1);
    assert!(placed.iter().all(|one| one.order.id == placed[0].order.id));
    assert_eq!(bench.wallet().await.1, PRICE);
    bench.close().await;
}

async fn of_twins_without_a_key_one_is_placed(bench: Bench) {
    let racers = (0..16).map(|_| bench.try_place(bench.wish(1, None)));
    let outcomes = futures::future::join_all(racers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(bench.wallet().await.1, PRICE);
    bench.close().await;
}

async fn racers_spend_what_there_is_and_no_more(bench: Bench) {
    let racers = (0..32).map(|n| {
        let mut wish = bench.wish(n, None);
        wish.input = 10_000.into();
        bench.try_place(wish)
    });
    let outcomes = futures::future::join_all(racers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 20);
    assert_eq!(bench.wallet().await, (Money::ZERO, units(WEALTH)));
    let at_once = if bench.database.is_postgres() { 20 } else { 0 };
    assert_eq!(bench.store.placed_at_once(), at_once);
    bench.close().await;
}

async fn workers_that_race_for_an_order_send_it_once(bench: Bench) {
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    let racers = (0..6).map(|_| {
        let desk = bench.clone();
        async move { desk.submitting().submit(id).await }
    });
    for verdict in futures::future::join_all(racers).await {
        assert_eq!(verdict.unwrap(), Verdict::Done);
    }
    assert_eq!(
        (bench.state(id).await, bench.panel.sent()),
        (OrderState::Submitted, 1)
    );
    bench.close().await;
}

async fn a_cancellation_that_races_with_its_worker_either_wins_or_is_noted(bench: Bench) {
    for n in 0..10 {
        let id = bench.place(n).await;
        bench.panel.answers(accepted(&format!("p{n}")));
        let (canceling, customer) = (bench.canceling(), bench.customer());
        let (canceled, _) = futures::join!(canceling.cancel(&customer, id), bench.send(id));
        canceled.unwrap();
        bench.panel.forgets();
        let order = bench.order(id).await;
        let sent = bench
            .panel
            .received()
            .iter()
            .any(|sent| sent.link == order.link.as_str());
        match order.state {
            OrderState::Voided => assert!(!sent, "it was given back and sent"),
            state => {
                assert_eq!((state, sent), (OrderState::Submitted, true));
                assert!(order.cancel_requested_at.is_some());
            }
        }
    }
    bench.close().await;
}

async fn workers_that_race_for_a_report_book_it_once(bench: Bench) {
    let id = bench.submitted(1, "77").await;
    bench.pass(Duration::from_secs(70));
    // Whoever comes second finds that the first one has taken the order.
    bench.panel.reports(about([("77", says("Partial", 500))]));
    let verdicts = futures::future::join_all((0..4).map(|_| bench.poll())).await;
    assert!(
        verdicts.iter().all(|verdict| *verdict == Verdict::Done),
        "{verdicts:?}"
    );
    assert_eq!(bench.state(id).await, OrderState::Partial);
    let kept = Money::from_micros(PRICE.micros() / 2);
    assert_eq!(bench.wallet().await.0, units(WEALTH).saturating_sub(kept));
    bench.close().await;
}
