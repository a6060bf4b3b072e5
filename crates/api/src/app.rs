//! Which route is served by whom, and in which order requests pass the middleware.

use actix_web::middleware::from_fn;

use crate::middleware::{limit_auth, require_staff, require_user};
use crate::mount::{Routes, below};
use crate::{auth, system, v1};

/// Every route. Longer prefixes come first: the first tree whose prefix fits gets the request.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .configure(system::routes)
        .scope("/api/auth", auth::routes, |scope| scope.wrap(from_fn(limit_auth)))
        // The same handlers once more; the document says so in words instead of listing them twice.
        .unlisted(|config| {
            config.service(below("/api/v1/auth", auth::routes).wrap(from_fn(limit_auth)));
        })
        .scope("/api/v1/dashboard", v1::dashboard::routes, |scope| {
            scope.wrap(from_fn(require_user))
        })
        .scope("/api/v1/admin", v1::admin::routes, |scope| {
            scope.wrap(from_fn(require_staff))
        })
        .scope("/api/v1", v1::public::routes, |scope| scope);
}
