//! Orders, attempts, history and decisions inside transactions. Keys are in [`super::keys`], what is read in
//! [`super::order_lists`].

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::orders::{
    Actor, AttemptChange, AttemptOutcome, EventKind, Hold, Order, OrderEvent, OrderState, claim,
};
use domain::{Money, OrderId, ProviderOrderId};
use ports::StoreError;
use ports::orders::PendingDecision;

use super::steps::{claimed, placed, policy, rich_shop, second_provider, submitted};
use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, after, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! orders_contract {
    ($with:ident) => {
        $with! { orders:
            a_new_order_reads_back_as_placed,
            every_field_that_may_change_reads_back_as_written,
            an_order_decided_on_an_old_revision_is_not_written,
            of_racers_to_change_an_order_one_wins,
            a_locked_order_loses_no_change,
            a_providers_order_belongs_to_one_of_ours,
            another_provider_may_use_the_same_order_id,
            money_that_does_not_add_up_is_refused,
            an_order_of_nobody_is_refused,
            history_reads_back_oldest_first,
            of_a_long_history_the_latest_lines_are_shown,
            a_first_word_is_kept_replaced_and_dropped,
            a_failed_statement_poisons_the_transaction,
            an_abandoned_statement_poisons_the_transaction,
            a_dropped_transaction_leaves_nothing,
        }
    };
}

async fn read(backend: &Backend, id: OrderId) -> Result<Order, StoreError> {
    let found = backend.orders.find(id).await?;
    Ok(found.expect("the order is there").order)
}

async fn update(backend: &Backend, order: &Order) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let written = tx.orders().update(order).await?;
    tx.commit().await?;
    Ok(written)
}

pub async fn a_new_order_reads_back_as_placed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.orders().lock(order.id).await?.as_ref(), Some(&order));
    assert_eq!(tx.orders().lock(OrderId(order.id.0 + 1)).await?, None);
    drop(tx);
    let view = backend.orders.find(order.id).await?.expect("the order is there");
    assert_eq!(view.order, order);
    assert_eq!(view.provider_name, shop.provider.name.as_str());
    assert_eq!(view.user_email, shop.user.email.as_str());
    Ok(())
}

pub async fn every_field_that_may_change_reads_back_as_written(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let changed = Order {
        state: OrderState::InProgress,
        hold: Hold::Posted,
        refunded: Money::from_micros(7),
        recognised: Money::from_micros(11),
        provider_order_id: Some(ProviderOrderId::new("A-17 'x'")),
        provider_status: Some("In progress \u{1f98a}".to_owned()),
        start_count: Some(u64::from(u32::MAX) + 1),
        remains: Some(0),
        attempts: 3,
        lease_until: Some(after(90)),
        unknown_since: Some(after(1)),
        due_at: Some(after(2)),
        lookups: 4,
        review: Some("look at \"it\"".to_owned()),
        cancel_requested_at: Some(after(3)),
        observed_at: Some(after(4)),
        submitted_at: Some(after(5)),
        ended_at: Some(after(6)),
        updated_at: after(7),
        ..order
    };
    assert!(update(backend, &changed).await?);
    let written = Order {
        revision: changed.revision + 1,
        ..changed
    };
    assert_eq!(read(backend, written.id).await?, written);
    Ok(())
}

pub async fn an_order_decided_on_an_old_revision_is_not_written(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    assert!(update(backend, &order).await?);
    let late = Order {
        lookups: 9,
        ..order.clone()
    };
    assert!(!update(backend, &late).await?);
    let now = read(backend, order.id).await?;
    assert_eq!((now.lookups, now.revision), (0, order.revision + 1));
    Ok(())
}

pub async fn of_racers_to_change_an_order_one_wins(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let racers = (1..=16).map(|lookups| {
        let mine = Order {
            lookups,
            ..order.clone()
        };
        async move { update(backend, &mine).await }
    });
    let won = futures::future::try_join_all(racers).await?;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    assert_eq!(read(backend, order.id).await?.revision, order.revision + 1);
    Ok(())
}

pub async fn a_locked_order_loses_no_change(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let racers = (0..16).map(|_| async {
        let mut tx = backend.store.begin().await?;
        let mut order = tx.orders().lock(order.id).await?.expect("the order is there");
        order.lookups += 1;
        assert!(
            tx.orders().update(&order).await?,
            "nobody else can have changed it"
        );
        tx.commit().await
    });
    futures::future::try_join_all(racers).await?;
    assert_eq!(read(backend, order.id).await?.lookups, 16);
    Ok(())
}

pub async fn a_providers_order_belongs_to_one_of_ours(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let first = placed(backend, &shop, 1).await?;
    let second = placed(backend, &shop, 2).await?;
    submitted(backend, &first, "4711", NOW).await?;
    let mut thief = claimed(backend, &second, NOW).await?;
    thief.state = OrderState::Submitted;
    thief.hold = Hold::Posted;
    thief.provider_order_id = Some(ProviderOrderId::new("4711"));
    is_taken(update(backend, &thief).await);
    assert_eq!(read(backend, second.id).await?.provider_order_id, None);

    let stolen = AttemptChange::Resolve {
        no: 1,
        from: AttemptOutcome::Intent,
        outcome: AttemptOutcome::Placed,
        proof: None,
        provider_order_id: Some(ProviderOrderId::new("4711")),
    };
    let mut tx = backend.store.begin().await?;
    is_taken(tx.orders().change_attempt(&second, &stolen).await);
    Ok(())
}

/// No other refusal is taken for this one: people are told that the id is another order's.
fn is_taken<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    let refusal = outcome.expect_err("it is another order's");
    assert!(refusal.is_provider_order_taken(), "{refusal:?}");
}

pub async fn another_provider_may_use_the_same_order_id(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let first = placed(backend, &shop, 1).await?;
    submitted(backend, &first, "4711", NOW).await?;
    let elsewhere = second_provider(backend, &shop).await?;
    let second = placed(backend, &elsewhere, 2).await?;
    let second = submitted(backend, &second, "4711", NOW).await?;
    assert_eq!(read(backend, second.id).await?, second);
    Ok(())
}

pub async fn money_that_does_not_add_up_is_refused(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let too_much = Order {
        refunded: order.price,
        recognised: Money::MICRO,
        ..order.clone()
    };
    conflicts(update(backend, &too_much).await, "orders_money");
    let posted_nowhere = Order {
        hold: Hold::Posted,
        ..order.clone()
    };
    conflicts(
        update(backend, &posted_nowhere).await,
        "orders_posted_has_provider_order",
    );
    let voided_on_its_way = Order {
        hold: Hold::Voided,
        ..order.clone()
    };
    conflicts(update(backend, &voided_on_its_way).await, "orders_voided_hold");
    assert_eq!(read(backend, order.id).await?, order);
    Ok(())
}

pub async fn an_order_of_nobody_is_refused(backend: &Backend) -> Case {
    let mut shop = rich_shop(backend).await?;
    shop.user.id = user_id(404);
    let mut tx = backend.store.begin().await?;
    conflicts(tx.orders().insert(&shop.new_order(1, 1_000, NOW)).await, "");
    Ok(())
}

pub async fn history_reads_back_oldest_first(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let actors = [
        Actor::System,
        Actor::Provider,
        Actor::Customer(user_id(1)),
        Actor::Staff(shop.staff.id.clone()),
    ];
    let events: Vec<_> = actors
        .into_iter()
        .map(|actor| {
            OrderEvent::new(EventKind::Review, actor, after(3))
                .with("z first", "\"quoted\" 'text' \u{1f98a}")
                .with("a second", 17)
        })
        .collect();
    let mut tx = backend.store.begin().await?;
    tx.orders().append_events(order.id, &[]).await?;
    tx.orders().append_events(order.id, &events).await?;
    tx.commit().await?;
    let shown = backend.orders.events(order.id).await?;
    assert_eq!(shown.first().map(|line| line.kind), Some(EventKind::Placed));
    assert_eq!(shown.len(), 5);
    for (line, event) in shown.iter().skip(1).zip(&events) {
        assert_eq!((line.kind, line.at), (event.kind, event.at));
        assert_eq!(line.actor, event.actor.kind());
        assert_eq!(line.actor_user.as_ref(), event.actor.user());
        let details: Vec<_> = event
            .details
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        assert_eq!(line.details, details);
    }
    Ok(())
}

pub async fn of_a_long_history_the_latest_lines_are_shown(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let events: Vec<_> = (1..=600)
        .map(|no| OrderEvent::new(EventKind::LookedUp, Actor::System, after(no)))
        .collect();
    let mut tx = backend.store.begin().await?;
    tx.orders().append_events(order.id, &events).await?;
    tx.commit().await?;
    let shown = backend.orders.events(order.id).await?;
    assert_eq!(shown.len(), 500);
    assert_eq!(shown.first().map(|line| line.at), Some(after(101)));
    assert_eq!(shown.last().map(|line| line.at), Some(after(600)));
    Ok(())
}

pub async fn a_first_word_is_kept_replaced_and_dropped(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let word = |placed_as: Option<&str>, seconds| PendingDecision {
        staff: shop.staff.id.clone(),
        placed_as: placed_as.map(ProviderOrderId::new),
        at: after(seconds),
    };
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.orders().pending_decision(order.id).await?, None);
    tx.orders()
        .keep_decision(order.id, &word(Some("4711"), 1))
        .await?;
    assert_eq!(
        tx.orders().pending_decision(order.id).await?,
        Some(word(Some("4711"), 1))
    );
    tx.orders().keep_decision(order.id, &word(None, 2)).await?;
    tx.commit().await?;
    let mut tx = backend.store.begin().await?;
    assert_eq!(tx.orders().pending_decision(order.id).await?, Some(word(None, 2)));
    tx.orders().drop_decision(order.id).await?;
    tx.orders().drop_decision(order.id).await?;
    assert_eq!(tx.orders().pending_decision(order.id).await?, None);
    tx.commit().await
}

pub async fn a_failed_statement_poisons_the_transaction(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let mut tx = backend.store.begin().await?;
    assert!(
        tx.orders()
            .update(&Order {
                lookups: 9,
                ..order.clone()
            })
            .await?
    );
    let nobodys = OrderEvent::new(EventKind::Review, Actor::System, NOW);
    conflicts(
        tx.orders()
            .append_events(OrderId(order.id.0 + 1), &[nobodys])
            .await,
        "",
    );
    assert_eq!(tx.orders().lock(order.id).await, Err(StoreError::Poisoned));
    assert_eq!(
        tx.wallets()
            .recorded(domain::wallets::TransferKind::Hold, "1")
            .await,
        Err(StoreError::Poisoned)
    );
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    assert_eq!(read(backend, order.id).await?, order);
    Ok(())
}

pub async fn an_abandoned_statement_poisons_the_transaction(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let mut tx = backend.store.begin().await?;
    assert!(
        tx.orders()
            .update(&Order {
                lookups: 9,
                ..order.clone()
            })
            .await?
    );
    // A database that answers at once leaves nothing to abandon; then it is asked again.
    loop {
        let mut abandoned = tx.orders().lock(order.id);
        if futures::poll!(&mut abandoned).is_pending() {
            break;
        }
    }
    assert_eq!(tx.orders().lock(order.id).await, Err(StoreError::Poisoned));
    assert_eq!(tx.commit().await, Err(StoreError::Poisoned));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(read(backend, order.id).await?, order);
    Ok(())
}

pub async fn a_dropped_transaction_leaves_nothing(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let order = placed(backend, &shop, 1).await?;
    let mut tx = backend.store.begin().await?;
    let locked = tx.orders().lock(order.id).await?.expect("the order is there");
    let change = claim(&locked, "worker-1", &policy(), NOW).expect("it can be claimed");
    assert!(tx.orders().update(&change.order).await?);
    tx.orders().append_events(order.id, &change.events).await?;
    drop(tx);
    assert_eq!(read(backend, order.id).await?, order);
    assert_eq!(backend.orders.events(order.id).await?.len(), 1);
    Ok(())
}
