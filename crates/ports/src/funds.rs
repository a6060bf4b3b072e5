//! Deposits and withdrawals: what is recorded of them, and whom to ask about payments.

use async_trait::async_trait;
use domain::currency::ExchangeRate;
use domain::funds::{Deposit, DepositState, NewDeposit, PaymentAnswer, Withdrawal, WithdrawalState};
use domain::providers::SealedSecret;
use domain::{DepositId, Money, PageSize, Secret, Timestamp, UserId, WithdrawalId};

use crate::store::StoreError;

/// Somebody who knows about payments that were made to us.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// What it knows about the payment that `reference` names. It is asked as often as anybody wants to know.
    async fn status(&self, reference: &str) -> PaymentAnswer;
}

/// What is new about a deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositNews {
    /// Where it is.
    pub state: DepositState,
    /// Why, in a word.
    pub reason: Option<String>,
    /// How often the gateway was asked by the schedule.
    pub asked: u32,
    /// What was credited, if that is so: gross, fee, and at which rate.
    pub credited: Option<(Money, Money, ExchangeRate)>,
    /// The first of two who approve.
    pub approver: Option<UserId>,
    /// Who decided, if a person did.
    pub decided_by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// A withdrawal that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWithdrawal {
    /// Whose.
    pub user: UserId,
    /// Names it in the ledger.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where to, as far as everybody may see it.
    pub destination: String,
    /// Where to.
    pub sealed: SealedSecret,
    /// When.
    pub at: Timestamp,
}

/// A destination that an earlier version left in plain.
#[derive(Debug, Clone)]
pub struct PlainDestination {
    /// Of which withdrawal.
    pub id: WithdrawalId,
    /// What that is called in the ledger.
    pub reference: String,
    /// Where to.
    pub destination: Secret,
}

/// What is new about a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalNews {
    /// Where it is.
    pub state: WithdrawalState,
    /// What staff wrote.
    pub reason: Option<String>,
    /// The first of two who approve.
    pub approver: Option<UserId>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// Deposits and withdrawals inside a transaction.
#[async_trait]
pub trait FundsRepository: Send {
    /// Records a claim. `None` if somebody has claimed the payment already. A racer with the same reference waits here
    /// until the other transaction ends.
    async fn insert_deposit(&mut self, deposit: &NewDeposit) -> Result<Option<DepositId>, StoreError>;

    /// Reads a deposit and locks it until the transaction ends.
    async fn lock_deposit(&mut self, id: DepositId) -> Result<Option<Deposit>, StoreError>;

    /// The same, by what it is called in the ledger.
    async fn lock_claim(&mut self, reference: &str) -> Result<Option<Deposit>, StoreError>;

    /// Makes a deposit that this transaction has locked a new claim: its user, amount, currency and time are other ones.
    async fn claim_anew(&mut self, id: DepositId, deposit: &NewDeposit) -> Result<(), StoreError>;

    /// Changes a deposit that this transaction has locked.
    async fn change_deposit(&mut self, id: DepositId, news: &DepositNews) -> Result<(), StoreError>;

    /// Records a withdrawal. `None` if there is one with the reference.
    async fn insert_withdrawal(
        &mut self,
        withdrawal: &NewWithdrawal,
    ) -> Result<Option<WithdrawalId>, StoreError>;

    /// Reads a withdrawal and locks it until the transaction ends.
    async fn lock_withdrawal(&mut self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError>;

    /// The withdrawal with a reference.
    async fn withdrawal_with(&mut self, reference: &str) -> Result<Option<Withdrawal>, StoreError>;

    /// Changes a withdrawal that this transaction has locked.
    async fn change_withdrawal(&mut self, id: WithdrawalId, news: &WithdrawalNews) -> Result<(), StoreError>;

    /// Puts the sealed destination, and what everybody may see of it, where it stands in plain. Nothing happens if it does not.
    async fn seal_destination(
        &mut self,
        id: WithdrawalId,
        destination: &str,
        sealed: &SealedSecret,
    ) -> Result<(), StoreError>;

    /// Whether deposits or withdrawals of the user have not ended.
    async fn has_open_funds(&mut self, user: &UserId) -> Result<bool, StoreError>;
}

/// Which deposits a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DepositFilter {
    /// Only this customer's.
    pub user: Option<UserId>,
    /// Only these.
    pub state: Option<DepositState>,
}

/// Which withdrawals a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WithdrawalFilter {
    /// Only this customer's.
    pub user: Option<UserId>,
    /// Only these.
    pub state: Option<WithdrawalState>,
}

/// Deposits and withdrawals for reading.
#[async_trait]
pub trait FundsQueries: Send + Sync {
    /// A deposit.
    async fn deposit(&self, id: DepositId) -> Result<Option<Deposit>, StoreError>;

    /// Deposits, newest first, below `before` if given.
    async fn deposits(
        &self,
        filter: &DepositFilter,
        before: Option<DepositId>,
        size: PageSize,
    ) -> Result<Vec<Deposit>, StoreError>;

    /// Open deposits last changed before `before` about which no job waits: work that was lost.
    async fn forgotten_deposits(&self, before: Timestamp, limit: u16) -> Result<Vec<DepositId>, StoreError>;

    /// Destinations that stand in plain, oldest first.
    async fn plain_destinations(&self, limit: u16) -> Result<Vec<PlainDestination>, StoreError>;

    /// A withdrawal.
    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError>;

    /// Withdrawals, newest first, below `before` if given.
    async fn withdrawals(
        &self,
        filter: &WithdrawalFilter,
        before: Option<WithdrawalId>,
        size: PageSize,
    ) -> Result<Vec<Withdrawal>, StoreError>;
}
