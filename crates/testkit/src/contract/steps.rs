//! The steps of an order's life, each recorded in one transaction as the product records it.

use domain::orders::{
    Actor, Attempt, Change, Evidence, FollowUp, Observation, Order, OrderPolicy, claim, observe, resolve,
    write_off,
};
use domain::providers::{UpstreamCount, UpstreamOrder};
use domain::{Money, OrderId, ProviderOrderId, Timestamp};
use ports::jobs::JobTopic;
use ports::outbox::NewJob;
use ports::wallets::Applied;
use ports::{StoreError, Tx};

use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, new_provider, saved};

/// What these steps decide by.
#[must_use]
pub fn policy() -> OrderPolicy {
    OrderPolicy::default()
}

/// A shop whose customer has a thousand units.
///
/// # Errors
/// As the store's.
///
/// # Panics
/// If the database is not empty.
pub async fn rich_shop(backend: &Backend) -> Result<Shop, StoreError> {
    let wealth = Money::from_units(1_000).expect("a thousand fits");
    Shop::open(backend.store.as_ref(), wealth).await
}

/// Places the `n`th order, of a thousand pieces.
///
/// # Errors
/// As the store's.
pub async fn placed(backend: &Backend, shop: &Shop, n: u32) -> Result<Order, StoreError> {
    shop.place(backend.store.as_ref(), n, 1_000, NOW).await
}

/// Locks an order, decides and records. The order as it was recorded.
///
/// # Errors
/// As the store's.
///
/// # Panics
/// If the order is missing, nothing was decided, or the change does not fit.
pub async fn amend<D>(backend: &Backend, id: OrderId, decide: D) -> Result<Order, StoreError>
where
    D: FnOnce(&Order, Option<&Attempt>) -> Option<Change>,
{
    let mut tx = backend.store.begin().await?;
    let order = tx.orders().lock(id).await?.expect("the order is there");
    let attempt = tx.orders().latest_attempt(id).await?;
    let change = decide(&order, attempt.as_ref()).expect("something was decided");
    record(&mut *tx, &change).await?;
    tx.commit().await?;
    Ok(Order {
        revision: change.order.revision + 1,
        ..change.order
    })
}

async fn record(tx: &mut dyn Tx, change: &Change) -> Result<(), StoreError> {
    let order = &change.order;
    assert!(tx.orders().update(order).await?, "the order is locked");
    if let Some(attempt) = &change.attempt {
        assert!(tx.orders().change_attempt(order, attempt).await?);
    }
    for movement in &change.movements {
        if let Some(change) = &movement.wallet {
            let applied = tx.wallets().apply(change, order.updated_at).await?;
            assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
        }
        tx.wallets().record(&movement.transfers, order.updated_at).await?;
    }
    tx.orders().append_events(order.id, &change.events).await?;
    for follow_up in &change.follow_ups {
        let (topic, due_at) = match *follow_up {
            FollowUp::Submit { due_at } => (JobTopic::SubmitOrder, due_at),
            FollowUp::Cancel { due_at } => (JobTopic::CancelOrder, due_at),
            FollowUp::Ask { due_at } => {
                tx.orders().open_poll_turn(order.service.provider, due_at).await?;
                continue;
            }
        };
        let subject = order.id.0;
        tx.outbox()
            .push(NewJob {
                topic,
                subject,
                due_at,
            })
            .await?;
    }
    Ok(())
}

/// A worker takes the order.
///
/// # Errors
/// As the store's.
pub async fn claimed(backend: &Backend, order: &Order, now: Timestamp) -> Result<Order, StoreError> {
    amend(backend, order.id, |order, _| {
        claim(order, "worker-1", &policy(), now)
    })
    .await
}

/// Something becomes known about the latest attempt.
///
/// # Errors
/// As the store's.
///
/// # Panics
/// If there is no attempt.
pub async fn resolved(
    backend: &Backend,
    order: &Order,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Order, StoreError> {
    amend(backend, order.id, |order, attempt| {
        let attempt = attempt.expect("an attempt was made");
        resolve(order, attempt, evidence, &policy(), now)
    })
    .await
}

/// The provider has it, under this id.
#[must_use]
pub fn accepted(id: &str) -> Evidence {
    Evidence::Placed {
        provider_order_id: ProviderOrderId::new(id),
        actor: Actor::Provider,
    }
}

/// Nobody knows whether the provider has it.
#[must_use]
pub fn lost() -> Evidence {
    Evidence::Unknown {
        why: "timeout".to_owned(),
    }
}

/// A worker takes the order and the provider accepts it under `id`.
///
/// # Errors
/// As the store's.
pub async fn submitted(
    backend: &Backend,
    order: &Order,
    id: &str,
    now: Timestamp,
) -> Result<Order, StoreError> {
    claimed(backend, order, now).await?;
    resolved(backend, order, &accepted(id), now).await
}

/// A worker takes the order and its answer is lost.
///
/// # Errors
/// As the store's.
pub async fn unknown(backend: &Backend, order: &Order, now: Timestamp) -> Result<Order, StoreError> {
    claimed(backend, order, now).await?;
    resolved(backend, order, &lost(), now).await
}

/// The order stays unknown for so long that it is given up on.
///
/// # Errors
/// As the store's.
pub async fn written_off(backend: &Backend, order: &Order, now: Timestamp) -> Result<Order, StoreError> {
    let later = now.plus(policy().write_off_after);
    amend(backend, order.id, |order, attempt| {
        write_off(order, attempt.expect("an attempt was made"), &policy(), later)
    })
    .await
}

/// The provider reports `status` with `remains` pieces to deliver.
///
/// # Errors
/// As the store's.
pub async fn reported(
    backend: &Backend,
    order: &Order,
    status: &str,
    remains: u64,
    now: Timestamp,
) -> Result<Order, StoreError> {
    let seen = Observation {
        requested_at: now,
        report: UpstreamOrder {
            status: status.to_owned(),
            start_count: UpstreamCount::Known(12),
            remains: UpstreamCount::Known(remains),
            charge: None,
        },
        half_open: false,
    };
    amend(backend, order.id, |order, _| {
        observe(order, &seen, &policy(), now)
    })
    .await
}

/// Proves the books, or panics with the moment at which they are not sound.
///
/// # Errors
/// As the store's.
///
/// # Panics
/// If an invariant is violated or missing.
pub async fn assert_sound(backend: &Backend, moment: &str) -> Case {
    let counts = backend.proof.verify().await?;
    let ids: Vec<_> = counts.iter().map(|count| count.id).collect();
    let expected: Vec<_> = (1..=13).chain(16..=17).map(|n| format!("V{n}")).collect();
    assert_eq!(ids, expected);
    let violated: Vec<_> = counts.iter().filter(|count| count.violations != 0).collect();
    assert!(violated.is_empty(), "{moment}: {violated:?}");
    Ok(())
}

/// The shop's service, delivered by a provider of its own.
///
/// # Errors
/// As the store's.
pub async fn second_provider(backend: &Backend, shop: &Shop) -> Result<Shop, StoreError> {
    let mut tx = backend.store.begin().await?;
    let id = saved(
        tx.providers()
            .insert(&new_provider(2, &shop.staff.id), NOW)
            .await?,
    );
    tx.commit().await?;
    let mut elsewhere = shop.clone();
    elsewhere.service.provider = id;
    Ok(elsewhere)
}
