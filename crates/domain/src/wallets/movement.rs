//! A movement is a set of ledger rows and the one wallet change that they amount to. Keeping the two together in one
//! value is what keeps the wallet row equal to the ledger.

use super::{Account, Transfer, TransferKind};
use crate::orders::Order;
use crate::{Money, UserId};

/// How a wallet row changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletChange {
    /// available → held. Refused by the database if too little is available or the wallet is frozen.
    Hold(UserId, Money),
    /// held → available.
    Release(UserId, Money),
    /// held → gone (to the order).
    Consume(UserId, Money),
    /// available grows.
    Credit(UserId, Money),
    /// available shrinks. Refused by the database if too little is available.
    Debit(UserId, Money),
}

/// Ledger rows and their wallet change; recorded in one transaction or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Movement {
    /// The wallet's part, if a wallet takes part.
    pub wallet: Option<WalletChange>,
    /// The ledger rows.
    pub transfers: Vec<Transfer>,
}

impl Movement {
    /// An order takes its price out of the wallet and holds it.
    #[must_use]
    pub fn hold(order: &Order) -> Self {
        Self {
            wallet: Some(WalletChange::Hold(order.user.clone(), order.price)),
            transfers: vec![of_order(
                order,
                Account::UserWallets,
                Account::UserHolds,
                order.price,
                TransferKind::Hold,
                None,
            )],
        }
    }

    /// A provider accepted the order: the hold becomes deferred revenue and our cost is booked.
    #[must_use]
    pub fn post(order: &Order) -> Self {
        let mut transfers = vec![of_order(
            order,
            Account::UserHolds,
            Account::OrderDeferred,
            order.price,
            TransferKind::Post,
            None,
        )];
        if order.cost.is_positive() {
            transfers.push(of_order(
                order,
                Account::ProviderCost,
                Account::ProviderFloat,
                order.cost,
                TransferKind::Cogs,
                None,
            ));
        }
        Self {
            wallet: Some(WalletChange::Consume(order.user.clone(), order.price)),
            transfers,
        }
    }

    /// The order reached no provider: the hold goes back.
    #[must_use]
    pub fn void(order: &Order) -> Self {
        Self {
            wallet: Some(WalletChange::Release(order.user.clone(), order.price)),
            transfers: vec![of_order(
                order,
                Account::UserHolds,
                Account::UserWallets,
                order.price,
                TransferKind::Void,
                None,
            )],
        }
    }

    /// Undelivered money goes back to the customer. `delta` of the cumulative `target`; `delta` is above zero.
    #[must_use]
    pub fn refund(order: &Order, target: Money, delta: Money) -> Self {
        Self {
            wallet: Some(WalletChange::Credit(order.user.clone(), delta)),
            transfers: vec![of_order(
                order,
                Account::OrderDeferred,
                Account::UserWallets,
                delta,
                TransferKind::Refund,
                Some(target),
            )],
        }
    }

    /// Delivered money becomes revenue; `amount` is above zero.
    #[must_use]
    pub fn recognise(order: &Order, amount: Money) -> Self {
        Self {
            wallet: None,
            transfers: vec![of_order(
                order,
                Account::OrderDeferred,
                Account::Revenue,
                amount,
                TransferKind::Recognise,
                None,
            )],
        }
    }

    /// The provider gives back its price of what it did not deliver; `amount` is above zero.
    #[must_use]
    pub fn provider_refund(order: &Order, target: Money, amount: Money) -> Self {
        Self {
            wallet: None,
            transfers: vec![of_order(
                order,
                Account::ProviderFloat,
                Account::ProviderCost,
                amount,
                TransferKind::ProviderRefund,
                Some(target),
            )],
        }
    }

    /// An order given up on may have been placed all the same: its cost is booked as a possible loss.
    #[must_use]
    pub fn writeoff(order: &Order) -> Self {
        Self::loss(
            order,
            Account::Writeoff,
            Account::ProviderFloat,
            TransferKind::Writeoff,
        )
    }

    /// A written-off order was not placed after all.
    #[must_use]
    pub fn writeoff_reversal(order: &Order) -> Self {
        Self::loss(
            order,
            Account::ProviderFloat,
            Account::Writeoff,
            TransferKind::WriteoffReversal,
        )
    }

    /// A voided order was placed after all. The customer is never debited again; the cost is our loss.
    #[must_use]
    pub fn late_placed(order: &Order) -> Self {
        Self::loss(
            order,
            Account::Writeoff,
            Account::ProviderFloat,
            TransferKind::LatePlaced,
        )
    }

    fn loss(order: &Order, debit: Account, credit: Account, kind: TransferKind) -> Self {
        let transfers = if order.cost.is_positive() {
            vec![of_order(order, debit, credit, order.cost, kind, None)]
        } else {
            Vec::new()
        };
        Self {
            wallet: None,
            transfers,
        }
    }

    /// Staff put money into a wallet by hand; `amount` is above zero and `reference` names the request.
    #[must_use]
    pub fn adjustment(user: &UserId, amount: Money, reference: &str, note: &str) -> Self {
        Self {
            wallet: Some(WalletChange::Credit(user.clone(), amount)),
            transfers: vec![Transfer {
                debit: Account::ManualAdjust,
                credit: Account::UserWallets,
                amount,
                kind: TransferKind::Adjustment,
                reference: reference.to_owned(),
                user: Some(user.clone()),
                order: None,
                provider: None,
                note: Some(note.to_owned()),
            }],
        }
    }

    /// A payment came in: `gross` of it, of which `fee` stays with us; `gross` is above `fee`, and `fee` is not below zero.
    #[must_use]
    pub fn deposit(user: &UserId, from: Account, gross: Money, fee: Money, reference: &str) -> Self {
        let (deposit, wallet) = (TransferKind::Deposit, Account::UserWallets);
        let mut transfers = vec![of_funds(from, wallet, gross, deposit, reference, Some(user))];
        if fee.is_positive() {
            let kind = TransferKind::DepositFee;
            transfers.push(of_funds(
                wallet,
                Account::GatewayFees,
                fee,
                kind,
                reference,
                Some(user),
            ));
        }
        Self {
            wallet: Some(WalletChange::Credit(user.clone(), gross.saturating_sub(fee))),
            transfers,
        }
    }

    /// A user asked for money: it leaves the wallet and waits to be paid out.
    #[must_use]
    pub fn withdrawal(user: &UserId, amount: Money, reference: &str) -> Self {
        let (from, to) = (Account::UserWallets, Account::WithdrawalsPayable);
        let kind = TransferKind::Withdrawal;
        Self {
            wallet: Some(WalletChange::Debit(user.clone(), amount)),
            transfers: vec![of_funds(from, to, amount, kind, reference, Some(user))],
        }
    }

    /// The money that a user asked for was paid out.
    #[must_use]
    pub fn withdrawal_paid(amount: Money, reference: &str) -> Self {
        let (from, to) = (Account::WithdrawalsPayable, Account::Bank);
        let kind = TransferKind::WithdrawalPaid;
        Self {
            wallet: None,
            transfers: vec![of_funds(from, to, amount, kind, reference, None)],
        }
    }

    /// The money that a user asked for goes back.
    #[must_use]
    pub fn withdrawal_refused(user: &UserId, amount: Money, reference: &str) -> Self {
        let (from, to) = (Account::WithdrawalsPayable, Account::UserWallets);
        let kind = TransferKind::WithdrawalRefused;
        Self {
            wallet: Some(WalletChange::Credit(user.clone(), amount)),
            transfers: vec![of_funds(from, to, amount, kind, reference, Some(user))],
        }
    }
}

fn of_funds(
    debit: Account,
    credit: Account,
    amount: Money,
    kind: TransferKind,
    reference: &str,
    user: Option<&UserId>,
) -> Transfer {
    Transfer {
        debit,
        credit,
        amount,
        kind,
        reference: reference.to_owned(),
        user: user.cloned(),
        order: None,
        provider: None,
        note: None,
    }
}

fn of_order(
    order: &Order,
    debit: Account,
    credit: Account,
    amount: Money,
    kind: TransferKind,
    target: Option<Money>,
) -> Transfer {
    let reference = match target {
        Some(target) => format!("{}:{}", order.id, target.micros()),
        None => order.id.to_string(),
    };
    let touches_wallet = [debit, credit]
        .iter()
        .any(|account| matches!(account, Account::UserWallets | Account::UserHolds));
    let touches_float = [debit, credit].contains(&Account::ProviderFloat);
    Transfer {
        debit,
        credit,
        amount,
        kind,
        reference,
        user: touches_wallet.then(|| order.user.clone()),
        order: Some(order.id),
        provider: touches_float.then_some(order.service.provider),
        note: None,
    }
}
