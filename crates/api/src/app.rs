//! Which route is served by whom, and in which order requests pass the middleware.

use actix_web::middleware::from_fn;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::middleware::{limit_auth, require_staff, require_user};
use crate::{auth, system, v1};

/// Every route. Longer prefixes come first: the first tree whose prefix fits gets the request.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(system::routes)
        .service(
            scope("/api/auth")
                .configure(auth::routes)
                .wrap(from_fn(limit_auth)),
        )
        // The same handlers once more; the document says so in words instead of listing them twice.
        .map(|config| {
            config.service(
                scope("/api/v1/auth")
                    .configure(auth::routes)
                    .wrap(from_fn(limit_auth)),
            )
        })
        .service(
            scope("/api/v1/dashboard")
                .configure(v1::dashboard::routes)
                .wrap(from_fn(require_user)),
        )
        .service(
            scope("/api/v1/admin")
                .configure(v1::admin::routes)
                .wrap(from_fn(require_staff)),
        )
        .service(scope("/api/v1").configure(v1::public::routes));
}
