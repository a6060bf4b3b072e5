//! Texts and values that nobody expects.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What has broken programs before.
const INFAMOUS: [&str; 22] = [
    "",
    "\0",
    "a\0b",
    "' OR 1=1 --",
    "../../../../etc/passwd",
    "%00",
    "%ff%fe",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\u{202e}abc",
    "\u{feff}",
    "a\u{301}\u{301}\u{301}\u{301}",
    "İ",
    "ß",
    "9223372036854775807",
    "-9223372036854775808",
    "340282366920938463463374607431768211456",
    "1e400",
    "-0",
    "NaN",
    "2026-11-21T09:00:00.000Z",
    "javascript:alert(1)",
];

/// Any text.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => select(&INFAMOUS[..]).prop_map(str::to_owned),
        3 => any::<String>(),
        2 => "[a-zA-Z0-9]{0,40}",
        1 => "[0-9]{1,25}",
        1 => "[^@]{1,20}@[^@]{1,20}",
        1 => (1_usize..6_000).prop_map(|length| "x".repeat(length)),
    ]
    .boxed()
}

/// Any bytes.
pub fn bytes() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        text().prop_map(String::into_bytes),
        vec(any::<u8>(), 0..200),
        vec(32_u8..127, 0..200),
    ]
    .boxed()
}

/// A text that stands for itself in an address, or does not.
pub fn in_address() -> BoxedStrategy<String> {
    prop_oneof![
        4 => text().prop_map(|text| encoded(&text)),
        1 => vec(any::<u8>(), 0..30).prop_map(|bytes| bytes.iter().map(|byte| format!("%{byte:02x}")).collect()),
        1 => "[!-~]{0,30}".prop_map(|text| text.replace(['/', '?', '#'], "")),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        2 => (0_i64..5).prop_map(|number| number.to_string()),
    ]
    .boxed()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .take(3_000)
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Any value.
pub fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        select(vec![0_i64, 1, -1, 2]).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            hash_map(text(), inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
    .boxed()
}

/// The text of a value, and now and then what is almost one.
pub fn spelled(value: BoxedStrategy<Value>) -> BoxedStrategy<Vec<u8>> {
    let sound = value.prop_map(|value| value.to_string().into_bytes());
    prop_oneof![
        12 => sound.clone(),
        2 => (sound.clone(), any::<usize>(), any::<u8>()).prop_map(|(mut text, place, byte)| {
            let place = place % text.len().max(1);
            if let Some(there) = text.get_mut(place) {
                *there = byte;
            }
            text
        }),
        1 => (sound.clone(), any::<usize>()).prop_map(|(mut text, length)| {
            text.truncate(length % text.len().max(1));
            text
        }),
        1 => sound.prop_map(|text| [&text[..text.len() - 1], b",", &text[1..]].concat()),
        1 => (1_usize..3_000).prop_map(|depth| ["[".repeat(depth), "]".repeat(depth)].concat().into_bytes()),
        1 => (1_usize..3_000).prop_map(|depth| r#"{"a":"#.repeat(depth).into_bytes()),
        1 => Just(br#"{"email":"\ud800","password":"\udfff"}"#.to_vec()),
        1 => bytes(),
    ]
    .boxed()
}
