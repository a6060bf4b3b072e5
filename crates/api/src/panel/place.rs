//! `add`: the same order as on the web application's page.

use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use application::caller::Caller;
use application::orders::OrderPlacement;
use domain::text::IdempotencyKey;

use super::answers::{self, Manner};
use super::fault::Fault;
use super::fields::Fields;
use super::form;
use crate::extract::IdempotencyHeader;
use crate::state::ApiState;
use crate::v1::dashboard::REPLAYED;

/// Places an order. The old handler said 201.
pub async fn add(
    state: &ApiState,
    caller: &Caller,
    request: &HttpRequest,
    fields: &Fields,
    manner: Manner,
) -> Result<HttpResponse, Fault> {
    let input = form::input(fields);
    let wanted = OrderPlacement {
        service: form::service(fields)?,
        link: form::link(fields)?,
        input: input?,
        key: form::request_id(fields, header(request).await?)?,
        max_rate: form::max_rate(fields)?,
    };
    form::no_drip_feed(fields)?;
    let said = wanted.input.said();
    let placed = state.orders.place.place(caller, wanted).await;
    let placed = placed.map_err(|error| Fault::of_order(error, said.unwrap_or_default()))?;
    let mut response = match manner {
        Manner::Standard => HttpResponse::Ok(),
        Manner::Old => HttpResponse::Created(),
    };
    let mut response = response.json(answers::placed(placed.order.id));
    if placed.replayed {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    Ok(response)
}

async fn header(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Fault> {
    match IdempotencyHeader::extract(request).await {
        Ok(IdempotencyHeader(key)) => Ok(key),
        Err(_) => Err(Fault::request(
            "Idempotency-Key must be 1 to 255 visible ASCII characters",
        )),
    }
}
