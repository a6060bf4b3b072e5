//! The actions of the panel API on the ledger.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::action::Action;
use crate::book::{Book, Draft, NotPlaced};
use crate::catalogue::{self, Service, ServiceType};
use crate::config::{Lookup, PackageRate, PanelConfig};
use crate::delivery::Delivery;
use crate::fate::{Placing, Plan, Script};
use crate::faults::Fault;
use crate::money;
use crate::orders::{Order, Status};
use crate::params::Params;
use crate::random;
use crate::rules::Faults;
use crate::wording::{Refusal, Wording};

/// Ids one request may name.
const MAX_IDS: usize = 100;

/// Longest link, in bytes.
const MAX_LINK: usize = 2_048;

/// Longest reference of the caller, in bytes.
const MAX_REQUEST_ID: usize = 255;

/// Most runs of a drip-feed order.
const MAX_RUNS: u64 = 1_000;

const ORDER_NOT_FOUND: &str = "Incorrect order ID";
const BAD_REQUEST: &str = "Incorrect request";

/// One request with everything its answer depends on besides the ledger.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub params: &'a Params,
    pub config: &'a PanelConfig,
    pub faults: &'a Faults,
    /// What `services` answers instead of the catalogue.
    pub listing: Option<&'a Value>,
    /// Number of the request since the start.
    pub ordinal: u64,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
}

/// What a request led to.
#[derive(Debug)]
pub enum Exchange {
    /// The answer is ready.
    Answer(Value, Delivery),
    /// The order is to be placed, and answered, later.
    Later(Draft, Wording, Delivery),
}

/// An `{"error":…}` answer.
pub fn error(text: impl Into<String>) -> Value {
    json!({ "error": text.into() })
}

impl Request<'_> {
    /// Carries out the request.
    pub fn perform(self, book: &mut Book) -> Exchange {
        let action = self.params.get("action").and_then(Action::named);
        let plan = self.plan(action);
        if self.params.get("key") != Some(self.config.key.as_str()) {
            return Exchange::Answer(error(Refusal::Key.text()), plan.delivery);
        }
        let value = match action {
            Some(Action::Add) => return self.add(plan, book),
            Some(Action::Services) => match self.listing {
                Some(listing) => listing.clone(),
                None => catalogue::catalogue().iter().map(Service::to_json).collect(),
            },
            Some(Action::Status) => self.status(book),
            Some(Action::Refill) => self.refill(book),
            Some(Action::RefillStatus) => self.refill_status(book),
            Some(Action::Cancel) => self.cancel(book),
            Some(Action::Balance) => {
                json!({ "balance": money::decimal(book.balance(self.now)), "currency": self.config.currency })
            }
            Some(Action::Orders) => self.orders(book),
            None => error(BAD_REQUEST),
        };
        Exchange::Answer(value, plan.delivery)
    }

    fn plan(self, action: Option<Action>) -> Plan {
        let course = self.config.course.clone();
        let script = (action == Some(Action::Add))
            .then(|| self.params.get("link").and_then(Script::in_link))
            .flatten();
        match (script, action) {
            (Some(Ok(script)), _) => Plan::new(course, script.faults()),
            (Some(Err(_)), _) => Plan {
                placing: Placing::Refused(Refusal::Link),
                ..Plan::default()
            },
            (None, Some(action)) => Plan::new(
                course,
                self.faults.hitting(action, self.config.seed, self.ordinal),
            ),
            (None, None) => Plan::default(),
        }
    }

    fn add(self, plan: Plan, book: &mut Book) -> Exchange {
        let key = &self.config.key;
        match plan.placing_for(self.params.get("link"), book, self.now) {
            Placing::Refused(refusal) => Exchange::Answer(self.refusal(refusal), plan.delivery),
            Placing::Never => {
                let previous = book.orders().last().map(|order| order.id);
                Exchange::Answer(
                    plan.wording.answer(book.unused_id(), previous, key),
                    plan.delivery,
                )
            }
            Placing::Now | Placing::Late => {
                let (wording, delivery, late) = (plan.wording, plan.delivery, plan.placing == Placing::Late);
                match self.draft(plan) {
                    Err(text) => Exchange::Answer(error(text), delivery),
                    Ok(draft) if late => Exchange::Later(draft, wording, delivery),
                    Ok(draft) => Exchange::Answer(place(draft, wording, key, book, self.now), delivery),
                }
            }
        }
    }

    /// The refusal's text; a script that cannot be read is quoted so that the typo is seen.
    fn refusal(self, refusal: Refusal) -> Value {
        match self.params.get("link").and_then(Script::in_link) {
            Some(Err(problem)) => error(format!("{}: {problem}", Refusal::Link.text())),
            _ => error(refusal.text()),
        }
    }

    fn draft(self, plan: Plan) -> Result<Draft, String> {
        let service = self
            .params
            .number("service")
            .and_then(|id| u32::try_from(id).ok())
            .and_then(catalogue::find)
            .ok_or(Refusal::Service.text())?;
        let link = self
            .params
            .get("link")
            .filter(|link| link.len() <= MAX_LINK)
            .ok_or(Refusal::Link.text())?;
        let quantity = self.billed_quantity(service)?;
        let charge = match (service.kind.is_package(), self.config.package_rate) {
            (true, PackageRate::Flat) => service.rate,
            _ => money::charge(service.rate, quantity),
        };
        Ok(Draft {
            service,
            link: Arc::from(link),
            request_id: self
                .params
                .get("request_id")
                .filter(|reference| reference.len() <= MAX_REQUEST_ID)
                .map(Arc::from),
            comments: self
                .params
                .get("comments")
                .filter(|_| service.kind.takes_comments())
                .map(Arc::from),
            quantity,
            charge,
            course: plan.course,
            quirks: plan.quirks,
        })
    }

    /// The units that are billed, by the rules of the service's type.
    fn billed_quantity(self, service: &Service) -> Result<u64, String> {
        let params = self.params;
        let required = |name: &str, text: &str| params.get(name).map(drop).ok_or(text.to_owned());
        let quantity = match service.kind {
            ServiceType::Package => return Ok(1),
            ServiceType::CustomCommentsPackage => {
                return required("comments", "Incorrect comments").map(|()| 1);
            }
            ServiceType::CustomComments => params.lines("comments"),
            ServiceType::MentionsCustomList => params.lines("usernames"),
            ServiceType::CommentLikes => {
                required("username", "Incorrect username")?;
                params.number("quantity").unwrap_or(0)
            }
            ServiceType::Poll => {
                required("answer_number", "Incorrect answer number")?;
                params.number("quantity").unwrap_or(0)
            }
            ServiceType::Default => params.number("quantity").unwrap_or(0),
        };
        if quantity < service.min {
            return Err(format!("Quantity less than minimal {}", service.min));
        }
        if quantity > service.max {
            return Err(format!("Quantity more than maximum {}", service.max));
        }
        match params.get("runs") {
            None => Ok(quantity),
            Some(_) if !service.dripfeed => Err("Drip-feed is disabled for this service".to_owned()),
            Some(runs) => runs
                .parse()
                .ok()
                .filter(|runs| (1..=MAX_RUNS).contains(runs))
                .filter(|runs| *runs == 1 || params.number("interval").is_some())
                .map(|runs: u64| quantity.saturating_mul(runs))
                .ok_or_else(|| "Incorrect runs or interval".to_owned()),
        }
    }

    fn status(self, book: &Book) -> Value {
        let one = |id: &str| match id.parse().ok().and_then(|id| book.find(id)) {
            Some(order) => status_of(order, book, &self.config.currency, self.now),
            None => error(ORDER_NOT_FOUND),
        };
        match self.ids("orders") {
            Ids::None => self
                .params
                .get("order")
                .map_or_else(|| error(ORDER_NOT_FOUND), one),
            Ids::TooMany => error(BAD_REQUEST),
            Ids::Some(ids) => ids
                .into_iter()
                .filter(|id| !self.is_missing(id, book))
                .map(|id| (id.to_owned(), one(id)))
                .collect::<Map<String, Value>>()
                .into(),
        }
    }

    fn is_missing(self, id: &str, book: &Book) -> bool {
        let Some(order) = id.parse().ok().and_then(|id| book.find(id)) else {
            return false;
        };
        order.quirks.missing_in_batch || self.is_hit(&Fault::MissingInBatch, Action::Status, order.id)
    }

    /// Whether a fault of the whole panel hits one order of this request.
    fn is_hit(self, fault: &Fault, action: Action, id: u64) -> bool {
        let ordinal = random::mix(self.ordinal, id, 0);
        self.faults
            .hitting(action, self.config.seed, ordinal)
            .any(|hitting| hitting == fault)
    }

    fn refill(self, book: &mut Book) -> Value {
        let mut one = |id: &str| {
            let id = id.parse().map_err(|_| ORDER_NOT_FOUND)?;
            let is_rejected = self.is_hit(&Fault::RefillRejected, Action::Refill, id);
            book.refill(id, is_rejected, self.now)
        };
        match self.ids("orders") {
            Ids::TooMany => error(BAD_REQUEST),
            Ids::None => match one(self.params.get("order").unwrap_or_default()) {
                Ok(refill) => json!({ "refill": refill.to_string() }),
                Err(text) => error(text),
            },
            Ids::Some(ids) => ids
                .into_iter()
                .map(|id| json!({ "order": as_sent(id), "refill": one(id).map_or_else(error, Value::from) }))
                .collect(),
        }
    }

    fn refill_status(self, book: &Book) -> Value {
        let one = |id: &str| {
            let refill = id.parse().ok().and_then(|id| book.find_refill(id));
            refill.map(|refill| Value::from(refill.status(self.now, book.pace())))
        };
        let not_found = || error("Refill not found");
        match self.ids("refills") {
            Ids::TooMany => error(BAD_REQUEST),
            Ids::None => match one(self.params.get("refill").unwrap_or_default()) {
                Some(status) => json!({ "status": status }),
                None => not_found(),
            },
            Ids::Some(ids) => ids
                .into_iter()
                .map(|id| json!({ "refill": as_sent(id), "status": one(id).unwrap_or_else(not_found) }))
                .collect(),
        }
    }

    fn cancel(self, book: &mut Book) -> Value {
        let ids = match self.ids("orders") {
            Ids::TooMany => return error(BAD_REQUEST),
            Ids::None => self.params.get("order").into_iter().collect(),
            Ids::Some(ids) => ids,
        };
        if ids.is_empty() {
            return error(ORDER_NOT_FOUND);
        }
        ids.into_iter()
            .map(|id| {
                let canceled = id
                    .parse()
                    .map_err(|_| ORDER_NOT_FOUND)
                    .and_then(|id| book.cancel(id, self.now));
                json!({ "order": as_sent(id), "cancel": canceled.map_or_else(error, |()| Value::from(1)) })
            })
            .collect()
    }

    fn orders(self, book: &Book) -> Value {
        let listed = |order: &&Order| {
            !order.quirks.unlisted && !self.is_hit(&Fault::Unlisted, Action::Orders, order.id)
        };
        let limit = self
            .params
            .number("limit")
            .and_then(|limit| usize::try_from(limit).ok())
            .map_or(self.config.list_limit, |limit| limit.min(self.config.list_limit));
        let entry = |order: &Order| listing_of(order, book, self.now);
        match (self.config.lookup, self.params.get("request_id")) {
            (Lookup::LinkAndTime, _) => book
                .orders()
                .iter()
                .rev()
                .filter(listed)
                .take(limit)
                .map(entry)
                .collect(),
            (Lookup::Reference, Some(reference)) => book
                .with_request_id(reference)
                .filter(listed)
                .take(limit)
                .map(entry)
                .collect(),
            (Lookup::None, _) | (Lookup::Reference, None) => error(BAD_REQUEST),
        }
    }

    fn ids(&self, name: &str) -> Ids<'_> {
        match self.params.list(name) {
            None => Ids::None,
            Some(ids) if ids.len() > MAX_IDS => Ids::TooMany,
            Some(ids) => Ids::Some(ids),
        }
    }
}

enum Ids<'a> {
    None,
    TooMany,
    Some(Vec<&'a str>),
}

/// Places a draft and words the answer.
pub fn place(draft: Draft, wording: Wording, key: &str, book: &mut Book, now: u64) -> Value {
    let previous = book.orders().last().map(|order| order.id);
    match book.place(draft, now) {
        Ok(id) => wording.answer(id, previous, key),
        Err(NotPlaced::NoFunds) => error(Refusal::Funds.text()),
        Err(NotPlaced::Full) => error("The order book of the sandbox is full"),
    }
}

/// An id as a number when it is one, so that an array answer carries canonical types.
fn as_sent(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| Value::from(id), Value::from)
}

fn status_of(order: &Order, book: &Book, currency: &str, now: u64) -> Value {
    let view = book.view(order, now);
    let start_count = if view.is(Status::Pending) {
        0
    } else {
        order.start_count
    };
    json!({
        "charge": money::decimal(view.charge),
        "start_count": start_count.to_string(),
        "status": view.status,
        "remains": view.remains.to_string(),
        "currency": currency,
    })
}

fn listing_of(order: &Order, book: &Book, now: u64) -> Value {
    let mut entry = json!({
        "order": order.id,
        "service": order.service.id,
        "link": order.link.as_ref(),
        "quantity": order.quantity,
        "created": order.created_millis / 1_000,
        "status": book.view(order, now).status,
    });
    if let (Some(fields), Some(reference)) = (entry.as_object_mut(), order.request_id.as_deref()) {
        fields.insert("request_id".to_owned(), reference.into());
    }
    entry
}
