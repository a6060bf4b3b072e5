//! The fields of a request, whichever way they were sent.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields one request may have.
const MAX_FIELDS: usize = 64;

/// The fields of a request by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads the query and the body; fields of the body win.
    ///
    /// The body is JSON when it is labelled so or starts with a brace, else a form. What cannot be read is
    /// ignored, as panels do; the missing field is then complained about.
    pub fn read(query: Option<&str>, content_type: Option<&str>, body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        if let Some(query) = query {
            fields.extend(form(query.as_bytes()));
        }
        let labelled = content_type.is_some_and(|kind| kind.contains("json"));
        let braced = body.trim_ascii_start().first() == Some(&b'{');
        if labelled || braced {
            fields.extend(object(body));
        } else {
            fields.extend(form(body));
        }
        Self(fields)
    }

    /// The trimmed value of a field, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The field as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// How many non-empty lines the field has.
    pub fn lines(&self, name: &str) -> u64 {
        let count = self.get(name).map_or(0, |text| {
            text.split(['\r', '\n'])
                .filter(|line| !line.trim().is_empty())
                .count()
        });
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The comma-separated values of the field.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').map(str::trim).collect())
    }

    /// Every field by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
    fields.truncate(MAX_FIELDS);
    fields
}

fn object(bytes: &[u8]) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
        return Vec::new();
    };
    fields
        .into_iter()
        .take(MAX_FIELDS)
        .filter_map(|(name, value)| {
            let separator = if matches!(name.as_str(), "orders" | "refills") {
                ","
            } else {
                "\n"
            };
            Some((name, text(value, separator)?))
        })
        .collect()
}

fn text(value: Value, separator: &str) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let parts: Vec<String> = items
                .into_iter()
                .filter_map(|item| text(item, separator))
                .collect();
            Some(parts.join(separator))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_json_and_queries_are_understood_alike() {
        let form = Params::read(None, None, b"action=add&quantity=5&link=a%26b");
        let json = Params::read(
            None,
            Some("application/json"),
            br#"{"action":"add","quantity":5,"link":"a&b"}"#,
        );
        let query = Params::read(Some("action=add&quantity=5&link=a%26b"), None, b"");
        assert_eq!(form, json);
        assert_eq!(form, query);
        assert_eq!(form.number("quantity"), Some(5));
        assert_eq!(form.get("link"), Some("a&b"));
    }

    #[test]
    fn the_body_wins_over_the_query() {
        let params = Params::read(Some("action=add&x=1"), None, b"action=balance");
        assert_eq!(params.get("action"), Some("balance"));
        assert_eq!(params.get("x"), Some("1"));
    }

    #[test]
    fn lists_may_be_json_arrays_or_commas() {
        let json = Params::read(None, None, br#" {"orders":[1,"2"],"comments":["a","b"]}"#);
        assert_eq!(json.list("orders"), Some(vec!["1", "2"]));
        assert_eq!(json.lines("comments"), 2);
        let form = Params::read(None, None, b"orders=1,%202&comments=a%0D%0A%0D%0A%20%0Db");
        assert_eq!(form.list("orders"), Some(vec!["1", "2"]));
        assert_eq!(form.lines("comments"), 2);
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        assert_eq!(
            Params::read(None, Some("application/json"), b"{"),
            Params::default()
        );
        assert_eq!(
            Params::read(None, None, b"\xff\xfe"),
            Params::read(None, None, b"%FF%FE")
        );
    }
}
