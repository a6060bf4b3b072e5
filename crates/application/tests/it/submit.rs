//! Sending an order, at most once.

use std::time::Duration;

use application::jobs::Verdict;
use domain::catalog::ServiceType;
use domain::orders::{EventKind, Hold, OrderInput, OrderState};
use domain::providers::LookupCapability;
use domain::text::Comments;
use domain::wallets::TransferKind;
use domain::{Money, OrderId};

use crate::bench::{Bench, COST, PRICE, WEALTH, units};
use crate::panel::{accepted, answered, lost, not_sent, refused};
use crate::place::change_service;

#[tokio::test]
async fn an_accepted_order_is_paid_for_booked_and_put_on_the_polling_schedule() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(id).await, Verdict::Done);

    let order = bench.order(id).await;
    assert_eq!((order.state, order.hold), (OrderState::Submitted, Hold::Posted));
    assert_eq!(order.provider_order_id.unwrap().as_str(), "77");
    assert_eq!(bench.outcomes(id).await, ["placed"]);
    let due = bench.due_in(id).await.unwrap();
    assert!((54..=66).contains(&due.as_secs()), "{due:?}");
    let spent = units(WEALTH).saturating_sub(PRICE);
    assert_eq!(bench.wallet().await, (spent, Money::ZERO));
    assert_eq!(bench.moved(id, TransferKind::Cogs).await, Some(COST));

    let sent = &bench.panel.received()[0];
    let expected = ("1001", "https://instagram.com/p/1", Some(1_000), None);
    assert_eq!(
        (
            &*sent.upstream_service,
            &*sent.link,
            sent.quantity,
            sent.reference.as_deref()
        ),
        expected
    );
    bench.close().await;
}

#[tokio::test]
async fn what_a_provider_took_is_recorded_however_long_other_transactions_are_in_the_way() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(accepted("77"));
    // The first commit is the claim.
    for nth in 2..12 {
        bench.store.contends_at(nth);
    }
    assert_eq!(bench.send(id).await, Verdict::Done);
    assert!(bench.store.is_done(), "it took as many tries");
    let order = bench.order(id).await;
    assert_eq!(order.state, OrderState::Submitted);
    assert_eq!(order.provider_order_id.unwrap().as_str(), "77");
    bench.close().await;
}

#[tokio::test]
async fn each_type_is_sent_what_it_takes_as_it_was_when_it_was_ordered() {
    let bench = Bench::new().await;
    let comments = "so good \u{1f44d}\n100% & 'more'\n".repeat(5);
    let comments = Comments::parse(&comments).unwrap();
    let mut orders = Vec::new();
    for (n, kind) in (1..).zip(&ServiceType::ORDERABLE) {
        change_service(&bench, |service| service.service_type = kind.clone()).await;
        let mut wish = bench.wish(n, None);
        wish.input = match kind {
            ServiceType::Default => 1_000.into(),
            ServiceType::Package => OrderInput::default(),
            _ => comments.clone().into(),
        };
        orders.push(bench.try_place(wish).await.unwrap().order.id);
    }
    // The provider makes something else of it before the orders are sent.
    change_service(&bench, |service| service.service_type = ServiceType::Default).await;
    for (n, id) in (77..).zip(orders) {
        bench.panel.answers(accepted(&n.to_string()));
        assert_eq!(bench.send(id).await, Verdict::Done);
        assert_eq!(bench.order(id).await.state, OrderState::Submitted);
    }
    let sent: Vec<_> = bench
        .panel
        .received()
        .into_iter()
        .map(|it| (it.quantity, it.comments))
        .collect();
    let written = Some(comments.as_str().to_owned());
    let expected = [
        (Some(1_000), None),
        (None, None),
        (None, written.clone()),
        (None, written),
    ];
    assert_eq!(sent, expected);
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_keeps_references_gets_one() {
    let bench = Bench::finding(LookupCapability::Reference).await;
    let id = bench.submitted(1, "77").await;
    let reference = bench.order(id).await.reference();
    assert_eq!(bench.panel.received()[0].reference, Some(reference));
    bench.close().await;
}

#[tokio::test]
async fn a_refused_order_gives_the_money_back_and_the_provider_goes_on_getting_others() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(refused("Incorrect link"));
    bench.send(id).await;

    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    let refusal = ("not_placed".to_owned(), Some("refused:Incorrect link".to_owned()));
    assert_eq!(bench.attempts(id).await, [refusal]);
    let events = [
        EventKind::Placed,
        EventKind::Claimed,
        EventKind::Refused,
        EventKind::Voided,
    ];
    assert_eq!(bench.events(id).await, events);
    bench.submitted(2, "77").await;
    bench.close().await;
}

#[tokio::test]
async fn a_provider_that_refuses_our_account_is_left_alone_until_a_probe_works() {
    let bench = Bench::new().await;
    let (first, second) = (bench.place(1).await, bench.place(2).await);
    bench.panel.answers(refused("Not enough funds on balance"));
    bench.send(first).await;
    assert_eq!(bench.state(first).await, OrderState::Voided);

    assert_eq!(bench.send(second).await, Verdict::Later(Duration::from_secs(10)));
    assert_eq!(bench.state(second).await, OrderState::Held);
    assert_eq!(bench.outcomes(second).await, Vec::<String>::new());

    bench.pass(Duration::from_secs(30));
    bench.panel.answers(accepted("77"));
    bench.send(second).await;
    assert_eq!(bench.state(second).await, OrderState::Submitted);
    bench.submitted(3, "78").await;
    bench.close().await;
}

#[tokio::test]
async fn whatever_proves_nothing_leaves_the_order_unknown_and_the_money_held() {
    let bench = Bench::new().await;
    let unclear = [
        lost(),
        answered(500, Some("77"), None),
        answered(200, Some("78"), Some("both")),
        answered(200, None, None),
        refused("You have active order with this link"),
    ];
    for (n, answer) in unclear.into_iter().enumerate() {
        let id = bench.place(n.try_into().unwrap()).await;
        bench.panel.answers(answer.clone());
        assert_eq!(bench.send(id).await, Verdict::Done);
        let order = bench.order(id).await;
        assert_eq!(
            (order.state, order.hold),
            (OrderState::Unknown, Hold::Pending),
            "{answer:?}"
        );
        assert_eq!(bench.outcomes(id).await, ["unknown"]);
        assert_eq!(bench.due_in(id).await, Some(Duration::from_secs(5)));
        assert_eq!(
            bench.send(id).await,
            Verdict::Done,
            "it is never sent again on its own"
        );
    }
    assert_eq!((bench.panel.sent(), bench.wallet().await.1), (5, units(5)));
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_was_not_sent_is_tried_again_later_and_later_and_given_back_in_the_end() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    for wait in [5, 15, 45, 135] {
        bench.panel.answers(not_sent());
        assert_eq!(bench.work().await, 1);
        assert_eq!(bench.state(id).await, OrderState::Held);
        // A job that is pushed while it runs is done when its lease would have ended at the latest.
        let job = format!("order.submit {id} in {}", wait.min(40));
        assert_eq!(bench.jobs().await, [job]);
        assert_eq!(bench.due_in(id).await, Some(Duration::from_secs(wait)));
        bench.pass(Duration::from_secs(wait));
    }
    // Five failed connections in a row open the circuit, so the last attempt must come after them.
    bench.panel.answers(not_sent());
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.state(id).await, OrderState::Voided);
    assert_eq!(bench.outcomes(id).await, vec!["not_placed"; 5]);
    assert_eq!(bench.wallet().await, (units(WEALTH), Money::ZERO));
    assert_eq!(bench.jobs().await, Vec::<String>::new());
    bench.close().await;
}

#[tokio::test]
async fn a_later_attempt_may_succeed() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(not_sent());
    bench.work().await;
    bench.pass(Duration::from_secs(5));
    bench.panel.answers(accepted("77"));
    bench.work().await;
    assert_eq!(bench.state(id).await, OrderState::Submitted);
    assert_eq!(bench.outcomes(id).await, ["not_placed", "placed"]);
    bench.close().await;
}

#[tokio::test]
async fn a_second_worker_does_nothing_while_the_first_one_sends() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let other = bench.clone();
    bench.panel.meanwhile(move || async move {
        assert_eq!(other.send(id).await, Verdict::Done);
        assert_eq!(other.state(id).await, OrderState::Submitting);
        accepted("77")
    });
    bench.send(id).await;
    assert_eq!(
        (bench.state(id).await, bench.panel.sent()),
        (OrderState::Submitted, 1)
    );
    bench.close().await;
}

#[tokio::test]
async fn an_id_that_another_order_has_makes_the_order_unknown_and_leaves_the_other_alone() {
    let bench = Bench::new().await;
    let owner = bench.submitted(1, "77").await;
    let before = bench.order(owner).await;
    let id = bench.place(2).await;
    bench.panel.answers(accepted("77"));
    assert_eq!(bench.send(id).await, Verdict::Done);
    let order = bench.order(id).await;
    assert_eq!(
        (order.state, order.provider_order_id),
        (OrderState::Unknown, None)
    );
    assert_eq!(bench.outcomes(id).await, ["unknown"]);
    assert_eq!(bench.order(owner).await, before);
    bench.close().await;
}

#[tokio::test]
async fn an_order_that_is_not_there_is_no_work() {
    let bench = Bench::new().await;
    assert_eq!(bench.send(OrderId(404)).await, Verdict::Done);
    bench.close().await;
}
