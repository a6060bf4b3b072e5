//! What is asked about orders, and asked of them.

use std::collections::HashMap;

use application::caller::Caller;
use domain::api_keys::ErrorWords;
use domain::{OrderId, PageSize};
use ports::orders::{OrderFilter, OwnOrder};
use serde_json::{Map, Value, json};

use super::answers::{self, Manner};
use super::fault::Fault;
use super::fields::Fields;
use super::form::{self, Wanted};
use crate::state::ApiState;

/// Who asks, and in which words they are told no.
pub struct Asker<'a> {
    pub state: &'a ApiState,
    pub caller: &'a Caller,
    pub words: ErrorWords,
    pub manner: Manner,
}

impl Asker<'_> {
    /// How far orders are.
    pub async fn status(&self, fields: &Fields) -> Result<Value, Fault> {
        match form::orders(fields, "order", "orders", Fault::order)? {
            Wanted::One(id) => {
                let orders = self.own(&[id]).await?;
                let order = orders.get(&id).ok_or_else(Fault::order)?;
                Ok(answers::status(order, self.manner))
            }
            Wanted::Many(wanted) => {
                let ids: Vec<_> = wanted.iter().filter_map(|(_, id)| *id).collect();
                let orders = self.own(&ids).await?;
                let answer = |(written, id): (String, Option<OrderId>)| {
                    let order = id.and_then(|id| orders.get(&id));
                    let answer = order.map(|order| answers::status(order, self.manner));
                    (written, answer.unwrap_or_else(|| Fault::order().told(self.words)))
                };
                Ok(Value::Object(
                    wanted.into_iter().map(answer).collect::<Map<_, _>>(),
                ))
            }
        }
    }

    async fn own(&self, ids: &[OrderId]) -> Result<HashMap<OrderId, OwnOrder>, Fault> {
        let orders = self.state.orders.browse.own_with(self.caller, ids).await?;
        Ok(orders.into_iter().map(|order| (order.id, order)).collect())
    }

    /// The latest orders, or the one that a request id placed.
    pub async fn recent(&self, fields: &Fields) -> Result<Value, Fault> {
        let browse = &self.state.orders.browse;
        if let Some(id) = form::request_id(fields, None)? {
            let placed = browse.own_placed_with(self.caller, id.clone()).await?;
            let rows: Vec<_> = placed
                .iter()
                .map(|order| answers::listed(order, Some(&id)))
                .collect();
            return Ok(json!(rows));
        }
        let size = PageSize::new(form::limit(fields)?).unwrap_or(PageSize::DEFAULT);
        let page = browse
            .own(self.caller, OrderFilter::default(), None, size)
            .await?;
        let rows: Vec<_> = page
            .orders
            .iter()
            .map(|order| answers::listed(order, None))
            .collect();
        Ok(json!(rows))
    }

    /// Cancels orders, one by one: one that cannot be canceled keeps none of the others. Some clients look for `status`.
    pub async fn cancel(&self, fields: &Fields) -> Result<Value, Fault> {
        match form::orders(fields, "order", "orders", Fault::order)? {
            Wanted::One(id) => {
                self.cancel_one(id).await?;
                Ok(json!({ "order": id.0, "cancel": 1, "status": "success" }))
            }
            Wanted::Many(wanted) => {
                let mut rows = Vec::with_capacity(wanted.len());
                for (written, id) in wanted {
                    let canceled = match id {
                        Some(id) => self.cancel_one(id).await,
                        None => Err(Fault::order()),
                    };
                    let told = canceled.map_or_else(|fault| fault.told(self.words), |()| json!(1));
                    rows.push(json!({ "order": number(&written, id), "cancel": told }));
                }
                Ok(Value::Array(rows))
            }
        }
    }

    async fn cancel_one(&self, id: OrderId) -> Result<(), Fault> {
        self.state.orders.cancel.cancel(self.caller, id).await?;
        Ok(())
    }

    /// Nothing is refilled here yet; whose order it is matters all the same.
    pub async fn refill(&self, fields: &Fields) -> Result<Value, Fault> {
        match form::orders(fields, "order", "orders", Fault::order)? {
            Wanted::One(id) => {
                let orders = self.own(&[id]).await?;
                orders.get(&id).ok_or_else(Fault::order)?;
                Err(Fault::no_refills())
            }
            Wanted::Many(wanted) => {
                let ids: Vec<_> = wanted.iter().filter_map(|(_, id)| *id).collect();
                let orders = self.own(&ids).await?;
                let row = |(written, id): (String, Option<OrderId>)| {
                    let is_own = id.is_some_and(|id| orders.contains_key(&id));
                    let fault = if is_own {
                        Fault::no_refills()
                    } else {
                        Fault::order()
                    };
                    json!({ "order": number(&written, id), "refill": fault.told(self.words) })
                };
                Ok(wanted.into_iter().map(row).collect())
            }
        }
    }

    /// No refill was ever asked for.
    pub fn refill_status(&self, fields: &Fields) -> Result<Value, Fault> {
        match form::orders(fields, "refill", "refills", Fault::refill)? {
            Wanted::One(_) => Err(Fault::refill()),
            Wanted::Many(wanted) => {
                let status = Fault::refill().told(self.words);
                let row = |(written, id): (String, Option<OrderId>)| json!({ "refill": number(&written, id), "status": status });
                Ok(wanted.into_iter().map(row).collect())
            }
        }
    }
}

/// An id as a number; what is none comes back as it was written.
fn number(written: &str, id: Option<OrderId>) -> Value {
    id.map_or_else(|| json!(written), |id| json!(id.0))
}
