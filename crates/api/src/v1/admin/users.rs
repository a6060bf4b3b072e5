//! Customers' wallets in the hands of staff.

use actix_web::{HttpResponse, post, web};
use application::wallets::{Credit, CreditWalletError, Credited, SetWalletStatusError};
use domain::currency::Display;
use domain::identity::right::{WalletsAdjust, WalletsFreeze};
use domain::text::IdempotencyKey;
use domain::wallets::WalletStatus;
use domain::{Money, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::{IdempotencyHeader, StaffMember, TextOrNumber, Valid, decimal_text, field_error};
use crate::state::ApiState;
use crate::v1::dashboard::{Balance, balance};

/// A credit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditForm {
    /// In USD, above zero, with at most six decimals; a number or a decimal text.
    #[serde(deserialize_with = "decimal_text")]
    #[schema(value_type = TextOrNumber)]
    amount: String,
    /// Why; the customer sees it.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Bank transfer 4711", min_length = 1, max_length = 500)]
    reason: String,
}

/// What became of a credit.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditBody {
    /// The customer's wallet now.
    wallet: Balance,
    /// Whether an earlier request with the same key made it.
    replayed: bool,
    /// Whether nothing was credited yet, because somebody else has to approve the deposit.
    #[serde(rename = "needsSecond")]
    needs_second: bool,
    /// The deposit that waits for a second word; null if it was credited at once.
    deposit: Option<i64>,
}

/// Opens or freezes a wallet.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusForm {
    status: StatusWord,
    /// Why; for the audit log.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Chargeback under investigation", min_length = 1, max_length = 500)]
    reason: String,
}

/// Whether money may leave a wallet.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// It may.
    Active,
    /// It may not.
    Frozen,
}

/// Credits a customer's wallet
///
/// With an `Idempotency-Key` a repeated request credits once. From a configured amount on it becomes a deposit that somebody
/// else has to approve. Nobody credits their own wallet.
#[utoipa::path(
    tag = "Users",
    security(("session" = ["wallets.adjust"])),
    request_body = CreditForm,
    params(
        ("id" = String, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
    responses(
        (status = 201, description = "The wallet now", body = Envelope<CreditBody>),
        (status = 202, description = "It needs a second word", body = Envelope<CreditBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    )
)]
#[post("/users/{id}/wallet/credit")]
pub async fn credit_wallet(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<WalletsAdjust>,
    id: web::Path<String>,
    IdempotencyHeader(key): IdempotencyHeader,
    Valid(form): Valid<CreditForm>,
) -> Result<HttpResponse, ApiError> {
    let credit = form.into_credit(UserId::new(id.into_inner()), key)?;
    let credited = state.wallets.credit.credit(&staff, &credit).await;
    let body = credit_body(&credited.map_err(credit_error)?);
    Ok(if body.needs_second {
        let message = "Nothing was credited yet: somebody else has to approve the deposit";
        Said("CREDIT_NEEDS_SECOND", message).accepted(body)
    } else {
        Said("WALLET_CREDITED", "Wallet credited successfully").created(body)
    })
}

/// Freezes a customer's wallet or opens it again
#[utoipa::path(
    tag = "Users",
    security(("session" = ["wallets.freeze"])),
    request_body = StatusForm,
    params(("id" = String, Path, description = "The customer")),
    responses(
        (status = 200, description = "Done", body = Envelope<Nothing>),
        (status = 404, description = "`WALLET_NOT_FOUND`"),
    )
)]
#[post("/users/{id}/wallet/status")]
pub async fn set_wallet_status(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<WalletsFreeze>,
    id: web::Path<String>,
    Valid(form): Valid<StatusForm>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(id.into_inner());
    let set = state
        .wallets
        .set_status
        .set(&staff, &user, form.status(), &form.reason)
        .await;
    set.map_err(status_error)?;
    Ok(Said("WALLET_STATUS_SET", "Wallet status set successfully").ok(Nothing))
}

impl CreditForm {
    fn into_credit(self, user: UserId, key: Option<IdempotencyKey>) -> Result<Credit, ApiError> {
        Ok(Credit {
            user,
            amount: Money::parse(&self.amount).map_err(|error| field_error("amount", error))?,
            reason: self.reason,
            key,
        })
    }
}

impl StatusForm {
    const fn status(&self) -> WalletStatus {
        match self.status {
            StatusWord::Active => WalletStatus::Active,
            StatusWord::Frozen => WalletStatus::Frozen,
        }
    }
}

fn credit_body(credited: &Credited) -> CreditBody {
    CreditBody {
        wallet: balance(&credited.wallet, &Display::ledger()),
        replayed: credited.replayed,
        needs_second: credited.awaits.is_some(),
        deposit: credited.awaits.map(|id| id.0),
    }
}

fn credit_error(error: CreditWalletError) -> ApiError {
    match error {
        CreditWalletError::NotPositive => field_error("amount", "must be above zero"),
        CreditWalletError::Reason(error) => field_error("reason", error),
        CreditWalletError::Own => Code::OwnFunds.into(),
        CreditWalletError::UnknownUser => Code::UserNotFound.into(),
        CreditWalletError::KeyReused => Code::IdempotencyKeyReused.into(),
        CreditWalletError::TooLarge => ApiError::new(Code::TooLarge, "The wallet cannot hold so much."),
        CreditWalletError::Store(error) => error.into(),
    }
}

fn status_error(error: SetWalletStatusError) -> ApiError {
    match error {
        SetWalletStatusError::Reason(error) => field_error("reason", error),
        SetWalletStatusError::Missing => Code::WalletNotFound.into(),
        SetWalletStatusError::Store(error) => error.into(),
    }
}
