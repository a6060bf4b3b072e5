//! The document of the surface, generated from the code.
//!
//! Handlers say what is special about them. What follows from where they are mounted (who may ask, what every request
//! can be refused for) is added here, once.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get};
use domain::identity::Right;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, RefOr, Response};

use crate::app::routes;
use crate::cookie::SESSION;
use crate::dialect::Dialect;
use crate::envelope::{AuthFailure, Failure};
use crate::mount::Routes;
use crate::panel::{self, PanelFailure};
use crate::v1::dashboard::LiveEvent;

/// Where the document is served.
pub const ADDRESS: &str = "/api/openapi.json";
/// The document as it was generated last. Making it takes a third of the memory of an idle server; tests see to it that
/// this one is what the code generates.
pub const PUBLISHED: &str = include_str!("../../../openapi/openapi.json");
/// How requests prove whose they are; the scopes are the rights that they need.
pub const SCHEME: &str = "session";
/// What programs bring instead.
const TOKEN_SCHEME: &str = "token";
const JSON: &str = "application/json";
/// What `/api/auth` says to whoever is not signed in.
const SIGNED_OUT: &str = "No session; the body is empty";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "SMM Guru",
        description = "Sells social media services: an order travels from a wallet to a provider and is delivered, \
            refunded or explained.\n\nAnswers under `/api/v1` come in an envelope of `success`, `name`, `message` and \
            `result`. `/api/auth` speaks the dialect of the web application's client library and answers under \
            `/api/v1/auth` too. A route for staff names the right that it needs: administrators have all, moderators those that were given to them. \
            All error codes are listed in `docs/ERRORS.md`.\n\nA body is JSON of at most 100 KB unless it \
            says otherwise. \
            Every answer carries `X-Request-Id`.",
        // An expression as identifier would be shown as a link that leads nowhere.
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(Failure, AuthFailure, PanelFailure<'_>, LiveEvent)),
    tags(
        (name = "System", description = "For operators and their programs"),
        (name = "Authentication", description = "Signing up, in and out"),
        (name = "Tokens", description = "Programs sign in without cookies"),
        (name = "Two-factor authentication", description = "A code besides the password"),
        (name = "Catalogue", description = "What can be ordered"),
        (name = "API keys", description = "The keys of the caller's programs"),
        (name = "Panel API", description = "What resellers' scripts speak"),
        (name = "Wallet", description = "The caller's money"),
        (name = "Settings", description = "What the caller has set"),
        (name = "Orders", description = "The caller's orders"),
        (name = "Categories", description = "Staff arrange categories"),
        (name = "Providers", description = "Staff administer providers"),
        (name = "Services", description = "Staff arrange services"),
        (name = "Users", description = "Staff look after customers"),
        (name = "Mails", description = "Staff see what became of mails"),
        (name = "Live updates", description = "Whoever is signed in is told what happens"),
        (name = "Analytics", description = "Staff see figures of the shop"),
        (name = "Audit", description = "Staff see who did what"),
        (name = "Submission", description = "Staff stop and release the sending of orders"),
        (name = "Orders of everybody", description = "Staff watch over orders"),
    )
)]
struct Skeleton;

/// The OpenAPI document. It needs no server.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = Skeleton::openapi();
    Routes::describe(&mut document, routes);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, method, operation);
        }
    }
    let session = ApiKeyValue::with_description(SESSION, "Set by signing in.");
    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.bearer_format = Some("JWT".to_owned());
    token.description = Some("`accessToken` of `POST /api/v1/auth/token`.".to_owned());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.add_security_scheme(TOKEN_SCHEME, SecurityScheme::Http(token));
    panel::add_key_schemes(&mut document);
    document
}

/// Shows the OpenAPI document
#[utoipa::path(tag = "System", responses((status = 200, description = "This document", body = Object)))]
#[get("/api/openapi.json")]
pub async fn show_document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(PUBLISHED)
}

/// Whether an answer with this status says what is wrong. One that leads elsewhere, or says that nothing is new, has no body.
fn is_refusal(status: &str) -> bool {
    status.starts_with('4') || status.starts_with('5')
}

fn right_of(operation: &Operation) -> Option<Right> {
    let requirements = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let requirement = requirements.as_array()?.first()?;
    match requirement.get(SCHEME)?.as_array()?.as_slice() {
        [right] => Right::from_stored(right.as_str()?),
        _ => None,
    }
}

/// Whether an operation only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Looks,
    Acts,
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::Looks, &mut item.get),
        (Method::Acts, &mut item.post),
        (Method::Acts, &mut item.put),
        (Method::Acts, &mut item.patch),
        (Method::Acts, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Who may call a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Open,
    Customers,
    Signed,
    Staff,
}

/// Handlers of `/api/auth` say themselves whether they need a session; whoever may do the rest is decided by rights.
fn area(path: &str, operation: &Operation) -> Area {
    if path.starts_with("/api/v1/admin/") {
        Area::Staff
    } else if Dialect::of(path) == Dialect::Auth && operation.security.is_some() {
        Area::Signed
    } else if path.starts_with("/api/v1/dashboard/") || path.starts_with("/v2/api-key") {
        Area::Customers
    } else {
        Area::Open
    }
}

fn complete(path: &str, method: Method, operation: &mut Operation) {
    let area = area(path, operation);
    // Routes for staff say themselves which right they need.
    if area == Area::Customers {
        operation.security = Some([SCHEME, TOKEN_SCHEME].map(|scheme| needing(scheme, None)).into());
    }
    if area == Area::Staff
        && let Some(right) = right_of(operation)
    {
        operation.security = Some(
            [SCHEME, TOKEN_SCHEME]
                .map(|scheme| needing(scheme, Some(right)))
                .into(),
        );
    }
    if area == Area::Staff {
        operation.operation_id = operation.operation_id.take().map(|id| format!("admin_{id}"));
    }
    for (status, description) in refusals(path, method, area, operation) {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(Response::new(description)));
    }
    let schema = match Dialect::of(path) {
        Dialect::Envelope => "Failure",
        Dialect::Auth => "AuthFailure",
        Dialect::Panel => "PanelFailure",
    };
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let is_empty = response.description == SIGNED_OUT;
        if is_refusal(status) && response.content.is_empty() && !is_empty {
            let content = Content::new(Some(Ref::from_schema_name(schema)));
            response.content.insert(JSON.to_owned(), RefOr::T(content));
        }
        let Some(example) = examples::of(Dialect::of(path), status, &response.description) else {
            continue;
        };
        for content in response.content.values_mut() {
            if let RefOr::T(content) = content {
                content.example.get_or_insert_with(|| example.clone());
            }
        }
    }
}

fn takes_tokens(operation: &Operation) -> bool {
    let ways = serde_json::to_value(&operation.security).unwrap_or_default();
    let mut ways = ways.as_array().into_iter().flatten();
    ways.any(|way| way.get(TOKEN_SCHEME).is_some())
}

fn needing(scheme: &str, right: Option<Right>) -> SecurityRequirement {
    SecurityRequirement::new(scheme, right.map(Right::as_str))
}

/// What an operation can be refused for because of where and what it is.
fn refusals(
    path: &str,
    method: Method,
    area: Area,
    operation: &Operation,
) -> Vec<(&'static str, &'static str)> {
    if Dialect::of(path) == Dialect::Panel {
        return panel::REFUSALS.to_vec();
    }
    if !["/api/v1/", "/api/auth/", "/v2/api-key"]
        .iter()
        .any(|start| path.starts_with(start))
    {
        return Vec::new();
    }
    let mut refusals = vec![
        ("414", "`URI_TOO_LONG`"),
        ("431", "`HEADERS_TOO_LARGE`"),
        ("429", "`TOO_MANY_REQUESTS`; `Retry-After` says when to come back"),
        ("500", "`INTERNAL_SERVER_ERROR`"),
        ("503", "`SERVICE_UNAVAILABLE` or `REQUEST_TIMEOUT`"),
    ];
    if area == Area::Signed {
        refusals.push(("401", SIGNED_OUT));
    } else if area != Area::Open {
        refusals.push((
            "401",
            "`Validation Error`: no session, or not the right role; `ACCESS_TOKEN_EXPIRED` or `ACCESS_TOKEN_INVALID`",
        ));
    }
    refusals.push(("400", malformed(Dialect::of(path), operation)));
    match (area, method) {
        (Area::Staff, _) => refusals.push((
            "403",
            "`FORBIDDEN`: the right is missing; `TWO_FACTOR_REQUIRED`, `REAUTHENTICATION_REQUIRED` or `INVALID_ORIGIN`",
        )),
        (_, Method::Acts) => refusals.push(("403", "`INVALID_ORIGIN`: another site's page asks")),
        (_, Method::Looks) => {}
    }
    if operation.request_body.is_some() {
        refusals.extend([
            ("413", "`PAYLOAD_TOO_LARGE`"),
            ("415", "`UNSUPPORTED_MEDIA_TYPE`"),
        ]);
    }
    refusals
}

/// What can be wrong with the form of a request; any address may be no text.
fn malformed(dialect: Dialect, operation: &Operation) -> &'static str {
    // Without a word of its own for a text that is no JSON.
    let reads_json = operation.request_body.is_some() && dialect != Dialect::Auth;
    match (reads_json, takes_tokens(operation)) {
        (true, true) => "`INVALID_JSON`, `VALIDATION_ERROR` or `TWO_CREDENTIALS`",
        (true, false) => "`INVALID_JSON` or `VALIDATION_ERROR`",
        (false, true) => "`VALIDATION_ERROR` or `TWO_CREDENTIALS`",
        (false, false) => "`VALIDATION_ERROR`",
    }
}

mod examples;
#[cfg(test)]
mod tests;
