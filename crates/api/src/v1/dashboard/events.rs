//! What happens, as it happens.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use application::live::{Crowded, Item, Pass, Reload, Said, Subscription, Watcher};
use futures::stream::unfold;
use serde::Deserialize;
use tokio::time::{Instant, Sleep, sleep};
use utoipa::IntoParams;

use super::event_bodies::{LiveEvent, StreamedEvent, id, position, write_news};
use crate::codes::Code;
use crate::config::Site;
use crate::error::ApiError;
use crate::extract::{Customer, demands, field_error, refused};
use crate::middleware::{is_from_foreign_page, shown};
use crate::state::ApiState;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A stream on which nothing happened says so this often, so that proxies and clients know that it is alive.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(20);
/// How long a client waits before it connects again, in milliseconds.
const RETRY: &str = "retry: 2000\n";

/// What to watch.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// `own`, or `all`: everybody's orders with the right `orders.read`, everybody's wallets with `wallets.read`.
    #[param(example = "own")]
    scope: Option<String>,
    /// Whether to stay for what happens next. `false` ends the answer after what happened since `Last-Event-ID`.
    #[param(example = true)]
    follow: Option<bool>,
}

/// Streams what happens to orders and wallets
///
/// Server-sent events: each has an `id`, an `event` and its `data` as JSON. `ready` comes first, or `reload`; then `order`
/// and `wallet` as they happen. Whoever comes back with `Last-Event-ID` is told what happened meanwhile, each thing once,
/// on any node and after restarts. A line that begins with a colon is a sign of life, every 20 seconds. The stream ends
/// within seconds after the session does. A user has ten streams at most.
#[utoipa::path(
    tag = "Live updates",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was read")),
    responses(
        (status = 200, description = "Events, without end", body = StreamedEvent, content_type = "text/event-stream"),
        (status = 400, description = "`VALIDATION_ERROR`"),
        (status = 403, description = "`INVALID_ORIGIN` or `FORBIDDEN`"),
        (status = 429, description = "`TOO_MANY_STREAMS`"),
    )
)]
#[get("/events")]
pub async fn live_events(
    state: web::Data<ApiState>,
    site: web::Data<Site>,
    request: HttpRequest,
    Customer(caller): Customer,
    query: web::Query<EventsQuery>,
) -> Result<HttpResponse, ApiError> {
    if is_from_foreign_page(request.headers(), &site) {
        return Err(Code::ForeignOrigin.into());
    }
    let watcher = match query.scope.as_deref() {
        None | Some("" | "own") => Watcher::of_own(&caller),
        Some("all") => Watcher::of_all(&caller).map_err(|denied| refused(&caller, denied))?,
        Some(_) => return Err(field_error("scope", "must be own or all")),
    };
    let pass = Pass {
        shown: shown(&state, &request)?,
        demands: demands(&request),
    };
    let text = request
        .headers()
        .get(LAST_EVENT_ID)
        .map(|text| text.to_str().unwrap_or_default());
    let last = text.filter(|text| !text.is_empty()).map(position);
    let subscription =
        state
            .live
            .subscribe(watcher, pass, last.flatten())
            .map_err(|crowded| match crowded {
                Crowded::User => ApiError::from(Code::TooManyStreams),
                Crowded::Process => ApiError::from(Code::Unavailable),
            })?;
    let stream = Stream {
        subscription,
        is_unreadable: last == Some(None),
        resumes: last.is_some(),
        follows: query.follow.unwrap_or(true),
        told_at: Instant::now(),
        alarm: Box::pin(sleep(HEARTBEAT_EVERY)),
        is_over: false,
    };
    let bytes = unfold(stream, |mut stream| async move {
        let text = stream.text().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), stream))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        .insert_header((X_ACCEL_BUFFERING, "no"))
        .streaming(bytes))
}

/// One answer. It holds nothing but what is being written: what was not read yet is on the hub's board.
struct Stream {
    subscription: Subscription,
    /// The client's position cannot be read.
    is_unreadable: bool,
    resumes: bool,
    follows: bool,
    told_at: Instant,
    /// When it is next looked whether nothing was told for long. It is not put off by what is told, which happens more often.
    alarm: Pin<Box<Sleep>>,
    is_over: bool,
}

impl Stream {
    /// The next piece. `None` after the last.
    async fn text(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let text = loop {
            tokio::select! {
                biased;
                said = self.subscription.next() => break self.tell(said?),
                () = &mut self.alarm => {}
            }
            let due = self.told_at + HEARTBEAT_EVERY;
            if due <= Instant::now() {
                self.alarm.as_mut().reset(Instant::now() + HEARTBEAT_EVERY);
                break format!("id: {}\n:\n\n", id(self.subscription.at()));
            }
            self.alarm.as_mut().reset(due);
        };
        self.told_at = Instant::now();
        Some(text)
    }

    fn tell(&mut self, said: Said) -> String {
        let mut text = RETRY.to_owned();
        match said {
            Said::Begun if self.is_unreadable => self.write(&LiveEvent::reload(Reload::Unknown), &mut text),
            Said::Begun => self.write(&LiveEvent::ready(self.resumes), &mut text),
            Said::News(items) => self.write_news(&items, &mut text),
            Said::Reload(reload) => {
                self.write(&LiveEvent::reload(reload), &mut text);
                self.is_over = reload == Reload::Slow;
            }
            Said::Closed(ending) => {
                self.write(&LiveEvent::closed(ending), &mut text);
                self.is_over = true;
            }
        }
        if !self.follows && !self.is_over {
            while let Some(Said::News(items)) = self.subscription.ready() {
                self.write_news(&items, &mut text);
            }
            self.is_over = true;
        }
        text
    }

    fn write(&self, event: &LiveEvent, text: &mut String) {
        event.write(self.subscription.at(), text);
    }

    fn write_news(&self, items: &[Arc<Item>], text: &mut String) {
        for item in items {
            write_news(
                item,
                self.subscription.told(item),
                self.subscription.watcher(),
                text,
            );
        }
    }
}
