//! Lists of users.

use domain::Timestamp;
use entities::users::{Column, Entity};
use ports::users::{
    Comparison, Direction, Place, UserField, UserFilter, UserList, UserPage, UserSearch, UserValue,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::mapping;

/// Keeps `%`, `_` and itself from meaning something in a `LIKE` pattern.
const LIKE_ESCAPE: char = '!';

pub(super) async fn page(conn: &impl ConnectionTrait, list: &UserList) -> Result<UserPage, DbErr> {
    let chosen = Entity::find()
        .filter(Column::RemovedAt.is_null())
        .apply_if(list.search.as_ref(), |query, search| query.filter(holds(search)))
        .apply_if(list.filter.as_ref(), |query, filter| {
            query.filter(fulfils(filter))
        });
    let total = chosen.clone().count(conn).await?;
    let (field, direction) = list.sort;
    let order = match direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    let rows = chosen
        .order_by(column(field), order.clone())
        // Equals keep their place from page to page.
        .order_by(Column::Id, order)
        .limit(u64::from(list.limit.rows()))
        .offset(u64::from(list.offset))
        .all(conn)
        .await?;
    Ok(UserPage {
        users: rows.into_iter().map(mapping::user).collect(),
        total,
    })
}

fn holds(search: &UserSearch) -> SimpleExpr {
    let mut text = String::with_capacity(search.text.len());
    for character in search.text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | LIKE_ESCAPE) {
            text.push(LIKE_ESCAPE);
        }
        text.push(character);
    }
    let pattern = match search.place {
        Place::Anywhere => format!("%{text}%"),
        Place::Beginning => format!("{text}%"),
        Place::End => format!("%{text}"),
    };
    let lower = Expr::expr(Func::lower(Expr::col(column(search.field))));
    lower.like(LikeExpr::new(pattern).escape(LIKE_ESCAPE))
}

fn fulfils(filter: &UserFilter) -> SimpleExpr {
    let column = column(filter.field);
    match &filter.value {
        UserValue::Text(text) => compare(column, filter.comparison, text.as_str()),
        UserValue::Flag(flag) => compare(column, filter.comparison, *flag),
        UserValue::Time(time) => compare(column, filter.comparison, Timestamp::micros(*time)),
    }
}

fn compare(column: Column, comparison: Comparison, value: impl Into<sea_orm::Value>) -> SimpleExpr {
    let value = value.into();
    match comparison {
        Comparison::Equal => column.eq(value),
        Comparison::NotEqual => column.ne(value),
        Comparison::Below => column.lt(value),
        Comparison::AtMost => column.lte(value),
        Comparison::Above => column.gt(value),
        Comparison::AtLeast => column.gte(value),
    }
}

const fn column(field: UserField) -> Column {
    match field {
        UserField::Id => Column::Id,
        UserField::Name => Column::Name,
        UserField::Email => Column::Email,
        UserField::EmailVerified => Column::EmailVerified,
        UserField::Role => Column::Role,
        UserField::Banned => Column::Banned,
        UserField::BanExpires => Column::BanExpires,
        UserField::CreatedAt => Column::CreatedAt,
        UserField::UpdatedAt => Column::UpdatedAt,
    }
}
