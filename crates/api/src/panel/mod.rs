//! The panel API v2, which resellers' scripts speak: one address, an action, and plain answers. What it does is done by the
//! same use cases as on the web application's pages.

mod action;
mod answers;
mod docs;
mod fault;
mod fields;
mod form;
mod lists;
mod multipart;
mod orders;
mod place;
mod serve;
#[cfg(test)]
mod understood;

use crate::mount::Routes;

pub use docs::{PanelFailure, REFUSALS, add_key_schemes};

/// The address of the protocol itself.
pub fn panel_routes(routes: &mut Routes<'_>) {
    routes.service(docs::ask_panel).service(docs::read_panel);
}

/// The address that the web application's page names, and that was there before.
pub fn handler_routes(routes: &mut Routes<'_>) {
    routes.service(docs::ask_handler).service(docs::read_handler);
}

/// Addresses of the protocol.
const PANEL: [&str; 2] = ["/api/v2", "/api/v1/panel"];
/// Addresses of the old handler.
const HANDLER: [&str; 3] = ["/v2/handler", "/api/v2/handler", "/api/v1/handler"];

/// Whether `path` is one of the addresses.
pub fn is_panel(path: &str) -> bool {
    PANEL.contains(&path) || is_handler(path)
}

/// Whether `path` is one of the old handler's addresses.
fn is_handler(path: &str) -> bool {
    HANDLER.contains(&path)
}
