//! The HTTP surface: controllers, and nothing but translation. A handler extracts, converts, calls one use case and
//! renders.
//!
//! Four dialects share one application: the envelope of `/api/v1`, the bodies of `/api/auth`, the panel API v2 of
//! resellers' scripts, and the plain answers of the system endpoints. [`serve`] binds the server, [`openapi`] describes it without one.

mod api_keys;
mod app;
mod auth;
mod codes;
mod config;
mod cookie;
pub mod csv;
mod cursor;
mod dialect;
mod docs;
mod envelope;
mod error;
mod export;
mod extract;
mod middleware;
mod mount;
mod panel;
mod request_limits;
mod routes;
mod server;
mod state;
mod system;
mod v1;
mod wire;

pub use codes::{AuthCode, Code};
pub use config::ApiConfig;
pub use docs::openapi;
pub use request_limits::{Allowance, RequestLimits};
pub use server::{RunningServer, serve, serve_system};
pub use state::{ApiState, MetricsPage, Rendered};
