//! Idempotency keys.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::orders::{EventKind, Evidence, Order};
use domain::text::IdempotencyKey;
use domain::{Fingerprint, OrderId, Timestamp};
use ports::orders::{KeyClaim, KeyLife, OrderFilter};
use ports::{StoreError, Tx};

use super::steps::{claimed, resolved, rich_shop};
use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, Shop, after, user, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! keys_contract {
    ($with:ident) => {
        $with! { keys:
            a_used_key_replays_its_order_and_refuses_another_request,
            a_key_is_its_users_own,
            a_claim_that_was_not_committed_leaves_the_key_free,
            of_racers_with_one_key_one_places_the_order,
            of_racers_with_one_key_and_two_requests_one_request_wins,
            a_key_is_bound_once,
            a_lasting_key_guards_after_its_order_has_ended,
            a_passing_key_guards_while_its_order_is_young_and_open,
            a_passing_key_is_taken_over_once_its_order_is_old,
            a_passing_key_is_taken_over_once_its_order_has_ended,
            of_racers_to_take_a_key_over_one_places_the_order,
        }
    };
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::from_stored(text)
}

fn print(text: &str) -> Fingerprint {
    Fingerprint::of(&[("request", text)])
}

async fn claim(tx: &mut dyn Tx, shop: &Shop, request: &str, life: KeyLife) -> Result<KeyClaim, StoreError> {
    tx.orders()
        .claim_key(&shop.user.id, &key("k"), &print(request), life, NOW)
        .await
}

/// What a request with the key `k` gets: its own order, or the claim that kept it from placing one.
async fn request(
    backend: &Backend,
    shop: &Shop,
    n: u32,
    request: &str,
    life: KeyLife,
    now: Timestamp,
) -> Result<(KeyClaim, Option<OrderId>), StoreError> {
    let mut tx = backend.store.begin().await?;
    let claimed = tx
        .orders()
        .claim_key(&shop.user.id, &key("k"), &print(request), life, now)
        .await?;
    if claimed != KeyClaim::Fresh {
        return Ok((claimed, None));
    }
    let id = tx.orders().insert(&shop.new_order(n, 1_000, now)).await?;
    tx.orders().bind_key(&shop.user.id, &key("k"), id).await?;
    tx.commit().await?;
    Ok((claimed, Some(id)))
}

async fn first(backend: &Backend, shop: &Shop, life: KeyLife) -> Result<OrderId, StoreError> {
    let (claimed, id) = request(backend, shop, 1, "a", life, NOW).await?;
    assert_eq!(claimed, KeyClaim::Fresh);
    Ok(id.expect("it was placed"))
}

pub async fn a_used_key_replays_its_order_and_refuses_another_request(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let id = first(backend, &shop, KeyLife::Forever).await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(
        claim(&mut *tx, &shop, "a", KeyLife::Forever).await?,
        KeyClaim::Replay(id)
    );
    assert_eq!(
        claim(&mut *tx, &shop, "b", KeyLife::Forever).await?,
        KeyClaim::Mismatch
    );
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(
        claim(&mut *tx, &shop, "a", KeyLife::Forever).await?,
        KeyClaim::Replay(id)
    );
    Ok(())
}

pub async fn a_key_is_its_users_own(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    first(backend, &shop, KeyLife::Forever).await?;
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&user(2)).await?;
    let theirs = tx
        .orders()
        .claim_key(&user_id(2), &key("k"), &print("b"), KeyLife::Forever, NOW)
        .await?;
    assert_eq!(theirs, KeyClaim::Fresh);
    Ok(())
}

pub async fn a_claim_that_was_not_committed_leaves_the_key_free(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(
        claim(&mut *tx, &shop, "a", KeyLife::Forever).await?,
        KeyClaim::Fresh
    );
    drop(tx);
    let (claimed, id) = request(backend, &shop, 1, "b", KeyLife::Forever, NOW).await?;
    assert!(claimed == KeyClaim::Fresh && id.is_some());
    Ok(())
}

pub async fn of_racers_with_one_key_one_places_the_order(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let shop = &shop;
    let racers = (1..=32).map(|n| request(backend, shop, n, "a", KeyLife::Forever, NOW));
    let outcomes = futures::future::try_join_all(racers).await?;
    let placed: Vec<OrderId> = outcomes.iter().filter_map(|(_, id)| *id).collect();
    assert_eq!(placed.len(), 1, "{outcomes:?}");
    for (claimed, id) in outcomes {
        let replayed = placed.first().copied().map(KeyClaim::Replay);
        assert!(id.is_some() || Some(claimed) == replayed);
    }
    let orders = backend
        .orders
        .list(&OrderFilter::default(), None, domain::PageSize::DEFAULT)
        .await?;
    assert_eq!(orders.len(), 1);
    Ok(())
}

pub async fn of_racers_with_one_key_and_two_requests_one_request_wins(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let shop = &shop;
    let racers = (1..=32).map(|n| {
        let text = if n % 2 == 0 { "a" } else { "b" };
        async move {
            let outcome = request(backend, shop, n, text, KeyLife::Forever, NOW).await?;
            Ok::<_, StoreError>((text, outcome))
        }
    });
    let outcomes = futures::future::try_join_all(racers).await?;
    let winner = outcomes
        .iter()
        .find_map(|(text, (_, id))| id.map(|id| (*text, id)))
        .expect("one wins");
    for (text, (claimed, id)) in outcomes {
        if text == winner.0 {
            assert!(id == Some(winner.1) || claimed == KeyClaim::Replay(winner.1));
        } else {
            assert_eq!((claimed, id), (KeyClaim::Mismatch, None));
        }
    }
    Ok(())
}

pub async fn a_key_is_bound_once(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let id = first(backend, &shop, KeyLife::Forever).await?;
    let mut tx = backend.store.begin().await?;
    let again = tx.orders().bind_key(&shop.user.id, &key("k"), id).await;
    conflicts(again, "idempotency_keys.order_id");
    drop(tx);
    let mut tx = backend.store.begin().await?;
    let unclaimed = tx.orders().bind_key(&shop.user.id, &key("other"), id).await;
    conflicts(unclaimed, "idempotency_keys.order_id");
    Ok(())
}

async fn end(backend: &Backend, id: OrderId) -> Result<Order, StoreError> {
    // The money of these orders was never held: only the order itself is closed here.
    let mut tx = backend.store.begin().await?;
    let mut order = tx.orders().lock(id).await?.expect("the order is there");
    order.state = domain::orders::OrderState::Voided;
    order.hold = domain::orders::Hold::Voided;
    assert!(tx.orders().update(&order).await?);
    tx.commit().await?;
    Ok(order)
}

pub async fn a_lasting_key_guards_after_its_order_has_ended(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let id = first(backend, &shop, KeyLife::Forever).await?;
    end(backend, id).await?;
    let (claimed, _) = request(backend, &shop, 2, "a", KeyLife::Forever, after(1_000_000)).await?;
    assert_eq!(claimed, KeyClaim::Replay(id));
    Ok(())
}

pub async fn a_passing_key_guards_while_its_order_is_young_and_open(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let id = first(backend, &shop, KeyLife::NotBefore(NOW)).await?;
    let (claimed, _) = request(backend, &shop, 2, "a", KeyLife::NotBefore(NOW), after(1)).await?;
    assert_eq!(claimed, KeyClaim::Replay(id));
    let (claimed, _) = request(backend, &shop, 2, "b", KeyLife::NotBefore(NOW), after(1)).await?;
    assert_eq!(claimed, KeyClaim::Mismatch);
    Ok(())
}

pub async fn a_passing_key_is_taken_over_once_its_order_is_old(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let old = first(backend, &shop, KeyLife::NotBefore(NOW)).await?;
    let just_after = Timestamp::from_micros(NOW.micros() + 1);
    let life = KeyLife::NotBefore(just_after);
    let (claimed, new) = request(backend, &shop, 2, "b", life, after(20)).await?;
    assert!(claimed == KeyClaim::Fresh && new != Some(old));
    let (claimed, _) = request(backend, &shop, 3, "b", life, after(21)).await?;
    assert_eq!(Some(claimed), new.map(KeyClaim::Replay));
    let (claimed, _) = request(backend, &shop, 4, "a", life, after(21)).await?;
    assert_eq!(claimed, KeyClaim::Mismatch);
    Ok(())
}

pub async fn a_passing_key_is_taken_over_once_its_order_has_ended(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let old = shop.place(backend.store.as_ref(), 1, 1_000, NOW).await?;
    let mut tx = backend.store.begin().await?;
    let life = KeyLife::NotBefore(NOW);
    assert_eq!(claim(&mut *tx, &shop, "a", life).await?, KeyClaim::Fresh);
    tx.orders().bind_key(&shop.user.id, &key("k"), old.id).await?;
    tx.commit().await?;
    claimed(backend, &old, NOW).await?;
    let text = "Incorrect link".to_owned();
    resolved(backend, &old, &Evidence::Refused { text }, NOW).await?;
    let ends = backend.orders.events(old.id).await?;
    assert_eq!(ends.last().map(|line| line.kind), Some(EventKind::Voided));
    let (claimed, new) = request(backend, &shop, 2, "a", life, after(1)).await?;
    assert!(claimed == KeyClaim::Fresh && new.is_some_and(|new| new != old.id));
    Ok(())
}

pub async fn of_racers_to_take_a_key_over_one_places_the_order(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let shop = &shop;
    first(backend, shop, KeyLife::NotBefore(NOW)).await?;
    let life = KeyLife::NotBefore(after(10));
    let racers = (2..=33).map(|n| request(backend, shop, n, "a", life, after(20)));
    let outcomes = futures::future::try_join_all(racers).await?;
    let placed: Vec<OrderId> = outcomes.iter().filter_map(|(_, id)| *id).collect();
    assert_eq!(placed.len(), 1, "{outcomes:?}");
    let replays = outcomes
        .iter()
        .filter(|(claimed, _)| placed.first().copied().map(KeyClaim::Replay).as_ref() == Some(claimed))
        .count();
    assert_eq!(replays, 31);
    Ok(())
}
