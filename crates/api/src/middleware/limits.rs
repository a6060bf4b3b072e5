//! How often one network and one user may ask.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};
use application::identity::network;
use domain::{Timestamp, UserId};
use ports::limits::{Admission, Bucket, JointAdmission, Limit};
use serde_json::json;

use super::session::{any_session, kept_session};
use crate::codes::{AuthCode, Code};
use crate::config::Site;
use crate::dialect::Dialect;
use crate::error::{ApiError, AuthError, whole_seconds};
use crate::extract::{address, routed};
use crate::request_limits::RequestKind;
use crate::state::ApiState;
use crate::wire::WireTime;

/// Turns requests away of which there are too many, and tells the others how many more there may be. All limits of a
/// request are asked for at once.
pub async fn limit(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let limits = limits_of(&state, &site, &request).await;
    if limits.is_empty() {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let buckets: Vec<Bucket<'_>> = limits
        .iter()
        .map(|(key, limit)| Bucket { key, limit: *limit })
        .collect();
    let told = Told::of(
        &buckets,
        state.limiter.take_all_ahead(&buckets).await,
        state.clock.now(),
    );
    if let Admission::Denied { retry_after } = told.admission {
        let refusal = match Dialect::of(routed(request.request())) {
            Dialect::Auth => Error::from(AuthError::from(AuthCode::TooManyRequests).retry_after(retry_after)),
            dialect @ (Dialect::Envelope | Dialect::Panel) => dialect.refuse(
                ApiError::from(Code::TooManyRequests)
                    .with_details(json!({ "retryAfter": whole_seconds(retry_after) }))
                    .retry_after(retry_after),
            ),
        };
        let mut response = refusal.error_response();
        told.write(response.headers_mut());
        return Ok(request.into_response(response).map_into_right_body());
    }
    match next.call(request).await {
        Ok(response) => {
            let mut response = response.map_into_left_body();
            told.write(response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            told.write(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// What the request is counted by, and how often that may be.
async fn limits_of(state: &ApiState, site: &Site, request: &ServiceRequest) -> Vec<(String, Limit)> {
    let Some(kind) = RequestKind::of(request.method(), routed(request.request())) else {
        return Vec::new();
    };
    let (allowance, name) = (site.limits.of(kind), kind.as_str());
    let mut limits = Vec::new();
    let network = address(request.request()).and_then(network);
    if let (Some(limit), Some(network)) = (allowance.network, network) {
        limits.push((format!("requests:{name}:network:{network}"), limit));
    }
    if let Some(limit) = allowance.user
        && let Some(user) = user_of(state, request.request()).await
    {
        limits.push((format!("requests:{name}:user:{user}"), limit));
    }
    limits
}

/// Whose request it is. Whoever cannot be looked up now is told so by whoever needs to know.
async fn user_of(state: &ApiState, request: &HttpRequest) -> Option<UserId> {
    if let Some(kept) = kept_session(state, request) {
        return Some(kept.user.id.clone());
    }
    let session = any_session(state, request).await.ok()?;
    session.map(|session| session.user.id)
}

/// What is said about the limit that is nearest.
struct Told {
    limit: Limit,
    admission: Admission,
    now: Timestamp,
}

impl Told {
    fn of(buckets: &[Bucket<'_>], joint: JointAdmission, now: Timestamp) -> Self {
        let nothing = Limit {
            count: 1,
            period: std::time::Duration::ZERO,
            burst: 1,
        };
        let limit_of = |index: usize| buckets.get(index).map_or(nothing, |bucket| bucket.limit);
        let (index, admission) = match joint {
            JointAdmission::Denied { bucket, retry_after } => (bucket, Admission::Denied { retry_after }),
            JointAdmission::Granted { remaining } => {
                // The least part of its burst is left, and of two alike the smaller number.
                let nearest = remaining
                    .iter()
                    .copied()
                    .enumerate()
                    .min_by_key(|(index, remaining)| {
                        let burst = u64::from(limit_of(*index).burst.max(1));
                        (u64::from(*remaining) * 1_000_000 / burst, *remaining)
                    });
                let (index, remaining) = nearest.unwrap_or_default();
                (index, Admission::Granted { remaining })
            }
        };
        Self {
            limit: limit_of(index),
            admission,
            now,
        }
    }

    fn write(&self, headers: &mut HeaderMap) {
        let Self {
            limit,
            admission,
            now,
        } = *self;
        let interval = limit.period / limit.count.max(1);
        let remaining = match admission {
            Admission::Granted { remaining } => remaining,
            Admission::Denied { .. } => 0,
        };
        let until_whole = interval.saturating_mul(limit.burst.saturating_sub(remaining));
        let numbers = [
            ("ratelimit-limit", limit.burst.into()),
            ("ratelimit-remaining", remaining.into()),
            ("ratelimit-reset", whole_seconds(until_whole)),
            ("x-ratelimit-limit", limit.burst.into()),
            ("x-ratelimit-remaining", remaining.into()),
        ];
        for (name, number) in numbers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
        }
        let window = whole_seconds(interval.saturating_mul(limit.burst));
        let texts = [
            ("ratelimit-policy", format!("{};w={window}", limit.burst)),
            ("x-ratelimit-reset", WireTime(now.plus(until_whole)).to_string()),
        ];
        for (name, text) in texts {
            if let Ok(text) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), text);
            }
        }
        if let Admission::Denied { retry_after } = admission {
            headers.insert(
                HeaderName::from_static("x-retry-after"),
                HeaderValue::from(whole_seconds(retry_after)),
            );
        }
    }
}
