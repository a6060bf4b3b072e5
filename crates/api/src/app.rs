//! Which route is served by whom, and in which order requests pass the middleware.

use actix_web::middleware::from_fn;

use crate::middleware::{limit, require_staff, require_user};
use crate::mount::{Routes, below};
use crate::{api_keys, auth, panel, system, v1};

/// Every route. Longer prefixes come first: the first tree whose prefix fits gets the request.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .configure(system::routes)
        .scope("/api/auth", auth::routes, |scope| scope.wrap(from_fn(limit)))
        // The same handlers once more; the document says so in words instead of listing them twice.
        .unlisted(|config| {
            config.service(below("/api/v1/auth", auth::routes).wrap(from_fn(limit)));
        })
        .scope("/api/v1/dashboard/api-keys", api_keys::managed_routes, |scope| {
            // The last one wrapped is the first to see a request.
            scope.wrap(from_fn(require_user)).wrap(from_fn(limit))
        })
        .scope("/api/v1/dashboard", v1::dashboard::routes, |scope| {
            scope.wrap(from_fn(require_user)).wrap(from_fn(limit))
        })
        .scope("/api/v1/admin", v1::admin::routes, |scope| {
            scope.wrap(from_fn(require_staff)).wrap(from_fn(limit))
        })
        .configure(programs)
        .scope("/api/v1", v1::public::routes, |scope| scope.wrap(from_fn(limit)));
}

/// What customers' programs speak, and what their keys are looked after with. The web application knows the addresses below
/// `/v2`; the document lists each set of routes once.
fn programs(routes: &mut Routes<'_>) {
    routes
        .scope("/v2/api-key", api_keys::page_routes, |scope| {
            scope.wrap(from_fn(require_user))
        })
        .scope("/v2/handler", panel::handler_routes, |scope| scope)
        .unlisted(|config| {
            for prefix in ["/api/v2/api-key", "/api/v1/api-key"] {
                config.service(below(prefix, api_keys::page_routes).wrap(from_fn(require_user)));
            }
            for prefix in ["/api/v2/handler", "/api/v1/handler"] {
                config.service(below(prefix, panel::handler_routes));
            }
            config.service(below("/api/v1/panel", panel::panel_routes));
        })
        .scope("/api/v2", panel::panel_routes, |scope| scope);
}
