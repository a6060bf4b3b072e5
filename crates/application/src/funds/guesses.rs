//! Whoever guesses the ids of other people's payments gets slower with every miss, and staff hear of it.

use std::time::Duration;

use ports::StoreError;
use ports::limits::{Admission, Bucket, JointAdmission, Limit};

use super::claim::ClaimError;
use super::funds_ports::FundsPorts;
use crate::caller::Caller;
use crate::identity::network;
use crate::retry::retry_contended;

/// Claims of one user, whatever becomes of them.
const CLAIMS: Limit = Limit {
    count: 20,
    period: Duration::from_hours(1),
    burst: 10,
};
/// Misses of one user: eight at once, then one in ten minutes.
const MISSES: Limit = Limit {
    count: 6,
    period: Duration::from_hours(1),
    burst: 8,
};
/// The same, once there were twenty in a day: then one in 72 minutes.
const MISSES_OF_A_DAY: Limit = Limit {
    count: 20,
    period: Duration::from_hours(24),
    burst: 20,
};
/// Misses from one network, whoever its users are.
const MISSES_NEARBY: Limit = Limit {
    count: 60,
    period: Duration::from_hours(1),
    burst: 30,
};
/// Lines of the audit log about one user who is being slowed down.
const LINES: Limit = Limit {
    count: 1,
    period: Duration::from_hours(1),
    burst: 1,
};

/// The claim of a user, who may be guessing.
pub(super) struct Guesses<'a> {
    ports: &'a FundsPorts,
    caller: &'a Caller,
    claims: String,
    misses: Vec<(String, Limit)>,
}

impl<'a> Guesses<'a> {
    pub(super) fn of(ports: &'a FundsPorts, caller: &'a Caller) -> Self {
        let user = &caller.user().id;
        let mut misses = vec![
            (format!("deposits:missed:{user}"), MISSES),
            (format!("deposits:missed-today:{user}"), MISSES_OF_A_DAY),
        ];
        let address = caller.origin().address.as_deref();
        let network = address.and_then(|address| network(address.parse().ok()?));
        misses.extend(network.map(|network| (format!("deposits:missed-from:{network}"), MISSES_NEARBY)));
        Self {
            ports,
            caller,
            claims: format!("deposits:{user}"),
            misses,
        }
    }

    /// Counts a claim about which nobody is asked.
    pub(super) async fn claim(&self) -> Result<(), ClaimError> {
        match self.ports.limiter.take(&self.claims, CLAIMS).await {
            Admission::Granted { .. } => Ok(()),
            Admission::Denied { retry_after } => Err(ClaimError::TooOften { retry_after }),
        }
    }

    /// Counts a claim, and beforehand as a miss, so that of many at once no more are admitted than one after the other.
    pub(super) async fn admit(&self) -> Result<(), ClaimError> {
        let claims = Bucket {
            key: &self.claims,
            limit: CLAIMS,
        };
        let misses = self
            .misses
            .iter()
            .map(|(key, limit)| Bucket { key, limit: *limit });
        let buckets: Vec<Bucket<'_>> = std::iter::once(claims).chain(misses).collect();
        match self.ports.limiter.take_all(&buckets).await {
            JointAdmission::Granted { .. } => Ok(()),
            JointAdmission::Denied { bucket, retry_after } => {
                if bucket > 0
                    && let Err(error) = self.tell().await
                {
                    tracing::warn!(%error, "a user who may be guessing could not be noted");
                }
                Err(ClaimError::TooOften { retry_after })
            }
        }
    }

    /// It was no miss.
    pub(super) async fn was_none(&self) {
        for (key, limit) in &self.misses {
            self.ports.limiter.give_back(key, *limit).await;
        }
    }

    /// Tells staff, once in a while.
    async fn tell(&self) -> Result<(), StoreError> {
        let user = &self.caller.user().id;
        let told = format!("deposits:told:{user}");
        if let Admission::Denied { .. } = self.ports.limiter.take(&told, LINES).await {
            return Ok(());
        }
        tracing::warn!(%user, "a user claims one payment after another that is not theirs");
        let now = self.ports.clock.now();
        let entry = self.caller.entry("deposit.guess", format!("user:{user}"), now);
        retry_contended(|| async {
            let mut tx = self.ports.store.begin().await?;
            tx.audit().append(&entry).await?;
            tx.commit().await
        })
        .await
    }
}
