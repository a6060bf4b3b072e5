//! What programs carry instead of cookies.

use std::time::Duration;

/// How long an access token counts, unless its session ends before.
pub const ACCESS_LIFETIME: Duration = Duration::from_mins(15);

/// How long a program that lost the answer to a refresh may ask for it again.
pub const REFRESH_RETRY: Duration = Duration::from_mins(10);

/// What refresh tokens begin with, so that scanners know them when they see one.
pub const REFRESH_PREFIX: &str = "smmr_";
