//! What was observed of a submission. What it proves is decided elsewhere.

use domain::providers::{AddAnswer, AddBody};
use serde_json::Value;

use super::fields;
use super::read::Reading;
use crate::http::CallError;

/// The observation behind a call's result.
pub(super) fn observed(result: Result<Reading, CallError>) -> AddAnswer {
    match result {
        Ok(reading) => AddAnswer::Answered {
            status: reading.status,
            body: reading.json().map_or(AddBody::NotAnObject, |value| body(&value)),
            excerpt: reading.excerpt(),
        },
        Err(CallError::Forbidden(refused)) => AddAnswer::NotSent {
            why: format!("the address is not allowed: {refused}"),
        },
        Err(CallError::NotSent(why)) => AddAnswer::NotSent { why },
        Err(CallError::Broken(why)) => AddAnswer::Broken { why },
    }
}

fn body(value: &Value) -> AddBody {
    value
        .as_object()
        .map_or(AddBody::NotAnObject, |object| AddBody::Object {
            order: fields::any(object, &["order", "order_id"]).find_map(fields::id),
            error: fields::error(object),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(order: Option<&str>, error: Option<&str>) -> AddBody {
        AddBody::Object {
            order: order.map(str::to_owned),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn an_order_id_is_read_however_it_is_written() {
        for (answer, id) in [
            (json!({"order": 23501}), "23501"),
            (json!({"order": "23501"}), "23501"),
            (json!({"order": "API100025"}), "API100025"),
            (json!({"order_id": 7}), "7"),
            (json!({"order": null, "order_id": "7"}), "7"),
            (json!({"status": "success", "order": 151}), "151"),
            (json!({"order": 9, "error": null}), "9"),
            (json!({"order": 9, "error": ""}), "9"),
            (json!({"order": 9, "error": false}), "9"),
            (json!({"order": 9_007_199_254_740_993_u64}), "9007199254740993"),
        ] {
            assert_eq!(body(&answer), object(Some(id), None), "{answer}");
        }
    }

    #[test]
    fn what_identifies_nothing_is_no_order_id() {
        for order in [
            json!(0),
            json!("0"),
            json!("00"),
            json!(""),
            json!("  "),
            json!(null),
            json!("null"),
            json!("undefined"),
            json!(false),
            json!(true),
            json!(-1),
            json!("-1"),
            json!(1.5),
            json!(1e300),
            json!([1]),
            json!({"id": 1}),
            json!("***"),
            json!("1,2"),
            json!("1 2"),
            json!("x".repeat(65)),
        ] {
            assert_eq!(body(&json!({"order": order})), object(None, None), "{order}");
        }
    }

    #[test]
    fn an_error_is_read_beside_an_order_and_in_any_shape() {
        assert_eq!(
            body(&json!({"error": "Bad link", "order": 5})),
            object(Some("5"), Some("Bad link"))
        );
        assert_eq!(
            body(&json!({"error": ["Bad link"]})),
            object(None, Some(r#"["Bad link"]"#))
        );
        assert_eq!(
            body(&json!({"error": {"message": "Bad"}})),
            object(None, Some(r#"{"message":"Bad"}"#))
        );
        assert_eq!(body(&json!({"error": true})), object(None, Some("true")));
    }

    #[test]
    fn what_is_not_an_object_holds_no_order() {
        for value in [
            json!([{"order": 1}]),
            json!(151),
            json!("151"),
            json!(null),
            json!(true),
        ] {
            assert_eq!(body(&value), AddBody::NotAnObject, "{value}");
        }
    }
}
