//! What anybody may ask.

mod services;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes below `/api/v1`.
pub fn routes(config: &mut ServiceConfig) {
    config.service(services::list_services);
}
