//! Looking at deposits and withdrawals.

use std::sync::Arc;

use domain::funds::{Deposit, Withdrawal};
use domain::identity::right::PaymentsRead;
use domain::{DepositId, PageSize, WithdrawalId};
use ports::StoreError;
use ports::funds::{DepositFilter, FundsQueries, WithdrawalFilter};

use crate::caller::{Caller, Staff};

/// A page of deposits, newest first.
#[derive(Debug, Clone)]
pub struct DepositPage {
    /// The deposits.
    pub deposits: Vec<Deposit>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<DepositId>,
}

/// A page of withdrawals, newest first.
#[derive(Debug, Clone)]
pub struct WithdrawalPage {
    /// The withdrawals.
    pub withdrawals: Vec<Withdrawal>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<WithdrawalId>,
}

/// The use cases.
pub struct BrowseFunds {
    queries: Arc<dyn FundsQueries>,
}

impl BrowseFunds {
    /// Wires the use cases.
    #[must_use]
    pub fn new(queries: Arc<dyn FundsQueries>) -> Self {
        Self { queries }
    }

    /// The caller's own deposits, whatever user the filter names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own_deposits(
        &self,
        caller: &Caller,
        filter: DepositFilter,
        before: Option<DepositId>,
        size: PageSize,
    ) -> Result<DepositPage, StoreError> {
        let filter = DepositFilter {
            user: Some(caller.user().id.clone()),
            ..filter
        };
        self.deposits(&filter, before, size).await
    }

    /// Everybody's deposits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all_deposits(
        &self,
        _: &Staff<PaymentsRead>,
        filter: &DepositFilter,
        before: Option<DepositId>,
        size: PageSize,
    ) -> Result<DepositPage, StoreError> {
        self.deposits(filter, before, size).await
    }

    /// The caller's own withdrawals, whatever user the filter names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn own_withdrawals(
        &self,
        caller: &Caller,
        filter: WithdrawalFilter,
        before: Option<WithdrawalId>,
        size: PageSize,
    ) -> Result<WithdrawalPage, StoreError> {
        let filter = WithdrawalFilter {
            user: Some(caller.user().id.clone()),
            ..filter
        };
        self.withdrawals(&filter, before, size).await
    }

    /// Everybody's withdrawals.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all_withdrawals(
        &self,
        _: &Staff<PaymentsRead>,
        filter: &WithdrawalFilter,
        before: Option<WithdrawalId>,
        size: PageSize,
    ) -> Result<WithdrawalPage, StoreError> {
        self.withdrawals(filter, before, size).await
    }

    async fn deposits(
        &self,
        filter: &DepositFilter,
        before: Option<DepositId>,
        size: PageSize,
    ) -> Result<DepositPage, StoreError> {
        let deposits = self.queries.deposits(filter, before, size).await?;
        let next = next(&deposits, size).map(|last| last.id);
        Ok(DepositPage { deposits, next })
    }

    async fn withdrawals(
        &self,
        filter: &WithdrawalFilter,
        before: Option<WithdrawalId>,
        size: PageSize,
    ) -> Result<WithdrawalPage, StoreError> {
        let withdrawals = self.queries.withdrawals(filter, before, size).await?;
        let next = next(&withdrawals, size).map(|last| last.id);
        Ok(WithdrawalPage { withdrawals, next })
    }
}

/// The last row of a page that is full: it may have another one behind it.
fn next<T>(page: &[T], size: PageSize) -> Option<&T> {
    page.last().filter(|_| page.len() >= usize::from(size.rows()))
}
