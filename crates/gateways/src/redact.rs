//! Keeping a key out of every text that comes back: panels like to quote it in their errors.

use std::borrow::Cow;
use std::fmt::Write as _;

use domain::Secret;

/// What stands in place of a key.
pub(crate) const REDACTED: &str = "***";

/// A shorter key is not looked for, in characters: it is a word, and no panel gives one out. Blanking a word such as
/// `key` would make ordinary errors unreadable.
const KEY_MIN_CHARS: usize = 6;

/// Finds one key in any mixture of its spellings: as it is, percent-encoded, and escaped for JSON.
pub(crate) struct Redactor {
    /// For every character of the key the ways it may be written.
    spellings: Vec<Vec<Vec<u8>>>,
}

impl Redactor {
    pub(crate) fn new(key: &Secret) -> Self {
        let key = key.reveal().trim();
        let long_enough = key.chars().count() >= KEY_MIN_CHARS;
        Self {
            spellings: if long_enough {
                key.chars().map(spellings).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// `text` with every occurrence of the key replaced by [`REDACTED`].
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = String::new();
        let (mut copied, mut at) = (0, 0);
        while at < text.len() {
            match self.end_of_key(text.as_bytes(), at) {
                Some(end) => {
                    clean.push_str(text.get(copied..at).unwrap_or_default());
                    clean.push_str(REDACTED);
                    (copied, at) = (end, end);
                }
                None => at = at.saturating_add(1),
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(text.get(copied..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// Where an occurrence of the key that begins at `start` ends. All readings are followed at once, because `%25` may
    /// be a percent sign or the three characters.
    fn end_of_key(&self, text: &[u8], start: usize) -> Option<usize> {
        let (first, rest) = self.spellings.split_first()?;
        let mut ends = ends_of(text, start, first).collect::<Vec<_>>();
        for spellings in rest {
            if ends.is_empty() {
                return None;
            }
            let mut next: Vec<usize> = ends
                .iter()
                .flat_map(|end| ends_of(text, *end, spellings))
                .collect();
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        ends.into_iter().max()
    }
}

/// Where the spellings end that are found at `at`.
fn ends_of<'a>(text: &'a [u8], at: usize, spellings: &'a [Vec<u8>]) -> impl Iterator<Item = usize> + 'a {
    let end = move |spelling: &Vec<u8>| {
        let end = at.checked_add(spelling.len())?;
        text.get(at..end)?.eq_ignore_ascii_case(spelling).then_some(end)
    };
    spellings.iter().filter_map(end)
}

fn spellings(c: char) -> Vec<Vec<u8>> {
    let literal = c.to_string();
    let percent = literal.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    });
    let unicode = c
        .encode_utf16(&mut [0; 2])
        .iter()
        .fold(String::new(), |mut text, unit| {
            let _ = write!(text, "\\u{unit:04x}");
            text
        });
    let mut all = vec![literal, percent, unicode];
    match c {
        '/' | '"' | '\\' => all.push(format!("\\{c}")),
        ' ' => all.push("+".to_owned()),
        _ => {}
    }
    all.into_iter().map(String::into_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(key: &str, text: &str) -> String {
        Redactor::new(&Secret::new(key)).redact(text).into_owned()
    }

    #[test]
    fn every_spelling_of_the_key_is_removed() {
        let key = "a/b+c d%é\"\\1";
        let json = serde_json::to_string(key).unwrap();
        for spelling in [
            key.to_owned(),
            key.to_uppercase().replace('É', "é"),
            json.trim_matches('"').to_owned(),
            json.trim_matches('"').replace('/', "\\/"),
            "a%2Fb%2Bc+d%25%C3%A9%22%5C1".to_owned(),
            "a%2fb%2bc%20d%25%c3%a9%22%5c1".to_owned(),
            "\\u0061\\u002Fb\\u002bc d%\\u00e9\\u0022\\u005c\\u0031".to_owned(),
        ] {
            let text = format!("Invalid key {spelling}, sorry {spelling}{spelling}");
            assert_eq!(redact(key, &text), "Invalid key ***, sorry ******", "{spelling}");
        }
    }

    #[test]
    fn readings_that_could_be_an_escape_or_the_characters_themselves_are_both_found() {
        assert_eq!(redact("abc%25", "<abc%25>"), "<***>");
        assert_eq!(redact("abc%25", "<abc%2525>"), "<***>");
        assert_eq!(redact("\\\\\\\\\\\\", "<\\\\\\\\\\\\>"), "<***>");
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in [
            "",
            "Invalid API key",
            "secre",
            "ecret-key-1 secret-key",
            "é\u{1F600}",
        ] {
            assert_eq!(redact("secret-key-1", text), text);
        }
        assert_eq!(redact("", "Invalid API key"), "Invalid API key");
        assert_eq!(redact("key", "Invalid API key"), "Invalid API key");
    }

    #[test]
    fn a_hostile_text_does_not_take_long() {
        let text = "%25".repeat(100_000);
        assert!(redact(&"%25".repeat(11), &text).contains(REDACTED));
    }
}
