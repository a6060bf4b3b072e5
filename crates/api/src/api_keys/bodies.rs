//! Keys as their owners see them.

use application::api_keys::{MadeKey, ShownKey};
use domain::api_keys::{ApiKey, KeyToken, Scope, TOKEN_PREFIX};
use domain::{Money, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::dashboard::CURRENCY;
use crate::wire::{WireTime, amount_text, time};

/// Milliseconds of the minute that requests are counted in.
const MINUTE_MILLIS: u64 = 60_000;

/// A key as the web application's page reads it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageKey {
    id: String,
    #[schema(example = "Prod key")]
    name: String,
    /// How the key begins: enough to know it again.
    #[schema(example = "smm_guru_live_a1B2c3D4e5F6")]
    start: String,
    #[schema(example = "smm_guru_live_")]
    prefix: &'static str,
    /// The key itself, for the owner to copy. Whoever acts as the owner sees only its beginning.
    key: String,
    user_id: String,
    #[schema(value_type = Option<u64>)]
    refill_interval: (),
    #[schema(value_type = Option<u64>)]
    refill_amount: (),
    #[schema(value_type = Option<String>)]
    last_refill_at: (),
    enabled: bool,
    rate_limit_enabled: bool,
    /// Milliseconds.
    #[schema(example = 60_000)]
    rate_limit_time_window: u64,
    /// Requests in that time.
    #[schema(example = 600)]
    rate_limit_max: u32,
    /// About how often it was used.
    request_count: u64,
    #[schema(value_type = Option<u64>)]
    remaining: (),
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_request: Option<WireTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<WireTime>,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
    /// What it may do; null is everything.
    permissions: Option<PagePermissions>,
    #[schema(value_type = Option<String>)]
    metadata: (),
}

/// What a key may do, as the page's library names it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PagePermissions {
    scopes: Vec<&'static str>,
}

impl From<ShownKey> for PageKey {
    fn from(shown: ShownKey) -> Self {
        let ShownKey {
            key,
            public_id,
            token,
        } = shown;
        let start = KeyToken::beginning(&public_id);
        let is_limited = Scope::ALL.iter().any(|scope| !key.scopes.has(*scope));
        Self {
            key: token.map_or_else(|| format!("{start}…"), |token| token.reveal().to_owned()),
            start,
            prefix: TOKEN_PREFIX,
            user_id: key.user.to_string(),
            refill_interval: (),
            refill_amount: (),
            last_refill_at: (),
            enabled: key.enabled,
            rate_limit_enabled: true,
            rate_limit_time_window: MINUTE_MILLIS,
            rate_limit_max: key.requests_per_minute,
            request_count: key.uses,
            remaining: (),
            last_request: time(key.last_used_at),
            expires_at: time(key.expires_at),
            created_at: WireTime(key.created_at),
            updated_at: WireTime(key.updated_at),
            permissions: is_limited.then(|| PagePermissions { scopes: words(&key) }),
            metadata: (),
            id: key.id.to_string(),
            name: key.name,
        }
    }
}

/// A key without what opens it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedKey {
    id: String,
    #[schema(example = "Shop")]
    name: String,
    /// How the key begins: enough to know it again.
    #[schema(example = "smm_guru_live_a1B2c3D4e5F6")]
    start: Option<String>,
    /// `services`, `balance`, `orders.read` and `orders.write`.
    scopes: Vec<&'static str>,
    /// Where it may be used from; empty is everywhere.
    networks: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<WireTime>,
    spend_cap: Option<CapBody>,
    /// In a minute.
    requests_per_minute: u32,
    enabled: bool,
    /// `english` or `codes`.
    error_words: &'static str,
    /// Whether GET requests may order.
    orders_by_get: bool,
    /// About how often it was used.
    uses: u64,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<WireTime>,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// How much the orders of a key may cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapBody {
    #[schema(example = "50.00")]
    amount: String,
    currency: &'static str,
    /// `day` (UTC) or `total`.
    #[schema(example = "day")]
    period: &'static str,
    /// Counted so far in the period. What is refunded gives nothing back.
    #[schema(example = "12.50")]
    spent: String,
    #[schema(example = "37.50")]
    left: String,
}

impl ManagedKey {
    /// The key at `now`.
    pub fn new(key: ApiKey, public_id: Option<&str>, now: Timestamp) -> Self {
        let spent = key.spent_at(now);
        Self {
            start: public_id.map(KeyToken::beginning),
            scopes: words(&key),
            networks: key.networks.iter().map(ToString::to_string).collect(),
            expires_at: time(key.expires_at),
            spend_cap: key.cap.map(|cap| CapBody {
                amount: amount_text(cap.amount),
                currency: CURRENCY,
                period: cap.period.as_str(),
                spent: amount_text(spent),
                left: amount_text(cap.amount.saturating_sub(spent).max(Money::ZERO)),
            }),
            requests_per_minute: key.requests_per_minute,
            enabled: key.enabled,
            error_words: key.words.as_str(),
            orders_by_get: key.orders_by_get,
            uses: key.uses,
            last_used_at: time(key.last_used_at),
            created_at: WireTime(key.created_at),
            updated_at: WireTime(key.updated_at),
            id: key.id.to_string(),
            name: key.name,
        }
    }
}

/// The caller's keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedKeys {
    pub api_keys: Vec<ManagedKey>,
}

/// A key that was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneKey {
    pub api_key: ManagedKey,
}

/// A key that was made, or has another secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandedKey {
    api_key: ManagedKey,
    /// What programs show.
    #[schema(example = "smm_guru_live_a1B2c3D4e5F6…")]
    key: String,
}

impl HandedKey {
    /// What was made at `now`.
    pub fn new(made: MadeKey, now: Timestamp) -> Self {
        Self {
            api_key: ManagedKey::new(made.key, Some(made.token.public_id()), now),
            key: made.token.secret().reveal().to_owned(),
        }
    }
}

fn words(key: &ApiKey) -> Vec<&'static str> {
    key.scopes.iter().map(Scope::as_str).collect()
}
