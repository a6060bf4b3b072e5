//! Fields that clients send now as numbers and now as text.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// What is wrong with a number that is not whole.
pub const NOT_WHOLE: &str = "must be a whole number";
/// What is wrong with a whole number below zero.
pub const NEGATIVE: &str = "must not be negative";
/// What is wrong with what is neither a text nor a number.
pub const NO_TEXT: &str = "must be a text or a number";

/// What the document says of a field that [`text_or_number`] or [`decimal_text`] reads.
pub struct TextOrNumber;

impl utoipa::PartialSchema for TextOrNumber {
    fn schema() -> RefOr<Schema> {
        either([Type::String, Type::Number], "A text, or a number.", json!("1"))
    }
}

impl ToSchema for TextOrNumber {}

/// What the document says of a field that [`whole_number`] reads.
pub struct WholeNumber;

impl utoipa::PartialSchema for WholeNumber {
    fn schema() -> RefOr<Schema> {
        either(
            [Type::Integer, Type::String],
            "A whole number, or one as text.",
            json!(100),
        )
    }
}

impl ToSchema for WholeNumber {}

fn either(types: [Type; 2], description: &str, example: Value) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(SchemaType::from_iter(types));
    object.description(Some(description)).examples([example]).into()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Whole(u64),
    Fraction(f64),
    Text(String),
}

/// A text, or a number as text.
///
/// # Errors
/// Anything else.
pub fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(
        match Either::deserialize(deserializer).map_err(|_| D::Error::custom(NO_TEXT))? {
            Either::Whole(number) => number.to_string(),
            Either::Fraction(number) => plain(number),
            Either::Text(text) => text,
        },
    )
}

/// A plain decimal, sent as number or as text. Whoever parses it says whether it is one.
///
/// # Errors
/// Anything but a number or a text.
pub fn decimal_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text_or_number(deserializer).map(|text| text.trim().to_owned())
}

/// A whole number at or above zero, sent as number or as text.
///
/// # Errors
/// Anything else, fractions too.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match Either::deserialize(deserializer).map_err(|_| D::Error::custom(NOT_WHOLE))? {
        Either::Whole(number) => Ok(number),
        Either::Fraction(number) => whole(&plain(number)).map_err(D::Error::custom),
        Either::Text(text) => whole(text.trim()).map_err(D::Error::custom),
    }
}

fn whole(text: &str) -> Result<u64, &'static str> {
    let is_negative = text.starts_with('-');
    text.parse()
        .map_err(|_| if is_negative { NEGATIVE } else { NOT_WHOLE })
}

/// A field that tells `null` from being left out, which `#[serde(default)]` makes `None`.
///
/// # Errors
/// As those of the value.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Without an exponent, and as short as reads back equal.
fn plain(number: f64) -> String {
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole_number")] u64);

    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "text_or_number")] String);

    #[test]
    fn whole_numbers_may_be_written_as_text_but_never_with_a_fraction() {
        let whole = |value| serde_json::from_value::<Whole>(value).map(|it| it.0).ok();
        assert_eq!(whole(json!(50)), Some(50));
        assert_eq!(whole(json!(50.0)), Some(50));
        assert_eq!(whole(json!(" 50 ")), Some(50));
        for wrong in [
            json!(1.5),
            json!("1.5"),
            json!(-1),
            json!("x"),
            json!(null),
            json!(1e30),
        ] {
            assert_eq!(whole(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_become_text_without_an_exponent() {
        let text = |value| serde_json::from_value::<Text>(value).unwrap().0;
        assert_eq!(text(json!(7)), "7");
        assert_eq!(text(json!(0.9)), "0.9");
        assert_eq!(text(json!(1e-9)), "0.000000001");
        assert_eq!(text(json!("abc")), "abc");
    }
}
