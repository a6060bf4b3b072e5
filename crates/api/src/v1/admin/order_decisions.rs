//! What only people can decide about orders.

use std::time::Duration;

use actix_web::{HttpResponse, post, web};
use application::orders::{DecideOrderError, Decided, Fate};
use domain::identity::right::OrdersDecide;
use domain::orders::{DecisionRefusal, ReviewDecision};
use domain::{OrderId, ProviderOrderId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use crate::codes::Code;
use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::{StaffMember, Valid, field_error};
use crate::state::ApiState;
use crate::wire::{WireTime, amount_text};

/// When to say again what cannot be said while orders in doubt are marked.
const IN_DOUBT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The fate of an unknown order.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FateForm {
    decision: FateWord,
    /// The provider's id of the order; required for `placed`.
    #[schema(example = "23501", max_length = 64)]
    provider_order_id: Option<String>,
    /// How it is known.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(example = "Seen in the panel's order list", min_length = 1, max_length = 500)]
    note: String,
}

/// Whether the provider has an order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FateWord {
    /// It does.
    Placed,
    /// It does not.
    NotPlaced,
}

/// What to do about an order in review, or that one is to be there.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReviewForm {
    decision: ReviewWord,
    /// How many pieces were not delivered; required for `partial`.
    #[schema(example = 120)]
    remains: Option<u64>,
    /// Why.
    #[validate(length(min = 1, max = 500, message = "must be 1 to 500 characters"))]
    #[schema(
        example = "Confirmed by the provider's support",
        min_length = 1,
        max_length = 500
    )]
    note: String,
}

/// What becomes of the order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewWord {
    /// The provider says nothing of use about an order that it has: put it in review, to be decided about.
    Flag,
    /// Nothing is wrong.
    Dismiss,
    /// It was delivered in full.
    Completed,
    /// Nothing was delivered.
    Canceled,
    /// It was delivered in part.
    Partial,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionBody {
    /// `done`, or `awaits_second`: a second member of staff has to say the same.
    #[schema(example = "done")]
    decision: &'static str,
    /// The order as it is now, unless a second word is missing.
    order: Option<DecidedOrder>,
}

/// An order after a decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecidedOrder {
    id: i64,
    #[schema(example = "submitted")]
    state: &'static str,
    provider_order_id: Option<String>,
    refunded: String,
    /// What is not delivered, if it was counted; of an order that ended, what its money was settled by.
    remains: Option<u64>,
}

/// Decides the fate of an unknown order
///
/// From a set price on, two members of staff must say the same.
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.decide"])),
    request_body = FateForm,
    params(("id" = i64, Path, description = "The order")),
    responses(
        (status = 200, description = "What became of the decision", body = Envelope<DecisionBody>),
        (status = 404, description = "`ORDER_NOT_FOUND`"),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 409, description = "`DECISION_REFUSED` or `PROVIDER_ORDER_ID_TAKEN`"),
    )
)]
#[post("/orders/{id}/decision")]
pub async fn decide_fate(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersDecide>,
    id: web::Path<i64>,
    Valid(form): Valid<FateForm>,
) -> Result<HttpResponse, ApiError> {
    let (id, fate) = (OrderId(*id), form.fate()?);
    let decided = state
        .orders
        .decide
        .decide_fate(&staff, id, &fate, &form.note)
        .await;
    let body = decided_body(&decided.map_err(decide_error)?);
    Ok(Said("ORDER_DECIDED", "Decision recorded successfully").ok(body))
}

/// Decides what to do about an order in review, or puts one there
///
/// An order that the provider has is put in review with `flag`, and then decided about like any other. From a set price on
/// that is done by another member of staff.
#[utoipa::path(
    tag = "Orders of everybody",
    security(("session" = ["orders.decide"])),
    request_body = ReviewForm,
    params(("id" = i64, Path, description = "The order")),
    responses(
        (status = 200, description = "What became of the decision", body = Envelope<DecisionBody>),
        (status = 404, description = "`ORDER_NOT_FOUND`"),
        (status = 403, description = "`OWN_FUNDS`"),
        (status = 409, description = "`DECISION_REFUSED`"),
    )
)]
#[post("/orders/{id}/review")]
pub async fn decide_review(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<OrdersDecide>,
    id: web::Path<i64>,
    Valid(form): Valid<ReviewForm>,
) -> Result<HttpResponse, ApiError> {
    let (id, decide) = (OrderId(*id), &state.orders.decide);
    let decided = match form.decision()? {
        Some(decision) => decide.decide_review(&staff, id, decision, &form.note).await,
        None => {
            let flagged = decide.flag(&staff, id, &form.note).await;
            flagged.map(|order| Decided::Done(Box::new(order)))
        }
    };
    let body = decided_body(&decided.map_err(decide_error)?);
    Ok(Said("ORDER_DECIDED", "Decision recorded successfully").ok(body))
}

impl FateForm {
    fn fate(&self) -> Result<Fate, ApiError> {
        match (self.decision, &self.provider_order_id) {
            (FateWord::Placed, Some(id)) => {
                let id = ProviderOrderId::parse_typed(id)
                    .ok_or_else(|| field_error("providerOrderId", "must be the id of one order there"))?;
                Ok(Fate::PlacedAs(id))
            }
            (FateWord::Placed, None) => Err(field_error("providerOrderId", "is required")),
            (FateWord::NotPlaced, None) => Ok(Fate::NotPlaced),
            (FateWord::NotPlaced, Some(_)) => Err(field_error(
                "providerOrderId",
                "contradicts the decision not_placed",
            )),
        }
    }
}

impl ReviewForm {
    /// `None` if it is to be put in review.
    fn decision(&self) -> Result<Option<ReviewDecision>, ApiError> {
        match (self.decision, self.remains) {
            (ReviewWord::Partial, Some(remains)) => Ok(Some(ReviewDecision::Partial { remains })),
            (ReviewWord::Partial, None) => Err(field_error("remains", "is required")),
            (_, Some(_)) => Err(field_error("remains", "belongs to the decision partial only")),
            (ReviewWord::Flag, None) => Ok(None),
            (ReviewWord::Dismiss, None) => Ok(Some(ReviewDecision::Dismiss)),
            (ReviewWord::Completed, None) => Ok(Some(ReviewDecision::Completed)),
            (ReviewWord::Canceled, None) => Ok(Some(ReviewDecision::Canceled)),
        }
    }
}

fn decided_body(decided: &Decided) -> DecisionBody {
    match decided {
        Decided::Done(order) => DecisionBody {
            decision: "done",
            order: Some(DecidedOrder {
                id: order.id.0,
                state: order.state.as_str(),
                provider_order_id: order.provider_order_id.as_ref().map(ToString::to_string),
                refunded: amount_text(order.refunded),
                remains: order.remains,
            }),
        },
        Decided::AwaitsSecond => DecisionBody {
            decision: "awaits_second",
            order: None,
        },
    }
}

fn decide_error(error: DecideOrderError) -> ApiError {
    match error {
        DecideOrderError::UnknownOrder => Code::OrderNotFound.into(),
        DecideOrderError::Own => Code::OwnFunds.into(),
        DecideOrderError::Refused(refusal) => refused(&refusal),
        DecideOrderError::InDoubt => ApiError::from(Code::Unavailable).retry_after(IN_DOUBT_RETRY_AFTER),
        DecideOrderError::IdTaken => Code::ProviderOrderIdTaken.into(),
        DecideOrderError::Store(error) => error.into(),
    }
}

fn refused(refusal: &DecisionRefusal) -> ApiError {
    let error = ApiError::new(
        Code::DecisionRefused,
        format!("This cannot be decided: {refusal}."),
    );
    match refusal {
        DecisionRefusal::TooEarly { allowed_at } => {
            error.with_details(json!({ "allowedAt": WireTime(*allowed_at) }))
        }
        DecisionRefusal::NothingToDecide
        | DecisionRefusal::AlreadyEnded
        | DecisionRefusal::ImpossibleRefund => error,
    }
}
