//! What must hold after every step: what the witness says, and V1 to V11 on the rows in memory.

use std::collections::BTreeMap;

use domain::orders::{AttemptOutcome, Hold, Order};
use domain::wallets::{Account, Normal, Transfer, TransferKind};
use domain::{OrderId, UserId};

use super::panel::Panel;
use super::store::{OrderRow, Store};
use super::{Breach, Violation};

/// What the provider knows against what we did.
pub(super) fn check_witness(store: &Store, panel: &Panel) -> Result<(), Violation> {
    for row in &store.orders {
        let (order, took) = (&row.order, panel.took(&row.order));
        if took > 1 {
            return breach(
                Breach::PlacedTwice,
                format!("order {} was placed {took} times", order.id),
            );
        }
        let settled = row
            .attempts
            .iter()
            .all(|it| it.attempt.outcome == AttemptOutcome::NotPlaced);
        if order.hold == Hold::Voided && settled && took > 0 {
            let text = format!(
                "order {} was given back as not placed, and the provider has it",
                order.id
            );
            return breach(Breach::FreeGoods, text);
        }
        // After a restore, what was found may be the same request of the customer's that the database has forgotten.
        if order.hold == Hold::Posted && !panel.delivers(order) {
            let text = format!(
                "order {} was charged, and the provider does not have it",
                order.id
            );
            return breach(Breach::ChargedForNothing, text);
        }
    }
    let overdrawn = store
        .wallets
        .iter()
        .find(|(_, it)| it.available < 0 || it.held < 0);
    match overdrawn {
        Some((user, wallet)) => breach(Breach::Overdrawn, format!("the wallet of {user} is {wallet:?}")),
        None => Ok(()),
    }
}

/// V1 to V11, and that what was deposited is what is there or was paid for.
pub(super) fn check_books(store: &Store) -> Result<(), Violation> {
    wallets_are_the_ledger(store)?;
    for row in &store.orders {
        let own = |transfer: &&Transfer| transfer.order == Some(row.order.id);
        let transfers: Vec<&Transfer> = store.transfers.iter().filter(own).collect();
        order_is_booked(&row.order, &transfers)?;
        order_is_consistent(row, &transfers)?;
        let stays = row.group.is_none_or(|group| store.polls.has(group));
        rule("a group with orders in it stays", stays, Some(row.order.id))?;
    }
    trial_balance(store)
}

fn wallets_are_the_ledger(store: &Store) -> Result<(), Violation> {
    let mut ledger: BTreeMap<&UserId, (i64, i64)> = BTreeMap::new();
    for row in &store.transfers {
        let touches = |account| row.debit == account || row.credit == account;
        let Some(user) = &row.user else {
            rule(
                "V1",
                !touches(Account::UserWallets) && !touches(Account::UserHolds),
                None,
            )?;
            continue;
        };
        let entry = ledger.entry(user).or_default();
        entry.0 += signed(row, Account::UserWallets);
        entry.1 += signed(row, Account::UserHolds);
    }
    for (user, wallet) in &store.wallets {
        let booked = ledger.get(user).copied().unwrap_or_default();
        rule("V1", booked == (wallet.available, wallet.held), None)?;
        let own = store.orders.iter().filter(|row| row.order.user == *user);
        let pending = own.clone().filter(|row| row.order.hold == Hold::Pending);
        let held: i64 = pending.map(|row| row.order.price.micros()).sum();
        rule("V3", wallet.held == held, None)?;
        let kept: i64 = own.map(|row| kept(&row.order)).sum();
        let deposits = store
            .transfers
            .iter()
            .filter(|row| row.kind == TransferKind::Adjustment);
        let mine = deposits.filter(|row| row.user.as_ref() == Some(user));
        let deposited: i64 = mine.map(|row| row.amount.micros()).sum();
        rule(
            "every micro-unit is accounted for",
            deposited == wallet.available + kept,
            None,
        )?;
    }
    Ok(())
}

/// What the customer paid for an order and did not get back.
fn kept(order: &Order) -> i64 {
    match order.hold {
        Hold::Voided => 0,
        Hold::Pending | Hold::Posted => order.price.micros() - order.refunded.micros(),
    }
}

fn order_is_booked(order: &Order, transfers: &[&Transfer]) -> Result<(), Violation> {
    let of = |kind: TransferKind| transfers.iter().filter(move |row| row.kind == kind);
    let count = |kind: TransferKind| of(kind).count();
    let (price, refunded, recognised) = (
        order.price.micros(),
        order.refunded.micros(),
        order.recognised.micros(),
    );
    let id = Some(order.id);
    let holds: Vec<i64> = of(TransferKind::Hold).map(|row| row.amount.micros()).collect();
    rule("V4", holds == [price], id)?;
    rule(
        "V5",
        count(TransferKind::Post) == usize::from(order.hold == Hold::Posted),
        id,
    )?;
    rule(
        "V5",
        count(TransferKind::Void) == usize::from(order.hold == Hold::Voided),
        id,
    )?;
    let deferred: i64 = transfers
        .iter()
        .map(|row| signed(row, Account::OrderDeferred))
        .sum();
    let expected = if order.hold == Hold::Posted {
        price - refunded - recognised
    } else {
        0
    };
    rule("V8", deferred == expected, id)?;
    let refunds: i64 = of(TransferKind::Refund).map(|row| row.amount.micros()).sum();
    rule("V9", refunds == refunded && refunded <= price, id)?;
    let ended_upstream = order.state.is_terminal() && order.hold == Hold::Posted;
    rule("V10", !ended_upstream || refunded + recognised == price, id)?;
    let revenue: i64 = of(TransferKind::Recognise).map(|row| row.amount.micros()).sum();
    rule("revenue is what was recognised", revenue == recognised, id)
}

fn order_is_consistent(row: &OrderRow, transfers: &[&Transfer]) -> Result<(), Violation> {
    let (order, id) = (&row.order, Some(row.order.id));
    let live = row
        .attempts
        .iter()
        .filter(|it| it.attempt.outcome != AttemptOutcome::NotPlaced)
        .count();
    rule("V6", live <= 1, id)?;
    rule(
        "V7",
        (order.hold == Hold::Posted) == order.provider_order_id.is_some(),
        id,
    )?;
    let loss: i64 = transfers
        .iter()
        .map(|row| match row.kind {
            TransferKind::Writeoff | TransferKind::LatePlaced => row.amount.micros(),
            TransferKind::WriteoffReversal => -row.amount.micros(),
            _ => 0,
        })
        .sum();
    let possible = order.hold == Hold::Voided && live > 0;
    let expected = if possible { order.cost.micros() } else { 0 };
    rule(
        "a loss is booked once, and only while it may be one",
        loss == expected,
        id,
    )?;
    rule(
        "an end is the end",
        order.ended_at.is_some() == order.state.is_terminal(),
        id,
    )?;
    let due = order.state.is_terminal() || order.due_at.is_some() || row.group.is_some();
    rule("an order that has not ended is due some time", due, id)?;
    let on_one = row.group.is_none() || (order.state.is_tracked() && order.due_at.is_none());
    rule("an order is on one schedule", on_one, id)
}

fn trial_balance(store: &Store) -> Result<(), Violation> {
    let balance = |account: Account| -> i64 {
        let sum: i64 = store.transfers.iter().map(|row| signed(row, account)).sum();
        match account.normal() {
            Normal::Debit => -sum,
            Normal::Credit => sum,
        }
    };
    let side = |normal: Normal| -> i64 {
        let accounts = Account::ALL
            .into_iter()
            .filter(|account| account.normal() == normal);
        accounts.map(balance).sum()
    };
    rule("V11", side(Normal::Debit) == side(Normal::Credit), None)
}

/// What a row adds to the credit side of an account.
fn signed(row: &Transfer, account: Account) -> i64 {
    let amount = row.amount.micros();
    if row.credit == account {
        amount
    } else if row.debit == account {
        -amount
    } else {
        0
    }
}

fn rule(name: &'static str, holds: bool, order: Option<OrderId>) -> Result<(), Violation> {
    if holds {
        return Ok(());
    }
    let text = order.map_or_else(|| name.to_owned(), |id| format!("{name}, of order {id}"));
    breach(Breach::Books, text)
}

const fn breach(kind: Breach, text: String) -> Result<(), Violation> {
    Err(Violation { kind, text })
}

#[cfg(test)]
mod tests {
    use domain::Money;
    use domain::orders::AttemptOutcome;

    use super::*;
    use crate::simulator::Rules;
    use crate::simulator::plan::plan;
    use crate::simulator::world::World;

    /// What somebody does to the rows.
    type Cook = fn(&mut Store);

    /// A world in which an order was posted and another one was given back.
    fn lived_in() -> World {
        let lived = (0..500).map(|seed| {
            let mut world = World::new(seed, Rules::PRODUCT, false);
            for step in plan(seed) {
                world.step(step).unwrap();
            }
            world
        });
        let both = |world: &World| {
            let has = |hold| world.store.orders.iter().any(|row| row.order.hold == hold);
            has(Hold::Posted) && has(Hold::Voided)
        };
        lived.into_iter().find(both).unwrap()
    }

    fn row_with(store: &mut Store, hold: Hold) -> &mut OrderRow {
        let mut rows = store.orders.iter_mut();
        rows.find(|row| row.order.hold == hold).unwrap()
    }

    fn without_last(store: &mut Store, kind: TransferKind) {
        let at = store.transfers.iter().rposition(|row| row.kind == kind).unwrap();
        store.transfers.remove(at);
    }

    #[test]
    fn every_way_to_cook_the_books_is_noticed() {
        let ways: [(&str, Cook); 8] = [
            ("a micro-unit is invented", |store| {
                store.wallets.values_mut().next().unwrap().available += 1;
            }),
            ("a held micro-unit is lost", |store| {
                store.wallets.values_mut().next().unwrap().held -= 1;
            }),
            ("a hold is forgotten", |store| {
                without_last(store, TransferKind::Hold)
            }),
            ("a post is forgotten", |store| {
                without_last(store, TransferKind::Post)
            }),
            ("a void is forgotten", |store| {
                without_last(store, TransferKind::Void)
            }),
            ("a refund has no transfer", |store| {
                row_with(store, Hold::Posted).order.refunded = Money::MICRO;
            }),
            ("a posted order loses its provider's id", |store| {
                row_with(store, Hold::Posted).order.provider_order_id = None;
            }),
            ("a possible loss is not booked", |store| {
                let row = row_with(store, Hold::Voided);
                if let Some(last) = row.attempts.last_mut() {
                    last.attempt.outcome = AttemptOutcome::Unknown;
                } else {
                    row.order.ended_at = None;
                }
            }),
        ];
        let world = lived_in();
        assert_eq!(check_books(&world.store), Ok(()));
        for (way, cook) in ways {
            let mut store = world.store.clone();
            cook(&mut store);
            let noticed = check_books(&store).unwrap_err();
            assert_eq!(noticed.kind, Breach::Books, "{way}");
        }
    }
}
