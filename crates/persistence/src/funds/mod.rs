//! Deposits and withdrawals.

mod queries;
mod repository;

use domain::currency::{Currency, ExchangeRate};
use domain::funds::{Deposit, DepositState, Withdrawal, WithdrawalState, masked};
use domain::providers::SealedSecret;
use domain::{DepositId, Timestamp, UserId, WithdrawalId};
use sea_orm::QueryResult;

use crate::decode::{money, number, unreadable, word};
use crate::error::Failure;

/// What [`deposit`] reads, in this order.
const DEPOSIT: &str =
    "id, user_id, method, reference, written, currency, amount, state, reason, asked, rate, gross, fee,
    approver, decided_by, claimed_at, updated_at";
/// What [`withdrawal`] reads, in this order.
const WITHDRAWAL: &str = "id, user_id, reference, amount, destination, state, reason, approver, decided_by, created_at, updated_at,
    destination_key_version, destination_nonce, destination_sealed";

fn deposit(row: &QueryResult) -> Result<Deposit, Failure> {
    let text = |place: usize| row.try_get_by_index::<String>(place);
    let user = |place: usize| row.try_get_by_index::<Option<String>>(place);
    let amount = text(6)?;
    let rate: Option<String> = row.try_get_by_index(10)?;
    let read_rate = |rate: String| word("deposits.rate", &rate, |text| ExchangeRate::parse(text).ok());
    Ok(Deposit {
        id: DepositId(row.try_get_by_index(0)?),
        user: UserId::new(text(1)?),
        method: text(2)?,
        reference: text(3)?,
        written: text(4)?,
        currency: Currency::from_stored(text(5)?),
        amount: amount
            .parse()
            .map_err(|_| unreadable("deposits.amount", &amount))?,
        state: word("deposits.state", &text(7)?, DepositState::from_stored)?,
        reason: row.try_get_by_index(8)?,
        asked: number("deposits.asked", row.try_get_by_index::<i32>(9)?)?,
        rate: rate.map(read_rate).transpose()?,
        gross: row.try_get_by_index::<Option<i64>>(11)?.map(money),
        fee: row.try_get_by_index::<Option<i64>>(12)?.map(money),
        approver: user(13)?.map(UserId::new),
        decided_by: user(14)?.map(UserId::new),
        claimed_at: Timestamp::from_micros(row.try_get_by_index(15)?),
        updated_at: Timestamp::from_micros(row.try_get_by_index(16)?),
    })
}

fn withdrawal(row: &QueryResult) -> Result<Withdrawal, Failure> {
    let text = |place: usize| row.try_get_by_index::<String>(place);
    let user = |place: usize| row.try_get_by_index::<Option<String>>(place);
    let (destination, sealed) = (text(4)?, sealed(row)?);
    Ok(Withdrawal {
        id: WithdrawalId(row.try_get_by_index(0)?),
        user: UserId::new(text(1)?),
        reference: text(2)?,
        amount: money(row.try_get_by_index(3)?),
        destination: match &sealed {
            Some(_) => destination,
            None => masked(&destination),
        },
        sealed,
        state: word("withdrawals.state", &text(5)?, WithdrawalState::from_stored)?,
        reason: row.try_get_by_index(6)?,
        approver: user(7)?.map(UserId::new),
        decided_by: user(8)?.map(UserId::new),
        created_at: Timestamp::from_micros(row.try_get_by_index(9)?),
        updated_at: Timestamp::from_micros(row.try_get_by_index(10)?),
    })
}

/// The last three columns of [`WITHDRAWAL`].
fn sealed(row: &QueryResult) -> Result<Option<SealedSecret>, Failure> {
    let key_version: Option<i32> = row.try_get_by_index(11)?;
    let nonce: Option<Vec<u8>> = row.try_get_by_index(12)?;
    let ciphertext: Option<Vec<u8>> = row.try_get_by_index(13)?;
    let parts = key_version.zip(nonce).zip(ciphertext);
    Ok(parts.map(|((key_version, nonce), ciphertext)| SealedSecret {
        key_version,
        nonce,
        ciphertext,
    }))
}
