//! The witness over HTTP, for a panel that runs in another process.
//!
//! These pages have no key. They answer callers on the same machine only, and no browser page.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::clock;
use crate::desk::Desk;
use crate::faults::Fault;
use crate::params::Params;
use crate::rules::Faults;
use crate::wire::json_response;

/// Orders listed by `state` unless the caller asks for another number.
const USUAL_ORDERS: usize = 1_000;

/// Orders listed by `state` at most.
const MAX_ORDERS: usize = 100_000;

/// Repeatedly ordered links listed by `state`.
const MAX_LINKS: usize = 1_000;

/// Answers a request below `/sandbox`.
pub fn answer(desk: &Desk, method: &Method, page: &str, params: &Params) -> Response<Full<Bytes>> {
    let found = match (method, page) {
        (&Method::GET, "state") => Ok(state(desk, params)),
        (&Method::GET, "log") => Ok(json!(desk.state().journal.entries().collect::<Vec<_>>())),
        (&Method::GET, "faults") => Ok(faults(desk)),
        (&Method::POST, "faults") => set_faults(desk, params),
        (&Method::POST, "orders") => push_order(desk, params),
        _ => return json_response(StatusCode::NOT_FOUND, &json!({ "error": "no such page" })),
    };
    match found {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(problem) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": problem })),
    }
}

/// Balance, counters and the newest orders; `limit` and `link` narrow the orders.
fn state(desk: &Desk, params: &Params) -> Value {
    let now = clock::now_millis();
    let limit = params
        .number("limit")
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(USUAL_ORDERS)
        .min(MAX_ORDERS);
    let link = params.get("link");
    let faults = desk.faults().to_string();
    let mut state = desk.state();
    let balance = state.book.balance(now);
    let book = &state.book;
    let orders: Vec<_> = book
        .orders()
        .iter()
        .rev()
        .filter(|order| link.is_none_or(|link| order.link.as_ref() == link))
        .take(limit)
        .map(|order| order.report(now, book.pace()))
        .collect();
    let repeated: Vec<Value> = book
        .links_placed_repeatedly(MAX_LINKS)
        .into_iter()
        .map(|(link, placed)| json!({ "link": link, "placed": placed }))
        .collect();
    let asked: Vec<Value> = state
        .journal
        .links_asked_repeatedly(MAX_LINKS)
        .into_iter()
        .map(|(link, asked)| json!({ "link": link, "asked": asked }))
        .collect();
    json!({
        "balance_micros": balance,
        "orders_placed": book.orders().len(),
        "links_placed_repeatedly": repeated,
        "links_asked_repeatedly": asked,
        "requests": state.journal.counts(),
        "deliveries": state.journal.deliveries(),
        "faults": faults,
        "orders": orders,
    })
}

fn faults(desk: &Desk) -> Value {
    let available: Vec<Value> = Fault::all()
        .into_iter()
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    json!({ "active": desk.faults().to_string(), "available": available })
}

/// Replaces the faults by those in the field `faults`; an empty value switches them off.
fn set_faults(desk: &Desk, params: &Params) -> Result<Value, String> {
    let (_, text) = params
        .iter()
        .find(|(name, _)| *name == "faults")
        .ok_or("the field faults is missing")?;
    let faults: Faults = text.parse().map_err(|problem| format!("{problem}"))?;
    if faults.is_unreachable() {
        return Err("this fault would make the panel unreachable for switching it off again".to_owned());
    }
    desk.set_faults(faults.clone());
    Ok(json!({ "active": faults.to_string() }))
}

/// Pushes the order `id` into `status`, with `remains` if given.
fn push_order(desk: &Desk, params: &Params) -> Result<Value, String> {
    let id = params.number("id").ok_or("the field id is missing")?;
    let status = params.get("status").ok_or("the field status is missing")?;
    let now = clock::now_millis();
    let mut state = desk.state();
    state
        .book
        .push(id, status, params.number("remains"), now)
        .ok_or("there is no such order")?;
    let order = state
        .book
        .find(id)
        .map(|order| order.report(now, state.book.pace()));
    Ok(json!(order))
}
