//! Text that has been checked. Behind the edge nothing is a raw `String` that somebody typed.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use url::Url;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than the limit.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// Shorter than the limit.
    #[error("must be at least {0} characters")]
    TooShort(usize),
    /// Holds control characters.
    #[error("must not contain control characters")]
    Control,
    /// Not an e-mail address.
    #[error("must be an e-mail address")]
    NotAnEmail,
    /// Not one of those that there are.
    #[error("must be {0}")]
    Unknown(&'static str),
    /// Not an absolute http or https address.
    #[error("must be an http or https address")]
    NotALink,
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps text that was checked before it was stored.
            #[must_use]
            pub fn from_stored(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// The name of a user, provider, category or service: 1 to 255 characters, trimmed, no control characters.
    Name
);
checked_text!(
    /// An e-mail address, trimmed and lower-cased, at most 254 characters.
    Email
);
checked_text!(
    /// Where an order is to be delivered: an absolute http(s) address, at most 2048 characters.
    Link
);
checked_text!(
    /// A caller's idempotency key: 1 to 255 visible ASCII characters.
    IdempotencyKey
);
checked_text!(
    /// What is to be written, one comment a line: trimmed lines that are not empty, with a line feed between, no other
    /// control characters.
    Comments
);

impl Name {
    /// The longest name in characters.
    pub const MAX_CHARS: usize = 255;

    /// Checks and trims `text`.
    ///
    /// # Errors
    /// [`TextError`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Ok(Self(plain(text, Self::MAX_CHARS)?.to_owned()))
    }
}

impl Email {
    /// The longest address in characters (RFC 5321).
    pub const MAX_CHARS: usize = 254;

    /// Checks `text`: one `@`, a non-empty local part, a host with a dot, no white space.
    ///
    /// # Errors
    /// [`TextError`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = plain(text, Self::MAX_CHARS)?.to_lowercase();
        let (local, host) = text.split_once('@').ok_or(TextError::NotAnEmail)?;
        let host_is_sound = host.contains('.')
            && !host.starts_with(['.', '-'])
            && !host.ends_with(['.', '-'])
            && !host.contains("..")
            && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
        let local_is_sound = !local.is_empty()
            && local.len() <= 64
            && local
                .chars()
                .all(|c| !c.is_whitespace() && !"@<>()[],;:\\\"".contains(c));
        if host_is_sound && local_is_sound {
            Ok(Self(text))
        } else {
            Err(TextError::NotAnEmail)
        }
    }
}

impl Link {
    /// The longest link in characters.
    pub const MAX_CHARS: usize = 2048;

    /// Checks that `text` is an absolute http or https address with a host and without credentials.
    ///
    /// # Errors
    /// [`TextError`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = plain(text, Self::MAX_CHARS)?;
        let url = Url::parse(text).map_err(|_| TextError::NotALink)?;
        let sound = matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none();
        // The customer's own spelling is kept: providers compare links as text.
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::NotALink)
        }
    }
}

impl IdempotencyKey {
    /// The longest key in characters.
    pub const MAX_CHARS: usize = 255;

    /// Checks `text`.
    ///
    /// # Errors
    /// [`TextError`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = plain(text, Self::MAX_CHARS)?;
        if text.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TextError::Control)
        }
    }
}

impl Comments {
    /// The longest text in characters, all comments together.
    pub const MAX_CHARS: usize = 65_536;

    /// Reads lines, however they end. Each comment is kept as it is but for white space around it; empty lines are none.
    ///
    /// # Errors
    /// [`TextError`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let lines = text.split(['\r', '\n']).map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        for line in &lines {
            plain(line, Self::MAX_CHARS)?;
        }
        let text = lines.join("\n");
        if text.is_empty() {
            Err(TextError::Empty)
        } else if text.chars().count() > Self::MAX_CHARS {
            Err(TextError::TooLong(Self::MAX_CHARS))
        } else {
            Ok(Self(text))
        }
    }

    /// How many comments there are; at least one.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.lines().map(|_| 1).sum()
    }
}

/// Trims `text` and refuses what is empty, too long or holds control characters.
///
/// # Errors
/// [`TextError`] that says what is wrong.
pub fn plain(text: &str, max_chars: usize) -> Result<&str, TextError> {
    let text = text.trim();
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > max_chars {
        Err(TextError::TooLong(max_chars))
    } else if text.chars().any(char::is_control) {
        Err(TextError::Control)
    } else {
        Ok(text)
    }
}

/// `text` however it is drawn and whatever its case: two that look the same are the same.
pub(crate) fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// The letters and digits of a [`folded`] text.
pub(crate) fn squeezed(folded: &str) -> String {
    folded.chars().filter(|it| it.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_links_without_credentials_pass() {
        assert!(Link::parse("https://instagram.com/x?y=1").is_ok());
        for refused in [
            "javascript:alert(1)",
            "ftp://a.b/c",
            "//a.b/c",
            "instagram.com/x",
            "https://u:p@a.b/",
            "data:,x",
            "",
        ] {
            assert!(Link::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn comments_are_lines_however_they_end_and_nothing_inside_them_changes() {
        for (text, lines) in [
            ("one", &["one"][..]),
            ("one\ntwo", &["one", "two"]),
            ("one\r\ntwo\rthree\n", &["one", "two", "three"]),
            ("\n\n  one  \n \t \r\n two\n\n", &["one", "two"]),
            (
                "a  b & c=d%20+\"'<>\u{1f44d}\u{1f3fd}",
                &["a  b & c=d%20+\"'<>\u{1f44d}\u{1f3fd}"],
            ),
            ("same\nsame", &["same", "same"]),
        ] {
            let comments = Comments::parse(text).unwrap();
            assert_eq!(comments.as_str(), lines.join("\n"), "{text:?}");
            assert_eq!(comments.count(), u64::try_from(lines.len()).unwrap(), "{text:?}");
            assert_eq!(Comments::parse(comments.as_str()), Ok(comments));
        }
        for nothing in ["", " ", "\n", "\r\n \t\n"] {
            assert_eq!(Comments::parse(nothing), Err(TextError::Empty), "{nothing:?}");
        }
        for odd in ["a\0b", "a\tb", "good\n\u{1b}[31m"] {
            assert_eq!(Comments::parse(odd), Err(TextError::Control), "{odd:?}");
        }
        let longest = "x".repeat(Comments::MAX_CHARS);
        assert!(Comments::parse(&longest).is_ok());
        let more = format!("{longest}\nx");
        assert_eq!(
            Comments::parse(&more),
            Err(TextError::TooLong(Comments::MAX_CHARS))
        );
    }

    #[test]
    fn addresses_are_folded_to_lower_case_and_checked() {
        assert_eq!(
            Email::parse(" Ann@Example.COM ").map(|e| e.to_string()),
            Ok("ann@example.com".to_owned())
        );
        for refused in [
            "ann",
            "ann@",
            "@example.com",
            "a b@example.com",
            "ann@example",
            "ann@.com",
            "a@b@c.d",
        ] {
            assert!(Email::parse(refused).is_err(), "{refused}");
        }
    }
}
