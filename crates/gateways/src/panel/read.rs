//! From bytes to JSON, with everything that is not an answer of the protocol sorted out.

use ports::gateway::PanelError;
use serde_json::Value;

use super::fields;
use crate::http::{Answer, Body, CallError};
use crate::json;
use crate::redact::Redactor;

/// How much of an answer is kept for staff, in bytes.
const EXCERPT_MAX_BYTES: usize = 1024;

/// How much of it is quoted in the text of an error, in characters.
const QUOTE_MAX_CHARS: usize = 200;

/// A complete answer, key removed from everything.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) status: u16,
    /// What could be read as text; the beginning if it was too large.
    text: String,
    /// Why the text is not a whole answer.
    flaw: Option<&'static str>,
}

impl Reading {
    pub(super) fn of(answer: Answer, redactor: &Redactor) -> Self {
        let (bytes, flaw) = match answer.body {
            Body::Whole(bytes) => (bytes, None),
            Body::TooLarge(bytes) => (bytes, Some("too large")),
            Body::Compressed => (Vec::new(), Some("compressed")),
        };
        let (text, flaw) = match String::from_utf8(bytes) {
            Ok(text) => (text, flaw),
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                (text, flaw.or(Some("not UTF-8")))
            }
        };
        Self {
            status: answer.status,
            text: redactor.redact(&text).into_owned(),
            flaw,
        }
    }

    /// Whether it is a whole answer of text.
    pub(super) const fn is_text(&self) -> bool {
        self.flaw.is_none()
    }

    /// The JSON value, whatever the status; or why there is none.
    pub(super) fn json(&self) -> Result<Value, &'static str> {
        match self.flaw {
            Some(flaw) => Err(flaw),
            None => json::parse(&self.text),
        }
    }

    /// The data of a successful answer. An error of the panel is a refusal whatever the status, which may say that it
    /// passes; anything else without a success status is unreadable.
    pub(super) fn data(&self) -> Result<Value, PanelError> {
        let value = self.json().map_err(|why| self.unreadable(why))?;
        if let Some(error) = value.as_object().and_then(fields::error) {
            let passes = matches!(self.status, 429 | 500..=599);
            let refused = if passes {
                PanelError::RefusedForNow
            } else {
                PanelError::Refused
            };
            return Err(refused(fields::shortened(&error)));
        }
        if (200..300).contains(&self.status) {
            Ok(value)
        } else {
            Err(self.unreadable("not a success"))
        }
    }

    /// The first kilobyte, on one line.
    pub(super) fn excerpt(&self) -> String {
        let end = (0..=EXCERPT_MAX_BYTES)
            .rev()
            .find(|end| self.text.is_char_boundary(*end));
        let beginning = end.and_then(|end| self.text.get(..end)).unwrap_or(&self.text);
        beginning
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect()
    }

    fn unreadable(&self, why: &str) -> PanelError {
        let quote: String = self.excerpt().chars().take(QUOTE_MAX_CHARS).collect();
        PanelError::Unreadable(format!("HTTP {}, {why}: {quote}", self.status))
    }
}

/// A call that gave no answer, for calls that may be repeated.
pub(super) fn panel_error(error: CallError) -> PanelError {
    match error {
        CallError::Forbidden(refused) => PanelError::Forbidden(refused.to_string()),
        CallError::NotSent(why) => PanelError::Unreachable(why),
        CallError::Broken(why) => PanelError::Broken(why),
    }
}

/// An answer that is JSON, but not what was asked for.
pub(super) fn unexpected(what: &str) -> PanelError {
    PanelError::Unreadable(what.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::Secret;

    use super::*;

    fn reading(status: u16, bytes: &[u8]) -> Reading {
        let answer = Answer {
            status,
            body: Body::Whole(bytes.to_vec()),
            retry_after: None,
        };
        Reading::of(answer, &Redactor::new(&Secret::new("secret-key-1")))
    }

    #[test]
    fn an_error_is_a_refusal_whatever_the_status() {
        let answer = br#"{"error":"Invalid API key secret-key-1"}"#;
        let text = || "Invalid API key ***".to_owned();
        for status in [200, 401, 422, 499] {
            let refused = Err(PanelError::Refused(text()));
            assert_eq!(reading(status, answer).data(), refused, "{status}");
        }
        for status in [429, 500, 503] {
            let refused = Err(PanelError::RefusedForNow(text()));
            assert_eq!(reading(status, answer).data(), refused, "{status}");
        }
    }

    #[test]
    fn data_counts_only_with_a_success_status() {
        assert!(reading(200, br#"{"7":{"status":"Canceled"}}"#).data().is_ok());
        assert!(reading(201, b"[]").data().is_ok());
        for status in [301, 404, 500, 502] {
            let data = reading(status, br#"{"7":{"status":"Canceled"}}"#).data();
            assert!(matches!(data, Err(PanelError::Unreadable(_))), "{status}");
        }
    }

    #[test]
    fn pages_and_garbage_are_unreadable() {
        for bytes in [
            &b"<html>"[..],
            b"",
            b"\xff\xfe{\"error\":\"x\"}",
            b"{\"order\":",
            b"Bad Gateway",
        ] {
            assert!(
                matches!(reading(200, bytes).data(), Err(PanelError::Unreadable(_))),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn the_excerpt_is_a_kilobyte_without_controls_and_without_a_piece_of_the_key() {
        let page = format!("{}secret-key-1\r\n\u{1b}[31m", "x".repeat(EXCERPT_MAX_BYTES - 6));
        let excerpt = reading(502, page.as_bytes()).excerpt();
        assert_eq!(excerpt, format!("{}***   ", "x".repeat(EXCERPT_MAX_BYTES - 6)));
        let wide = reading(502, "é".repeat(2_000).as_bytes()).excerpt();
        assert_eq!(wide.len(), EXCERPT_MAX_BYTES);
        assert_eq!(reading(502, b"short").excerpt(), "short");
    }

    #[test]
    fn a_compressed_or_oversized_answer_is_not_parsed() {
        let redactor = Redactor::new(&Secret::new("secret-key-1"));
        for body in [Body::Compressed, Body::TooLarge(b"{}".to_vec())] {
            let answer = Answer {
                status: 200,
                body,
                retry_after: None,
            };
            assert!(Reading::of(answer, &redactor).data().is_err());
        }
    }
}
