//! What the fields of an action mean.

use domain::orders::OrderInput;
use domain::text::{Comments, IdempotencyKey, Link};
use domain::{OrderId, Rate, ServiceId};

use super::fault::Fault;
use super::fields::{COMMENTS, Fields};

/// The most ids in one request.
pub const IDS_MAX: usize = 100;

/// A whole number of plain digits: no sign, no fraction, no exponent, and not so large that it is another one.
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn id(text: &str) -> Option<i64> {
    whole(text).and_then(|id| i64::try_from(id).ok())
}

/// The service that is ordered.
pub fn service(fields: &Fields) -> Result<ServiceId, Fault> {
    let service = fields.text("service").and_then(id);
    service.map(ServiceId).ok_or_else(Fault::service)
}

/// Where it is delivered. Some clients say `url`.
pub fn link(fields: &Fields) -> Result<Link, Fault> {
    let link = fields.text("link").or_else(|| fields.text("url"));
    let link = link.and_then(|link| Link::parse(link).ok());
    link.ok_or_else(Fault::link)
}

/// How much is ordered, and what is to be written. The service's type says which of it there has to be.
pub fn input(fields: &Fields) -> Result<OrderInput, Fault> {
    let quantity = fields.text("quantity");
    let quantity = quantity.map(|quantity| whole(quantity).ok_or_else(Fault::quantity));
    let comments = fields.text(COMMENTS).map(Comments::parse);
    Ok(OrderInput {
        quantity: quantity.transpose()?,
        comments: comments.transpose().map_err(Fault::comments)?,
    })
}

/// The most that 1000 may cost.
pub fn max_rate(fields: &Fields) -> Result<Option<Rate>, Fault> {
    let rate = fields.text("max_rate").map(Rate::parse).transpose();
    rate.map_err(|problem| Fault::request(format!("max_rate {problem}")))
}

/// What makes a repetition the same order. The header of the other interfaces is taken too.
pub fn request_id(fields: &Fields, header: Option<IdempotencyKey>) -> Result<Option<IdempotencyKey>, Fault> {
    match fields.text("request_id") {
        None => Ok(header),
        Some(text) => match IdempotencyKey::parse(text) {
            Ok(key) if header.is_none_or(|header| header == key) => Ok(Some(key)),
            Ok(_) => Err(Fault::request("request_id and Idempotency-Key differ")),
            Err(_) => Err(Fault::request(
                "request_id must be 1 to 255 visible ASCII characters",
            )),
        },
    }
}

/// Spread deliveries would be billed for each run, so they are not taken for a single one.
pub fn no_drip_feed(fields: &Fields) -> Result<(), Fault> {
    let runs = fields.text("runs").filter(|runs| *runs != "0" && *runs != "1");
    match runs {
        Some(_) => Err(Fault::request("drip-feed (runs) is not offered")),
        None => Ok(()),
    }
}

/// One order, or several.
pub enum Wanted {
    One(OrderId),
    /// As they were written, each once, in their order.
    Many(Vec<(String, Option<OrderId>)>),
}

/// Which orders are meant by `one`, or by `many`.
pub fn orders(fields: &Fields, one: &str, many: &str, fault: fn() -> Fault) -> Result<Wanted, Fault> {
    if let Some(order) = fields.text(one) {
        return id(order).map(|id| Wanted::One(OrderId(id))).ok_or_else(fault);
    }
    let Some(list) = fields.text(many) else {
        return Err(fault());
    };
    let mut wanted: Vec<(String, Option<OrderId>)> = Vec::new();
    for written in list.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        if wanted.iter().any(|(earlier, _)| earlier == written) {
            continue;
        }
        if wanted.len() >= IDS_MAX {
            return Err(Fault::request(format!("{many} takes {IDS_MAX} ids at most")));
        }
        wanted.push((written.to_owned(), id(written).map(OrderId)));
    }
    if wanted.is_empty() {
        Err(fault())
    } else {
        Ok(Wanted::Many(wanted))
    }
}

/// How many orders are listed.
pub fn limit(fields: &Fields) -> Result<u16, Fault> {
    match fields.text("limit") {
        None => Ok(100),
        Some(text) => {
            let limit = whole(text).and_then(|limit| u16::try_from(limit).ok());
            let limit = limit.filter(|limit| (1..=100).contains(limit));
            limit.ok_or_else(|| Fault::request("limit must be between 1 and 100"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_digits_are_a_number() {
        assert_eq!(whole("100"), Some(100));
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        for wrong in [
            "",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "NaN",
            "inf",
            "0x10",
            "1_000",
            "1,000",
            "18446744073709551616",
            "١",
        ] {
            assert_eq!(whole(wrong), None, "{wrong}");
        }
        assert_eq!(id("9223372036854775808"), None);
    }
}
