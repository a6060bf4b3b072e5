//! How many requests there are and how long they take.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use metrics::{Counter, Histogram};

/// The route of requests that match none, so that made-up paths do not make up time series.
const NO_ROUTE: &str = "none";
/// The method of requests with a made-up one, for the same reason.
const OTHER_METHOD: &str = "other";

/// Counts a request whose client went away before it was answered, unless it is told otherwise.
struct Unanswered(Option<&'static str>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(method) = self.0 {
            let labels = [("method", method), ("route", NO_ROUTE), ("status", "abandoned")];
            metrics::counter!("http_requests_total", &labels).increment(1);
        }
    }
}

/// Counts and times requests by method, route and status.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let method = name_of(request.method());
    let started = Instant::now();
    let mut unanswered = Unanswered(Some(method));
    let outcome = next.call(request).await;
    unanswered.0 = None;
    let (route, status) = match &outcome {
        Ok(response) => (response.request().match_pattern(), response.status()),
        Err(error) => (None, error.as_response_error().status_code()),
    };
    let route = route.as_deref().unwrap_or(NO_ROUTE);
    record(method, route, status.as_u16(), started);
    outcome
}

const fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}

/// The time series of a method, a route and a status.
struct Series {
    requests: Counter,
    seconds: Histogram,
}

impl Series {
    fn named(method: &'static str, route: &str, status: u16) -> Self {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        Self {
            requests: metrics::counter!("http_requests_total", &labels),
            seconds: metrics::histogram!("http_request_duration_seconds", &labels),
        }
    }
}

/// By route.
type Routes = HashMap<String, Series>;

thread_local! {
    /// Series that this thread has found before, by method and status: finding one takes longer than counting.
    static KNOWN: RefCell<HashMap<(&'static str, u16), Routes>> = RefCell::default();
}

fn record(method: &'static str, route: &str, status: u16, started: Instant) {
    KNOWN.with_borrow_mut(|known| {
        let routes = known.entry((method, status)).or_default();
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Series::named(method, route, status));
        }
        if let Some(series) = routes.get(route) {
            series.seconds.record(started.elapsed().as_secs_f64());
            series.requests.increment(1);
        }
    });
}
