//! Where withdrawals go to: sealed for their rows, and opened for whoever pays them out.

use std::sync::Arc;

use domain::funds::{Refusal, Withdrawal, WithdrawalState, masked};
use domain::identity::right::PaymentsApprove;
use domain::providers::SealedSecret;
use domain::{Secret, WithdrawalId};
use ports::crypto::SecretSealer;
use ports::funds::{FundsQueries, PlainDestination};
use ports::{Store, StoreError};

use super::decide::DecideFundsError;
use super::funds_ports::FundsPorts;
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

/// Destinations that are sealed in one transaction.
const BATCH: u16 = 100;

fn context(reference: &str) -> String {
    format!("withdrawals.destination:{reference}")
}

/// Seals a destination for the withdrawal that the ledger calls `reference`.
pub(super) fn seal(
    sealer: &dyn SecretSealer,
    destination: &Secret,
    reference: &str,
) -> Result<SealedSecret, StoreError> {
    let sealed = sealer.seal(destination, &context(reference));
    sealed.map_err(|error| StoreError::Unavailable(format!("a destination: {error}")))
}

/// Opens the destination of a withdrawal; `None` if it is not sealed yet.
pub(super) fn open(sealer: &dyn SecretSealer, withdrawal: &Withdrawal) -> Result<Option<Secret>, StoreError> {
    let opened = withdrawal
        .sealed
        .as_ref()
        .map(|sealed| sealer.open(sealed, &context(&withdrawal.reference)));
    opened
        .transpose()
        .map_err(|error| StoreError::Unavailable(format!("a destination: {error}")))
}

/// Seals what an earlier version left in plain. It may be torn at any point and run anywhere, twice at once.
pub struct SealDestinations {
    store: Arc<dyn Store>,
    queries: Arc<dyn FundsQueries>,
    sealer: Arc<dyn SecretSealer>,
}

impl SealDestinations {
    /// Wires the use case.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn FundsQueries>, sealer: Arc<dyn SecretSealer>) -> Self {
        Self {
            store,
            queries,
            sealer,
        }
    }

    /// Seals all of them; how many there were.
    ///
    /// # Errors
    /// [`StoreError`]. What was sealed stays so.
    pub async fn seal(&self) -> Result<usize, StoreError> {
        let mut sealed = 0;
        loop {
            let plain = self.queries.plain_destinations(BATCH).await?;
            if plain.is_empty() {
                return Ok(sealed);
            }
            retry_contended(|| self.seal_some(&plain)).await?;
            sealed += plain.len();
        }
    }

    async fn seal_some(&self, plain: &[PlainDestination]) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for it in plain {
            let sealed = seal(&*self.sealer, &it.destination, &it.reference)?;
            let shown = masked(it.destination.reveal());
            tx.funds().seal_destination(it.id, &shown, &sealed).await?;
        }
        tx.commit().await
    }
}

/// Shows a destination to whoever is about to pay.
pub struct RevealDestination {
    ports: FundsPorts,
}

impl RevealDestination {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: FundsPorts) -> Self {
        Self { ports }
    }

    /// Opens the destination of a withdrawal that waits to be paid out. It is not opened unless the audit log says so.
    ///
    /// # Errors
    /// [`DecideFundsError`] if it is not to be paid out by this member of staff.
    pub async fn reveal(
        &self,
        staff: &Staff<PaymentsApprove>,
        id: WithdrawalId,
    ) -> Result<Secret, DecideFundsError> {
        let withdrawal = retry_contended(|| self.record(staff, id)).await?;
        if let Some(destination) = open(&*self.ports.sealer, &withdrawal)? {
            return Ok(destination);
        }
        // An earlier version left it in plain.
        let (store, queries) = (self.ports.store.clone(), self.ports.queries.clone());
        let all = SealDestinations::new(store, queries, self.ports.sealer.clone());
        all.seal().await?;
        let withdrawal = self.ports.queries.withdrawal(id).await?;
        let withdrawal = withdrawal.ok_or(DecideFundsError::Missing)?;
        let destination = open(&*self.ports.sealer, &withdrawal)?;
        destination.ok_or(DecideFundsError::NotNow)
    }

    async fn record(&self, staff: &Member, id: WithdrawalId) -> Result<Withdrawal, DecideFundsError> {
        let mut tx = self.ports.store.begin().await?;
        let locked = tx.funds().lock_withdrawal(id).await?;
        let locked = locked.ok_or(DecideFundsError::Missing)?;
        match locked.matter(WithdrawalState::Paid).refuse(staff.id())? {
            Refusal::Decides => {}
            Refusal::SaidBefore => return Err(DecideFundsError::NotNow),
        }
        let entry = staff
            .entry(
                "withdrawal.reveal",
                format!("withdrawal:{id}"),
                self.ports.clock.now(),
            )
            .with("user", &locked.user)
            .with("amount", locked.amount);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(locked)
    }
}
