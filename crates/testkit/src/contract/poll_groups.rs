//! Orders that are asked about together.

#![expect(missing_docs, reason = "the name of a case is its documentation")]
#![expect(clippy::indexing_slicing, reason = "what is not there is a failed test")]

use domain::orders::Order;
use domain::{OrderId, Timestamp};
use ports::StoreError;
use ports::orders::{PutBackPolls, TakePolls};

use super::polls::{due, grouped, ids, put_back, putting_back, sorted, take, taken, taking, tracked};
use super::steps::{amend, reported, rich_shop};
use super::{Backend, Case};
use crate::fixtures::after;

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! poll_groups_contract {
    ($with:ident) => {
        $with! { poll_groups:
            orders_that_are_put_back_are_not_written_again,
            an_order_with_a_time_of_its_own_is_not_in_a_group_any_more,
            an_order_that_ends_leaves_its_group,
            a_group_without_orders_is_removed,
            an_order_that_changed_meanwhile_does_not_join,
            a_worker_that_was_too_slow_puts_nothing_back,
            an_order_can_be_set_apart,
        }
    };
}

async fn read(backend: &Backend, id: OrderId) -> Result<Order, StoreError> {
    Ok(backend.orders.find(id).await?.expect("it is there").order)
}

async fn scheduled(backend: &Backend, id: OrderId, due_at: Timestamp) -> Result<(), StoreError> {
    let mut tx = backend.store.begin().await?;
    let locked = tx.orders().lock(id).await?.expect("it is there");
    let order = Order {
        due_at: Some(due_at),
        ..locked
    };
    assert!(tx.orders().update(&order).await?);
    tx.commit().await
}

pub async fn orders_that_are_put_back_are_not_written_again(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 4, after(600)).await?;
    let as_shown = |due_at| {
        let of = move |order: &Order| Order {
            due_at: Some(due_at),
            ..order.clone()
        };
        orders.iter().map(of).collect::<Vec<_>>()
    };
    for order in as_shown(after(600)) {
        assert_eq!(read(backend, order.id).await?, order, "the group says when");
    }
    let from = taking(shop.provider.id, after(600));
    let all = taken(backend, &from).await?;
    assert_eq!((all.groups.len(), ids(&all)), (1, sorted(&orders)));
    for it in &all.orders {
        assert_eq!((it.group, it.due_at), (Some(all.groups[0]), after(600)));
        assert_eq!(it.order.due_at, None);
    }
    let back = putting_back(&all, &from, after(601), after(700));
    assert_eq!(back.groups.len(), 1);
    assert!(back.groups[0].0.joins.is_empty(), "they are where they belong");
    assert!(put_back(backend, &back).await?);
    for order in as_shown(after(700)) {
        assert_eq!(read(backend, order.id).await?, order);
    }
    assert_eq!(take(backend, &taking(shop.provider.id, after(690))).await?, None);
    assert_eq!(
        ids(&taken(backend, &taking(shop.provider.id, after(700))).await?),
        sorted(&orders)
    );
    Ok(())
}

pub async fn an_order_with_a_time_of_its_own_is_not_in_a_group_any_more(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 3, after(600)).await?;
    amend(backend, orders[0].id, |order, _| {
        let mut after = order.clone();
        after.cancel_requested_at = Some(after.updated_at);
        Some(domain::orders::Change::of(after))
    })
    .await?;
    assert_eq!(
        read(backend, orders[0].id).await?.due_at,
        Some(after(600)),
        "other changes leave it there"
    );
    scheduled(backend, orders[0].id, after(500)).await?;
    assert_eq!(read(backend, orders[0].id).await?.due_at, Some(after(500)));
    assert_eq!(due(backend, after(500)).await?, [shop.provider.id]);
    let alone = taken(backend, &taking(shop.provider.id, after(500))).await?;
    assert_eq!(ids(&alone), [orders[0].id]);
    let rest = TakePolls {
        enough: 1,
        ..taking(shop.provider.id, after(600))
    };
    let rest = taken(backend, &rest).await?;
    assert!(rest.orders.iter().filter(|it| it.group.is_some()).count() == 2);
    Ok(())
}

pub async fn an_order_that_ends_leaves_its_group(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 4, after(600)).await?;
    let ended = reported(backend, &orders[0], "Completed", 0, after(500)).await?;
    assert_eq!(read(backend, ended.id).await?.due_at, None);
    let rest = taken(backend, &taking(shop.provider.id, after(600))).await?;
    assert_eq!(ids(&rest), sorted(&orders[1..]));
    Ok(())
}

pub async fn a_group_without_orders_is_removed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 3, after(600)).await?;
    let from = taking(shop.provider.id, after(600));
    let all = taken(backend, &from).await?;
    let removing = PutBackPolls {
        groups: Vec::new(),
        emptied: all.groups.clone(),
        ..putting_back(&all, &from, after(601), after(700))
    };
    assert!(put_back(backend, &removing).await?);
    let again = taking(shop.provider.id, from.busy_until);
    let all = taken(backend, &again).await?;
    assert_eq!(
        ids(&all),
        sorted(&orders),
        "a group that orders are in stays and comes again"
    );
    for order in &orders {
        reported(backend, order, "Completed", 0, after(650)).await?;
    }
    let removing = PutBackPolls {
        busy_until: again.busy_until,
        ..removing
    };
    assert!(put_back(backend, &removing).await?);
    assert!(due(backend, after(9_000)).await?.is_empty());
    Ok(())
}

pub async fn an_order_that_changed_meanwhile_does_not_join(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = tracked(backend, &shop, 1, 4).await?;
    let from = taking(shop.provider.id, after(400));
    let all = taken(backend, &from).await?;
    scheduled(backend, orders[0].id, after(405)).await?;
    reported(backend, &orders[1], "Completed", 0, after(402)).await?;
    assert!(put_back(backend, &putting_back(&all, &from, after(403), after(600))).await?);
    assert_eq!(read(backend, orders[0].id).await?.due_at, Some(after(405)));
    assert_eq!(read(backend, orders[1].id).await?.due_at, None);
    assert_eq!(read(backend, orders[2].id).await?.due_at, Some(after(600)));
    let grouped = TakePolls {
        enough: 2,
        ..taking(shop.provider.id, after(600))
    };
    let grouped = taken(backend, &grouped).await?;
    let in_groups: Vec<OrderId> = grouped
        .orders
        .iter()
        .filter(|it| it.group.is_some())
        .map(|it| it.order.id)
        .collect();
    assert_eq!(in_groups.len(), 2);
    Ok(())
}

pub async fn a_worker_that_was_too_slow_puts_nothing_back(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 3, after(600)).await?;
    let slow = taking(shop.provider.id, after(600));
    let slow_taken = taken(backend, &slow).await?;
    let quick = taking(shop.provider.id, slow.busy_until);
    let quick_taken = taken(backend, &quick).await?;
    assert_eq!(ids(&quick_taken), sorted(&orders));
    let late = putting_back(&slow_taken, &slow, after(650), after(700));
    assert!(!put_back(backend, &late).await?);
    assert_eq!(read(backend, orders[0].id).await?.due_at, Some(quick.busy_until));
    let back = putting_back(&quick_taken, &quick, after(651), after(800));
    assert!(put_back(backend, &back).await?);
    assert_eq!(read(backend, orders[0].id).await?.due_at, Some(after(800)));
    Ok(())
}

pub async fn an_order_can_be_set_apart(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let orders = grouped(backend, &shop, 1, 2, after(600)).await?;
    let single = tracked(backend, &shop, 10, 1).await?;
    let mut tx = backend.store.begin().await?;
    tx.orders().leave_poll_group(orders[0].id, after(450)).await?;
    tx.orders().leave_poll_group(single[0].id, after(460)).await?;
    tx.commit().await?;
    let expected = Order {
        due_at: Some(after(450)),
        ..orders[0].clone()
    };
    assert_eq!(read(backend, orders[0].id).await?, expected);
    assert_eq!(read(backend, orders[1].id).await?.due_at, Some(after(600)));
    assert_eq!(
        read(backend, single[0].id).await?,
        single[0],
        "it was not in a group"
    );
    Ok(())
}
