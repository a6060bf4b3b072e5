//! Orders as screens and schedules read them.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::orders::{CustomerStatus, Order, OrderState, PlacementRequest, place};
use domain::text::Link;
use domain::{OrderId, PageSize, ProviderId, ProviderOrderId};
use ports::StoreError;
use ports::orders::{OrderFilter, OwnOrder};

use super::steps::{
    accepted, placed, reported, resolved, rich_shop, second_provider, submitted, unknown, written_off,
};
use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, link, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! order_lists_contract {
    ($with:ident) => {
        $with! { order_lists:
            a_foreign_order_is_as_absent_as_a_missing_one,
            a_list_is_paged_from_the_newest_down,
            a_list_shows_what_its_filter_says,
            a_link_is_searched_literally_and_whatever_the_case,
            open_orders_are_counted_by_state_and_reviews_with_them,
            a_provider_order_is_known_by_its_order_or_its_attempt,
            orders_under_way_are_found_by_their_link_to_the_letter,
        }
    };
}

async fn listed(backend: &Backend, filter: OrderFilter) -> Result<Vec<OrderId>, StoreError> {
    let mut rows = backend.orders.list(&filter, None, PageSize::DEFAULT).await?;
    let own = backend.orders.list_own(&filter, None, PageSize::DEFAULT).await?;
    let orders: Vec<OwnOrder> = rows.iter().map(|row| row.order.clone().into()).collect();
    assert_eq!(own, orders, "the same orders for staff and for owners");
    rows.reverse();
    Ok(rows.into_iter().map(|row| row.order.id).collect())
}

async fn of(
    backend: &Backend,
    filter: &OrderFilter,
    before: Option<OrderId>,
    size: PageSize,
) -> Result<Vec<OwnOrder>, StoreError> {
    backend.orders.list_own(filter, before, size).await
}

/// A customer of their own with one order.
async fn second_customer(backend: &Backend, shop: &Shop) -> Result<Order, StoreError> {
    let mut other = shop.clone();
    other.user = user(2);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&other.user).await?;
    let id = tx.orders().insert(&other.new_order(9, 1_000, NOW)).await?;
    tx.commit().await?;
    Ok(backend.orders.find(id).await?.expect("it was inserted").order)
}

pub async fn a_foreign_order_is_as_absent_as_a_missing_one(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let mine = backend.orders.find_of(&shop.user.id, order.id).await?;
    assert_eq!(mine.map(|view| view.order), Some(order.clone()));
    assert_eq!(backend.orders.find_of(&user_id(2), order.id).await?, None);
    let missing = OrderId(order.id.0 + 1);
    assert_eq!(backend.orders.find_of(&shop.user.id, missing).await?, None);
    assert_eq!(backend.orders.find(missing).await?, None);
    Ok(())
}

pub async fn a_list_is_paged_from_the_newest_down(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut placed_ids = Vec::new();
    for n in 1..=5 {
        placed_ids.push(placed(backend, &shop, n).await?.id);
    }
    placed_ids.reverse();
    let two = PageSize::new(2).expect("two is a page");
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = backend.orders.list(&OrderFilter::default(), before, two).await?;
        assert!(page.len() <= 2);
        let own = of(backend, &OrderFilter::default(), before, two).await?;
        assert!(
            own.into_iter()
                .eq(page.iter().map(|row| row.order.clone().into()))
        );
        let user = Some(shop.user.id.clone());
        let filter = OrderFilter {
            user,
            ..OrderFilter::default()
        };
        let own = of(backend, &filter, before, two).await?;
        assert!(
            own.into_iter()
                .eq(page.iter().map(|row| row.order.clone().into()))
        );
        let Some(last) = page.last() else { break };
        before = Some(last.order.id);
        seen.extend(page.into_iter().map(|row| row.order.id));
    }
    assert_eq!(seen, placed_ids);
    Ok(())
}

pub async fn a_list_shows_what_its_filter_says(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let elsewhere = second_provider(backend, &shop).await?;
    let held = placed(backend, &shop, 1).await?.id;
    let order = placed(backend, &shop, 2).await?;
    let sent = submitted(backend, &order, "2", NOW).await?.id;
    let order = placed(backend, &elsewhere, 3).await?;
    submitted(backend, &order, "3", NOW).await?;
    let strange = reported(backend, &order, "Exploded", 7, after(1)).await?.id;
    let foreign = second_customer(backend, &shop).await?.id;

    let by = |change: fn(&mut OrderFilter)| {
        let mut filter = OrderFilter::default();
        change(&mut filter);
        filter
    };
    let of_provider = OrderFilter {
        provider: Some(elsewhere.service.provider),
        ..OrderFilter::default()
    };
    let of_service = OrderFilter {
        service: Some(shop.service.id),
        ..OrderFilter::default()
    };
    let all = vec![held, sent, strange, foreign];
    let cases = [
        (OrderFilter::default(), all.clone()),
        (of_provider, vec![strange]),
        (of_service, all),
        (by(|it| it.user = Some(user_id(2))), vec![foreign]),
        (
            by(|it| it.status = Some(CustomerStatus::Pending)),
            vec![held, foreign],
        ),
        (
            by(|it| it.status = Some(CustomerStatus::InProgress)),
            vec![sent, strange],
        ),
        (
            by(|it| it.state = Some(OrderState::Submitted)),
            vec![sent, strange],
        ),
        (by(|it| it.state = Some(OrderState::Voided)), vec![]),
        (by(|it| it.in_review = Some(true)), vec![strange]),
        (by(|it| it.in_review = Some(false)), vec![held, sent, foreign]),
        (
            by(|it| (it.status, it.in_review) = (Some(CustomerStatus::InProgress), Some(false))),
            vec![sent],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(listed(backend, filter.clone()).await?, expected, "{filter:?}");
    }
    Ok(())
}

pub async fn a_link_is_searched_literally_and_whatever_the_case(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let links = [
        "https://Example.com/ABC_def",
        "https://example.com/abcXdef",
        "https://example.com/100%25!",
        r"https://example.com/back\slash",
    ];
    let mut tx = backend.store.begin().await?;
    let mut placed = Vec::new();
    for link in links {
        let mut service = shop.clone();
        service.service.upstream_id = link.to_owned();
        let order = place(
            &shop.user,
            &shop.offer(),
            PlacementRequest {
                link: Link::from_stored(link),
                input: 10.into(),
            },
            NOW,
        );
        placed.push(tx.orders().insert(&order.expect("the order is valid")).await?);
    }
    tx.commit().await?;
    let find = async |text: &str| {
        let link_contains = Some(text.to_owned());
        let found = listed(
            backend,
            OrderFilter {
                link_contains,
                ..OrderFilter::default()
            },
        )
        .await?;
        let positions = found
            .iter()
            .map(|id| placed.iter().position(|placed| placed == id));
        Ok::<_, StoreError>(positions.flatten().collect::<Vec<_>>())
    };
    assert_eq!(find("EXAMPLE.com").await?, [0, 1, 2, 3]);
    assert_eq!(find("abc_DEF").await?, [0]);
    assert_eq!(find("0%2").await?, [2]);
    assert_eq!(find("5!").await?, [2]);
    assert_eq!(find("%").await?, [2]);
    assert_eq!(find(r"k\s").await?, [3]);
    assert!(find("'; DROP TABLE orders; --").await?.is_empty());
    Ok(())
}

pub async fn open_orders_are_counted_by_state_and_reviews_with_them(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let held = [placed(backend, &shop, 1).await?, placed(backend, &shop, 2).await?];
    let order = placed(backend, &shop, 3).await?;
    submitted(backend, &order, "3", after(5)).await?;
    let order = placed(backend, &shop, 4).await?;
    submitted(backend, &order, "4", after(5)).await?;
    reported(backend, &order, "Completed", 0, after(6)).await?;
    let contradiction = reported(backend, &order, "Canceled", 1_000, after(7)).await?;
    assert!(contradiction.review.is_some());
    let order = placed(backend, &shop, 5).await?;
    submitted(backend, &order, "5", after(5)).await?;
    reported(backend, &order, "Completed", 0, after(6)).await?;

    let mut counts = backend.orders.open_counts().await?;
    counts.sort_by_key(|count| std::cmp::Reverse(count.orders));
    let shown: Vec<_> = counts
        .iter()
        .map(|count| (count.state, count.orders, count.oldest_change))
        .collect();
    assert!(shown.contains(&(OrderState::Held, 2, NOW)), "{shown:?}");
    assert!(shown.contains(&(OrderState::Submitted, 1, after(5))), "{shown:?}");
    assert!(shown.contains(&(OrderState::Completed, 1, after(7))), "{shown:?}");
    assert_eq!(shown.len(), 3);
    let price = held[0].price.checked_add(held[1].price);
    assert_eq!(counts.first().map(|count| count.price), price);
    assert_eq!(backend.orders.in_review_count().await?, 1);
    Ok(())
}

pub async fn a_provider_order_is_known_by_its_order_or_its_attempt(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    submitted(backend, &order, "sent", NOW).await?;
    let order = placed(backend, &shop, 2).await?;
    unknown(backend, &order, NOW).await?;
    let given_up = written_off(backend, &order, NOW).await?;
    let late = resolved(backend, &given_up, &accepted("late"), after(1_000_000)).await?;
    assert_eq!(late.provider_order_id, None, "the customer has the money back");
    let asked = ["foreign", "late", "sent"].map(ProviderOrderId::new);
    let known = backend
        .orders
        .known_provider_orders(shop.provider.id, &asked)
        .await?;
    let known: Vec<_> = known.iter().map(|it| (it.id.as_str(), it.sent_at)).collect();
    assert_eq!(
        known,
        [("late", NOW), ("sent", NOW)],
        "when they were sent, not when that was found out"
    );
    let elsewhere = ProviderId(shop.provider.id.0 + 1);
    assert!(
        backend
            .orders
            .known_provider_orders(elsewhere, &asked)
            .await?
            .is_empty()
    );
    assert!(
        backend
            .orders
            .known_provider_orders(shop.provider.id, &[])
            .await?
            .is_empty()
    );
    Ok(())
}

pub async fn orders_under_way_are_found_by_their_link_to_the_letter(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let sent = async |link: &Link, upstream: &str| {
        let request = PlacementRequest {
            link: link.clone(),
            input: 1_000.into(),
        };
        let new = place(&shop.user, &shop.offer(), request, NOW).expect("the order is valid");
        let order = shop.record(backend.store.as_ref(), new, NOW).await?;
        submitted(backend, &order, upstream, NOW).await
    };
    let found = async |provider: ProviderId, link: &Link, limit: u16| {
        let orders = backend.orders.tracked_for_link(provider, link, limit).await?;
        Ok::<Vec<OrderId>, StoreError>(orders.iter().map(|order| order.id).collect())
    };
    let first = sent(&link(1), "a").await?;
    let second = reported(backend, &sent(&link(1), "b").await?, "In progress", 9, NOW).await?;
    let ended = sent(&link(1), "c").await?;
    reported(backend, &ended, "Completed", 0, NOW).await?;
    placed(backend, &shop, 1).await?;
    // As long as a link may be, in letters of four bytes.
    let host = "https://example.com/";
    let long = format!("{host}{}", "𝔏".repeat(Link::MAX_CHARS - host.len()));
    let long = Link::parse(&long).expect("a link");
    let longest = sent(&long, "d").await?;

    let here = shop.provider.id;
    assert_eq!(found(here, &link(1), 9).await?, [first.id, second.id]);
    assert_eq!(found(here, &link(1), 1).await?, [first.id]);
    assert_eq!(found(here, &long, 9).await?, [longest.id]);
    let elsewhere = ProviderId(here.0 + 1);
    let louder = Link::from_stored(link(1).as_str().to_uppercase());
    for (provider, other) in [(elsewhere, link(1)), (here, louder), (here, link(2))] {
        assert_eq!(found(provider, &other, 9).await?, [], "{other:?}");
    }
    Ok(())
}
