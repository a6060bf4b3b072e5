//! Rows of better-auth's tables, as JSON objects.
//!
//! Columns are called `email_verified` or `emailVerified`, depending on who created the tables. Times are text without a
//! zone, which is UTC, text with one, or milliseconds. A flag is a flag, a number or a text.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime};
use domain::{Secret, Timestamp};
use ports::import::{SourceAccount, SourceError, SourceSession, SourceUser, SourceWallet};
use serde_json::{Map, Value};

/// The rows of one page, by table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub users: Vec<Value>,
    pub accounts: Vec<Value>,
    pub sessions: Vec<Value>,
    pub wallets: Vec<Value>,
}

impl Rows {
    /// Users with what is theirs, in the order of their rows.
    pub(super) fn assemble(self) -> Result<Vec<SourceUser>, SourceError> {
        let mut users = Vec::with_capacity(self.users.len());
        for row in &self.users {
            users.push(user(&Row::of(row)?));
        }
        let places: HashMap<String, usize> = users
            .iter()
            .enumerate()
            .map(|(place, user)| (user.id.clone(), place))
            .collect();
        let mut owned = |row: &Value, give: &dyn Fn(&Row<'_>, &mut SourceUser)| {
            let row = Row::of(row)?;
            let place = row.text("user_id").and_then(|id| places.get(&id));
            if let Some(user) = place.and_then(|place| users.get_mut(*place)) {
                give(&row, user);
            }
            Ok::<(), SourceError>(())
        };
        for row in &self.accounts {
            owned(row, &|row, user| user.accounts.extend(account(row)))?;
        }
        for row in &self.sessions {
            owned(row, &|row, user| user.sessions.extend(session(row)))?;
        }
        for row in &self.wallets {
            owned(row, &|row, user| user.wallet = Some(wallet(row)))?;
        }
        Ok(users)
    }
}

struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    fn of(value: &'a Value) -> Result<Self, SourceError> {
        let object = value.as_object();
        object
            .map(Self)
            .ok_or_else(|| SourceError("a row is not a JSON object".to_owned()))
    }

    /// The column, by either of its names.
    fn column(&self, name: &str) -> &'a Value {
        let found = self.0.get(name).or_else(|| self.0.get(&camel(name)));
        found.unwrap_or(&Value::Null)
    }

    /// `None` for what is missing, null or empty.
    fn text(&self, name: &str) -> Option<String> {
        let text = match self.column(name) {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    fn flag(&self, name: &str) -> bool {
        match self.column(name) {
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_i64() == Some(1),
            Value::String(text) => matches!(text.as_str(), "true" | "t" | "1"),
            _ => false,
        }
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        match self.column(name) {
            Value::String(text) => moment(text.trim()),
            Value::Number(number) => number
                .as_i64()
                .and_then(|millis| millis.checked_mul(1_000))
                .map(Timestamp::from_micros),
            _ => None,
        }
    }
}

/// `email_verified` as `emailVerified`.
fn camel(name: &str) -> String {
    let mut upper = false;
    let mut camel = String::with_capacity(name.len());
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.extend(character.to_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

fn moment(text: &str) -> Option<Timestamp> {
    let zoned = [text.to_owned(), format!("{text}:00")];
    let zoned = zoned
        .iter()
        .find_map(|text| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z").ok());
    let zoned = zoned.or_else(|| DateTime::parse_from_rfc3339(text).ok());
    let plain = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let plain = || {
        plain
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let micros = zoned
        .map(|at| at.timestamp_micros())
        .or_else(|| plain().map(|at| at.and_utc().timestamp_micros()));
    micros.map(Timestamp::from_micros)
}

fn user(row: &Row<'_>) -> SourceUser {
    SourceUser {
        id: row.text("id").unwrap_or_default(),
        name: row.text("name"),
        email: row.text("email"),
        email_verified: row.flag("email_verified"),
        second_factor: row.flag("two_factor_enabled"),
        image: row.text("image"),
        role: row.text("role"),
        banned: row.flag("banned"),
        ban_reason: row.text("ban_reason"),
        ban_expires: row.time("ban_expires"),
        created_at: row.time("created_at"),
        accounts: Vec::new(),
        sessions: Vec::new(),
        wallet: None,
    }
}

fn account(row: &Row<'_>) -> Option<SourceAccount> {
    Some(SourceAccount {
        provider: row.text("provider_id")?,
        account: row.text("account_id")?,
        password: row.text("password"),
    })
}

fn session(row: &Row<'_>) -> Option<SourceSession> {
    let created_at = row.time("created_at")?;
    Some(SourceSession {
        id: row.text("id")?,
        token: Secret::new(row.text("token")?),
        expires_at: row.time("expires_at")?,
        created_at,
        updated_at: row.time("updated_at").unwrap_or(created_at),
        ip_address: row.text("ip_address"),
        user_agent: row.text("user_agent"),
        is_impersonation: row.text("impersonated_by").is_some(),
    })
}

fn wallet(row: &Row<'_>) -> SourceWallet {
    SourceWallet {
        balance: row.text("balance").unwrap_or_else(|| "0".to_owned()),
        currency: row.text("currency"),
        status: row.text("status"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc_and_numbers_are_milliseconds() {
        let utc = Some(Timestamp::from_micros(1_795_252_745_023_999));
        for (written, meant) in [
            (json!("2026-11-21T09:19:05.023999"), utc),
            (json!("2026-11-21 09:19:05.023999"), utc),
            (json!("2026-11-21T09:19:05.023999Z"), utc),
            (json!("2026-11-21T10:19:05.023999+01:00"), utc),
            (json!("2026-11-21 09:19:05.023999+00"), utc),
            (json!("2026-11-21 10:19:05.023999+01:00"), utc),
            (
                json!(1_795_252_745_023_i64),
                Some(Timestamp::from_micros(1_795_252_745_023_000)),
            ),
            (json!("yesterday"), None),
            (json!(""), None),
            (json!(null), None),
        ] {
            let row = json!({ "created_at": written });
            assert_eq!(Row::of(&row).unwrap().time("created_at"), meant, "{written}");
        }
    }

    #[test]
    fn columns_are_known_by_both_of_their_names_and_flags_in_every_form() {
        for row in [
            json!({ "email_verified": true }),
            json!({ "emailVerified": 1 }),
            json!({ "emailVerified": "t" }),
        ] {
            assert!(Row::of(&row).unwrap().flag("email_verified"), "{row}");
        }
        for row in [
            json!({}),
            json!({ "email_verified": null }),
            json!({ "emailVerified": 0 }),
        ] {
            assert!(!Row::of(&row).unwrap().flag("email_verified"), "{row}");
        }
    }

    #[test]
    fn rows_of_nobody_are_left_out_and_what_is_no_row_is_an_error() {
        let rows = Rows {
            users: vec![json!({ "id": "a" })],
            accounts: vec![
                json!({ "user_id": "a", "provider_id": "github", "account_id": 7 }),
                json!({ "user_id": "b", "provider_id": "github", "account_id": "8" }),
                json!({ "user_id": "a", "provider_id": "github", "account_id": null }),
            ],
            ..Rows::default()
        };
        let users = rows.assemble().unwrap();
        let accounts: Vec<&str> = users[0].accounts.iter().map(|it| it.account.as_str()).collect();
        assert_eq!((users.len(), accounts), (1, vec!["7"]));
        let broken = Rows {
            users: vec![json!("a")],
            ..Rows::default()
        };
        assert!(broken.assemble().is_err());
    }
}
