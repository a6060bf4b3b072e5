//! What operators and their programs ask.

mod health;
mod metrics;
mod ready;
mod version;

use actix_web::web;

use crate::docs;
use crate::mount::Routes;

/// The routes below `/`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .configure(probes)
        .service(version::version)
        .service(docs::show_document)
        .unlisted(|config| {
            config.route("/docs", web::get().to(to_docs));
        });
}

/// What monitoring systems ask of every process.
pub fn probes(routes: &mut Routes<'_>) {
    routes
        .service(health::health)
        .service(ready::ready)
        .service(metrics::metrics);
}

/// The reference page lives one slash further.
async fn to_docs() -> web::Redirect {
    web::Redirect::to("/docs/")
}
