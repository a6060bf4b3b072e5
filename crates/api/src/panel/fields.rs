//! What scripts send: as a form, as JSON, as multipart, or in the address.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use domain::Secret;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lists::{Lists, Misplaced, between, member};
use super::multipart;

/// More fields than any action has.
const FIELDS_MAX: usize = 64;
/// What is to be written, one comment a line.
pub const COMMENTS: &str = "comments";
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// In which form a body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Nothing,
    Pairs,
    Json,
    Multipart,
}

/// What was sent, by name. It has no `Debug`: it holds the key.
#[derive(Default)]
pub struct Fields(BTreeMap<String, String>);

/// Why what was sent cannot be read, in words for its sender.
pub type Unreadable = String;

impl Fields {
    /// Reads the body, and the address for what is not in the body.
    pub fn read(request: &HttpRequest, body: &[u8]) -> Result<(Self, Form), Unreadable> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let form = form_of(content_type, body);
        let mut fields = match form {
            Form::Nothing => Self::default(),
            Form::Pairs => pairs(url::form_urlencoded::parse(body))?,
            Form::Json => json(body)?,
            Form::Multipart => pairs(multipart::parts(content_type, body)?.into_iter())?,
        };
        let query = pairs(url::form_urlencoded::parse(request.query_string().as_bytes()))?;
        for (name, value) in query.0 {
            fields.0.entry(name).or_insert(value);
        }
        Ok((fields, form))
    }

    /// A field, trimmed. An empty one is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// The key, also where clients for other interfaces put it.
    pub fn key(&self, request: &HttpRequest) -> Option<Secret> {
        let header = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let bearer = || {
            let (scheme, token) = header(&AUTHORIZATION)?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        };
        let key = self.text("key").or_else(bearer).or_else(|| header(&X_API_KEY));
        key.map(Secret::new)
    }
}

/// Some clients name no type or a wrong one, so what begins like an object is JSON.
fn form_of(content_type: &str, body: &[u8]) -> Form {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match first {
        None => Form::Nothing,
        Some(_) if kind.eq_ignore_ascii_case("multipart/form-data") => Form::Multipart,
        Some(b'{') => Form::Json,
        Some(_) if kind.eq_ignore_ascii_case("application/json") => Form::Json,
        Some(_) => Form::Pairs,
    }
}

/// A name twice in one place means two things at once. Members of lists are the exception; all of them are one field.
fn pairs<N: AsRef<str>, V: Into<String> + AsRef<str>>(
    pairs: impl Iterator<Item = (N, V)>,
) -> Result<Fields, Unreadable> {
    let (mut fields, mut lists) = (Fields::default(), Lists::default());
    for (name, value) in pairs {
        let name = name.as_ref();
        match member(name) {
            Some((list, Some(place))) => {
                let put = lists.put(list, place, value.into());
                put.map_err(|misplaced| match misplaced {
                    Misplaced::Full => too_many(),
                    Misplaced::Taken => twice(name),
                })?;
            }
            Some((list, None)) if fields.0.contains_key(list) => {
                if let Some(earlier) = fields.0.get_mut(list) {
                    earlier.push_str(between(list));
                    earlier.push_str(value.as_ref());
                }
            }
            Some((list, None)) => fields.put(list, value.into())?,
            None => fields.put(name, value.into())?,
        }
    }
    for (list, joined) in lists.joined() {
        fields.put(&list, joined)?;
    }
    Ok(fields)
}

impl Fields {
    fn put(&mut self, name: &str, value: String) -> Result<(), Unreadable> {
        if self.0.len() >= FIELDS_MAX {
            return Err(too_many());
        }
        match self.0.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(twice(name)),
        }
    }
}

fn too_many() -> Unreadable {
    "there are too many fields".to_owned()
}

fn twice(name: &str) -> Unreadable {
    format!("{} is given twice", shown(name))
}

/// A name as it may be repeated to its sender.
fn shown(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    if name.contains("smm_guru") {
        "a field".to_owned()
    } else {
        name
    }
}

fn json(body: &[u8]) -> Result<Fields, Unreadable> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = reader.deserialize_map(Object).and_then(|read| {
        reader.end()?;
        Ok(read)
    });
    match read {
        Ok(Ok(fields)) => Ok(fields),
        Ok(Err(problem)) => Err(problem),
        Err(_) => Err("the body is no JSON object of plain fields".to_owned()),
    }
}

/// Reads an object by hand: the usual way keeps the last of two fields with one name and says nothing.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Result<Fields, Unreadable>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Ok(Fields::default());
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Plain(between(&name)))?;
            fields = fields.and_then(|mut fields: Fields| {
                if let Some(value) = value {
                    fields.put(&name, value)?;
                }
                Ok(fields)
            });
        }
        Ok(fields)
    }
}

/// A text, a number as text, or a list of them with this between. Null is nothing.
#[derive(Clone, Copy)]
struct Plain(&'static str);

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a list of them")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    /// Without an exponent, and as short as reads back equal.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(format!("{value}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.extend(value);
        }
        Ok(Some(values.join(self.0)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(A::Error::custom("an object in an object"))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(content_type: &str, query: &str, body: &str) -> Result<(Fields, Form), Unreadable> {
        let request = TestRequest::post().uri(&format!("/api/v2{query}"));
        let request = request
            .insert_header((CONTENT_TYPE, content_type))
            .to_http_request();
        Fields::read(&request, body.as_bytes())
    }

    fn problem(content_type: &str, query: &str, body: &str) -> Unreadable {
        match read(content_type, query, body) {
            Ok(_) => panic!("{body} can be read"),
            Err(problem) => problem,
        }
    }

    const PAIRS: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    #[test]
    fn every_form_says_the_same_and_the_body_wins() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nadd\r\n--b\r\n\
            content-disposition: form-data; name=\"quantity\"\r\n\r\n100\r\n--b--\r\n";
        for (content_type, body, form) in [
            (PAIRS, "action=add&quantity=100", Form::Pairs),
            ("", "action=add&quantity=100", Form::Pairs),
            ("text/plain", "action=add&quantity=100", Form::Pairs),
            (JSON, r#"{"action":"add","quantity":100,"runs":null}"#, Form::Json),
            (PAIRS, r#" {"action":"add","quantity":"100"}"#, Form::Json),
            ("multipart/form-data; boundary=b", multipart, Form::Multipart),
        ] {
            let (fields, read_as) = read(content_type, "?quantity=5&link=x%20y", body).unwrap();
            assert_eq!(read_as, form, "{body}");
            assert_eq!(fields.text("action"), Some("add"), "{body}");
            assert_eq!(fields.text("quantity"), Some("100"), "{body}");
            assert_eq!(fields.text("link"), Some("x y"), "{body}");
            assert_eq!(fields.text("runs"), None, "{body}");
        }
        let (fields, form) = read("", "?action=balance", "").unwrap();
        assert_eq!((fields.text("action"), form), (Some("balance"), Form::Nothing));
    }

    #[test]
    fn lists_come_in_every_spelling() {
        for (content_type, body) in [
            (PAIRS, "orders=1,2"),
            (PAIRS, "orders[]=1&orders%5B%5D=2"),
            (PAIRS, "orders%5B0%5D=1&orders%5B1%5D=2"),
            (PAIRS, "orders[10]=2&orders[9]=1"),
            (JSON, r#"{"orders":[1,"2"]}"#),
        ] {
            let (fields, _) = read(content_type, "", body).unwrap();
            assert_eq!(fields.text("orders"), Some("1,2"), "{body}");
        }
    }

    #[test]
    fn comments_that_are_a_list_are_lines_and_keep_their_commas() {
        for (content_type, body) in [
            (PAIRS, "comments=yes%2C+so+good%0D%0A1%2C2"),
            (PAIRS, "comments[]=yes,+so+good&comments[]=1,2"),
            (PAIRS, "comments[1]=1,2&comments[0]=yes,+so+good"),
            (JSON, r#"{"comments":["yes, so good","1,2"]}"#),
            (JSON, r#"{"comments":"yes, so good\n1,2"}"#),
        ] {
            let (fields, _) = read(content_type, "", body).unwrap();
            let comments = fields.text("comments").map(|text| text.replace('\r', ""));
            assert_eq!(comments.as_deref(), Some("yes, so good\n1,2"), "{body}");
        }
    }

    #[test]
    fn two_meanings_at_once_are_refused() {
        for (content_type, body) in [
            (PAIRS, "quantity=1&quantity=2"),
            (JSON, r#"{"quantity":1,"quantity":2}"#),
            (JSON, r#"{"quantity":1,"quantity":null,"quantity":1}"#),
        ] {
            assert_eq!(
                problem(content_type, "", body),
                "quantity is given twice",
                "{body}"
            );
        }
        assert_eq!(problem("", "?a=1&a=1", ""), "a is given twice");
        for body in ["a=1&a[0]=1", "a[0]=1&a=1", "a[]=1&a[0]=1"] {
            assert_eq!(problem(PAIRS, "", body), "a is given twice", "{body}");
        }
        assert_eq!(problem(PAIRS, "", "a[0]=1&a[00]=1"), "a[00] is given twice");
        let many: Vec<_> = (0..=FIELDS_MAX).map(|n| format!("f{n}=1")).collect();
        assert_eq!(problem(PAIRS, "", &many.join("&")), "there are too many fields");
        let lists: Vec<_> = (0..=FIELDS_MAX).map(|n| format!("f{n}[0]=1")).collect();
        assert_eq!(problem(PAIRS, "", &lists.join("&")), "there are too many fields");
        let list: Vec<_> = (0..=FIELDS_MAX).map(|n| format!("orders[{n}]=1")).collect();
        assert!(read(PAIRS, "", &list.join("&")).is_ok(), "a list is one field");
    }

    #[test]
    fn what_is_no_object_of_plain_fields_is_refused_without_repeating_it() {
        for body in [
            "{",
            r#"{"a":{"b":1}}"#,
            r#"{"a":1} {}"#,
            r#"{"a":1e999}"#,
            "{\"a\":NaN}",
            "[1]",
        ] {
            let told = problem(JSON, "", body);
            assert_eq!(told, "the body is no JSON object of plain fields", "{body}");
        }
        assert_eq!(
            problem(PAIRS, "", "smm_guru_live_x=1&smm_guru_live_x=1"),
            "a field is given twice"
        );
    }

    #[test]
    fn the_key_may_come_in_a_header_and_a_field_wins() {
        let request = |header: (&'static str, &'static str)| {
            TestRequest::post()
                .uri("/api/v2")
                .insert_header(header)
                .to_http_request()
        };
        let key = |request: &HttpRequest, body: &str| {
            let (fields, _) = Fields::read(request, body.as_bytes()).unwrap();
            fields.key(request).map(|key| key.reveal().to_owned())
        };
        assert_eq!(
            key(&request(("authorization", "bearer one")), ""),
            Some("one".to_owned())
        );
        assert_eq!(key(&request(("x-api-key", "two")), ""), Some("two".to_owned()));
        assert_eq!(
            key(&request(("x-api-key", "two")), "key=three"),
            Some("three".to_owned())
        );
        assert_eq!(key(&request(("authorization", "Basic eDp5")), ""), None);
    }
}
