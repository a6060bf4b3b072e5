//! The states of several orders, in whichever shape they come.

use std::collections::HashMap;

use domain::ProviderOrderId;
use domain::providers::UpstreamOrder;
use ports::gateway::{PanelError, StatusAnswer};
use serde_json::{Map, Value};

use super::fields;
use super::read::unexpected;

/// Reads the answer about the orders that were asked for. An order that is missing from it, or about which it says
/// neither a state nor an error, got no answer; others are dropped.
pub(super) fn statuses(
    value: &Value,
    asked: &[ProviderOrderId],
) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError> {
    match (value, asked) {
        (Value::Array(rows), [only]) if rows.len() == 1 => Ok(rows
            .iter()
            .filter_map(|row| bare(row.as_object()?, only))
            .collect()),
        (Value::Array(rows), _) => Ok(rows.iter().filter_map(|row| listed(row, asked)).collect()),
        (Value::Object(object), [only]) if !object.contains_key(only.as_str()) => {
            if object.contains_key("status") {
                Ok(bare(object, only).into_iter().collect())
            } else {
                Ok(HashMap::new())
            }
        }
        (Value::Object(object), _) => {
            let keyed = |id: &ProviderOrderId| Some((id.clone(), answer(object.get(id.as_str())?)?));
            Ok(asked.iter().filter_map(keyed).collect())
        }
        _ => Err(unexpected("the states are neither an object nor an array")),
    }
}

/// The state of the only order asked for, unless it names another one.
fn bare(object: &Map<String, Value>, only: &ProviderOrderId) -> Option<(ProviderOrderId, StatusAnswer)> {
    let same = named(object).is_none_or(|id| id == only.as_str());
    same.then(|| object_answer(object).map(|answer| (only.clone(), answer)))?
}

fn listed(row: &Value, asked: &[ProviderOrderId]) -> Option<(ProviderOrderId, StatusAnswer)> {
    let object = row.as_object()?;
    let id = ProviderOrderId::new(named(object)?);
    asked
        .contains(&id)
        .then(|| object_answer(object).map(|answer| (id, answer)))?
}

fn named(object: &Map<String, Value>) -> Option<String> {
    fields::any(object, &["order", "order_id", "id"]).find_map(fields::id)
}

fn answer(value: &Value) -> Option<StatusAnswer> {
    object_answer(value.as_object()?)
}

fn object_answer(object: &Map<String, Value>) -> Option<StatusAnswer> {
    let status = object.get("status");
    let nested = status.and_then(Value::as_object).and_then(fields::error);
    if let Some(error) = fields::error(object).or(nested) {
        return Some(StatusAnswer::Refused(fields::shortened(&error)));
    }
    Some(StatusAnswer::Reported(UpstreamOrder {
        status: fields::text(status?)?,
        start_count: fields::count(object.get("start_count")),
        remains: fields::count(object.get("remains")),
        charge: object.get("charge").and_then(fields::text),
    }))
}

#[cfg(test)]
mod tests {
    use domain::providers::UpstreamCount;
    use serde_json::json;

    use super::*;

    fn ids(ids: &[&str]) -> Vec<ProviderOrderId> {
        ids.iter().map(|id| ProviderOrderId::new(*id)).collect()
    }

    fn read(value: &Value, asked: &[&str]) -> Vec<(String, StatusAnswer)> {
        let answers = statuses(value, &ids(asked)).unwrap();
        let mut answers: Vec<_> = answers
            .into_iter()
            .map(|(id, answer)| (id.to_string(), answer))
            .collect();
        answers.sort_by(|a, b| a.0.cmp(&b.0));
        answers
    }

    fn words(value: &Value, asked: &[&str]) -> Vec<String> {
        let word = |(id, answer): (String, StatusAnswer)| match answer {
            StatusAnswer::Reported(order) => format!("{id}={}", order.status),
            StatusAnswer::Refused(error) => format!("{id}!{error}"),
        };
        read(value, asked).into_iter().map(word).collect()
    }

    #[test]
    fn the_documented_answers_are_read() {
        let one = json!({"charge": "0.27819", "start_count": "3572", "status": "Partial", "remains": "157", "currency": "USD"});
        let expected = UpstreamOrder {
            status: "Partial".to_owned(),
            start_count: UpstreamCount::Known(3572),
            remains: UpstreamCount::Known(157),
            charge: Some("0.27819".to_owned()),
        };
        assert_eq!(
            read(&one, &["1"]),
            [("1".to_owned(), StatusAnswer::Reported(expected.clone()))]
        );
        let many = json!({"1": one, "10": {"error": "Incorrect order ID"}, "100": {"status": "In progress"}});
        assert_eq!(
            words(&many, &["1", "10", "100"]),
            ["1=Partial", "10!Incorrect order ID", "100=In progress"]
        );
        assert_eq!(words(&many, &["1"]), ["1=Partial"]);
    }

    #[test]
    fn an_array_is_read_by_the_ids_in_it() {
        let rows = json!([
            {"order": 1, "status": "Completed", "charge": 0.1, "remains": 0},
            {"id": "API-2", "status": "Canceled"},
            {"order_id": 3, "error": "Incorrect order ID"},
            {"status": "Canceled"},
            "4",
        ]);
        assert_eq!(
            words(&rows, &["1", "API-2", "3", "4"]),
            ["1=Completed", "3!Incorrect order ID", "API-2=Canceled"]
        );
        assert_eq!(words(&json!([{"status": "Pending"}]), &["7"]), ["7=Pending"]);
        assert!(words(&json!([{"order": 8, "status": "Canceled"}]), &["7"]).is_empty());
    }

    #[test]
    fn an_order_that_was_not_asked_for_is_dropped_and_a_missing_one_has_no_answer() {
        let many = json!({"1": {"status": "Completed"}, "2": {"status": "Canceled"}});
        assert_eq!(words(&many, &["1", "3"]), ["1=Completed"]);
        assert!(words(&many, &["3"]).is_empty());
        assert!(words(&json!({"order": 9, "status": "Canceled"}), &["3"]).is_empty());
        assert!(words(&json!({"status": "Canceled"}), &["1", "2"]).is_empty());
        for empty in [json!({}), json!([])] {
            assert!(words(&empty, &["1", "2"]).is_empty());
            assert!(words(&empty, &["1"]).is_empty());
        }
    }

    #[test]
    fn an_order_without_a_state_has_no_answer() {
        for row in [
            json!({}),
            json!(null),
            json!("Canceled"),
            json!({"status": ""}),
            json!({"status": null}),
            json!([]),
        ] {
            assert!(
                words(&json!({"1": row, "2": row}), &["1", "2"]).is_empty(),
                "{row}"
            );
        }
        let nested = json!({"1": {"status": {"error": "Incorrect order ID"}}});
        assert_eq!(words(&nested, &["1", "2"]), ["1!Incorrect order ID"]);
    }

    #[test]
    fn anything_else_is_unreadable() {
        for value in [json!(null), json!("Completed"), json!(1), json!(true)] {
            assert!(
                matches!(statuses(&value, &ids(&["1"])), Err(PanelError::Unreadable(_))),
                "{value}"
            );
        }
    }
}
