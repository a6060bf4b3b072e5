//! What happens, as it happens.
#![expect(
    unused_qualifications,
    reason = "the document's macro repeats the types of queries in full"
)]

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use application::caller::{Caller, Denied};
use application::identity::{ActiveSession, UseCases, WhoseTokenError};
use application::live::{Crowded, Reload, Said, Subscription, Watcher};
use domain::Secret;
use domain::identity::Demands;
use futures::stream::unfold;
use ports::StoreError;
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::IntoParams;

use super::event_bodies::{LiveEvent, StreamedEvent, id, position};
use crate::codes::Code;
use crate::config::Site;
use crate::cookie::presented_token;
use crate::error::ApiError;
use crate::extract::{Customer, bearer, demands, field_error, refused};
use crate::middleware::is_from_foreign_page;
use crate::state::ApiState;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How often it is looked whether whoever watches still may.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// A stream on which nothing happened says so this often, so that proxies and clients know that it is alive.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(20);
/// Whoever cannot be looked up for so long is not told any more.
const DOUBT_MAX: Duration = Duration::from_secs(60);
/// How long it takes until the database is asked again that did not answer.
const PATIENCE: Duration = Duration::from_secs(1);
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
    let scope = match query.scope.as_deref() {
        None | Some("" | "own") => Scope::Own,
        Some("all") => Scope::All,
        Some(_) => return Err(field_error("scope", "must be own or all")),
    };
    let watcher = scope
        .watcher(&caller)
        .map_err(|denied| refused(&caller, denied))?;
    let text = request
        .headers()
        .get(LAST_EVENT_ID)
        .map(|text| text.to_str().unwrap_or_default());
    let last = text.filter(|text| !text.is_empty()).map(position);
    let subscription = state
        .live
        .subscribe(watcher, last.flatten())
        .map_err(|crowded| match crowded {
            Crowded::User => ApiError::from(Code::TooManyStreams),
            Crowded::Process => ApiError::from(Code::Unavailable),
        })?;
    let stream = Stream {
        subscription,
        scope,
        shown: Shown::by(&state, &request),
        identity: state.identity.clone(),
        demands: demands(&request),
        is_unreadable: last == Some(None),
        resumes: last.is_some(),
        follows: query.follow.unwrap_or(true),
        next_check: Instant::now() + CHECK_EVERY,
        next_heartbeat: Instant::now() + HEARTBEAT_EVERY,
        certain_until: Instant::now() + DOUBT_MAX,
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

#[derive(Debug, Clone, Copy)]
enum Scope {
    Own,
    All,
}

impl Scope {
    fn watcher(self, caller: &Caller) -> Result<Watcher, Denied> {
        match self {
            Self::Own => Ok(Watcher::of_own(caller)),
            Self::All => Watcher::of_all(caller),
        }
    }
}

/// What the client showed to be let in.
enum Shown {
    Cookie(Secret),
    Token(Secret),
    Nothing,
}

impl Shown {
    fn by(state: &ApiState, request: &HttpRequest) -> Self {
        match bearer(request.headers()) {
            Some(token) => Self::Token(token),
            None => presented_token(&*state.signer, request.headers()).map_or(Self::Nothing, Self::Cookie),
        }
    }

    /// The session, if it is still open. Looking does not keep it so.
    async fn session(&self, identity: &UseCases) -> Result<Option<ActiveSession>, StoreError> {
        match self {
            Self::Cookie(token) => identity.current_session.look(token).await,
            Self::Token(token) => match identity.token_access.find(token).await {
                Ok(session) => Ok(Some(session)),
                Err(WhoseTokenError::Refused(_)) => Ok(None),
                Err(WhoseTokenError::Store(error)) => Err(error),
            },
            Self::Nothing => Ok(None),
        }
    }
}

/// One answer. It holds nothing but what is being written: what was not read yet is on the hub's board.
struct Stream {
    subscription: Subscription,
    scope: Scope,
    shown: Shown,
    identity: UseCases,
    demands: Demands,
    /// The client's position cannot be read.
    is_unreadable: bool,
    resumes: bool,
    follows: bool,
    next_check: Instant,
    next_heartbeat: Instant,
    certain_until: Instant,
    is_over: bool,
}

/// What happens next on a stream.
enum Next {
    Said(Option<Said>),
    Check,
    Heartbeat,
}

impl Stream {
    /// The next piece. `None` after the last.
    async fn text(&mut self) -> Option<String> {
        while !self.is_over {
            let text = match self.next().await {
                Next::Said(Some(said)) => self.tell(said),
                Next::Said(None) => return None,
                Next::Heartbeat => format!("id: {}\n:\n\n", id(self.subscription.at())),
                Next::Check => match self.check().await {
                    Some(reason) => self.last(&LiveEvent::closed(reason)),
                    None => continue,
                },
            };
            self.next_heartbeat = Instant::now() + HEARTBEAT_EVERY;
            return Some(text);
        }
        None
    }

    async fn next(&mut self) -> Next {
        let heartbeat = pin!(sleep_until(self.next_heartbeat));
        let check = pin!(sleep_until(self.next_check));
        tokio::select! {
            // Nobody is told anything because much happens.
            biased;
            () = check => Next::Check,
            said = self.subscription.next() => match said {
                Ok(said) => Next::Said(said),
                // The check waits a moment, and gives up when this lasts.
                Err(_) => Next::Check,
            },
            () = heartbeat => Next::Heartbeat,
        }
    }

    fn tell(&mut self, said: Said) -> String {
        let mut text = String::new();
        let mut write = |event: LiveEvent, at| event.write(at, &mut text);
        match said {
            Said::Begun if self.is_unreadable => {
                write(LiveEvent::reload(Reload::Unknown), self.subscription.at())
            }
            Said::Begun => write(LiveEvent::ready(self.resumes), self.subscription.at()),
            Said::News(items) => {
                for item in &items {
                    let event = LiveEvent::news(item, self.subscription.watcher());
                    write(event, self.subscription.told(item));
                }
            }
            Said::Reload(reload) => {
                write(LiveEvent::reload(reload), self.subscription.at());
                self.is_over = reload == Reload::Slow;
            }
            Said::Closed => return self.last(&LiveEvent::closed("stopping")),
        }
        if !self.follows && !self.is_over {
            while let Some(Said::News(items)) = self.subscription.ready() {
                for item in &items {
                    let event = LiveEvent::news(item, self.subscription.watcher());
                    event.write(self.subscription.told(item), &mut text);
                }
            }
            self.is_over = true;
        }
        format!("{RETRY}{text}")
    }

    fn last(&mut self, event: &LiveEvent) -> String {
        self.is_over = true;
        let mut text = RETRY.to_owned();
        event.write(self.subscription.at(), &mut text);
        text
    }

    /// Why the stream has to end.
    async fn check(&mut self) -> Option<&'static str> {
        self.next_check = Instant::now() + CHECK_EVERY;
        match self.shown.session(&self.identity).await {
            Ok(Some(session)) => {
                self.certain_until = Instant::now() + DOUBT_MAX;
                let caller = session.caller(self.demands);
                let may = self.scope.watcher(&caller);
                (may.as_ref() != Ok(self.subscription.watcher())).then_some("signed_out")
            }
            Ok(None) => Some("signed_out"),
            Err(_) if Instant::now() < self.certain_until => {
                sleep(PATIENCE).await;
                None
            }
            Err(_) => Some("unavailable"),
        }
    }
}
