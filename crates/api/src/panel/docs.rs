//! The addresses, and what the document says about them.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, ToSchema};

use super::serve::answer;
use crate::state::ApiState;

/// What a script sends. Every field may be text; which ones count is up to the action.
#[derive(Debug, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the fields are read one by one; this describes them")]
pub struct PanelRequest {
    /// The API key. It may be sent as `Authorization: Bearer` or `X-Api-Key` instead.
    #[schema(example = "smm_guru_live_a1B2c3D4e5F6")]
    key: Option<String>,
    /// `services`, `add`, `status`, `orders`, `cancel`, `refill`, `refill_status` or `balance`.
    #[schema(example = "balance")]
    action: String,
    /// For `add`: what is ordered.
    #[schema(example = "1")]
    service: Option<String>,
    /// For `add`: where it is delivered.
    #[schema(example = "https://instagram.com/x")]
    link: Option<String>,
    /// For `add`: how much, a whole number. Packages need none, and comments say how many they are.
    #[schema(example = "1000")]
    quantity: Option<String>,
    /// For `add`: what is to be written, one comment a line, if the service's type asks for it.
    #[schema(example = "so good\n<3")]
    comments: Option<String>,
    /// For `add`: the same order is placed once, however often the same id is sent. For `orders`: the order that it
    /// placed.
    #[schema(example = "order-17")]
    request_id: Option<String>,
    /// For `add`: the most that 1000 may cost.
    #[schema(example = "1.40")]
    max_rate: Option<String>,
    /// For `status`, `cancel` and `refill`: one order.
    #[schema(example = "23501")]
    order: Option<String>,
    /// For `status`, `cancel` and `refill`: 100 orders at most, with commas between.
    #[schema(example = "1,10,100")]
    orders: Option<String>,
    /// For `refill_status`: one refill.
    refill: Option<String>,
    /// For `refill_status`: 100 refills at most, with commas between.
    refills: Option<String>,
    /// For `orders`: how many, 100 at most.
    #[schema(example = "100")]
    limit: Option<String>,
}

/// How the panel API says no.
#[derive(Debug, Serialize, ToSchema)]
pub struct PanelFailure<'a> {
    /// Why.
    #[schema(example = "Incorrect service ID")]
    pub error: &'a str,
}

/// Speaks the panel API v2
///
/// The protocol of resellers' scripts; every action is described in `docs/API.md`. Refusals have status 200 and a text in `error`.
/// Answers under `/api/v1/panel` too.
#[utoipa::path(
    tag = "Panel API",
    security(("apiKey" = []), ("bearer" = []), ("apiKeyField" = [])),
    request_body(content(
        (PanelRequest = "application/x-www-form-urlencoded"),
        (PanelRequest = "application/json"),
        (PanelRequest = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "What was asked for, or `error`", body = serde_json::Value),
        (status = 429, description = "Too many requests", body = PanelFailure<'_>),
    )
)]
#[post("")]
pub async fn ask_panel(state: web::Data<ApiState>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&state, &request, &body).await
}

/// Speaks the panel API v2, with everything in the address
///
/// For scripts that cannot send a body. It orders only with a key that allows that.
#[utoipa::path(
    tag = "Panel API",
    security(("apiKey" = []), ("bearer" = []), ("apiKeyField" = [])),
    params(PanelRequest),
    responses(
        (status = 200, description = "What was asked for, or `error`", body = serde_json::Value),
        (status = 429, description = "Too many requests", body = PanelFailure<'_>),
    )
)]
#[get("")]
pub async fn read_panel(state: web::Data<ApiState>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request, &[]).await
}

/// Speaks the panel API v2 at the address that the web application names
///
/// JSON is answered as the old handler did: 201 for `add`, numbers for amounts, and refusals with a status of their own in the envelope,
/// with the text in `error`. Everything else is answered as at `/api/v2`. Answers under `/api/v2/handler` and `/api/v1/handler` too.
#[utoipa::path(
    tag = "Panel API",
    security(("apiKey" = []), ("bearer" = []), ("apiKeyField" = [])),
    request_body(content(
        (PanelRequest = "application/json"),
        (PanelRequest = "application/x-www-form-urlencoded"),
        (PanelRequest = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "What was asked for, or `error`", body = serde_json::Value),
        (status = 201, description = "The order that JSON asked for", body = serde_json::Value),
        (status = 400, description = "`VALIDATION_ERROR`, `QUANTITY_OUT_OF_RANGE`, `UNSUPPORTED_SERVICE_TYPE` or `AMOUNT_TOO_LARGE`", body = serde_json::Value),
        (status = 401, description = "`Validation Error`: no key, or one that opens nothing", body = serde_json::Value),
        (status = 402, description = "`INSUFFICIENT_BALANCE`", body = serde_json::Value),
        (status = 403, description = "`FORBIDDEN`, `WALLET_FROZEN`, `EMAIL_NOT_VERIFIED` or `SPEND_CAP_REACHED`", body = serde_json::Value),
        (status = 404, description = "`SERVICE_NOT_FOUND`, `ORDER_NOT_FOUND` or `REFILL_NOT_FOUND`", body = serde_json::Value),
        (status = 409, description = "`DUPLICATE_ORDER`, `SERVICE_NOT_OFFERED`, `CANCEL_REFUSED`, `REFILL_DISABLED` or `RATE_ABOVE_MAX`", body = serde_json::Value),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`", body = serde_json::Value),
        (status = 429, description = "`TOO_MANY_REQUESTS`", body = serde_json::Value),
    )
)]
#[post("")]
pub async fn ask_handler(state: web::Data<ApiState>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&state, &request, &body).await
}

/// Speaks the panel API v2 at the address that the web application names, with everything in the address
#[utoipa::path(
    tag = "Panel API",
    security(("apiKey" = []), ("bearer" = []), ("apiKeyField" = [])),
    params(PanelRequest),
    responses(
        (status = 200, description = "What was asked for, or `error`", body = serde_json::Value),
        (status = 429, description = "Too many requests", body = PanelFailure<'_>),
    )
)]
#[get("")]
pub async fn read_handler(state: web::Data<ApiState>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request, &[]).await
}

/// What every request of the panel API can be refused for, with a text in `error`.
pub const REFUSALS: [(&str, &str); 7] = [
    ("400", "The address is no text"),
    ("403", "A page of another site asks"),
    ("413", "The body is too large"),
    ("414", "The address is too long"),
    ("431", "The headers are too large"),
    ("500", "Something went wrong on our end"),
    ("503", "The server is busy; try again"),
];

/// The ways to show an API key.
pub fn add_key_schemes(document: &mut OpenApi) {
    let header = ApiKeyValue::with_description("X-Api-Key", "An API key.");
    let field =
        "An API key in the address. In a body it is the field `key`, which is better: addresses are logged.";
    let field = ApiKeyValue::with_description("key", field);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key."));
    let schemes = [
        ("apiKey", SecurityScheme::ApiKey(ApiKey::Header(header))),
        ("apiKeyField", SecurityScheme::ApiKey(ApiKey::Query(field))),
        ("bearer", SecurityScheme::Http(bearer.build())),
    ];
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
}
