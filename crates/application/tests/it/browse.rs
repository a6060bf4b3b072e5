//! Looking at orders.

use application::orders::BrowseOrders;
use domain::orders::{CustomerStatus, OrderState};
use domain::{OrderId, PageSize};
use ports::orders::OrderFilter;
use testkit::fixtures::{user, user_id};

use crate::bench::{Bench, Desk};
use crate::panel::not_sent;

fn browsing(desk: &Desk) -> BrowseOrders {
    BrowseOrders::new(std::sync::Arc::clone(&desk.backend.orders))
}

#[tokio::test]
async fn customers_see_their_own_orders_whatever_user_they_ask_for() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    let size = PageSize::DEFAULT;
    let of_another = OrderFilter {
        user: Some(user_id(2)),
        ..OrderFilter::default()
    };
    let own = browsing(&bench)
        .own(&bench.customer(), of_another, None, size)
        .await
        .unwrap();
    assert_eq!(own.orders.len(), 1);

    let stranger = application::caller::Caller::new(user(2));
    let of_customer = OrderFilter {
        user: Some(bench.shop.user.id.clone()),
        ..OrderFilter::default()
    };
    let foreign = browsing(&bench)
        .own(&stranger, of_customer, None, size)
        .await
        .unwrap();
    assert!(foreign.orders.is_empty());
    assert!(
        browsing(&bench)
            .own_detail(&stranger, id)
            .await
            .unwrap()
            .is_none()
    );
    let missing = browsing(&bench).own_detail(&bench.customer(), OrderId(404)).await;
    assert!(missing.unwrap().is_none());
    bench.close().await;
}

#[tokio::test]
async fn pages_go_from_new_to_old_and_the_last_one_says_so() {
    let bench = Bench::new().await;
    let mut placed = Vec::new();
    for n in 0..5 {
        placed.insert(0, bench.place(n).await);
    }
    let (mut before, mut seen, mut sizes) = (None, Vec::new(), Vec::new());
    loop {
        let size = PageSize::new(2).unwrap();
        let filter = OrderFilter {
            status: Some(CustomerStatus::Pending),
            ..OrderFilter::default()
        };
        let page = browsing(&bench)
            .all(&bench.staff(0), &filter, before, size)
            .await
            .unwrap();
        sizes.push(page.orders.len());
        seen.extend(page.orders.iter().map(|view| view.order.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), (placed, vec![2, 2, 1]));
    bench.close().await;
}

#[tokio::test]
async fn staff_see_attempts_and_what_waits_for_people() {
    let bench = Bench::new().await;
    let id = bench.place(1).await;
    bench.panel.answers(not_sent());
    bench.send(id).await;
    let in_doubt = bench.submitted(2, "77").await;
    bench.doubt(in_doubt, "77").await;

    let staff = bench.staff(0);
    let detail = browsing(&bench).any_detail(&staff, id).await.unwrap().unwrap();
    assert_eq!((detail.attempts.len(), detail.detail.events.len()), (1, 3));
    assert!(
        browsing(&bench)
            .any_detail(&staff, OrderId(404))
            .await
            .unwrap()
            .is_none()
    );

    let (counts, in_review) = browsing(&bench).overview(&staff).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.state, count.orders)).collect();
    assert_eq!(
        (counts, in_review),
        (vec![(OrderState::Held, 1), (OrderState::Submitted, 1)], 1)
    );

    // Nobody may wait longer than ten minutes without a try.
    bench.panel.answers(crate::panel::accepted("78"));
    bench.send(id).await;
    bench.close().await;
}
