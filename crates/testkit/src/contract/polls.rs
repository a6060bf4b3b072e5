//! Taking tracked orders to ask about.

#![expect(missing_docs, reason = "the name of a case is its documentation")]
#![expect(clippy::indexing_slicing, reason = "what is not there is a failed test")]

use std::time::Duration;

use domain::orders::{Asked, GroupTime, Order, PollWindow, poll_interval, regroup};
use domain::{OrderId, ProviderId, Timestamp};
use ports::StoreError;
use ports::orders::{PutBackPolls, TakePolls, TakenPolls};

use super::steps::{placed, policy, rich_shop, second_provider, submitted};
use super::{Backend, Case};
use crate::fixtures::{Shop, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! polls_contract {
    ($with:ident) => {
        $with! { polls:
            due_polls_are_taken_by_one_worker_only,
            racing_workers_never_take_the_same_order,
            what_is_little_waits_for_its_turn,
            what_is_due_in_numbers_waits_for_no_turn,
            groups_and_orders_that_are_due_soon_fill_a_request,
            a_group_that_does_not_fit_is_left_for_the_next_request,
            what_is_taken_does_not_fill_another_request,
            a_group_that_was_left_behind_waits_for_no_turn,
        }
    };
}

/// A request about less than this waits for its turn here.
pub(super) const ENOUGH: u16 = 3;

pub(super) fn taking(provider: ProviderId, now: Timestamp) -> TakePolls {
    TakePolls {
        provider,
        window: PollWindow::at(now, &policy()),
        busy_until: now.plus(Duration::from_secs(40)),
        limit: 100,
        enough: ENOUGH,
    }
}

pub(super) async fn take(backend: &Backend, take: &TakePolls) -> Result<Option<TakenPolls>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let Some(taken) = tx.orders().take_due_polls(take).await? else {
        return Ok(None);
    };
    tx.commit().await?;
    Ok(Some(taken))
}

/// Takes orders, of which there must be some.
pub(super) async fn taken(backend: &Backend, from: &TakePolls) -> Result<TakenPolls, StoreError> {
    Ok(take(backend, from).await?.expect("something is taken"))
}

/// Puts everything back that was taken, to `due_at`.
pub(super) fn putting_back(
    taken: &TakenPolls,
    from: &TakePolls,
    now: Timestamp,
    due_at: Timestamp,
) -> PutBackPolls {
    let asked = taken.orders.iter().map(|it| Asked {
        order: it.order.id,
        group: it.group,
        every: poll_interval(&it.order, &policy(), now),
    });
    let time = GroupTime {
        soon_at: due_at.minus(Duration::from_secs(6)),
        due_at,
    };
    let regrouping = regroup(&taken.groups, &asked.collect::<Vec<_>>());
    PutBackPolls {
        provider: from.provider,
        busy_until: from.busy_until,
        asked_at: now,
        groups: regrouping.groups.into_iter().map(|plan| (plan, time)).collect(),
        emptied: regrouping.emptied,
        turn: None,
    }
}

pub(super) async fn put_back(backend: &Backend, polls: &PutBackPolls) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let put_back = tx.orders().put_back_polls(polls).await?;
    if put_back {
        tx.commit().await?;
    }
    Ok(put_back)
}

/// `count` tracked orders, numbered from `first`; the one that is due first comes first.
pub(super) async fn tracked(
    backend: &Backend,
    shop: &Shop,
    first: u32,
    count: u32,
) -> Result<Vec<Order>, StoreError> {
    let mut orders = Vec::new();
    for n in 0..count {
        let order = placed(backend, shop, first + n).await?;
        let sent_at = after(u64::from(24 * (count - n)));
        orders.push(submitted(backend, &order, &format!("{}", first + n), sent_at).await?);
    }
    orders.sort_by_key(|order| order.due_at);
    Ok(orders)
}

/// Orders in a group that is due at `due_at`.
pub(super) async fn grouped(
    backend: &Backend,
    shop: &Shop,
    first: u32,
    count: u32,
    due_at: Timestamp,
) -> Result<Vec<Order>, StoreError> {
    let orders = tracked(backend, shop, first, count).await?;
    let from = taking(shop.provider.id, after(400));
    let all = taken(backend, &from).await?;
    assert_eq!(ids(&all), sorted(&orders));
    assert!(put_back(backend, &putting_back(&all, &from, after(401), due_at)).await?);
    Ok(orders)
}

pub(super) fn ids(taken: &TakenPolls) -> Vec<OrderId> {
    let mut ids: Vec<OrderId> = taken.orders.iter().map(|it| it.order.id).collect();
    ids.sort();
    ids
}

pub(super) fn sorted(orders: &[Order]) -> Vec<OrderId> {
    let mut ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    ids.sort();
    ids
}

pub(super) async fn due(backend: &Backend, now: Timestamp) -> Result<Vec<ProviderId>, StoreError> {
    backend.orders.providers_with_due_polls(now, ENOUGH).await
}

pub async fn due_polls_are_taken_by_one_worker_only(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    let orders = tracked(backend, &shop, 1, 4).await?;
    let due_at = |n: usize| orders[n].due_at.expect("it is polled");
    let early = due_at(0).minus(Duration::from_micros(1));
    assert!(due(backend, early).await?.is_empty());
    assert_eq!(take(backend, &taking(provider, early)).await?, None);
    assert_eq!(due(backend, due_at(0)).await?, [provider]);

    let elsewhere = second_provider(backend, &shop).await?;
    let nothing = take(backend, &taking(elsewhere.service.provider, due_at(3))).await?;
    assert_eq!(nothing, None);

    let two = TakePolls {
        limit: 2,
        enough: 2,
        ..taking(provider, due_at(2))
    };
    let first = taken(backend, &two).await?;
    assert_eq!(ids(&first), sorted(&orders[..2]));
    assert!(
        !first.turn && first.groups.is_empty(),
        "it leaves something behind"
    );
    for it in &first.orders {
        let before = orders.iter().find(|order| order.id == it.order.id).expect("ours");
        let busy = Order {
            due_at: Some(two.busy_until),
            ..before.clone()
        };
        assert_eq!(
            (&it.order, it.group, Some(it.due_at)),
            (&busy, None, before.due_at)
        );
    }
    let second = taken(backend, &taking(provider, due_at(2))).await?;
    assert_eq!(ids(&second), sorted(&orders[2..3]));
    assert!(due(backend, due_at(2)).await?.is_empty());

    let again = TakePolls {
        enough: 1,
        ..taking(provider, two.busy_until)
    };
    let again = taken(backend, &again).await?;
    assert_eq!(
        ids(&again),
        sorted(&orders),
        "nobody put them back, so they are due again"
    );
    Ok(())
}

pub async fn racing_workers_never_take_the_same_order(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    let mut orders = grouped(backend, &shop, 100, 12, after(2_000)).await?;
    orders.extend(tracked(backend, &shop, 1, 12).await?);
    let five = TakePolls {
        limit: 13,
        enough: 1,
        ..taking(provider, after(3_000))
    };
    let mut all = Vec::new();
    while !due(backend, after(3_000)).await?.is_empty() {
        let workers = (0..6).map(|_| take(backend, &five));
        let taken = futures::future::try_join_all(workers).await?;
        all.extend(taken.into_iter().flatten().flat_map(|taken| ids(&taken)));
    }
    all.sort();
    assert_eq!(all, sorted(&orders), "every order is taken, and only once");
    Ok(())
}

pub async fn what_is_little_waits_for_its_turn(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    let orders = tracked(backend, &shop, 1, 1).await?;
    let now = after(400);
    let from = taking(provider, now);
    let first = taken(backend, &from).await?;
    assert!(first.turn);
    let back = PutBackPolls {
        turn: Some(after(455)),
        ..putting_back(&first, &from, now, after(410))
    };
    assert!(put_back(backend, &back).await?);

    let early = after(454);
    assert!(due(backend, early).await?.is_empty());
    assert_eq!(take(backend, &taking(provider, early)).await?, None);
    assert_eq!(due(backend, after(455)).await?, [provider]);
    let second = taken(backend, &taking(provider, after(455))).await?;
    assert_eq!(ids(&second), sorted(&orders));

    let mut tx = backend.store.begin().await?;
    tx.orders().open_poll_turn(provider, after(470)).await?;
    tx.orders().open_poll_turn(provider, after(480)).await?;
    tx.orders().leave_poll_group(orders[0].id, after(470)).await?;
    tx.commit().await?;
    assert!(due(backend, after(469)).await?.is_empty());
    assert_eq!(
        due(backend, after(470)).await?,
        [provider],
        "somebody wants to know"
    );
    assert!(take(backend, &taking(provider, after(470))).await?.is_some());
    Ok(())
}

pub async fn what_is_due_in_numbers_waits_for_no_turn(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    tracked(backend, &shop, 1, 1).await?;
    assert!(taken(backend, &taking(provider, after(400))).await?.turn);
    let orders = tracked(backend, &shop, 10, u32::from(ENOUGH)).await?;
    assert_eq!(due(backend, after(401)).await?, [provider]);
    let full = taken(backend, &taking(provider, after(401))).await?;
    assert_eq!(ids(&full), sorted(&orders));
    Ok(())
}

pub async fn groups_and_orders_that_are_due_soon_fill_a_request(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    // Six seconds early at most.
    let orders = grouped(backend, &shop, 1, 2, after(506)).await?;
    assert_eq!(take(backend, &taking(provider, after(505))).await?, None);
    let single = tracked(backend, &shop, 10, 2).await?;
    let mut tx = backend.store.begin().await?;
    for (n, due_at) in [(0, after(499)), (1, after(505))] {
        let locked = tx.orders().lock(single[n].id).await?.expect("it is there");
        let order = Order {
            due_at: Some(due_at),
            ..locked
        };
        assert!(tx.orders().update(&order).await?);
    }
    tx.commit().await?;
    let early = taken(backend, &taking(provider, after(499))).await?;
    let mut expected = sorted(&single);
    assert_eq!(ids(&early), expected, "it is too early for the group");
    let from = taking(provider, after(539));
    assert!(
        put_back(
            backend,
            &putting_back(&early, &taking(provider, after(499)), after(500), after(545))
        )
        .await?
    );
    expected.extend(sorted(&orders));
    expected.sort();
    assert_eq!(ids(&taken(backend, &from).await?), expected);
    Ok(())
}

pub async fn a_group_that_does_not_fit_is_left_for_the_next_request(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    let first = grouped(backend, &shop, 1, 3, after(1_000)).await?;
    let second = grouped(backend, &shop, 10, 4, after(1_001)).await?;
    let third = grouped(backend, &shop, 20, 3, after(1_002)).await?;
    let six = TakePolls {
        limit: 6,
        ..taking(provider, after(1_010))
    };
    let mut expected = sorted(&first);
    expected.extend(sorted(&third));
    assert_eq!(ids(&taken(backend, &six).await?), expected);
    assert_eq!(ids(&taken(backend, &six).await?), sorted(&second));
    Ok(())
}

pub async fn what_is_taken_does_not_fill_another_request(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    // Old enough to be asked about long before they are due.
    let week = 8 * 24 * 3_600;
    let orders = grouped(backend, &shop, 1, 3, after(week)).await?;
    let from = taking(provider, after(week));
    let old = taken(backend, &from).await?;
    let back = putting_back(&old, &from, after(week), after(2 * week));
    assert_eq!(back.groups[0].0.every, Duration::from_hours(8));
    assert!(put_back(backend, &back).await?);
    assert_eq!(
        ids(&taken(backend, &taking(provider, after(2 * week))).await?),
        sorted(&orders)
    );

    let young = tracked(backend, &shop, 10, 1).await?;
    let one = TakePolls {
        enough: 1,
        ..taking(provider, after(2 * week + 1))
    };
    let again = taken(backend, &one).await?;
    assert_eq!(ids(&again), sorted(&young));
    Ok(())
}

pub async fn a_group_that_was_left_behind_waits_for_no_turn(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let provider = shop.provider.id;
    let orders = grouped(backend, &shop, 1, 2, after(600)).await?;
    // Nobody puts it back; meanwhile the provider is asked about others.
    let left = taking(provider, after(600));
    taken(backend, &left).await?;
    tracked(backend, &shop, 10, u32::from(ENOUGH)).await?;
    let others = taking(provider, after(620));
    let asked = taken(backend, &others).await?;
    let back = PutBackPolls {
        turn: Some(after(675)),
        ..putting_back(&asked, &others, after(621), after(800))
    };
    assert!(put_back(backend, &back).await?);
    assert!(due(backend, after(639)).await?.is_empty());
    assert_eq!(due(backend, after(640)).await?, [provider]);
    assert_eq!(
        ids(&taken(backend, &taking(provider, after(640))).await?),
        sorted(&orders)
    );
    Ok(())
}
