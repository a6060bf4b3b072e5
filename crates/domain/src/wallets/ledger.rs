//! The chart of accounts and the one kind of ledger row there is.

use crate::{Money, OrderId, ProviderId, UserId};

/// On which side an account normally grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normal {
    /// Assets and expenses.
    Debit,
    /// Liabilities and income.
    Credit,
}

/// The chart of accounts. Only user wallets keep a running balance; every other balance is a sum over transfers, so
/// that no hot row limits the shop to one commit at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// Customers' spendable money.
    UserWallets,
    /// Customers' money that waits for a provider's answer.
    UserHolds,
    /// Paid for, accepted by a provider, not delivered yet.
    OrderDeferred,
    /// Delivered.
    Revenue,
    /// Our balance at providers.
    ProviderFloat,
    /// What deliveries cost us.
    ProviderCost,
    /// Money on its way from a payment gateway.
    GatewayClearing,
    /// What payment gateways keep.
    GatewayFees,
    /// Refunds granted after revenue was booked.
    RefundGoodwill,
    /// Losses from orders whose fate stayed unknown.
    Writeoff,
    /// What customers owe after a chargeback.
    UserReceivable,
    /// Money that staff gave or took by hand.
    ManualAdjust,
    /// Our bank account.
    Bank,
    /// Money that users asked for and that was not paid out yet.
    WithdrawalsPayable,
}

impl Account {
    /// Every account, in the order of their stored ids.
    pub const ALL: [Self; 14] = [
        Self::UserWallets,
        Self::UserHolds,
        Self::OrderDeferred,
        Self::Revenue,
        Self::ProviderFloat,
        Self::ProviderCost,
        Self::GatewayClearing,
        Self::GatewayFees,
        Self::RefundGoodwill,
        Self::Writeoff,
        Self::UserReceivable,
        Self::ManualAdjust,
        Self::Bank,
        Self::WithdrawalsPayable,
    ];

    /// The stored id; never reused.
    #[must_use]
    pub const fn id(self) -> i32 {
        match self {
            Self::UserWallets => 1,
            Self::UserHolds => 2,
            Self::OrderDeferred => 3,
            Self::Revenue => 4,
            Self::ProviderFloat => 5,
            Self::ProviderCost => 6,
            Self::GatewayClearing => 7,
            Self::GatewayFees => 8,
            Self::RefundGoodwill => 9,
            Self::Writeoff => 10,
            Self::UserReceivable => 11,
            Self::ManualAdjust => 12,
            Self::Bank => 13,
            Self::WithdrawalsPayable => 14,
        }
    }

    /// The stored name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UserWallets => "user_wallets",
            Self::UserHolds => "user_holds",
            Self::OrderDeferred => "order_deferred",
            Self::Revenue => "revenue",
            Self::ProviderFloat => "provider_float",
            Self::ProviderCost => "provider_cost",
            Self::GatewayClearing => "gateway_clearing",
            Self::GatewayFees => "gateway_fees",
            Self::RefundGoodwill => "refund_goodwill",
            Self::Writeoff => "writeoff",
            Self::UserReceivable => "user_receivable",
            Self::ManualAdjust => "manual_adjust",
            Self::Bank => "bank",
            Self::WithdrawalsPayable => "withdrawals_payable",
        }
    }

    /// On which side it normally grows.
    #[must_use]
    pub const fn normal(self) -> Normal {
        match self {
            Self::UserWallets
            | Self::UserHolds
            | Self::OrderDeferred
            | Self::Revenue
            | Self::ManualAdjust
            | Self::WithdrawalsPayable => Normal::Credit,
            Self::ProviderFloat
            | Self::ProviderCost
            | Self::GatewayClearing
            | Self::GatewayFees
            | Self::RefundGoodwill
            | Self::Writeoff
            | Self::UserReceivable
            | Self::Bank => Normal::Debit,
        }
    }
}

/// Why money moved. Together with the reference it is unique, which is what makes every movement happen at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// An order took its price from the wallet; reference: order.
    Hold,
    /// The provider accepted; reference: order.
    Post,
    /// What the accepted order costs us; reference: order.
    Cogs,
    /// The order never reached a provider; reference: order.
    Void,
    /// Delivered money became revenue; reference: order.
    Recognise,
    /// Undelivered money went back; reference: order and cumulative target.
    Refund,
    /// The provider gave its part back; reference: order and cumulative target.
    ProviderRefund,
    /// The possible loss of an order given up on; reference: order.
    Writeoff,
    /// A written-off order turned out not to have been placed; reference: order.
    WriteoffReversal,
    /// A voided order turned out to have been placed; reference: order.
    LatePlaced,
    /// Staff gave or took money; reference: request.
    Adjustment,
    /// A payment came in; reference: method and the gateway's or the bank's name of it.
    Deposit,
    /// What of it is a fee; reference: as of the deposit.
    DepositFee,
    /// A user asked for money; reference: withdrawal.
    Withdrawal,
    /// It was paid out; reference: withdrawal.
    WithdrawalPaid,
    /// It went back; reference: withdrawal.
    WithdrawalRefused,
}

impl TransferKind {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Post => "post",
            Self::Cogs => "cogs",
            Self::Void => "void",
            Self::Recognise => "recognise",
            Self::Refund => "refund",
            Self::ProviderRefund => "provider_refund",
            Self::Writeoff => "writeoff",
            Self::WriteoffReversal => "writeoff_reversal",
            Self::LatePlaced => "late_placed",
            Self::Adjustment => "adjustment",
            Self::Deposit => "deposit",
            Self::DepositFee => "deposit_fee",
            Self::Withdrawal => "withdrawal",
            Self::WithdrawalPaid => "withdrawal_paid",
            Self::WithdrawalRefused => "withdrawal_refused",
        }
    }
}

/// One row of the ledger: one debit and one credit of the same amount, so that the trial balance holds by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The account debited.
    pub debit: Account,
    /// The account credited.
    pub credit: Account,
    /// How much; above zero.
    pub amount: Money,
    /// Why.
    pub kind: TransferKind,
    /// What for; unique within the kind.
    pub reference: String,
    /// Whose wallet or hold it touches. Set exactly when a wallet account takes part.
    pub user: Option<UserId>,
    /// The order behind it.
    pub order: Option<OrderId>,
    /// The provider whose float it touches.
    pub provider: Option<ProviderId>,
    /// What staff wrote about it.
    pub note: Option<String>,
}
