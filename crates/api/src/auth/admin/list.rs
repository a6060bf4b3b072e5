//! Lists of users.
#![expect(
    unused_qualifications,
    reason = "the macro for query parameters writes them into the handler's signature"
)]

use actix_web::{HttpResponse, get, web};
use chrono::DateTime;
use domain::identity::right::UsersRead;
use domain::{PageSize, Timestamp};
use ports::users::{Comparison, Direction, Place, UserField, UserFilter, UserList, UserSearch, UserValue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::bodies::SessionUser;
use crate::codes::AuthCode;
use crate::error::AuthError;
use crate::extract::SignedStaff;
use crate::state::ApiState;

/// Which users. Without a wish for the order the newest come first.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// At most so many; 100 at most, and without it.
    limit: Option<String>,
    /// So many are skipped.
    offset: Option<String>,
    /// Only those with this text.
    search_value: Option<String>,
    /// Where the text is looked for: `email` unless it is `name`.
    search_field: Option<String>,
    /// `contains`, `starts_with` or `ends_with`.
    search_operator: Option<String>,
    /// A field of the user.
    sort_by: Option<String>,
    /// `asc` or `desc`.
    sort_direction: Option<String>,
    /// A field of the user; `email` without it.
    filter_field: Option<String>,
    /// What the field is compared with.
    filter_value: Option<String>,
    /// `eq`, `ne`, `lt`, `lte`, `gt` or `gte`.
    filter_operator: Option<String>,
}

/// Some of the users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsersBody {
    users: Vec<SessionUser>,
    /// How many there are in all.
    total: u64,
    /// As asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// As asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
}

/// Lists users
#[utoipa::path(
    tag = "Users",
    params(ListQuery),
    security(("session" = ["users.read"])),
    responses(
        (status = 200, description = "Some of the users", body = UsersBody),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 403, description = "`YOU_ARE_NOT_ALLOWED_TO_LIST_USERS`"),
    )
)]
#[get("/list-users")]
pub async fn list_users(
    state: web::Data<ApiState>,
    SignedStaff(staff): SignedStaff<UsersRead>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, AuthError> {
    let list = query.list().ok_or(AuthCode::InvalidQuery)?;
    let listed = state.identity.user_admin.list(&staff, &list).await?;
    let body = |user| {
        let user: &domain::identity::User = user;
        let banned = user.ban.as_ref().map(|_| user.is_banned(listed.now));
        SessionUser::with_ban(user, banned)
    };
    Ok(HttpResponse::Ok().json(UsersBody {
        users: listed.users.iter().map(body).collect(),
        total: listed.total,
        limit: count(query.limit.as_deref()),
        offset: count(query.offset.as_deref()),
    }))
}

impl ListQuery {
    /// `None` if a word means nothing.
    fn list(&self) -> Option<UserList> {
        let limit = count(self.limit.as_deref()).unwrap_or(u32::from(PageSize::MAX));
        let limit = u16::try_from(limit).unwrap_or(PageSize::MAX).min(PageSize::MAX);
        Some(UserList {
            search: self.search()?,
            filter: self.filter()?,
            sort: self.sort()?,
            limit: PageSize::new(limit)?,
            offset: count(self.offset.as_deref()).unwrap_or_default(),
        })
    }

    fn search(&self) -> Option<Option<UserSearch>> {
        let Some(text) = filled(self.search_value.as_deref()) else {
            return Some(None);
        };
        let field = match self.search_field.as_deref() {
            None | Some("email") => UserField::Email,
            Some("name") => UserField::Name,
            Some(_) => return None,
        };
        let place = match self.search_operator.as_deref() {
            None | Some("contains") => Place::Anywhere,
            Some("starts_with") => Place::Beginning,
            Some("ends_with") => Place::End,
            Some(_) => return None,
        };
        let text = text.to_owned();
        Some(Some(UserSearch { field, place, text }))
    }

    fn filter(&self) -> Option<Option<UserFilter>> {
        let Some(text) = filled(self.filter_value.as_deref()) else {
            return Some(None);
        };
        let field = field(self.filter_field.as_deref().unwrap_or("email"))?;
        let comparison = match self.filter_operator.as_deref() {
            None | Some("eq") => Comparison::Equal,
            Some("ne") => Comparison::NotEqual,
            Some("lt") => Comparison::Below,
            Some("lte") => Comparison::AtMost,
            Some("gt") => Comparison::Above,
            Some("gte") => Comparison::AtLeast,
            Some(_) => return None,
        };
        let value = match field {
            UserField::Id | UserField::Name | UserField::Email | UserField::Role => {
                UserValue::Text(text.to_owned())
            }
            UserField::EmailVerified | UserField::Banned => UserValue::Flag(text.parse().ok()?),
            UserField::BanExpires | UserField::CreatedAt | UserField::UpdatedAt => {
                UserValue::Time(time(text)?)
            }
        };
        Some(Some(UserFilter {
            field,
            comparison,
            value,
        }))
    }

    fn sort(&self) -> Option<(UserField, Direction)> {
        let Some(by) = filled(self.sort_by.as_deref()) else {
            return Some((UserField::CreatedAt, Direction::Descending));
        };
        let direction = match self.sort_direction.as_deref() {
            None | Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            Some(_) => return None,
        };
        Some((field(by)?, direction))
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// A number above zero; anything else counts as not given.
fn count(text: Option<&str>) -> Option<u32> {
    text?.trim().parse().ok().filter(|count| *count > 0)
}

/// A date as the wire has it, or milliseconds since the epoch.
fn time(text: &str) -> Option<Timestamp> {
    let millis = text.parse::<i64>().ok();
    let micros = match millis {
        Some(millis) => millis.checked_mul(1_000)?,
        None => DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros(),
    };
    Some(Timestamp::from_micros(micros))
}

fn field(name: &str) -> Option<UserField> {
    Some(match name {
        "id" => UserField::Id,
        "name" => UserField::Name,
        "email" => UserField::Email,
        "emailVerified" => UserField::EmailVerified,
        "role" => UserField::Role,
        "banned" => UserField::Banned,
        "banExpires" => UserField::BanExpires,
        "createdAt" => UserField::CreatedAt,
        "updatedAt" => UserField::UpdatedAt,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &[(&str, &str)]) -> Option<UserList> {
        let query = serde_urlencoded_pairs(query);
        query.list()
    }

    fn serde_urlencoded_pairs(pairs: &[(&str, &str)]) -> ListQuery {
        let value = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect();
        serde_json::from_value(serde_json::Value::Object(value)).unwrap()
    }

    #[test]
    fn the_newest_hundred_are_listed_unless_something_else_is_asked_for() {
        let list = parsed(&[]).unwrap();
        assert_eq!(list.sort, (UserField::CreatedAt, Direction::Descending));
        assert_eq!((list.limit.rows(), list.offset), (100, 0));
        let odd = parsed(&[("limit", "100000"), ("offset", "-3")]).unwrap();
        assert_eq!((odd.limit.rows(), odd.offset), (100, 0));
        let some = parsed(&[("limit", "20"), ("offset", "40")]).unwrap();
        assert_eq!((some.limit.rows(), some.offset), (20, 40));
    }

    #[test]
    fn only_known_words_reach_the_database() {
        for query in [
            [("sortBy", "password"), ("sortDirection", "asc")],
            [("sortBy", "name"), ("sortDirection", "sideways")],
            [("filterValue", "x"), ("filterField", "password")],
            [("filterValue", "x"), ("filterOperator", "like")],
            [("filterValue", "maybe"), ("filterField", "banned")],
            [("filterValue", "yesterday"), ("filterField", "createdAt")],
            [("searchValue", "x"), ("searchField", "role")],
            [("searchValue", "x"), ("searchOperator", "regex")],
        ] {
            assert_eq!(parsed(&query), None, "{query:?}");
        }
    }

    #[test]
    fn a_filter_is_of_the_kind_of_its_field() {
        let value = |field: &str, text: &str| {
            let list = parsed(&[("filterField", field), ("filterValue", text)]).unwrap();
            list.filter.unwrap().value
        };
        assert_eq!(value("role", "admin"), UserValue::Text("admin".to_owned()));
        assert_eq!(value("banned", "true"), UserValue::Flag(true));
        let time = UserValue::Time(Timestamp::from_micros(1_000));
        assert_eq!(value("createdAt", "1970-01-01T00:00:00.001Z"), time);
        assert_eq!(value("createdAt", "1"), time);
    }
}
