//! JSON from strangers: bounded before a parser sees it.

use serde_json::Value;

/// Deepest nesting accepted.
const DEPTH_MAX: usize = 32;

/// Objects and arrays accepted. Each takes some hundred bytes of memory and as little as two on the wire.
const CONTAINERS_MAX: usize = 60_000;

/// Values accepted, counted by the separators between them.
const VALUES_MAX: usize = 1_500_000;

/// Parses `text`, or says why not. A byte order mark at the start is ignored.
pub(crate) fn parse(text: &str) -> Result<Value, &'static str> {
    let text = text
        .trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
        .trim_end();
    if text.is_empty() {
        return Err("empty");
    }
    check_shape(text.as_bytes())?;
    serde_json::from_str(text).map_err(|_| "not JSON")
}

fn check_shape(text: &[u8]) -> Result<(), &'static str> {
    let (mut depth, mut containers, mut values) = (0_usize, 0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                containers = containers.saturating_add(1);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values = values.saturating_add(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err("nested too deeply");
        }
        if containers > CONTAINERS_MAX || values > VALUES_MAX {
            return Err("too many values");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_and_numbers_of_values_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(DEPTH_MAX + 1)), Err("nested too deeply"));
        assert_eq!(parse(&nested(100_000)), Err("nested too deeply"));
        assert_eq!(
            parse(&format!("[{}[]]", "[],".repeat(CONTAINERS_MAX))),
            Err("too many values")
        );
        assert_eq!(
            parse(&format!("[{}0]", "0,".repeat(VALUES_MAX + 1))),
            Err("too many values")
        );
    }

    #[test]
    fn brackets_inside_strings_do_not_count() {
        let text = format!(r#"{{"a":"\"\\{}"}}"#, "[{,".repeat(1_000_000));
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in ["<html></html>", "{\"order\":", "{} {}", "order=1", "NaN"] {
            assert_eq!(parse(text), Err("not JSON"), "{text}");
        }
        assert_eq!(parse(" \u{feff}"), Err("empty"));
        assert_eq!(parse("\u{feff}{}\n"), Ok(serde_json::json!({})));
    }
}
