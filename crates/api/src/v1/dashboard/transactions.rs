//! What moved the caller's money.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, get, web};
use domain::currency::{Currency, Display};
use domain::{OrderId, PageSize};
use ports::wallets::{EntryCursor, EntryFilter, WalletEntry};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::csv;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::export::{self, Export};
use crate::extract::{CurrencyQuery, Customer, MomentOrNothing, Page, moment};
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text, shown_text};

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// Only those of this kind, such as `hold`, `void`, `refund`, `deposit`, `deposit_fee`, `withdrawal` or `adjustment`.
    #[param(example = "hold")]
    kind: Option<String>,
    /// Only those of this order.
    order: Option<i64>,
    /// From then on.
    #[param(value_type = MomentOrNothing, inline, required = false, example = "2026-11-21T09:00:00Z")]
    from: Option<String>,
    /// Before then.
    #[param(value_type = MomentOrNothing, inline, required = false, example = "2026-11-22T09:00:00Z")]
    to: Option<String>,
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
    /// What could be spent afterwards.
    #[schema(example = "98.60")]
    balance: String,
    currency: String,
    /// The order behind it.
    order_id: Option<i64>,
    /// What staff wrote.
    note: Option<String>,
    /// When.
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
}

/// Lists what moved the caller's balance, newest first
#[utoipa::path(
    tag = "Wallet",
    params(CurrencyQuery, EntriesQuery, Page),
    responses(
        (status = 200, description = "A page of entries, all at the rate of now", body = Envelope<Entries>),
        (status = 400, description = "`CURRENCY_UNKNOWN`, `INVALID_CURSOR` or `VALIDATION_ERROR`"),
        (status = 503, description = "`CURRENCY_UNAVAILABLE`"),
    )
)]
#[get("/wallet/transactions")]
pub async fn list_transactions(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    query: web::Query<EntriesQuery>,
    currency: web::Query<CurrencyQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let display = state.currency.rates.display(&currency.wanted()?).await?;
    let filter = query.into_inner().into_filter()?;
    let (before, size) = (page.before(List::Entries)?, page.size(PageSize::DEFAULT)?);
    let from = before.map(EntryCursor::below);
    let page = state.wallets.browse.entries(&caller, &filter, from, size).await?;
    Ok(
        Said("TRANSACTIONS_FETCHED", "Transactions fetched successfully").ok(entries(
            page.entries,
            page.next.map(|next| next.before),
            &display,
        )),
    )
}

/// Exports what moved the caller's balance as CSV, newest first
///
/// Amounts are exact, in USD. What a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(
    tag = "Wallet",
    params(EntriesQuery),
    responses((status = 200, description = "Every entry", body = String, content_type = "text/csv"))
)]
#[get("/wallet/transactions.csv")]
pub async fn export_transactions(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    query: web::Query<EntriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let filter = query.into_inner().into_filter()?;
    let browse = state.wallets.browse.clone();
    let pages = move |from| {
        let (browse, caller, filter) = (browse.clone(), caller.clone(), filter.clone());
        async move {
            let page = browse.entries(&caller, &filter, from, export::AT_ONCE).await?;
            Ok((rows(&page.entries), page.next))
        }
    };
    Ok(Export::new("transactions.csv", COLUMNS, pages).respond())
}

/// The names of the columns of an export.
pub const COLUMNS: &str = "id,at,kind,amount,balance,currency,order_id,note";

/// Entries as records.
pub fn rows(entries: &[WalletEntry]) -> Vec<String> {
    let row = |entry: &WalletEntry| {
        let order = entry.order.map(|order| order.to_string()).unwrap_or_default();
        [
            entry.id.to_string(),
            WireTime(entry.at).to_string(),
            csv::field(&entry.kind),
            // A number is none of those texts that begin like a formula.
            amount_text(entry.amount),
            amount_text(entry.balance),
            Currency::LEDGER.to_owned(),
            order,
            csv::field(entry.note.as_deref().unwrap_or_default()),
        ]
        .join(",")
    };
    entries.iter().map(row).collect()
}

/// A page of entries as its owner and staff see it.
pub fn entries(page: Vec<WalletEntry>, next: Option<i64>, display: &Display) -> Entries {
    Entries {
        transactions: page.into_iter().map(|it| entry(it, display)).collect(),
        next_cursor: next.map(|id| encode(List::Entries, id)),
    }
}

impl EntriesQuery {
    /// What to look for.
    pub fn into_filter(self) -> Result<EntryFilter, ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(EntryFilter {
            kind: given(self.kind),
            order: self.order.map(OrderId),
            from: given(self.from).map(|text| moment("from", &text)).transpose()?,
            until: given(self.to).map(|text| moment("to", &text)).transpose()?,
        })
    }
}

fn entry(entry: WalletEntry, display: &Display) -> Entry {
    Entry {
        id: entry.id,
        kind: entry.kind,
        amount: shown_text(display, entry.amount),
        balance: shown_text(display, entry.balance),
        currency: display.currency.to_string(),
        order_id: entry.order.map(|order| order.0),
        note: entry.note,
        created_at: WireTime(entry.at),
    }
}
