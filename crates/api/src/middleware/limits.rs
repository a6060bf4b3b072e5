//! How often one network may ask `/api/auth`.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use domain::Timestamp;
use ports::limits::{Admission, Limit};

use crate::codes::AuthCode;
use crate::error::{AuthError, whole_seconds};
use crate::extract::browser;
use crate::state::ApiState;
use crate::wire::WireTime;

/// A limit with a name. Paths of one name share it.
type Bucket = (&'static str, Limit);

/// Passwords cost a processor to check, and mail costs money.
const COSTLY: Bucket = ("costly", per_minute(60, 20));
/// Nobody opens that many accounts, but thousands may share an address.
const SIGN_UP: Bucket = ("sign-up", per_minute(6, 30));
const OTHERS: Bucket = ("others", per_minute(600, 100));

const fn per_minute(count: u32, burst: u32) -> Limit {
    Limit {
        count,
        period: Duration::from_mins(1),
        burst,
    }
}

/// What `path` is limited by. The pages' own server asks for every visitor's session from one address, so that is never
/// limited.
fn bucket(path: &str) -> Option<Bucket> {
    let (_, rest) = path.split_once("/auth/")?;
    let first = rest.split('/').next().unwrap_or_default();
    match first {
        // Only the first of a program's requests brings a password.
        "token" if first != rest => Some(OTHERS),
        "get-session" | "ok" | "error" => None,
        "sign-up" => Some(SIGN_UP),
        "sign-in"
        | "change-password"
        | "reauthenticate"
        | "change-email"
        | "delete-user"
        | "forget-password"
        | "request-password-reset"
        | "reset-password"
        | "send-verification-email"
        | "two-factor"
        | "token" => Some(COSTLY),
        _ => Some(OTHERS),
    }
}

/// Turns requests away of which there are too many, and tells the others how many more there may be.
pub async fn limit_auth(
    state: web::Data<ApiState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let network = browser(request.request()).network();
    let (Some(network), Some((name, limit))) = (network, bucket(request.path())) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let admission = state.limiter.take(&format!("auth:{name}:{network}"), limit).await;
    let now = state.clock.now();
    if let Admission::Denied { retry_after } = admission {
        let refusal = AuthError::from(AuthCode::TooManyRequests).retry_after(retry_after);
        let mut response = refusal.error_response();
        tell(response.headers_mut(), limit, admission, now);
        return Ok(request.into_response(response).map_into_right_body());
    }
    match next.call(request).await {
        Ok(response) => {
            let mut response = response.map_into_left_body();
            tell(response.headers_mut(), limit, admission, now);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            tell(response.headers_mut(), limit, admission, now);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn tell(headers: &mut HeaderMap, limit: Limit, admission: Admission, now: Timestamp) {
    let interval = limit.period / limit.count.max(1);
    let remaining = match admission {
        Admission::Granted { remaining } => remaining,
        Admission::Denied { .. } => 0,
    };
    let until_whole = interval * limit.burst.saturating_sub(remaining);
    let fields = [
        ("ratelimit-limit", limit.burst.to_string()),
        ("ratelimit-remaining", remaining.to_string()),
        ("ratelimit-reset", whole_seconds(until_whole).to_string()),
        (
            "ratelimit-policy",
            format!("{};w={}", limit.burst, whole_seconds(interval * limit.burst)),
        ),
        ("x-ratelimit-limit", limit.burst.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", WireTime(now.plus(until_whole)).to_string()),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Admission::Denied { retry_after } = admission {
        headers.insert(
            HeaderName::from_static("x-retry-after"),
            HeaderValue::from(whole_seconds(retry_after)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_looked_up_without_limit_and_everything_else_has_one() {
        for base in ["/api/auth", "/api/v1/auth"] {
            let name = |path: &str| bucket(&format!("{base}/{path}")).map(|(name, _)| name);
            assert_eq!(name("get-session"), None);
            assert_eq!(name("sign-in/email"), Some("costly"));
            assert_eq!(name("reset-password/abc"), Some("costly"));
            assert_eq!(name("token"), Some("costly"));
            assert_eq!(name("token/refresh"), Some("others"));
            assert_eq!(name("sign-up/email"), Some("sign-up"));
            assert_eq!(name("admin/list-users"), Some("others"));
            assert_eq!(name("nowhere"), Some("others"));
        }
    }
}
