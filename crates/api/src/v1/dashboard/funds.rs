//! Money comes in.

use actix_web::{HttpResponse, get, post, web};
use application::funds::{ClaimError, ManualClaim};
use domain::currency::{Currency, Display};
use domain::funds::{Deposit, DepositState};
use domain::{DepositId, PageSize};
use ports::funds::DepositFilter;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{Customer, Page, TextOrNumber, Valid, decimal_text, field_error};
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text, holding_text};

/// A payment that was made by Paytm.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct PaytmForm {
    /// Paytm's id of the order.
    #[serde(rename = "transactionId")]
    #[validate(length(min = 1, message = "is required"))]
    #[schema(example = "OREDRID_98765", min_length = 1, max_length = 50)]
    transaction_id: String,
    /// How much was paid, in rupees.
    #[serde(deserialize_with = "decimal_text")]
    #[validate(length(min = 1, message = "is required"))]
    #[schema(value_type = TextOrNumber)]
    amount: String,
}

/// A payment that is in the wallet now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FundsAdded {
    /// The deposit.
    transaction_id: i64,
    /// What was paid, in rupees.
    #[schema(example = "100.00")]
    amount: String,
    /// What can be spent now, in USD.
    #[schema(example = "101.20")]
    new_balance: String,
}

/// A payment that staff look at.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepositForm {
    /// How it was paid: one of the ways that are set up here.
    #[schema(example = "bank")]
    method: String,
    /// What the bank calls it.
    #[validate(length(min = 1, max = 100, message = "must be 1 to 100 characters"))]
    #[schema(example = "UTR 4711", min_length = 1, max_length = 100)]
    reference: String,
    /// How much was paid; a number or a decimal text.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(value_type = TextOrNumber)]
    amount: String,
    /// In which currency; USD if it is missing.
    #[schema(example = "USD")]
    currency: Option<String>,
}

/// A page of deposits, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deposits {
    pub deposits: Vec<DepositBody>,
    /// Where the next page begins; null on the last one.
    #[serde(rename = "nextCursor")]
    pub next_cursor: Option<String>,
}

/// A deposit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepositBody {
    id: i64,
    #[schema(example = "bank")]
    method: String,
    reference: String,
    /// What was paid, as its user says.
    #[schema(example = "25.00")]
    amount: String,
    #[schema(example = "USD")]
    currency: String,
    /// `open`: the gateway is asked. `review`: a person looks. `credited`, `refused` and `expired` are ends.
    #[schema(example = "review")]
    state: &'static str,
    /// Why it is there, in a word.
    reason: Option<String>,
    /// What was paid, in USD, once it is credited.
    gross: Option<String>,
    /// What of that was kept as a fee.
    fee: Option<String>,
    /// Units of the currency for 1 USD, when it was credited.
    rate: Option<String>,
    #[serde(rename = "created_at")]
    #[schema(value_type = String, format = DateTime)]
    created_at: WireTime,
    #[serde(rename = "updated_at")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: WireTime,
}

/// Adds funds that were paid by Paytm
///
/// Paytm is asked, and what it confirms is credited: once, however often and wherever it is sent. What it does not know yet
/// is kept and asked about for a day (202, or 404 as long as it has not heard of it).
#[utoipa::path(
    tag = "Funds",
    request_body = PaytmForm,
    responses(
        (status = 201, description = "It is in the wallet", body = Envelope<FundsAdded>),
        (status = 202, description = "`TRANSACTION_PENDING`: it is credited as soon as Paytm confirms it", body = Envelope<Nothing>),
        (status = 400, description = "`TRANSACTION_FAILED`, `AMOUNT_MISMATCH`, `TRANSACTION_ALREADY_PROCESSED`, `PAYMENT_METHOD_UNAVAILABLE` or `VALIDATION_ERROR`"),
        (status = 404, description = "`TRANSACTION_NOT_FOUND`: Paytm does not know it yet"),
        (status = 409, description = "`TRANSACTION_CLAIMED` by somebody else, or `TRANSACTION_IN_REVIEW`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
        (status = 503, description = "`CURRENCY_UNAVAILABLE`: it is credited as soon as there is a rate"),
    )
)]
#[post("/fund/add/paytm-qr")]
pub async fn add_by_paytm(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<PaytmForm>,
) -> Result<HttpResponse, ApiError> {
    let claimed = state
        .funds
        .claim
        .paytm(&caller, &form.transaction_id, &form.amount)
        .await;
    if claimed == Err(ClaimError::Pending) {
        let said = Said(
            "TRANSACTION_PENDING",
            "Paytm has not confirmed the payment yet. It is added to your wallet as soon as it does.",
        );
        return Ok(said.accepted(Nothing));
    }
    let credited = claimed.map_err(|error| claim_error(error, &form.transaction_id))?;
    let added = FundsAdded {
        transaction_id: credited.deposit.id.0,
        amount: form.amount,
        new_balance: holding_text(&Display::ledger(), credited.available),
    };
    Ok(Said("FUNDS_ADDED", "Funds added successfully").created(added))
}

/// Tells staff about a payment
#[utoipa::path(
    tag = "Funds",
    request_body = DepositForm,
    responses(
        (status = 201, description = "Staff look at it", body = Envelope<DepositBody>),
        (status = 400, description = "`PAYMENT_METHOD_UNAVAILABLE`, `TRANSACTION_ALREADY_PROCESSED`, `CURRENCY_UNKNOWN` or `VALIDATION_ERROR`"),
        (status = 409, description = "`TRANSACTION_CLAIMED` by somebody else, or `TRANSACTION_IN_REVIEW`"),
        (status = 429, description = "`TOO_MANY_REQUESTS`"),
    )
)]
#[post("/deposits")]
pub async fn add_deposit(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    Valid(form): Valid<DepositForm>,
) -> Result<HttpResponse, ApiError> {
    let currency = form.currency.as_deref().unwrap_or(Currency::LEDGER);
    let claim = ManualClaim {
        currency: Currency::parse(currency).map_err(|_| Code::CurrencyUnknown)?,
        method: form.method,
        reference: form.reference,
        amount: form.amount,
    };
    let claimed = state.funds.claim.manual(&caller, &claim).await;
    let deposit = claimed.map_err(|error| claim_error(error, &claim.reference))?;
    Ok(Said("DEPOSIT_SUBMITTED", "Deposit submitted successfully").created(deposit_body(deposit)))
}

/// Lists the caller's deposits, newest first
#[utoipa::path(
    tag = "Funds",
    params(Page),
    responses((status = 200, description = "A page of deposits", body = Envelope<Deposits>))
)]
#[get("/deposits")]
pub async fn list_deposits(
    state: web::Data<ApiState>,
    Customer(caller): Customer,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let (before, size) = (page.before(List::Deposits)?, page.size(PageSize::DEFAULT)?);
    let before = before.map(DepositId);
    let filter = DepositFilter::default();
    let page = state
        .funds
        .browse
        .own_deposits(&caller, filter, before, size)
        .await?;
    Ok(
        Said("DEPOSITS_FETCHED", "Deposits fetched successfully").ok(Deposits {
            deposits: page.deposits.into_iter().map(deposit_body).collect(),
            next_cursor: page.next.map(|id| encode(List::Deposits, id.0)),
        }),
    )
}

/// A deposit as its owner sees it.
pub fn deposit_body(deposit: Deposit) -> DepositBody {
    DepositBody {
        id: deposit.id.0,
        method: deposit.method,
        reference: deposit.written,
        amount: two_decimals(deposit.amount.to_string()),
        currency: deposit.currency.to_string(),
        state: DepositState::as_str(deposit.state),
        reason: deposit.reason,
        gross: deposit.gross.map(amount_text),
        fee: deposit.fee.map(amount_text),
        rate: deposit.rate.map(|rate| rate.to_string()),
        created_at: WireTime(deposit.claimed_at),
        updated_at: WireTime(deposit.updated_at),
    }
}

fn two_decimals(plain: String) -> String {
    match plain.split_once('.').map_or(0, |(_, decimals)| decimals.len()) {
        0 => format!("{plain}.00"),
        1 => format!("{plain}0"),
        _ => plain,
    }
}

fn claim_error(error: ClaimError, reference: &str) -> ApiError {
    match error {
        ClaimError::NotSetUp => Code::PaymentMethodUnavailable.into(),
        ClaimError::Reference(error) => field_error("transactionId", error),
        ClaimError::Amount(error) => field_error("amount", error),
        ClaimError::TooOften { retry_after } => ApiError::from(Code::TooManyRequests).retry_after(retry_after),
        ClaimError::AlreadyCredited => ApiError::new(
            Code::TransactionAlreadyProcessed,
            format!("The transaction has already been processed with Transaction ID: {reference:.100}."),
        ),
        ClaimError::NotYours => Code::TransactionClaimed.into(),
        ClaimError::InReview => Code::TransactionInReview.into(),
        ClaimError::Failed(status) => ApiError::new(
            Code::TransactionFailed,
            format!("Transaction failed with status: {status:.50}. Please try again."),
        ),
        // Not how much was paid: who asks may be guessing about a payment of somebody else's.
        ClaimError::Mismatch { claimed } => ApiError::new(
            Code::AmountMismatch,
            format!(
                "Transaction amount mismatch. Expected: {}, which is not what was paid. Send exactly the amount that you paid.",
                two_decimals(claimed.to_string())
            ),
        ),
        ClaimError::NotFound | ClaimError::Pending => Code::TransactionNotFound.into(),
        ClaimError::NoRate(currency) => ApiError::new(
            Code::CurrencyUnavailable,
            "The payment is confirmed. It is added to your wallet as soon as there is a trustworthy exchange rate.",
        )
        .with_details(json!({ "currency": currency.as_str() })),
        ClaimError::Store(error) => error.into(),
    }
}
