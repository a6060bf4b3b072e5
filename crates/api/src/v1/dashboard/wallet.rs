//! The caller's money.

use actix_web::{HttpResponse, get, web};
use domain::PageSize;
use domain::wallets::{Wallet, WalletStatus};
use ports::wallets::WalletEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::{CURRENCY, CurrencyQuery};
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Customer, Page};
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text};

/// A wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// What can be spent.
    #[schema(example = "99.68")]
    balance: String,
    /// What waits for providers' answers.
    #[schema(example = "1.40")]
    held: String,
    /// `active`, or `frozen`: then nothing can be bought.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = "USD")]
    currency: &'static str,
}

/// A wallet as its owner and staff see it.
pub fn balance(wallet: &Wallet) -> Balance {
    Balance {
        balance: amount_text(wallet.available),
        held: amount_text(wallet.held),
        status: WalletStatus::as_str(wallet.status),
        currency: CURRENCY,
    }
}

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entries {
    transactions: Vec<Entry>,
    /// Where the next page begins; null on the last one.
    #[serde(rename = "nextCursor")]
    next_cursor: Option<String>,
}

/// A change of the spendable balance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    id: i64,
    /// Why money moved.
    #[schema(example = "hold")]
    kind: String,
    /// Negative is out.
    #[schema(example = "-1.40")]
    amount: String,
    currency: &'static str,
    /// The order behind it.
    order_id: Option<i64>,
    /// What staff wrote.
    note: Option<String>,
    /// When.
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
}

/// Shows the caller's balance
#[utoipa::path(
    tag = "Wallet",
    params(CurrencyQuery),
    responses((status = 200, description = "The caller's wallet", body = Envelope<Balance>))
)]
#[get("/wallet")]
pub async fn show_wallet(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
) -> Result<HttpResponse, ApiError> {
    let wallet = state.wallets.browse.balance(&caller).await?;
    Ok(Said("USER_BALANCE", "User balance fetched successfully").ok(balance(&wallet)))
}

/// Lists what moved the caller's balance, newest first
#[utoipa::path(
    tag = "Wallet",
    params(Page),
    responses((status = 200, description = "A page of entries", body = Envelope<Entries>))
)]
#[get("/wallet/transactions")]
pub async fn list_transactions(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = (page.before(List::Entries)?, page.size(PageSize::DEFAULT)?);
    let page = state.wallets.browse.entries(&caller, before, size).await?;
    Ok(
        Said("TRANSACTIONS_FETCHED", "Transactions fetched successfully").ok(Entries {
            transactions: page.entries.into_iter().map(entry).collect(),
            next_cursor: page.next.map(|id| encode(List::Entries, id)),
        }),
    )
}

fn entry(entry: WalletEntry) -> Entry {
    Entry {
        id: entry.id,
        kind: entry.kind,
        amount: amount_text(entry.amount),
        currency: CURRENCY,
        order_id: entry.order.map(|order| order.0),
        note: entry.note,
        created_at: WireTime(entry.at),
    }
}
