//! Orders inside a transaction.

use async_trait::async_trait;
use domain::orders::{Attempt, AttemptChange, NewOrder, Order, OrderEvent, OrderState};
use domain::text::IdempotencyKey;
use domain::{Fingerprint, OrderId, ProviderId, ProviderOrderId, Timestamp, UserId};
use entities::{order_decisions, order_events, orders};
use ports::StoreError;
use ports::orders::{
    KeyClaim, KeyLife, OrderRepository, PendingDecision, PutBackPolls, TakePolls, TakenPolls,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::{attempts, groups, inputs, keys, many, mapping, polls};
use crate::decode::details_to_json;
use crate::error::Failure;
use crate::tx::SeaTx;

#[async_trait]
impl OrderRepository for SeaTx {
    async fn claim_key(
        &mut self,
        user: &UserId,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
        life: KeyLife,
        now: Timestamp,
    ) -> Result<KeyClaim, StoreError> {
        let claim = keys::Claim {
            user,
            key,
            fingerprint,
            life,
            now,
        };
        let claimed = keys::claim(self.conn()?, &claim).await;
        self.guard(claimed)
    }

    async fn bind_key(
        &mut self,
        user: &UserId,
        key: &IdempotencyKey,
        order: OrderId,
    ) -> Result<(), StoreError> {
        let bound = keys::bind(self.conn()?, user, key, order).await;
        self.guard(bound)
    }

    async fn has_open(&mut self, user: &UserId) -> Result<bool, StoreError> {
        let open = OrderState::ALL.iter().filter(|state| !state.is_terminal());
        let found = orders::Entity::find()
            .select_only()
            .column(orders::Column::Id)
            .filter(orders::Column::UserId.eq(user.as_str()))
            .filter(orders::Column::State.is_in(open.map(|state| state.as_str())))
            .limit(1)
            .into_tuple::<i64>()
            .one(self.conn()?)
            .await;
        Ok(self.guard(found)?.is_some())
    }

    async fn insert(&mut self, order: &NewOrder) -> Result<OrderId, StoreError> {
        let inserted = insert(self.conn()?, order).await;
        self.guard(inserted)
    }

    async fn insert_all(&mut self, orders: &[NewOrder]) -> Result<Vec<Order>, StoreError> {
        let inserted = many::insert(self.conn()?, orders).await;
        self.guard(inserted)
    }

    async fn bind_more(
        &mut self,
        user: &UserId,
        keys: &[(IdempotencyKey, OrderId)],
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let bound = many::bind(self.conn()?, user, keys, fingerprint, now).await;
        self.guard(bound)
    }

    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let locked = lock(self.conn()?, id).await;
        self.guard(locked)
    }

    async fn update(&mut self, order: &Order) -> Result<bool, StoreError> {
        let updated = update(self.conn()?, order).await;
        self.guard(updated)
    }

    async fn latest_attempt(&mut self, id: OrderId) -> Result<Option<Attempt>, StoreError> {
        let latest = attempts::latest(self.conn()?, id).await;
        self.guard(latest)
    }

    async fn change_attempt(&mut self, order: &Order, change: &AttemptChange) -> Result<bool, StoreError> {
        let changed = attempts::change(self.conn()?, order, change).await;
        self.guard(changed)
    }

    async fn append_events(&mut self, id: OrderId, events: &[OrderEvent]) -> Result<(), StoreError> {
        self.make_news();
        let events = events.iter().map(|event| (id, event));
        let appended = append_events(self.conn()?, events).await;
        self.guard(appended)
    }

    async fn append_all(&mut self, events: &[(OrderId, OrderEvent)]) -> Result<(), StoreError> {
        self.make_news();
        let events = events.iter().map(|(id, event)| (*id, event));
        let appended = append_events(self.conn()?, events).await;
        self.guard(appended)
    }

    async fn take_due_polls(&mut self, take: &TakePolls) -> Result<Option<TakenPolls>, StoreError> {
        let taken = polls::take(self.conn()?, take).await;
        self.guard(taken)
    }

    async fn put_back_polls(&mut self, polls: &PutBackPolls) -> Result<bool, StoreError> {
        let put_back = groups::put_back(self.conn()?, polls).await;
        self.guard(put_back)
    }

    async fn leave_poll_group(&mut self, id: OrderId, due_at: Timestamp) -> Result<(), StoreError> {
        let left = groups::leave(self.conn()?, id, due_at).await;
        self.guard(left)
    }

    async fn open_poll_turn(&mut self, provider: ProviderId, at: Timestamp) -> Result<(), StoreError> {
        let opened = groups::open_turn(self.conn()?, provider, at).await;
        self.guard(opened)
    }

    async fn pending_decision(&mut self, id: OrderId) -> Result<Option<PendingDecision>, StoreError> {
        let found = order_decisions::Entity::find_by_id(id.0).one(self.conn()?).await;
        let found = self.guard(found)?;
        Ok(found.map(|row| PendingDecision {
            staff: UserId::new(row.staff_id),
            placed_as: row.placed_as.map(ProviderOrderId::new),
            at: Timestamp::from_micros(row.at),
        }))
    }

    async fn keep_decision(&mut self, id: OrderId, decision: &PendingDecision) -> Result<(), StoreError> {
        let kept = keep_decision(self.conn()?, id, decision).await;
        self.guard(kept)
    }

    async fn drop_decision(&mut self, id: OrderId) -> Result<(), StoreError> {
        let dropped = order_decisions::Entity::delete_by_id(id.0)
            .exec(self.conn()?)
            .await;
        self.guard(dropped).map(|_| ())
    }
}

async fn insert(conn: &DatabaseTransaction, order: &NewOrder) -> Result<OrderId, Failure> {
    let row = mapping::new_row(order.draft())?;
    let inserted = orders::Entity::insert(row).exec(conn).await?;
    let id = OrderId(inserted.last_insert_id);
    inputs::insert(conn, std::iter::once((id, order))).await?;
    Ok(id)
}

async fn lock(conn: &DatabaseTransaction, id: OrderId) -> Result<Option<Order>, Failure> {
    let row = orders::Entity::find_by_id(id.0)
        .lock_exclusive()
        .one(conn)
        .await?;
    row.map(|row| Ok(mapping::order(row)?)).transpose()
}

async fn update(conn: &DatabaseTransaction, order: &Order) -> Result<bool, Failure> {
    let done = orders::Entity::update_many()
        .set(mapping::changed_row(order)?)
        .col_expr(
            orders::Column::Revision,
            Expr::col(orders::Column::Revision).add(1),
        )
        .filter(orders::Column::Id.eq(order.id.0))
        .filter(orders::Column::Revision.eq(order.revision))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

async fn append_events(
    conn: &DatabaseTransaction,
    events: impl Iterator<Item = (OrderId, &OrderEvent)> + Send,
) -> Result<(), Failure> {
    let rows = events
        .map(|(id, event)| {
            Ok(order_events::ActiveModel {
                id: NotSet,
                order_id: Set(id.0),
                kind: Set(event.kind.as_str().to_owned()),
                actor: Set(event.actor.kind().to_owned()),
                actor_user: Set(event.actor.user().map(|user| user.as_str().to_owned())),
                at: Set(event.at.micros()),
                details: Set(details_to_json(&event.details)?),
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    if !rows.is_empty() {
        order_events::Entity::insert_many(rows)
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}

async fn keep_decision(
    conn: &DatabaseTransaction,
    id: OrderId,
    decision: &PendingDecision,
) -> Result<(), Failure> {
    use order_decisions::Column;

    let placed_as = decision.placed_as.as_ref().map(|id| id.as_str().to_owned());
    let row = order_decisions::ActiveModel {
        order_id: Set(id.0),
        staff_id: Set(decision.staff.as_str().to_owned()),
        placed_as: Set(placed_as),
        at: Set(decision.at.micros()),
    };
    let replace = OnConflict::column(Column::OrderId)
        .update_columns([Column::StaffId, Column::PlacedAs, Column::At])
        .to_owned();
    order_decisions::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
