//! One request: read, let in, done.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use domain::api_keys::ErrorWords;
use serde::Serialize;

use super::action::Action;
use super::answers::{self, Manner};
use super::fault::Fault;
use super::fields::{Fields, Form};
use super::orders::Asker;
use super::{is_handler, place};
use crate::extract::{browser, routed};
use crate::state::ApiState;

/// Answers a request. What cannot be done is told as the address and the form of the request lead to expect: the old
/// handler knew JSON only, so whoever sends anything else there speaks the protocol of all panels.
pub async fn answer(state: &ApiState, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let read = Fields::read(request, body);
    let manner = match &read {
        Ok((_, Form::Json)) if is_handler(routed(request)) => Manner::Old,
        Ok(_) | Err(_) => Manner::Standard,
    };
    let mut words = ErrorWords::English;
    let answered = match read {
        Ok((fields, _)) => act(state, request, &fields, manner, &mut words).await,
        Err(problem) => Err(Fault::request(problem)),
    };
    match (answered, manner) {
        (Ok(response), _) => response,
        (Err(fault), Manner::Standard) => fault.plain(words),
        (Err(fault), Manner::Old) => fault.enveloped(words),
    }
}

/// The key comes first: without one nobody learns what can be asked. Its owner chose the `words`.
async fn act(
    state: &ApiState,
    request: &HttpRequest,
    fields: &Fields,
    manner: Manner,
    words: &mut ErrorWords,
) -> Result<HttpResponse, Fault> {
    let key = fields.key(request).ok_or_else(Fault::no_key)?;
    let action = fields.text("action").and_then(Action::parse);
    let scope = action.map(Action::scope);
    let caller = state.api_keys.admit.admit(&key, scope, &browser(request)).await?;
    let by_get = caller.key().is_some_and(|key| {
        *words = key.words;
        key.orders_by_get
    });
    let action = action.ok_or_else(Fault::action)?;
    if action.acts() && request.method() == Method::GET && !by_get {
        return Err(Fault::not_by_get());
    }
    let asker = Asker {
        state,
        caller: &caller,
        words: *words,
        manner,
    };
    Ok(match action {
        Action::Add => place::add(state, &caller, request, fields, manner).await?,
        Action::Services => said(&answers::services(state.catalog.browse.listing().await?, manner)),
        Action::Balance => said(&answers::balance(&state.wallets.browse.balance(&caller).await?)),
        Action::Status => said(&asker.status(fields).await?),
        Action::Orders => said(&asker.recent(fields).await?),
        Action::Cancel => said(&asker.cancel(fields).await?),
        Action::Refill => said(&asker.refill(fields).await?),
        Action::RefillStatus => said(&asker.refill_status(fields)?),
    })
}

fn said(answer: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(answer)
}
