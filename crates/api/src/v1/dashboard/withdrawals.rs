//! Money goes out.

use actix_web::{HttpResponse, get, post, web};
use application::funds::{WithdrawError, WithdrawalWish};
use domain::funds::{Withdrawal, WithdrawalState};
use domain::{Money, PageSize, WithdrawalId};
use ports::funds::WithdrawalFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::place::too_little;
use crate::codes::Code;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Customer, IdempotencyHeader, Page, TextOrNumber, Valid, decimal_text, field_error};
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text};

/// Money that is wanted back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalForm {
    /// In USD; a number or a decimal text.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(value_type = TextOrNumber)]
    amount: String,
    /// Where to.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(
        example = "IBAN DE89 3704 0044 0532 0130 00",
        min_length = 1,
        max_length = 500
    )]
    destination: String,
}

/// A page of withdrawals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Withdrawals {
    pub withdrawals: Vec<WithdrawalBody>,
    /// Where the next page begins; null on the last one.
    #[serde(rename = "nextCursor")]
    pub next_cursor: Option<String>,
}

/// A withdrawal.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithdrawalBody {
    id: i64,
    /// In USD.
    #[schema(example = "25.00")]
    amount: String,
    /// How it ends; whoever pays it out sees it whole.
    #[schema(example = "…3000")]
    destination: String,
    /// `pending`: the money is put aside. `paid`, or `refused`: it is back in the wallet.
    #[schema(example = "pending")]
    state: &'static str,
    /// What staff wrote.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// Asks for money back
///
/// The amount leaves the wallet at once. Staff pay it out, or give it back. With an `Idempotency-Key` a repeated request
/// asks once.
#[utoipa::path(
    tag = "Funds",
    request_body = WithdrawalForm,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, description = "It is put aside", body = Envelope<WithdrawalBody>),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 402, description = "`INSUFFICIENT_BALANCE`"),
        (status = 403, description = "`REAUTHENTICATION_REQUIRED`, `WALLET_FROZEN`; or somebody else acts as the user"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/withdrawals")]
pub async fn request_withdrawal(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    IdempotencyHeader(key): IdempotencyHeader,
    Valid(form): Valid<WithdrawalForm>,
) -> Result<HttpResponse, ApiError> {
    let wish = WithdrawalWish {
        amount: Money::parse(&form.amount).map_err(|error| field_error("amount", error))?,
        destination: form.destination,
        key,
    };
    let requested = state.funds.withdraw.request(&caller, &wish).await;
    let requested = requested.map_err(|error| withdraw_error(error, wish.amount))?;
    let said = Said("WITHDRAWAL_REQUESTED", "Withdrawal requested successfully");
    Ok(said.created(withdrawal_body(requested.withdrawal)))
}

/// Lists the caller's withdrawals, newest first
#[utoipa::path(
    tag = "Funds",
    params(Page),
    responses((status = 200, description = "A page of withdrawals", body = Envelope<Withdrawals>))
)]
#[get("/withdrawals")]
pub async fn list_withdrawals(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = (page.before(List::Withdrawals)?, page.size(PageSize::DEFAULT)?);
    let before = before.map(WithdrawalId);
    let filter = WithdrawalFilter::default();
    let page = state
        .funds
        .browse
        .own_withdrawals(&caller, filter, before, size)
        .await?;
    Ok(
        Said("WITHDRAWALS_FETCHED", "Withdrawals fetched successfully").ok(Withdrawals {
            withdrawals: page.withdrawals.into_iter().map(withdrawal_body).collect(),
            next_cursor: page.next.map(|id| encode(List::Withdrawals, id.0)),
        }),
    )
}

/// A withdrawal as its owner sees it.
pub fn withdrawal_body(withdrawal: Withdrawal) -> WithdrawalBody {
    WithdrawalBody {
        id: withdrawal.id.0,
        amount: amount_text(withdrawal.amount),
        destination: withdrawal.destination,
        state: WithdrawalState::as_str(withdrawal.state),
        reason: withdrawal.reason,
        created_at: WireTime(withdrawal.created_at),
        updated_at: WireTime(withdrawal.updated_at),
    }
}

fn withdraw_error(error: WithdrawError, amount: Money) -> ApiError {
    match error {
        WithdrawError::NotTheOwner => ApiError::not_the_owner(),
        WithdrawError::Denied(_) => Code::ReauthenticationRequired.into(),
        WithdrawError::TooLittle(least) => {
            field_error("amount", format!("must be at least {}", amount_text(least)))
        }
        WithdrawError::Destination(error) => field_error("destination", error),
        WithdrawError::TooOften { retry_after } => {
            ApiError::from(Code::TooManyRequests).retry_after(retry_after)
        }
        WithdrawError::InsufficientBalance { available } => too_little("withdrawal is of", amount, available),
        WithdrawError::WalletFrozen => Code::WalletFrozen.into(),
        WithdrawError::KeyReused => Code::IdempotencyKeyReused.into(),
        WithdrawError::Store(error) => error.into(),
    }
}
