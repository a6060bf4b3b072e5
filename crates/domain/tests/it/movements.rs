//! What each movement books: from which account to which, how much, and what becomes of the wallet. The books stay in
//! balance without any of it, so the invariants do not notice what is missing here.

use domain::orders::Order;
use domain::wallets::{Account, Movement, TransferKind, WalletChange};
use domain::{Money, UserId};

use crate::decisions::submitted;

fn money(micros: i64) -> Money {
    Money::from_micros(micros)
}

fn ann() -> UserId {
    UserId::new("ann")
}

type Row = (Account, Account, i64, TransferKind);
type Booking = fn(&Order) -> Movement;

fn rows(movement: &Movement) -> Vec<Row> {
    movement
        .transfers
        .iter()
        .map(|row| (row.debit, row.credit, row.amount.micros(), row.kind))
        .collect()
}

fn wallets_of(movement: &Movement) -> Vec<Option<&UserId>> {
    movement.transfers.iter().map(|row| row.user.as_ref()).collect()
}

#[test]
fn an_order_is_held_posted_and_given_back() {
    let order = submitted();
    let (price, cost) = (order.price.micros(), order.cost.micros());
    let user = order.user.clone();
    for (movement, wallet, expected) in [
        (
            Movement::hold(&order),
            Some(WalletChange::Hold(user.clone(), order.price)),
            vec![(
                Account::UserWallets,
                Account::UserHolds,
                price,
                TransferKind::Hold,
            )],
        ),
        (
            Movement::post(&order),
            Some(WalletChange::Consume(user.clone(), order.price)),
            vec![
                (
                    Account::UserHolds,
                    Account::OrderDeferred,
                    price,
                    TransferKind::Post,
                ),
                (
                    Account::ProviderCost,
                    Account::ProviderFloat,
                    cost,
                    TransferKind::Cogs,
                ),
            ],
        ),
        (
            Movement::void(&order),
            Some(WalletChange::Release(user, order.price)),
            vec![(
                Account::UserHolds,
                Account::UserWallets,
                price,
                TransferKind::Void,
            )],
        ),
    ] {
        assert_eq!((movement.wallet.clone(), rows(&movement)), (wallet, expected));
    }
}

#[test]
fn what_was_delivered_is_revenue_and_what_was_not_goes_back_to_customer_and_shop() {
    let order = submitted();
    let refund = Movement::refund(&order, money(400), money(300));
    assert_eq!(
        refund.wallet,
        Some(WalletChange::Credit(order.user.clone(), money(300)))
    );
    assert_eq!(
        rows(&refund),
        [(
            Account::OrderDeferred,
            Account::UserWallets,
            300,
            TransferKind::Refund
        )]
    );
    let delivered = Movement::recognise(&order, money(600));
    assert_eq!(delivered.wallet, None);
    assert_eq!(
        rows(&delivered),
        [(
            Account::OrderDeferred,
            Account::Revenue,
            600,
            TransferKind::Recognise
        )]
    );
    let provider = Movement::provider_refund(&order, money(240), money(180));
    assert_eq!(provider.wallet, None);
    assert_eq!(
        rows(&provider),
        [(
            Account::ProviderFloat,
            Account::ProviderCost,
            180,
            TransferKind::ProviderRefund
        )]
    );
    // The whole of it, and not the step, names the row: the same step twice is one row.
    assert_eq!(refund.transfers[0].reference, "7:400");
    assert_eq!(provider.transfers[0].reference, "7:240");
    assert_eq!(provider.transfers[0].provider, Some(order.service.provider));
}

#[test]
fn a_loss_is_booked_and_taken_back_without_the_customer() {
    let order = submitted();
    let free = Order {
        cost: Money::ZERO,
        ..submitted()
    };
    let (loss, float) = (Account::Writeoff, Account::ProviderFloat);
    let losses: [(Booking, Row); 3] = [
        (Movement::writeoff, (loss, float, 600, TransferKind::Writeoff)),
        (
            Movement::writeoff_reversal,
            (float, loss, 600, TransferKind::WriteoffReversal),
        ),
        (
            Movement::late_placed,
            (loss, float, 600, TransferKind::LatePlaced),
        ),
    ];
    for (book, row) in losses {
        let movement = book(&order);
        assert_eq!((&movement.wallet, rows(&movement)), (&None, vec![row]));
        assert_eq!(book(&free), Movement::default(), "nothing was lost");
    }
}

#[test]
fn a_payment_less_its_fee_reaches_the_wallet() {
    let (gateway, wallet) = (Account::GatewayClearing, Account::UserWallets);
    let deposit = |fee| Movement::deposit(&ann(), gateway, money(1_000), money(fee), "p1");
    let whole = (gateway, wallet, 1_000, TransferKind::Deposit);
    let with_fee = deposit(30);
    assert_eq!(with_fee.wallet, Some(WalletChange::Credit(ann(), money(970))));
    assert_eq!(
        rows(&with_fee),
        [
            whole,
            (wallet, Account::GatewayFees, 30, TransferKind::DepositFee)
        ]
    );
    assert_eq!(wallets_of(&with_fee), [Some(&ann()), Some(&ann())]);
    let without = deposit(0);
    assert_eq!(without.wallet, Some(WalletChange::Credit(ann(), money(1_000))));
    assert_eq!(rows(&without), [whole]);
    let by_hand = Movement::adjustment(&ann(), money(50), "r1", "why");
    assert_eq!(by_hand.wallet, Some(WalletChange::Credit(ann(), money(50))));
    assert_eq!(
        rows(&by_hand),
        [(Account::ManualAdjust, wallet, 50, TransferKind::Adjustment)]
    );
}

#[test]
fn a_withdrawal_leaves_the_wallet_once_and_is_paid_or_comes_back() {
    let (wallet, payable) = (Account::UserWallets, Account::WithdrawalsPayable);
    let asked = Movement::withdrawal(&ann(), money(500), "w1");
    assert_eq!(asked.wallet, Some(WalletChange::Debit(ann(), money(500))));
    assert_eq!(rows(&asked), [(wallet, payable, 500, TransferKind::Withdrawal)]);
    let paid = Movement::withdrawal_paid(money(500), "w1");
    assert_eq!((&paid.wallet, wallets_of(&paid)), (&None, vec![None]));
    assert_eq!(
        rows(&paid),
        [(payable, Account::Bank, 500, TransferKind::WithdrawalPaid)]
    );
    let refused = Movement::withdrawal_refused(&ann(), money(500), "w1");
    assert_eq!(refused.wallet, Some(WalletChange::Credit(ann(), money(500))));
    assert_eq!(
        rows(&refused),
        [(payable, wallet, 500, TransferKind::WithdrawalRefused)]
    );
    for movement in [asked, paid, refused] {
        assert_eq!(movement.transfers[0].reference, "w1");
    }
}
