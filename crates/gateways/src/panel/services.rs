//! A panel's list of services. One row that cannot be read does not spoil the others.

use std::collections::{BTreeSet, HashSet};

use domain::Rate;
use domain::catalog::{QuantityRange, ServiceType};
use domain::currency::Currency;
use ports::gateway::{PanelCatalogue, PanelError, PanelService};
use serde_json::{Map, Value};

use super::fields;
use super::read::unexpected;

/// Reasons kept about rows that could not be read.
const UNREADABLE_MAX: usize = 100;

/// Longest description kept, in characters.
const DESCRIPTION_MAX_CHARS: usize = 10_000;

/// Reads the whole offer. An id that comes twice counts once.
pub(super) fn catalogue(value: &Value) -> Result<PanelCatalogue, PanelError> {
    let rows = rows(value).ok_or_else(|| unexpected("the list of services is not an array"))?;
    let mut catalogue = PanelCatalogue {
        services: Vec::new(),
        unreadable: Vec::new(),
        currencies: BTreeSet::new(),
    };
    let mut known = HashSet::new();
    for (index, row) in rows.into_iter().enumerate() {
        catalogue.currencies.extend(currency(row));
        let why = match service(row) {
            Ok(service) if known.insert(service.upstream_id.clone()) => {
                catalogue.services.push(service);
                continue;
            }
            Ok(service) => format!("service {}: listed twice", service.upstream_id),
            Err(why) => format!("row {}{}: {why}", index.saturating_add(1), named(row)),
        };
        if catalogue.unreadable.len() < UNREADABLE_MAX {
            catalogue.unreadable.push(why);
        }
    }
    Ok(catalogue)
}

/// The rows of an array, of an array wrapped in `services`, or of an object that stands for an array because the panel
/// removed some of its rows.
fn rows(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(rows) => Some(rows.iter().collect()),
        Value::Object(object) => match object.get("services") {
            Some(Value::Array(rows)) => Some(rows.iter().collect()),
            Some(Value::Object(rows)) => Some(rows.values().collect()),
            Some(_) => None,
            None => {
                let is_list = !object.is_empty() && object.values().all(Value::is_object);
                is_list.then(|| object.values().collect())
            }
        },
        _ => None,
    }
}

fn service(row: &Value) -> Result<PanelService, &'static str> {
    let row = row.as_object().ok_or("not an object")?;
    let rate = row.get("rate").and_then(fields::text).ok_or("no rate")?;
    let bound = |name: &'static str| row.get(name).and_then(fields::whole);
    let (min, max) = bound("min").zip(bound("max")).ok_or("no minimum and maximum")?;
    Ok(PanelService {
        upstream_id: id(row).ok_or("no id")?,
        name: row.get("name").and_then(fields::text).ok_or("no name")?,
        service_type: ServiceType::parse(&row.get("type").and_then(fields::text).unwrap_or_default()),
        category: row.get("category").and_then(fields::text).unwrap_or_default(),
        rate: Rate::parse_quoted(&rate).map_err(|_| "the rate is not a price")?,
        quantity: QuantityRange::clamped(min, max).ok_or("the minimum is above the maximum")?,
        dripfeed: fields::flag(row.get("dripfeed")),
        refill: fields::flag(row.get("refill")),
        cancel: fields::flag(row.get("cancel")),
        description: fields::any(row, &["desc", "description"]).find_map(description),
    })
}

/// What its price is in, if it says so by ISO 4217.
fn currency(row: &Value) -> Option<Currency> {
    let named = row.get("currency").and_then(fields::text)?;
    Currency::parse(&named).ok()
}

fn id(row: &Map<String, Value>) -> Option<String> {
    fields::any(row, &["service", "service_id", "id"]).find_map(fields::id)
}

fn named(row: &Value) -> String {
    let id = row.as_object().and_then(id);
    id.map(|id| format!(", service {id}")).unwrap_or_default()
}

/// Keeps the lines of a description and removes every other control character.
fn description(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim().chars();
    let kept: String = text
        .filter(|c| *c == '\n' || !c.is_control())
        .take(DESCRIPTION_MAX_CHARS)
        .collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(id: u64) -> Value {
        json!({"service": id, "name": "Followers", "type": "Default", "category": "First", "rate": "0.90",
            "min": "50", "max": "10000", "refill": true, "cancel": false})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut row = row(1);
        row[field] = value;
        row
    }

    fn read(value: &Value) -> PanelService {
        let catalogue = catalogue(&json!([value])).unwrap();
        assert_eq!(catalogue.unreadable, [""; 0], "{value}");
        catalogue.services.into_iter().next().unwrap()
    }

    #[test]
    fn the_documented_row_is_read() {
        let expected = PanelService {
            upstream_id: "1".to_owned(),
            name: "Followers".to_owned(),
            service_type: ServiceType::Default,
            category: "First".to_owned(),
            rate: Rate::parse("0.90").unwrap(),
            quantity: QuantityRange::new(50, 10_000).unwrap(),
            dripfeed: false,
            refill: true,
            cancel: false,
            description: None,
        };
        assert_eq!(read(&row(1)), expected);
    }

    #[test]
    fn every_type_of_field_is_read() {
        for id in [json!("1"), json!(1)] {
            assert_eq!(read(&with("service", id)).upstream_id, "1");
        }
        for (rate, nanos) in [
            (json!(0.9), 900_000_000),
            (json!(1e-7), 100),
            (json!("0.00000000011"), 1),
            (json!(0), 0),
        ] {
            assert_eq!(read(&with("rate", rate)).rate.nanos(), nanos);
        }
        for min in [json!(50), json!("50"), json!(50.0), json!("50.00")] {
            assert_eq!(read(&with("min", min)).quantity.min(), 50);
        }
        assert_eq!(read(&with("min", json!(0))).quantity.min(), 1);
        assert_eq!(
            read(&with("max", json!(99_999_999_999_u64))).quantity.max(),
            QuantityRange::LIMIT
        );
        for flag in [json!(1), json!("1"), json!(true), json!("true")] {
            assert!(read(&with("dripfeed", flag)).dripfeed);
        }
        assert_eq!(
            read(&with("type", json!("custom_comments"))).service_type,
            ServiceType::CustomComments
        );
        assert_eq!(
            read(&with("type", json!(null))).service_type,
            ServiceType::Default
        );
        assert_eq!(
            read(&with("desc", json!("a\r\n\u{0}b"))).description.as_deref(),
            Some("a\nb")
        );
        assert_eq!(read(&with("description", json!(""))).description, None);
    }

    #[test]
    fn a_list_may_be_wrapped_or_lack_rows() {
        for list in [
            json!({"services": [row(1), row(2)]}),
            json!({"services": {"0": row(1), "5": row(2)}}),
            json!({"0": row(1), "5": row(2)}),
        ] {
            assert_eq!(catalogue(&list).unwrap().services.len(), 2, "{list}");
        }
        assert_eq!(catalogue(&json!([])).unwrap().services, []);
        for other in [
            json!({}),
            json!(null),
            json!("x"),
            json!({"services": 1}),
            json!({"message": "hello"}),
        ] {
            assert!(
                matches!(catalogue(&other), Err(PanelError::Unreadable(_))),
                "{other}"
            );
        }
    }

    #[test]
    fn what_rows_say_that_their_prices_are_in_is_kept_if_it_is_a_currency() {
        let list = json!([
            row(1),
            with("currency", json!("usd")),
            with("currency", json!(" INR ")),
            with("currency", json!("$")),
            with("currency", json!(null)),
        ]);
        let said = catalogue(&list).unwrap().currencies;
        let said: Vec<&str> = said.iter().map(Currency::as_str).collect();
        assert_eq!(said, ["INR", "USD"]);
        assert!(catalogue(&json!([row(1)])).unwrap().currencies.is_empty());
    }

    #[test]
    fn rows_that_cannot_be_read_are_reported_beside_the_others() {
        let list = json!([
            row(1),
            "text",
            with("service", json!(null)),
            with("name", json!(" ")),
            with("rate", json!("free")),
            with("rate", json!(-1)),
            with("min", json!(null)),
            with("min", json!(20_000)),
            row(1),
        ]);
        let catalogue = catalogue(&list).unwrap();
        assert_eq!(catalogue.services, [read(&row(1))]);
        let expected = [
            "row 2: not an object",
            "row 3: no id",
            "row 4, service 1: no name",
            "row 5, service 1: the rate is not a price",
            "row 6, service 1: the rate is not a price",
            "row 7, service 1: no minimum and maximum",
            "row 8, service 1: the minimum is above the maximum",
            "service 1: listed twice",
        ];
        assert_eq!(catalogue.unreadable, expected);
    }

    #[test]
    fn at_most_a_hundred_reasons_are_kept() {
        let list: Value = (0..1_000).map(Value::from).collect();
        assert_eq!(catalogue(&list).unwrap().unreadable.len(), UNREADABLE_MAX);
    }
}
