//! Which dialect a path speaks. Refusals that happen before a handler runs have to be told in the right one.

use actix_web::Error;

use crate::codes::Code;
use crate::error::{ApiError, AuthError};
use crate::panel::is_panel;

/// The shape of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{success, name, message, result}`.
    Envelope,
    /// `{code, message}`.
    Auth,
    /// `{error}`.
    Panel,
}

impl Dialect {
    /// The dialect of `path`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let is_auth = ["/api/auth", "/api/v1/auth"].iter().any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_auth {
            Self::Auth
        } else if is_panel(path) {
            Self::Panel
        } else {
            Self::Envelope
        }
    }

    /// `error` in this dialect.
    #[must_use]
    pub fn refuse(self, error: ApiError) -> Error {
        match self {
            Self::Envelope => error.into(),
            Self::Auth => AuthError::from(error).into(),
            Self::Panel => {
                let text = error.message().to_owned();
                error.only_error(text).into()
            }
        }
    }

    /// A code without further words in this dialect.
    #[must_use]
    pub fn refuse_code(self, code: Code) -> Error {
        self.refuse(code.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_auth_trees_speak_the_auth_dialect_and_only_its_addresses_the_panels() {
        for path in ["/api/v2", "/api/v1/panel", "/v2/handler", "/api/v1/handler"] {
            assert_eq!(Dialect::of(path), Dialect::Panel, "{path}");
        }
        for path in ["/api/auth", "/api/auth/ok", "/api/v1/auth/sign-out"] {
            assert_eq!(Dialect::of(path), Dialect::Auth, "{path}");
        }
        for path in [
            "/api/authors",
            "/api/v1/services",
            "/health",
            "/v2/api-key",
            "/api/v1/dashboard/auth",
        ] {
            assert_eq!(Dialect::of(path), Dialect::Envelope, "{path}");
        }
    }
}
