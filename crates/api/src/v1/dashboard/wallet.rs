//! The caller's money.

use actix_web::{HttpResponse, get, web};
use domain::currency::Display;
use domain::wallets::{Wallet, WalletStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{CurrencyQuery, Customer};
use crate::state::ApiState;
use crate::wire::holding_text;

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
    currency: String,
}

/// A wallet as its owner and staff see it.
pub fn balance(wallet: &Wallet, display: &Display) -> Balance {
    Balance {
        balance: holding_text(display, wallet.available),
        held: holding_text(display, wallet.held),
        status: WalletStatus::as_str(wallet.status),
        currency: display.currency.to_string(),
    }
}

/// Shows the caller's balance
#[utoipa::path(
    tag = "Wallet",
    params(CurrencyQuery),
    responses(
        (status = 200, description = "The caller's wallet", body = Envelope<Balance>),
        (status = 400, description = "`CURRENCY_UNKNOWN`"),
        (status = 503, description = "`CURRENCY_UNAVAILABLE`"),
    )
)]
#[get("/wallet")]
pub async fn show_wallet(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    query: web::Query<CurrencyQuery>,
) -> Result<HttpResponse, ApiError> {
    let display = state.currency.rates.display(&query.wanted()?).await?;
    let wallet = state.wallets.browse.balance(&caller).await?;
    Ok(Said("USER_BALANCE", "User balance fetched successfully").ok(balance(&wallet, &display)))
}
