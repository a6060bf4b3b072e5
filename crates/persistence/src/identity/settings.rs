//! What users set for themselves.

use domain::identity::{Currency, Language, Notifications, TimeZone, UserSettings};
use domain::{Timestamp, UserId};
use entities::user_settings::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};

pub(super) async fn read(conn: &impl ConnectionTrait, user: &UserId) -> Result<Option<UserSettings>, DbErr> {
    let row = Entity::find_by_id(user.as_str()).one(conn).await?;
    Ok(row.map(settings))
}

pub(super) async fn save(
    conn: &impl ConnectionTrait,
    user: &UserId,
    settings: &UserSettings,
    now: Timestamp,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        user_id: Set(user.as_str().to_owned()),
        time_zone: Set(settings.time_zone.as_str().to_owned()),
        language: Set(settings.language.as_str().to_owned()),
        currency: Set(settings.currency.as_str().to_owned()),
        mail_orders: Set(settings.notifications.orders),
        mail_balance: Set(settings.notifications.balance),
        mail_news: Set(settings.notifications.news),
        updated_at: Set(now.micros()),
    };
    let replace = OnConflict::column(Column::UserId)
        .update_columns([
            Column::TimeZone,
            Column::Language,
            Column::Currency,
            Column::MailOrders,
            Column::MailBalance,
            Column::MailNews,
            Column::UpdatedAt,
        ])
        .to_owned();
    Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

fn settings(row: Model) -> UserSettings {
    UserSettings {
        time_zone: TimeZone::from_stored(row.time_zone),
        language: Language::from_stored(row.language),
        currency: Currency::from_stored(row.currency),
        notifications: Notifications {
            orders: row.mail_orders,
            balance: row.mail_balance,
            news: row.mail_news,
        },
    }
}
