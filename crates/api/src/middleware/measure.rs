//! How many requests there are and how long they take.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// The route of requests that match none, so that made-up paths do not make up time series.
const NO_ROUTE: &str = "none";

/// Counts a request whose client went away before it was answered, unless it is told otherwise.
struct Unanswered(Option<String>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(method) = self.0.take() {
            let labels = [
                ("method", method),
                ("route", NO_ROUTE.to_owned()),
                ("status", "abandoned".to_owned()),
            ];
            metrics::counter!("http_requests_total", &labels).increment(1);
        }
    }
}

/// Counts and times requests by method, route and status.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let method = request.method().as_str().to_owned();
    let started = Instant::now();
    let mut unanswered = Unanswered(Some(method.clone()));
    let outcome = next.call(request).await;
    unanswered.0 = None;
    let (route, status) = match &outcome {
        Ok(response) => (
            response
                .request()
                .match_pattern()
                .unwrap_or_else(|| NO_ROUTE.to_owned()),
            response.status(),
        ),
        Err(error) => (NO_ROUTE.to_owned(), error.as_response_error().status_code()),
    };
    let labels = [
        ("method", method),
        ("route", route),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("http_request_duration_seconds", &labels).record(started.elapsed().as_secs_f64());
    metrics::counter!("http_requests_total", &labels).increment(1);
    outcome
}
