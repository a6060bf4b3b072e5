//! How often whoever may ask for what.

use std::time::Duration;

use actix_web::http::Method;
use ports::limits::Limit;

use crate::dialect::Dialect;

/// What one kind of request is limited by. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// All from one network: an IPv4 address, or the /64 of an IPv6 address.
    pub network: Option<Limit>,
    /// All of one user who is signed in, wherever they are.
    pub user: Option<Limit>,
}

impl Allowance {
    const fn per_minute(network: (u32, u32), user: Option<(u32, u32)>) -> Self {
        Self {
            network: Some(per_minute(network)),
            user: match user {
                Some(user) => Some(per_minute(user)),
                None => None,
            },
        }
    }
}

const fn per_minute((count, burst): (u32, u32)) -> Limit {
    Limit {
        count,
        period: Duration::from_mins(1),
        burst,
    }
}

/// How often whoever may ask for what. Each kind is counted by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestLimits {
    /// What checks a password, which costs a processor, or sends a mail, which costs money.
    pub passwords: Allowance,
    /// Signing up: nobody opens that many accounts, but thousands may share an address.
    pub sign_ups: Allowance,
    /// Everything else below `/api/auth`.
    pub accounts: Allowance,
    /// Placing orders, one or many at once.
    pub orders: Allowance,
    /// What reads a whole list for a file.
    pub exports: Allowance,
    /// What staff do to many things at once.
    pub bulk: Allowance,
    /// Everything else below `/api/v1`.
    pub others: Allowance,
}

impl Default for RequestLimits {
    /// As in `config/default.toml`: far more than people and the web application's pages ask for.
    fn default() -> Self {
        Self {
            passwords: Allowance::per_minute((60, 20), None),
            sign_ups: Allowance::per_minute((6, 30), None),
            accounts: Allowance::per_minute((600, 100), Some((6_000, 2_000))),
            orders: Allowance::per_minute((3_000, 1_500), Some((1_200, 600))),
            exports: Allowance::per_minute((120, 120), Some((60, 60))),
            bulk: Allowance::per_minute((240, 240), Some((120, 120))),
            others: Allowance::per_minute((12_000, 4_000), Some((6_000, 2_000))),
        }
    }
}

impl RequestLimits {
    /// What requests of this kind are limited by.
    pub(crate) const fn of(&self, kind: RequestKind) -> Allowance {
        match kind {
            RequestKind::Passwords => self.passwords,
            RequestKind::SignUps => self.sign_ups,
            RequestKind::Accounts => self.accounts,
            RequestKind::Orders => self.orders,
            RequestKind::Exports => self.exports,
            RequestKind::Bulk => self.bulk,
            RequestKind::Others => self.others,
        }
    }
}

/// Requests that share limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Passwords,
    SignUps,
    Accounts,
    Orders,
    Exports,
    Bulk,
    Others,
}

impl RequestKind {
    /// Names it in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passwords => "passwords",
            Self::SignUps => "sign-ups",
            Self::Accounts => "accounts",
            Self::Orders => "orders",
            Self::Exports => "exports",
            Self::Bulk => "bulk",
            Self::Others => "others",
        }
    }

    /// The kind of a request, if it is limited. The pages' own server asks for every visitor's session from one address, so
    /// that never is.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        if Dialect::of(path) == Dialect::Auth {
            return Self::of_auth(path);
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        let orders = path.strip_prefix("/api/v1/dashboard/orders");
        Some(match (method, last) {
            (&Method::POST, _) if matches!(orders, Some("" | "/mass")) => Self::Orders,
            (&Method::GET, _) if path.ends_with(".csv") || last == "export" => Self::Exports,
            (&Method::GET, _) => Self::Others,
            (_, "import" | "sync" | "bulk") if path.starts_with("/api/v1/admin/") => Self::Bulk,
            _ => Self::Others,
        })
    }

    fn of_auth(path: &str) -> Option<Self> {
        let (_, rest) = path.split_once("/auth/")?;
        match rest.split('/').next().unwrap_or_default() {
            // Only the first of a program's requests brings a password.
            "token" if rest != "token" => Some(Self::Accounts),
            "get-session" | "ok" | "error" => None,
            "sign-up" => Some(Self::SignUps),
            "sign-in"
            | "change-password"
            | "reauthenticate"
            | "change-email"
            | "delete-user"
            | "forget-password"
            | "request-password-reset"
            | "reset-password"
            | "send-verification-email"
            | "two-factor"
            | "token" => Some(Self::Passwords),
            _ => Some(Self::Accounts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_looked_up_without_limit_and_everything_else_has_one() {
        for base in ["/api/auth", "/api/v1/auth"] {
            let kind = |path: &str| RequestKind::of(&Method::POST, &format!("{base}/{path}"));
            assert_eq!(kind("get-session"), None);
            assert_eq!(kind("sign-in/email"), Some(RequestKind::Passwords));
            assert_eq!(kind("reset-password/abc"), Some(RequestKind::Passwords));
            assert_eq!(kind("token"), Some(RequestKind::Passwords));
            assert_eq!(kind("token/refresh"), Some(RequestKind::Accounts));
            assert_eq!(kind("sign-up/email"), Some(RequestKind::SignUps));
            assert_eq!(kind("admin/list-users"), Some(RequestKind::Accounts));
            assert_eq!(kind("nowhere"), Some(RequestKind::Accounts));
        }
    }

    #[test]
    fn what_costs_more_is_counted_by_itself() {
        let orders = "/api/v1/dashboard/orders";
        for (method, path, kind) in [
            (Method::POST, orders, RequestKind::Orders),
            (Method::POST, "/api/v1/dashboard/orders/mass", RequestKind::Orders),
            (Method::GET, orders, RequestKind::Others),
            (
                Method::POST,
                "/api/v1/dashboard/orders/7/cancel",
                RequestKind::Others,
            ),
            (Method::GET, "/api/v1/admin/audit.csv", RequestKind::Exports),
            (
                Method::POST,
                "/api/v1/admin/providers/7/import",
                RequestKind::Bulk,
            ),
            (Method::POST, "/api/v1/dashboard/import", RequestKind::Others),
            (Method::GET, "/api/v1/services", RequestKind::Others),
        ] {
            assert_eq!(RequestKind::of(&method, path), Some(kind), "{method} {path}");
        }
    }
}
