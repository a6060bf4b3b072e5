//! What moving money in and out needs.

use std::sync::Arc;

use domain::Money;
use domain::currency::ExchangeRate;
use domain::funds::{Deposit, FundsPolicy, PAYTM};
use ports::crypto::SecretSealer;
use ports::funds::{FundsQueries, PaymentGateway};
use ports::identity::IdentityQueries;
use ports::limits::RateLimiter;
use ports::{Clock, IdSource, Store};

use crate::currency::{Rates, ShowError};

/// What moving money in and out needs. Cloning is cheap.
#[derive(Clone)]
pub struct FundsPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Deposits and withdrawals.
    pub queries: Arc<dyn FundsQueries>,
    /// Users.
    pub users: Arc<dyn IdentityQueries>,
    /// How often somebody may ask.
    pub limiter: Arc<dyn RateLimiter>,
    /// Seals where withdrawals go to.
    pub sealer: Arc<dyn SecretSealer>,
    /// Names.
    pub ids: Arc<dyn IdSource>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who knows about payments by Paytm, if that is set up.
    pub paytm: Option<Arc<dyn PaymentGateway>>,
    /// What other currencies are worth.
    pub rates: Arc<Rates>,
    /// Fees and limits.
    pub policy: Arc<FundsPolicy>,
}

/// What a deposit is worth in the ledger's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    pub(super) gross: Money,
    pub(super) fee: Money,
    pub(super) rate: ExchangeRate,
}

impl FundsPorts {
    /// What a deposit is worth now; `None` if that is nothing, or outside of the limits.
    pub(super) async fn worth(&self, deposit: &Deposit) -> Result<Option<Worth>, ShowError> {
        let rate = self.rates.display(&deposit.currency).await?.rate;
        let Some(gross) = rate.to_ledger(deposit.amount) else {
            return Ok(None);
        };
        if deposit.is_an_adjustment() {
            // Nobody paid it: there is nothing to keep of it, and how large it may be is up to two people.
            let fee = Money::ZERO;
            return Ok(Some(Worth { gross, fee, rate }).filter(|_| gross.is_positive()));
        }
        let limits = self.policy.deposit_min..=self.policy.deposit_max;
        // What staff look at has no gateway that keeps something.
        let fee = if deposit.method == PAYTM {
            self.policy.fee.of(gross)
        } else {
            Some(Money::ZERO)
        };
        let worth = fee.map(|fee| Worth { gross, fee, rate });
        Ok(worth.filter(|worth| limits.contains(&worth.gross) && worth.gross.is_positive()))
    }
}
