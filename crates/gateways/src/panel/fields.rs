//! Reading single fields of answers, in every type that panels write them in.

use domain::ProviderOrderId;
use domain::providers::UpstreamCount;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Number, Value};

use crate::redact::REDACTED;

/// Longest word, error or name kept, in characters.
const TEXT_MAX_CHARS: usize = 500;

/// The values of those of `names` that `object` has, in the order of `names`.
pub(super) fn any<'a>(object: &'a Map<String, Value>, names: &'a [&str]) -> impl Iterator<Item = &'a Value> {
    names.iter().filter_map(|name| object.get(*name))
}

/// An id as text. Zero, null, negative and fractional numbers, placeholders and the empty text identify nothing.
pub(super) fn id(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    is_id(&id).then_some(id)
}

/// Whether `id` can stand for an order, also in a list separated by commas.
pub(super) fn is_id(id: &str) -> bool {
    ProviderOrderId::parse(id).is_some() && !id.contains(REDACTED)
}

/// A text or number as trimmed text without control characters; `None` if it holds nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(shortened(text)).filter(|text| !text.is_empty()),
        Value::Number(number) => decimal_text(number),
        _ => None,
    }
}

/// `text` on one line and no longer than the limit.
pub(super) fn shortened(text: &str) -> String {
    let one_line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    one_line.take(TEXT_MAX_CHARS).collect()
}

/// The error of an object, in full; `None` if it says that there is none.
pub(super) fn error(object: &Map<String, Value>) -> Option<String> {
    let error = object.get("error")?;
    let none = match error {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    let words = || {
        error
            .as_str()
            .map_or_else(|| error.to_string(), |text| text.trim().to_owned())
    };
    (!none).then(words)
}

/// A switch: `true`, `1` or a word for it. Everything else, and nothing, is off.
pub(super) fn flag(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(on)) => *on,
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        Some(Value::String(word)) => ["1", "true", "yes", "on"]
            .iter()
            .any(|on| word.trim().eq_ignore_ascii_case(on)),
        _ => false,
    }
}

/// A count that must not be guessed: anything but a whole number at or above zero is kept for people. So is what nobody counts
/// to and no database holds, such as the -1 of whoever has no sign.
pub(super) fn count(value: Option<&Value>) -> UpstreamCount {
    let text = match value {
        None | Some(Value::Null) => return UpstreamCount::Absent,
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => other.to_string(),
    };
    let placeholder = ["", "unknown", "n/a", "null", "-"];
    if placeholder.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return UpstreamCount::Absent;
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(count) if digits && i64::try_from(count).is_ok() => UpstreamCount::Known(count),
        _ => UpstreamCount::Invalid(shortened(&text)),
    }
}

/// A whole number at or above zero, as a number or text, with or without a fraction of zero.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let number = Decimal::from_str_exact(&text(value)?).ok()?;
    number.is_integer().then(|| number.to_u64()).flatten()
}

/// A number in plain notation: JSON may write `1e-7`.
fn decimal_text(number: &Number) -> Option<String> {
    let text = number.to_string();
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(&text)
            .ok()
            .map(|decimal| decimal.to_string());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_known_absent_or_for_people() {
        for known in [json!(157), json!("157"), json!(" 157 "), json!("0157")] {
            assert_eq!(count(Some(&known)), UpstreamCount::Known(157), "{known}");
        }
        for absent in [
            json!(null),
            json!(""),
            json!(" "),
            json!("Unknown"),
            json!("unknown"),
            json!("N/A"),
        ] {
            assert_eq!(count(Some(&absent)), UpstreamCount::Absent, "{absent}");
        }
        assert_eq!(count(None), UpstreamCount::Absent);
        assert_eq!(
            count(Some(&json!(i64::MAX))),
            UpstreamCount::Known(i64::MAX.unsigned_abs())
        );
        for invalid in [
            json!(u64::MAX),
            json!("9223372036854775808"),
            json!(-1),
            json!("-1"),
            json!(12.0),
            json!("12.0"),
            json!("1,000"),
            json!("+5"),
            json!("many"),
            json!(true),
            json!([1]),
            json!("99999999999999999999"),
            json!(1e20),
        ] {
            assert!(
                matches!(count(Some(&invalid)), UpstreamCount::Invalid(_)),
                "{invalid}"
            );
        }
    }

    #[test]
    fn switches_are_read_in_every_type() {
        for on in [
            json!(true),
            json!(1),
            json!("1"),
            json!("true"),
            json!("True"),
            json!("yes"),
        ] {
            assert!(flag(Some(&on)), "{on}");
        }
        for off in [
            json!(false),
            json!(0),
            json!("0"),
            json!("false"),
            json!(""),
            json!(null),
            json!({}),
        ] {
            assert!(!flag(Some(&off)), "{off}");
        }
        assert!(!flag(None));
    }

    #[test]
    fn numbers_are_texts_in_plain_notation() {
        assert_eq!(text(&json!(0.000_000_1)).as_deref(), Some("0.0000001"));
        assert_eq!(text(&json!(0.27819)).as_deref(), Some("0.27819"));
        assert_eq!(text(&json!(" 0.90\n")).as_deref(), Some("0.90"));
        assert_eq!(text(&json!("")), None);
        assert_eq!(text(&json!("a\u{0}b")).as_deref(), Some("a b"));
        assert_eq!(text(&json!("x".repeat(10_000))).unwrap().len(), TEXT_MAX_CHARS);
        assert_eq!(whole(&json!("10000")), Some(10_000));
        assert_eq!(whole(&json!(100.0)), Some(100));
        for not_whole in [json!(1.5), json!(-1), json!("ten"), json!(null), json!(1e40)] {
            assert_eq!(whole(&not_whole), None, "{not_whole}");
        }
    }
}
