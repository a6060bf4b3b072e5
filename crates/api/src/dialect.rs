//! Which dialect a path speaks. Refusals that happen before a handler runs have to be told in the right one.

use actix_web::Error;

use crate::codes::Code;
use crate::error::{ApiError, AuthError};

/// The shape of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `{success, name, message, result}`.
    Envelope,
    /// `{code, message}`.
    Auth,
}

impl Dialect {
    /// The dialect of `path`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let is_auth = ["/api/auth", "/api/v1/auth"].iter().any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if is_auth { Self::Auth } else { Self::Envelope }
    }

    /// `error` in this dialect.
    #[must_use]
    pub fn refuse(self, error: ApiError) -> Error {
        match self {
            Self::Envelope => error.into(),
            Self::Auth => AuthError::from(error).into(),
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
    fn only_the_two_auth_trees_speak_the_auth_dialect() {
        for path in ["/api/auth", "/api/auth/ok", "/api/v1/auth/sign-out"] {
            assert_eq!(Dialect::of(path), Dialect::Auth, "{path}");
        }
        for path in [
            "/api/authors",
            "/api/v1/services",
            "/health",
            "/api/v1/dashboard/auth",
        ] {
            assert_eq!(Dialect::of(path), Dialect::Envelope, "{path}");
        }
    }
}
