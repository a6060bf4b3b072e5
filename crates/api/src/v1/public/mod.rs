//! What anybody may ask.

mod services;

use crate::mount::Routes;

/// The routes below `/api/v1`.
pub fn routes(routes: &mut Routes<'_>) {
    routes.service(services::list_services);
}
