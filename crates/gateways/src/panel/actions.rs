//! The answers to cancel, refill and balance.

use domain::ProviderOrderId;
use ports::gateway::{PanelBalance, PanelError};
use serde_json::{Map, Value};

use super::fields;
use super::read::unexpected;

/// Words for success where a panel writes one instead of the documented answer.
const SUCCESS: [&str; 3] = ["success", "ok", "true"];

/// Whether the panel took the wish to cancel the order.
pub(super) fn canceled(value: &Value, id: &ProviderOrderId) -> Result<(), PanelError> {
    let row = row_of(value, "order", id.as_str()).ok_or_else(|| unexpected("no answer about the order"))?;
    refused(row, "cancel")?;
    let success = match row.get("cancel") {
        Some(Value::Number(number)) => number.as_u64() != Some(0),
        Some(value) => fields::flag(Some(value)) || is_success(value),
        None => ["status", "ok", "success"]
            .iter()
            .filter_map(|name| row.get(*name))
            .any(is_success),
    };
    if success {
        Ok(())
    } else {
        Err(unexpected("neither canceled nor an error"))
    }
}

/// The panel's id of the refill it took.
pub(super) fn refill_id(value: &Value, id: &ProviderOrderId) -> Result<String, PanelError> {
    let row = row_of(value, "order", id.as_str()).ok_or_else(|| unexpected("no answer about the order"))?;
    refused(row, "refill")?;
    let ids = fields::any(row, &["refill", "refill_id"]);
    let mut nested = ids.map(|value| value.get("refill").or_else(|| value.get("id")).unwrap_or(value));
    nested
        .find_map(fields::id)
        .ok_or_else(|| unexpected("no refill id"))
}

/// The panel's word about a refill.
pub(super) fn refill_word(value: &Value, refill_id: &str) -> Result<String, PanelError> {
    let row = row_of(value, "refill", refill_id).ok_or_else(|| unexpected("no answer about the refill"))?;
    refused(row, "status")?;
    row.get("status")
        .and_then(fields::text)
        .ok_or_else(|| unexpected("no refill status"))
}

/// Our balance as the panel writes it. A panel that names no currency leaves it empty.
pub(super) fn balance(value: &Value) -> Result<PanelBalance, PanelError> {
    let object = value
        .as_object()
        .ok_or_else(|| unexpected("the balance is not an object"))?;
    let amount = object
        .get("balance")
        .and_then(fields::text)
        .ok_or_else(|| unexpected("no balance"))?;
    let currency = object.get("currency").and_then(fields::text).unwrap_or_default();
    Ok(PanelBalance { amount, currency })
}

/// The part of an answer that is about `id`: the row of an array that names it in `name`, the only row of one that
/// names nothing, the value under the id, or the object itself.
fn row_of<'a>(value: &'a Value, name: &str, id: &str) -> Option<&'a Map<String, Value>> {
    let names = |row: &Map<String, Value>| row.get(name).and_then(fields::id);
    match value {
        Value::Array(rows) => {
            let objects = || rows.iter().filter_map(Value::as_object);
            let named = objects().find(|row| names(row).as_deref() == Some(id));
            named.or_else(|| {
                objects()
                    .next()
                    .filter(|row| rows.len() == 1 && names(row).is_none())
            })
        }
        Value::Object(object) => object.get(id).map_or(Some(object), Value::as_object),
        _ => None,
    }
    .filter(|row| !row.is_empty())
}

/// The error of a row, or of the field that may hold one instead of a value.
fn refused(row: &Map<String, Value>, field: &str) -> Result<(), PanelError> {
    let nested = || row.get(field).and_then(Value::as_object).and_then(fields::error);
    match fields::error(row).or_else(nested) {
        Some(error) => Err(PanelError::Refused(fields::shortened(&error))),
        None => Ok(()),
    }
}

fn is_success(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(word) => SUCCESS
            .iter()
            .any(|success| word.trim().eq_ignore_ascii_case(success)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order() -> ProviderOrderId {
        ProviderOrderId::new("9")
    }

    fn is_refused<T>(result: Result<T, PanelError>) -> bool {
        matches!(result, Err(PanelError::Refused(why)) if why == "Incorrect order ID")
    }

    #[test]
    fn a_cancel_is_taken_in_every_dialect() {
        for answer in [
            json!([{"order": 9, "cancel": 1}]),
            json!([{"order": 2, "cancel": {"error": "x"}}, {"order": "9", "cancel": "1"}]),
            json!([{"order": 9, "cancel": true}]),
            json!([{"cancel": 1}]),
            json!({"cancel": 1}),
            json!({"cancel": 80_123}),
            json!({"status": "success"}),
            json!({"ok": "true"}),
            json!({"ok": true}),
            json!({"9": {"cancel": 1}}),
        ] {
            assert_eq!(canceled(&answer, &order()), Ok(()), "{answer}");
        }
    }

    #[test]
    fn a_refused_cancel_is_told_from_an_answer_that_says_nothing() {
        for answer in [
            json!([{"order": 9, "cancel": {"error": "Incorrect order ID"}}]),
            json!([{"order": 9, "error": "Incorrect order ID"}]),
            json!({"9": {"error": "Incorrect order ID"}}),
        ] {
            assert!(is_refused(canceled(&answer, &order())), "{answer}");
        }
        for answer in [
            json!([]),
            json!({}),
            json!([{"order": 8, "cancel": 1}]),
            json!([{"order": 9, "cancel": 0}]),
            json!({"status": "fail"}),
            json!({"cancel": null}),
            json!("success"),
        ] {
            assert!(
                matches!(canceled(&answer, &order()), Err(PanelError::Unreadable(_))),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_refill_has_an_id_in_every_dialect() {
        for answer in [
            json!({"refill": "1"}),
            json!({"refill": 1}),
            json!({"success": "Refill requested", "refill": 1}),
            json!({"refill": {"id": 1}}),
            json!([{"order": 9, "refill": 1}]),
            json!([{"order": 8, "refill": 5}, {"order": "9", "refill": "1"}]),
            json!([{"refill": 1}]),
        ] {
            assert_eq!(refill_id(&answer, &order()).as_deref(), Ok("1"), "{answer}");
        }
        for answer in [
            json!({"refill": {"error": "Incorrect order ID"}}),
            json!([{"order": 9, "refill": {"error": "Incorrect order ID"}}]),
        ] {
            assert!(is_refused(refill_id(&answer, &order())), "{answer}");
        }
        for answer in [
            json!({"refill": 0}),
            json!({"refill": null}),
            json!({"success": "yes"}),
            json!(1),
            json!([]),
        ] {
            assert!(
                matches!(refill_id(&answer, &order()), Err(PanelError::Unreadable(_))),
                "{answer}"
            );
        }
    }

    #[test]
    fn the_word_about_a_refill_is_kept_as_written() {
        for answer in [
            json!({"status": "Completed"}),
            json!([{"refill": 3, "status": "Completed"}]),
            json!([{"refill": 4, "status": "Rejected"}, {"refill": "3", "status": "Completed"}]),
        ] {
            assert_eq!(refill_word(&answer, "3").as_deref(), Ok("Completed"), "{answer}");
        }
        let unknown = json!([{"refill": 3, "status": {"error": "Refill not found"}}]);
        assert_eq!(
            refill_word(&unknown, "3"),
            Err(PanelError::Refused("Refill not found".to_owned()))
        );
    }

    #[test]
    fn a_balance_is_a_text_or_a_number() {
        let read = |answer: Value| balance(&answer).map(|it| (it.amount, it.currency));
        let expected = Ok(("100.84292".to_owned(), "USD".to_owned()));
        assert_eq!(read(json!({"balance": "100.84292", "currency": "USD"})), expected);
        assert_eq!(read(json!({"balance": 100.84292, "currency": "USD"})), expected);
        assert_eq!(read(json!({"balance": -3})), Ok(("-3".to_owned(), String::new())));
        for answer in [
            json!({}),
            json!([]),
            json!({"balance": null}),
            json!({"balance": {}}),
        ] {
            assert!(
                matches!(balance(&answer), Err(PanelError::Unreadable(_))),
                "{answer}"
            );
        }
    }
}
