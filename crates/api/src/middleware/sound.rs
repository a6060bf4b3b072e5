//! What no sound request holds: NUL characters, which PostgreSQL cannot store, bytes that are no text, and two fields of one
//! name, of which one reader takes the first and another the last.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value without any of that; what it is, is not kept.
pub struct SoundJson;

impl<'de> Deserialize<'de> for SoundJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sound)
    }
}

struct Sound;

impl<'de> Visitor<'de> for Sound {
    type Value = SoundJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without NUL characters and without two fields of one name")
    }

    fn visit_unit<E>(self) -> Result<SoundJson, E> {
        Ok(SoundJson)
    }

    fn visit_bool<E>(self, _: bool) -> Result<SoundJson, E> {
        Ok(SoundJson)
    }

    fn visit_i64<E>(self, _: i64) -> Result<SoundJson, E> {
        Ok(SoundJson)
    }

    fn visit_u64<E>(self, _: u64) -> Result<SoundJson, E> {
        Ok(SoundJson)
    }

    fn visit_f64<E>(self, _: f64) -> Result<SoundJson, E> {
        Ok(SoundJson)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SoundJson, E> {
        if text.contains('\0') {
            return Err(E::custom("a text holds a NUL character"));
        }
        Ok(SoundJson)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SoundJson, A::Error> {
        while items.next_element::<SoundJson>()?.is_some() {}
        Ok(SoundJson)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<SoundJson, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            Sound.visit_str::<A::Error>(&name)?;
            fields.next_value::<SoundJson>()?;
            if !names.insert(name) {
                return Err(A::Error::custom("two fields have one name"));
            }
        }
        Ok(SoundJson)
    }
}

/// Whether a path or query is text without NUL characters once it is decoded.
pub fn is_sound_address(encoded: &str) -> bool {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        let digits = rest.first_chunk::<2>().filter(|_| *first == b'%');
        match digits.and_then(|digits| hex(*digits)) {
            Some(byte) => {
                decoded.push(byte);
                bytes = rest.get(2..).unwrap_or_default();
            }
            None => decoded.push(*first),
        }
    }
    std::str::from_utf8(&decoded).is_ok_and(|text| !text.contains('\0'))
}

fn hex([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sound(json: &str) -> bool {
        serde_json::from_str::<SoundJson>(json).is_ok()
    }

    #[test]
    fn nul_and_two_fields_of_one_name_are_found_however_deep_they_are() {
        for good in [
            r#"{"a":[1,-1,1.5,1e300,"x",null,true,{"a":{}}],"b":"\\u0000"}"#,
            r#""text""#,
            "18446744073709551615",
        ] {
            assert!(is_sound(good), "{good}");
        }
        for bad in [
            r#"{"a":"\u0000"}"#,
            r#"[[[{"b":["a\u0000b"]}]]]"#,
            r#"{"\u0000":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"[{"a":{"b":1,"c":2,"\u0062":3}}]"#,
        ] {
            assert!(!is_sound(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_text_once_it_is_decoded() {
        for good in ["/api/v1/services?x=%C3%A9&y=100%25&z=%", "/a%2", "/a%zz", ""] {
            assert!(is_sound_address(good), "{good}");
        }
        for bad in ["/a%00", "/a?b=%00c", "/a?b=%ff", "/%c3", "/%C0%AF", "/%ED%A0%80"] {
            assert!(!is_sound_address(bad), "{bad}");
        }
    }
}
