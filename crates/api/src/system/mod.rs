//! What operators and their programs ask.

mod health;
mod metrics;
mod ready;
mod version;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::docs;

/// The routes below `/`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(probes)
        .service(version::version)
        .service(docs::show_document)
        .map(|config| config.route("/docs", web::get().to(to_docs)));
}

/// What monitoring systems ask of every process.
pub fn probes(config: &mut ServiceConfig) {
    config
        .service(health::health)
        .service(ready::ready)
        .service(metrics::metrics);
}

/// The reference page lives one slash further.
async fn to_docs() -> web::Redirect {
    web::Redirect::to("/docs/")
}
