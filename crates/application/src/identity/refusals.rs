//! Refused sign-ins in the audit log, which must not fill the disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::orders::Actor;
use domain::text::Email;
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::limits::{Admission, Limit};

use super::identity_ports::IdentityPorts;
use super::session::Browser;
use crate::retry::retry_contended;

/// Lines about refused sign-ins that concern no member of staff, all of them together, over all nodes.
const BUDGET: Limit = Limit {
    count: 300,
    period: Duration::from_hours(1),
    burst: 300,
};
/// Lines about one account that is being slowed down.
const SLOWED: Limit = Limit {
    count: 1,
    period: Duration::from_mins(15),
    burst: 1,
};

/// Why a sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such account, or another password.
    Credentials,
    /// The user is banned.
    Banned,
    /// Too many attempts.
    Slowed,
    /// Another code than that of the second factor.
    Code,
    /// Somebody who is signed in, and should prove who they are, gave another password.
    Password,
    /// Somebody signs up with an address that somebody has: perhaps to find that out.
    Taken,
    /// A provider vouches for somebody, but not for their address.
    Unproven,
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Banned => "banned",
            Self::Slowed => "slowed",
            Self::Code => "code",
            Self::Password => "password",
            Self::Taken => "taken",
            Self::Unproven => "unproven",
        }
    }
}

/// Notes refused sign-ins. Those that concern staff are noted as often as they may be tried. All others share a budget;
/// what exceeds it is counted in the next line.
pub struct RefusedSignIns {
    ports: IdentityPorts,
    left_out: AtomicU64,
}

impl RefusedSignIns {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self {
            ports,
            left_out: AtomicU64::new(0),
        }
    }

    /// Notes that whoever gave `email` was refused. It takes as long for an unknown address as for a known one. Whoever
    /// is refused learns that, also if it could not be noted.
    pub async fn note(&self, email: &Email, browser: &Browser, refusal: Refusal) {
        if let Err(error) = self.record(email, browser, refusal).await {
            tracing::warn!(%error, "a refused sign-in could not be noted");
        }
    }

    async fn record(&self, email: &Email, browser: &Browser, refusal: Refusal) -> Result<(), StoreError> {
        let slowed = format!("audit:slowed:{email}");
        if refusal == Refusal::Slowed && !self.may(&slowed, SLOWED).await {
            return Ok(());
        }
        let found = self
            .ports
            .queries
            .credentials(email)
            .await?
            .map(|found| found.user);
        let is_staff = found.as_ref().is_some_and(|user| user.role.is_staff());
        if !is_staff && !self.may("audit:refused", BUDGET).await {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let target = match &found {
            Some(user) => format!("user:{}", user.id),
            None => format!("email:{}", masked(email)),
        };
        let mut entry = AuditEntry::new(Actor::Visitor, "session.refuse", target, self.ports.clock.now())
            .from(&browser.origin())
            .with("reason", refusal.as_str());
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            entry = entry.with("left_out", left_out);
        }
        retry_contended(|| async {
            let mut tx = self.ports.store.begin().await?;
            tx.audit().append(&entry).await?;
            tx.commit().await
        })
        .await
    }

    async fn may(&self, key: &str, limit: Limit) -> bool {
        matches!(
            self.ports.limiter.take(key, limit).await,
            Admission::Granted { .. }
        )
    }
}

/// An address of nobody may be anything, such as a password in the wrong field.
fn masked(email: &Email) -> String {
    let (name, domain) = email.as_str().split_once('@').unwrap_or_default();
    let first: String = name.chars().take(1).collect();
    format!("{first}***@{domain}")
}
