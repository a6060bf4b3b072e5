//! Deposits and withdrawals in the hands of staff.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::{HttpResponse, get, post, web};
use application::funds::{DecideFundsError, Decided};
use domain::funds::{Deposit, DepositState, Withdrawal, WithdrawalState};
use domain::identity::right::{PaymentsApprove, PaymentsRead};
use domain::{DepositId, PageSize, UserId, WithdrawalId};
use ports::funds::{DepositFilter, WithdrawalFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::codes::Code;
use crate::cursor::{List, encode};
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{Page, StaffMember, Valid, field_error};
use crate::state::ApiState;
use crate::v1::dashboard::{DepositBody, WithdrawalBody, deposit_body, withdrawal_body};

/// Which deposits or withdrawals.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FundsQuery {
    /// Only this customer's.
    user: Option<String>,
    /// Only these.
    #[param(example = "review")]
    state: Option<String>,
}

/// What staff write about a decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteForm {
    /// Why; the customer sees it.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Paid by transfer 4711", min_length = 1, max_length = 500)]
    reason: String,
}

/// A page of deposits, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffDeposits {
    deposits: Vec<StaffDeposit>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// A deposit as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffDeposit {
    deposit: DepositBody,
    user_id: String,
    /// How often the gateway was asked by the schedule.
    asked: u32,
    /// The first of two who approve.
    first_approver: Option<String>,
    /// Who decided, if a person did.
    decided_by: Option<String>,
}

/// A page of withdrawals, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffWithdrawals {
    withdrawals: Vec<StaffWithdrawal>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// A withdrawal as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffWithdrawal {
    withdrawal: WithdrawalBody,
    user_id: String,
    /// The first of two who approve.
    first_approver: Option<String>,
    /// Who decided.
    decided_by: Option<String>,
}

/// What a decision did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecidedBody {
    /// Whether somebody else has to say the same before it counts.
    needs_second: bool,
}

/// Where to pay.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationBody {
    id: i64,
    #[schema(example = "IBAN DE89 3704 0044 0532 0130 00")]
    destination: String,
}

/// Lists everybody's deposits, newest first
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.read"])),
    params(FundsQuery, Page),
    responses((status = 200, description = "A page of deposits", body = Envelope<StaffDeposits>))
)]
#[get("/deposits")]
pub async fn list_deposits(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsRead>,
    query: web::Query<FundsQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let filter = DepositFilter {
        user: given(&query.user).map(UserId::new),
        state: known(&query.state, DepositState::from_stored)?,
    };
    let (before, size) = (page.before(List::Deposits)?, page.size(PageSize::DEFAULT)?);
    let before = before.map(DepositId);
    let page = state
        .funds
        .browse
        .all_deposits(&staff, &filter, before, size)
        .await?;
    Ok(
        Said("DEPOSITS_FETCHED", "Deposits fetched successfully").ok(StaffDeposits {
            deposits: page.deposits.into_iter().map(staff_deposit).collect(),
            next_cursor: page.next.map(|id| encode(List::Deposits, id.0)),
        }),
    )
}

/// Credits a deposit
///
/// From a configured amount on somebody else has to say the same. Nobody approves their own. Sending it again does nothing.
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.approve"])),
    params(("id" = i64, Path, description = "The deposit")),
    responses(
        (status = 200, description = "Done, or it needs a second word", body = Envelope<DecidedBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`DEPOSIT_NOT_FOUND`"),
        (status = 409, description = "`FUNDS_DECISION_REFUSED`: it is not in review, its amount is outside of the limits, or the gateway says something else than the claim"),
        (status = 503, description = "`CURRENCY_UNAVAILABLE`"),
    )
)]
#[post("/deposits/{id}/approve")]
pub async fn approve_deposit(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsApprove>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let decided = state.funds.decide.approve(&staff, DepositId(*id)).await;
    answer(
        decided,
        Code::DepositNotFound,
        "DEPOSIT_APPROVED",
        "Deposit approved successfully",
    )
}

/// Refuses a deposit
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.approve"])),
    request_body = NoteForm,
    params(("id" = i64, Path, description = "The deposit")),
    responses(
        (status = 200, description = "Done", body = Envelope<DecidedBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`DEPOSIT_NOT_FOUND`"),
        (status = 409, description = "`FUNDS_DECISION_REFUSED`"),
    )
)]
#[post("/deposits/{id}/refuse")]
pub async fn refuse_deposit(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsApprove>,
    id: web::Path<i64>,
    Valid(form): Valid<NoteForm>,
) -> Result<HttpResponse, ApiError> {
    let decided = state
        .funds
        .decide
        .refuse(&staff, DepositId(*id), &form.reason)
        .await;
    answer(
        decided,
        Code::DepositNotFound,
        "DEPOSIT_REFUSED",
        "Deposit refused successfully",
    )
}

/// Lists everybody's withdrawals, newest first
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.read"])),
    params(FundsQuery, Page),
    responses((status = 200, description = "A page of withdrawals", body = Envelope<StaffWithdrawals>))
)]
#[get("/withdrawals")]
pub async fn list_withdrawals(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsRead>,
    query: web::Query<FundsQuery>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let filter = WithdrawalFilter {
        user: given(&query.user).map(UserId::new),
        state: known(&query.state, WithdrawalState::from_stored)?,
    };
    let (before, size) = (page.before(List::Withdrawals)?, page.size(PageSize::DEFAULT)?);
    let before = before.map(WithdrawalId);
    let page = state
        .funds
        .browse
        .all_withdrawals(&staff, &filter, before, size)
        .await?;
    Ok(
        Said("WITHDRAWALS_FETCHED", "Withdrawals fetched successfully").ok(StaffWithdrawals {
            withdrawals: page.withdrawals.into_iter().map(staff_withdrawal).collect(),
            next_cursor: page.next.map(|id| encode(List::Withdrawals, id.0)),
        }),
    )
}

/// Says that a withdrawal was paid out
///
/// From a configured amount on somebody else has to say the same first. Nobody approves their own.
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.approve"])),
    request_body = NoteForm,
    params(("id" = i64, Path, description = "The withdrawal")),
    responses(
        (status = 200, description = "Done, or it needs a second word", body = Envelope<DecidedBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`WITHDRAWAL_NOT_FOUND`"),
        (status = 409, description = "`FUNDS_DECISION_REFUSED`"),
    )
)]
#[post("/withdrawals/{id}/approve")]
pub async fn approve_withdrawal(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsApprove>,
    id: web::Path<i64>,
    Valid(form): Valid<NoteForm>,
) -> Result<HttpResponse, ApiError> {
    let decided = state
        .funds
        .pay_out
        .approve(&staff, WithdrawalId(*id), &form.reason)
        .await;
    answer(
        decided,
        Code::WithdrawalNotFound,
        "WITHDRAWAL_APPROVED",
        "Withdrawal approved successfully",
    )
}

/// Shows where to pay a withdrawal
///
/// Only while it waits to be paid out, and not its owner. The audit log keeps who saw it.
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.approve"])),
    params(("id" = i64, Path, description = "The withdrawal")),
    responses(
        (status = 200, description = "Where to", body = Envelope<DestinationBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`WITHDRAWAL_NOT_FOUND`"),
        (status = 409, description = "`FUNDS_DECISION_REFUSED`: it was paid out or refused"),
    )
)]
#[post("/withdrawals/{id}/destination")]
pub async fn reveal_destination(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsApprove>,
    id: web::Path<i64>,
) -> Result<HttpResponse, ApiError> {
    let revealed = state.funds.reveal.reveal(&staff, WithdrawalId(*id)).await;
    let destination = revealed.map_err(|error| decide_error(error, Code::WithdrawalNotFound))?;
    let said = Said("DESTINATION_FETCHED", "Destination fetched successfully");
    Ok(said.ok(DestinationBody {
        id: *id,
        destination: destination.reveal().to_owned(),
    }))
}

/// Gives the money of a withdrawal back
#[utoipa::path(
    tag = "Payments",
    security(("session" = ["payments.approve"])),
    request_body = NoteForm,
    params(("id" = i64, Path, description = "The withdrawal")),
    responses(
        (status = 200, description = "Done", body = Envelope<DecidedBody>),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 404, description = "`WITHDRAWAL_NOT_FOUND`"),
        (status = 409, description = "`FUNDS_DECISION_REFUSED`"),
    )
)]
#[post("/withdrawals/{id}/refuse")]
pub async fn refuse_withdrawal(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<PaymentsApprove>,
    id: web::Path<i64>,
    Valid(form): Valid<NoteForm>,
) -> Result<HttpResponse, ApiError> {
    let decided = state
        .funds
        .pay_out
        .refuse(&staff, WithdrawalId(*id), &form.reason)
        .await;
    answer(
        decided,
        Code::WithdrawalNotFound,
        "WITHDRAWAL_REFUSED",
        "Withdrawal refused successfully",
    )
}

fn answer(
    decided: Result<Decided, DecideFundsError>,
    missing: Code,
    name: &'static str,
    message: &'static str,
) -> Result<HttpResponse, ApiError> {
    let decided = decided.map_err(|error| decide_error(error, missing))?;
    Ok(Said(name, message).ok(DecidedBody {
        needs_second: decided == Decided::NeedsSecond,
    }))
}

fn decide_error(error: DecideFundsError, missing: Code) -> ApiError {
    match error {
        DecideFundsError::Missing => missing.into(),
        DecideFundsError::Own => Code::OwnFunds.into(),
        DecideFundsError::Reason(error) => field_error("reason", error),
        refused @ (DecideFundsError::NotNow | DecideFundsError::OutOfLimits | DecideFundsError::NotTaken) => {
            ApiError::new(
                Code::FundsDecisionRefused,
                format!("This cannot be decided: {refused}."),
            )
        }
        DecideFundsError::Contradicted(why) => ApiError::new(
            Code::FundsDecisionRefused,
            format!("This cannot be approved: {why}. Refuse it; what is right may be claimed anew."),
        ),
        DecideFundsError::NoRate(_) => Code::CurrencyUnavailable.into(),
        DecideFundsError::Store(error) => error.into(),
    }
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

fn known<T>(text: &Option<String>, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
    let unknown = || field_error("state", "is no state that there is");
    given(text)
        .map(|text| read(&text).ok_or_else(unknown))
        .transpose()
}

fn staff_deposit(deposit: Deposit) -> StaffDeposit {
    StaffDeposit {
        user_id: deposit.user.to_string(),
        asked: deposit.asked,
        first_approver: deposit.approver.as_ref().map(ToString::to_string),
        decided_by: deposit.decided_by.as_ref().map(ToString::to_string),
        deposit: deposit_body(deposit),
    }
}

fn staff_withdrawal(withdrawal: Withdrawal) -> StaffWithdrawal {
    StaffWithdrawal {
        user_id: withdrawal.user.to_string(),
        first_approver: withdrawal.approver.as_ref().map(ToString::to_string),
        decided_by: withdrawal.decided_by.as_ref().map(ToString::to_string),
        withdrawal: withdrawal_body(withdrawal),
    }
}
