//! Reading what is on the wire.

use domain::Money;
use serde_json::Value;

/// An amount on the wire in micro-units.
#[track_caller]
pub fn money(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap_or_else(|| panic!("{amount} is no amount"));
    Money::parse(text).expect("an amount is a decimal").micros()
}

/// The value with every date replaced by a word, after a look at its form.
pub fn undated(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), undated(value)))
            .collect(),
        Value::Array(items) => items.iter().map(undated).collect(),
        Value::String(text) if is_date(text) => Value::from("DATE"),
        other => other.clone(),
    }
}

/// Dates have exactly three fraction digits: the web application reads the fraction as milliseconds.
pub fn is_date(text: &str) -> bool {
    let zeros = |c: char| if c.is_ascii_digit() { '0' } else { c };
    text.chars().map(zeros).collect::<String>() == "0000-00-00T00:00:00.000Z"
}

/// A date on the wire in milliseconds since 1970.
#[track_caller]
pub fn millis(date: &Value) -> i64 {
    let text = date.as_str().unwrap_or_else(|| panic!("{date} is no date"));
    let date = text.parse::<chrono::DateTime<chrono::Utc>>().expect("a date");
    date.timestamp_millis()
}

/// The names of an object's fields, in order.
#[track_caller]
pub fn fields(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("{value} is no object"));
    let mut fields: Vec<&str> = object.keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}
