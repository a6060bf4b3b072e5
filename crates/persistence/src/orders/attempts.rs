//! Attempts to send an order.

use domain::orders::{Attempt, AttemptChange, AttemptOutcome, IN_DOUBT, Order};
use domain::{OrderId, Timestamp};
use entities::attempts::{ActiveModel, Column, Entity, Model};
use ports::StoreError;
use ports::orders::AttemptView;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
};

use crate::decode::{number, stored, time, word};
use crate::error::Failure;

/// The latest attempt of an order.
pub(super) async fn latest(conn: &DatabaseTransaction, id: OrderId) -> Result<Option<Attempt>, Failure> {
    let row = Entity::find()
        .filter(Column::OrderId.eq(id.0))
        .order_by_desc(Column::No)
        .one(conn)
        .await?;
    row.map(|row| Ok(attempt(&row)?)).transpose()
}

fn attempt(row: &Model) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        order: OrderId(row.order_id),
        no: number("attempts.no", row.no)?,
        worker: row.worker.clone(),
        outcome: word("attempts.outcome", &row.outcome, AttemptOutcome::from_stored)?,
        started_at: Timestamp::from_micros(row.started_at),
    })
}

/// See [`ports::orders::OrderRepository::change_attempt`].
pub(super) async fn change(
    conn: &DatabaseTransaction,
    order: &Order,
    change: &AttemptChange,
) -> Result<bool, Failure> {
    match change {
        AttemptChange::Open { no, worker, at } => {
            let row = ActiveModel {
                outcome: Set(AttemptOutcome::Intent.as_str().to_owned()),
                ..new_row(order, *no, worker, *at)?
            };
            Entity::insert(row).exec_without_returning(conn).await?;
            Ok(true)
        }
        AttemptChange::Presume { no, since, why } => {
            let row = ActiveModel {
                outcome: Set(AttemptOutcome::Unknown.as_str().to_owned()),
                proof: Set(Some(why.clone())),
                resolved_at: Set(Some(order.updated_at.micros())),
                ..new_row(order, *no, IN_DOUBT, *since)?
            };
            Entity::insert(row).exec_without_returning(conn).await?;
            Ok(true)
        }
        AttemptChange::Resolve {
            no,
            from,
            outcome,
            proof,
            provider_order_id,
        } => {
            let id = provider_order_id.as_ref().map(|id| id.as_str().to_owned());
            let row = ActiveModel {
                outcome: Set(outcome.as_str().to_owned()),
                proof: Set(proof.clone()),
                provider_order_id: Set(id),
                resolved_at: Set(Some(order.updated_at.micros())),
                ..ActiveModel::default()
            };
            let no: i32 = stored("attempts.no", *no)?;
            let done = Entity::update_many()
                .set(row)
                .filter(Column::OrderId.eq(order.id.0))
                .filter(Column::No.eq(no))
                .filter(Column::Outcome.eq(from.as_str()))
                .exec(conn)
                .await?;
            Ok(done.rows_affected == 1)
        }
    }
}

/// An attempt of which nothing is known yet.
fn new_row(order: &Order, no: u32, worker: &str, started_at: Timestamp) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        order_id: Set(order.id.0),
        no: Set(stored("attempts.no", no)?),
        worker: Set(worker.to_owned()),
        outcome: NotSet,
        proof: Set(None),
        provider_id: Set(order.service.provider.0),
        provider_order_id: Set(None),
        started_at: Set(started_at.micros()),
        resolved_at: Set(None),
    })
}

/// Every attempt of an order, oldest first.
pub(super) async fn all(conn: &impl ConnectionTrait, id: OrderId) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::OrderId.eq(id.0))
        .order_by_asc(Column::No)
        .all(conn)
        .await
}

/// An attempt as staff see it.
pub(super) fn view(row: Model) -> Result<AttemptView, StoreError> {
    Ok(AttemptView {
        no: number("attempts.no", row.no)?,
        outcome: row.outcome,
        proof: row.proof,
        worker: row.worker,
        started_at: Timestamp::from_micros(row.started_at),
        resolved_at: time(row.resolved_at),
    })
}
