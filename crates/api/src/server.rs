//! The server: bound, running, and told to stop.

use std::io;
use std::net::SocketAddr;

use actix_web::dev::{Server, ServerHandle};
use actix_web::error::{InternalError, QueryPayloadError};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpRequest, HttpServer, web};
use tracing_actix_web::TracingLogger;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::routes;
use crate::codes::{AuthCode, Code};
use crate::config::{ApiConfig, HEAD_TIMEOUT, KEEP_ALIVE, MASS_BODY_MAX, SHUTDOWN_TIMEOUT, Site};
use crate::dialect::Dialect;
use crate::docs;
use crate::error::{ApiError, AuthError};
use crate::extract::routed;
use crate::middleware::{
    RequestSpan, guard_body, guard_head, measure, refuse_foreign, secure_headers, survive,
};
use crate::mount::Routes;
use crate::routes::{Outline, RouteTable, no_route, wrong_method};
use crate::state::ApiState;
use crate::system;

/// A server that listens. It serves while [`RunningServer::wait`] is awaited.
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
    server: Server,
}

impl RunningServer {
    fn at(addresses: &[SocketAddr], server: Server) -> io::Result<Self> {
        let address = addresses.first().copied();
        Ok(Self {
            address: address.ok_or(io::ErrorKind::AddrNotAvailable)?,
            handle: server.handle(),
            server,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from elsewhere: `stop(true)` lets running requests finish.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Serves until it is told to stop and has let running requests finish.
    ///
    /// # Errors
    /// If the listener breaks.
    pub async fn wait(self) -> io::Result<()> {
        self.server.await
    }
}

/// Binds the server. It must be called inside a tokio runtime. Signals are the caller's.
///
/// # Errors
/// If the address cannot be listened on.
pub fn serve(state: ApiState, config: &ApiConfig) -> io::Result<RunningServer> {
    let outline = Outline::of(docs::PUBLISHED)?;
    let undeclared = outline.without_right();
    if !undeclared.is_empty() {
        let routes = undeclared.join(", ");
        return Err(io::Error::other(format!("these routes say no right: {routes}")));
    }
    let table = web::Data::new(RouteTable::of(&outline));
    let site = web::Data::new(Site::of(config));
    let state = web::Data::new(state);

    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(site.clone())
            .app_data(table.clone())
            // `guard_body` bounds each path by its own limit before.
            .app_data(web::PayloadConfig::new(MASS_BODY_MAX))
            .app_data(web::QueryConfig::default().error_handler(|error, request| query_error(&error, request)))
            .app_data(web::PathConfig::default().error_handler(|_, request| path_error(request)))
            .configure(|config| routes(&mut Routes::of_server(config)))
            // The page may ask nobody else, so it has no field for another address either.
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from(docs::ADDRESS).use_base_layout()))
            .default_service(web::to(no_route))
            // The last one wrapped is the first to see a request.
            .wrap(from_fn(guard_body))
            .wrap(from_fn(refuse_foreign))
            .wrap(from_fn(guard_head))
            .wrap(from_fn(survive))
            .wrap(from_fn(measure))
            .wrap(from_fn(secure_headers))
            .wrap(TracingLogger::<RequestSpan>::new())
    })
    .disable_signals()
    .client_request_timeout(HEAD_TIMEOUT)
    // Nobody reads the answer of a client that has gone, and those who ask again must not stand behind it.
    .h1_allow_half_closed(false)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(SHUTDOWN_TIMEOUT.as_secs());

    let server = match config.threads {
        Some(threads) => server.workers(threads),
        None => server,
    };
    let server = server.bind(config.listen)?;
    RunningServer::at(&server.addrs(), server.run())
}

/// Binds a server of what operators ask alone, for a process without the API: `/health`, `/ready` and `/metrics`. It must
/// be called inside a tokio runtime. Signals are the caller's.
///
/// # Errors
/// If the address cannot be listened on.
pub fn serve_system(state: ApiState, listen: SocketAddr) -> io::Result<RunningServer> {
    let state = web::Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .configure(|config| system::probes(&mut Routes::of_server(config)))
            .wrap(from_fn(secure_headers))
    })
    .disable_signals()
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_TIMEOUT.as_secs())
    // They are asked a few times a minute.
    .workers(1);
    let server = server.bind(listen)?;
    RunningServer::at(&server.addrs(), server.run())
}

fn query_error(error: &QueryPayloadError, request: &HttpRequest) -> Error {
    let message = format!("The query is not valid: {error}");
    match Dialect::of(routed(request)) {
        Dialect::Envelope | Dialect::Panel => ApiError::new(Code::Invalid, message).into(),
        Dialect::Auth => AuthError::from(AuthCode::InvalidQuery).into(),
    }
}

fn path_error(request: &HttpRequest) -> Error {
    // The path may be one that knows other methods, and is taken for another one with an id.
    if let Some(response) = wrong_method(request) {
        return InternalError::from_response("wrong method", response).into();
    }
    let error = ApiError::new(Code::Invalid, "The id in the path is not valid.");
    Dialect::of(routed(request)).refuse(error)
}
