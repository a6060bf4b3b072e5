//! Recording a change, and the frame around every decision about an existing order: lock, decide, record, commit.

use domain::orders::{Attempt, Change, FollowUp, Order};
use domain::wallets::Movement;
use domain::{OrderId, Timestamp};
use ports::jobs::JobTopic;
use ports::outbox::NewJob;
use ports::wallets::Applied;
use ports::{Store, StoreError, Tx};

use crate::retry::retry_contended;

/// What became of a decision.
#[derive(Debug)]
pub enum Amended<E> {
    /// It was recorded; the order as it is now.
    Recorded(Box<Order>),
    /// There was nothing to do.
    Unchanged,
    /// There is no such order.
    Missing,
    /// The decision was no; nothing was recorded.
    Refused(E),
}

/// Locks an order, lets `decide` look at it and its latest attempt, and records what it wants, in one transaction.
/// `decide` may be called again if another transaction is in the way.
///
/// # Errors
/// [`StoreError::Unavailable`] if nobody knows whether it was recorded; [`StoreError::Conflict`] if a constraint
/// refused it.
pub async fn amend<E, D>(store: &dyn Store, id: OrderId, decide: D) -> Result<Amended<E>, StoreError>
where
    E: Send,
    D: Fn(&Order, Option<&Attempt>) -> Result<Option<Change>, E> + Send + Sync,
{
    retry_contended(|| amend_once(store, id, &decide)).await
}

async fn amend_once<E, D>(store: &dyn Store, id: OrderId, decide: &D) -> Result<Amended<E>, StoreError>
where
    E: Send,
    D: Fn(&Order, Option<&Attempt>) -> Result<Option<Change>, E> + Send + Sync,
{
    let mut tx = store.begin().await?;
    let Some(order) = tx.orders().lock(id).await? else {
        return Ok(Amended::Missing);
    };
    let attempt = tx.orders().latest_attempt(id).await?;
    let change = match decide(&order, attempt.as_ref()) {
        Ok(Some(change)) => change,
        // What was read is somebody else's news: it is certain after the commit.
        Ok(None) => return tx.commit().await.map(|()| Amended::Unchanged),
        Err(refusal) => return tx.commit().await.map(|()| Amended::Refused(refusal)),
    };
    record(&mut *tx, &change).await?;
    let what = change.events.last().map_or("timer", |event| event.kind.as_str());
    failpoints::before_commit(what);
    tx.commit().await?;
    failpoints::after_commit(what);
    Ok(Amended::Recorded(Box::new(change.order)))
}

/// Writes a change, in the order of the row locks. The order must have been locked in this transaction.
///
/// # Errors
/// [`StoreError::Contended`] if the order or the attempt moved on since the decision.
pub async fn record(tx: &mut dyn Tx, change: &Change) -> Result<(), StoreError> {
    let order = &change.order;
    if !tx.orders().update(order).await? {
        return Err(StoreError::Contended);
    }
    if let Some(attempt) = &change.attempt
        && !tx.orders().change_attempt(order, attempt).await?
    {
        return Err(StoreError::Contended);
    }
    for movement in &change.movements {
        move_money(tx, movement, order.updated_at).await?;
    }
    tx.orders().append_events(order.id, &change.events).await?;
    for follow_up in &change.follow_ups {
        follow(tx, order, *follow_up).await?;
    }
    Ok(())
}

async fn follow(tx: &mut dyn Tx, order: &Order, follow_up: FollowUp) -> Result<(), StoreError> {
    let (topic, due_at) = match follow_up {
        FollowUp::Submit { due_at } => (JobTopic::SubmitOrder, due_at),
        FollowUp::Cancel { due_at } => (JobTopic::CancelOrder, due_at),
        FollowUp::Ask { due_at } => {
            return tx.orders().open_poll_turn(order.service.provider, due_at).await;
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
    Ok(())
}

/// Moves money that must move: a wallet that cannot is a broken invariant, and nothing is recorded.
async fn move_money(tx: &mut dyn Tx, movement: &Movement, now: Timestamp) -> Result<(), StoreError> {
    if let Some(change) = &movement.wallet {
        match tx.wallets().apply(change, now).await? {
            Applied::Done { .. } => {}
            Applied::TooLow { .. } | Applied::Frozen | Applied::NoWallet => {
                return Err(StoreError::Conflict {
                    constraint: "wallets.balance".to_owned(),
                });
            }
        }
    }
    tx.wallets().record(&movement.transfers, now).await
}
