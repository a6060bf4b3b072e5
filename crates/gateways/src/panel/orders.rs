//! A panel's list of recent orders. It decides whether a lost order is absent, so a list that may lack a row is no list.

use chrono::DateTime;
use domain::providers::ListedOrder;
use domain::{ProviderOrderId, Timestamp};
use ports::gateway::PanelError;
use serde_json::{Map, Value};

use super::fields;
use super::read::unexpected;

/// Numbers above this are milliseconds: as seconds they would be in the year 5138.
const SECONDS_MAX: u64 = 99_999_999_999;

/// Longest link compared, in bytes; ours are shorter.
const LINK_MAX_BYTES: usize = 4_096;

/// Reads the list; with a reference, only the orders that carry it.
pub(super) fn listed(value: &Value, reference: Option<&str>) -> Result<Vec<ListedOrder>, PanelError> {
    let rows = rows(value).ok_or_else(|| unexpected("the list of orders is not an array"))?;
    let orders: Option<Vec<ListedOrder>> = rows.iter().map(|row| order(row.as_object()?)).collect();
    let orders = orders.ok_or_else(|| unexpected("the list of orders holds a row without an id"))?;
    let Some(reference) = reference else {
        return Ok(orders);
    };
    let was_empty = orders.is_empty();
    let ours: Vec<ListedOrder> = orders
        .into_iter()
        .filter(|order| order.reference.as_deref() == Some(reference))
        .collect();
    if ours.is_empty() && !was_empty {
        // Other orders mean that the panel did not look for the reference, so they do not prove that it is absent.
        return Err(unexpected("the panel listed orders without our reference"));
    }
    Ok(ours)
}

fn rows(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::Array(rows) => Some(rows),
        Value::Object(object) => fields::any(object, &["orders", "data", "list"]).find_map(rows),
        _ => None,
    }
}

fn order(row: &Map<String, Value>) -> Option<ListedOrder> {
    let first = |names: &[&str]| fields::any(row, names).find_map(fields::id);
    let link = fields::any(row, &["link", "url"]).find_map(Value::as_str);
    Some(ListedOrder {
        id: ProviderOrderId::new(first(&["order", "order_id", "id"])?),
        upstream_service: first(&["service", "service_id"]),
        link: link
            .filter(|link| link.len() <= LINK_MAX_BYTES)
            .map(str::to_owned),
        quantity: row.get("quantity").and_then(fields::whole),
        created_at: fields::any(
            row,
            &["created_timestamp", "created_at", "created", "timestamp", "date"],
        )
        .find_map(time),
        reference: fields::any(row, &["request_id", "reference"]).find_map(fields::text),
    })
}

/// Seconds or milliseconds since the epoch, or a time with its zone. A time without a zone says nothing certain.
fn time(value: &Value) -> Option<Timestamp> {
    if let Some(number) = fields::whole(value).filter(|number| *number > 0) {
        let scale = if number > SECONDS_MAX { 1_000 } else { 1_000_000 };
        let micros = i64::try_from(number).ok()?.checked_mul(scale)?;
        return Some(Timestamp::from_micros(micros));
    }
    let time = DateTime::parse_from_rfc3339(value.as_str()?.trim()).ok()?;
    Some(Timestamp::from_micros(time.timestamp_micros()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_with_what_they_have() {
        let list = json!([
            {"order": 5, "service": "12", "link": "https://a.test/p", "quantity": "100", "created": 1_700_000_000,
             "status": "Pending", "request_id": "ref-1"},
            {"id": "API-4", "quantity": null},
        ]);
        let full = ListedOrder {
            id: ProviderOrderId::new("5"),
            upstream_service: Some("12".to_owned()),
            link: Some("https://a.test/p".to_owned()),
            quantity: Some(100),
            created_at: Some(Timestamp::from_micros(1_700_000_000_000_000)),
            reference: Some("ref-1".to_owned()),
        };
        let bare = ListedOrder {
            id: ProviderOrderId::new("API-4"),
            upstream_service: None,
            link: None,
            quantity: None,
            created_at: None,
            reference: None,
        };
        for wrapped in [
            list.clone(),
            json!({"orders": list}),
            json!({"data": {"list": list}}),
        ] {
            assert_eq!(listed(&wrapped, None), Ok(vec![full.clone(), bare.clone()]));
        }
    }

    #[test]
    fn times_are_read_only_if_they_are_certain() {
        let expected = Some(Timestamp::from_micros(1_700_000_000_000_000));
        for certain in [
            json!(1_700_000_000),
            json!("1700000000"),
            json!(1_700_000_000_000_u64),
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14 23:13:20+01:00"),
        ] {
            assert_eq!(time(&certain), expected, "{certain}");
        }
        for uncertain in [
            json!("2023-11-14 22:13:20"),
            json!(0),
            json!(""),
            json!("now"),
            json!(null),
            json!(-5),
        ] {
            assert_eq!(time(&uncertain), None, "{uncertain}");
        }
    }

    #[test]
    fn a_row_without_an_id_spoils_the_list() {
        for list in [
            json!([{"order": 1}, {"order": null}]),
            json!([{"order": 1}, "text"]),
            json!({"a": 1}),
            json!(null),
        ] {
            assert!(
                matches!(listed(&list, None), Err(PanelError::Unreadable(_))),
                "{list}"
            );
        }
        assert_eq!(listed(&json!([]), None), Ok(Vec::new()));
    }

    #[test]
    fn a_panel_that_ignores_the_reference_proves_nothing_by_its_silence() {
        let other = json!([{"order": 1, "request_id": "other"}, {"order": 2}]);
        assert!(matches!(
            listed(&other, Some("ours")),
            Err(PanelError::Unreadable(_))
        ));
        let found = json!([{"order": 1, "request_id": "other"}, {"order": 2, "request_id": "ours"}]);
        assert_eq!(listed(&found, Some("ours")).unwrap().len(), 1);
        assert_eq!(listed(&json!([]), Some("ours")), Ok(Vec::new()));
    }
}
