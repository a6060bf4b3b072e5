//! Owners look after the keys of their programs: on the web application's page, and by the fuller interface beside it.

mod bodies;
mod forms;
mod managed;
mod page;

use application::api_keys::KeyError;
use domain::api_keys::KEYS_MAX;

use crate::codes::Code;
use crate::error::ApiError;
use crate::extract::field_error;
use crate::mount::Routes;

/// What the web application's page asks, below `/v2/api-key`.
pub fn page_routes(routes: &mut Routes<'_>) {
    routes
        .service(page::list_page_keys)
        .service(page::make_page_key)
        .service(page::rename_page_key)
        .service(page::delete_page_key);
}

/// The routes below `/api/v1/dashboard/api-keys`.
pub fn managed_routes(routes: &mut Routes<'_>) {
    routes
        .service(managed::list_keys)
        .service(managed::make_key)
        .service(managed::rotate_key)
        .service(managed::edit_key)
        .service(managed::delete_key);
}

fn refused(error: KeyError) -> ApiError {
    match error {
        KeyError::NotTheOwner => ApiError::not_the_owner(),
        KeyError::Denied(_) => Code::ReauthenticationRequired.into(),
        KeyError::Missing => Code::ApiKeyNotFound.into(),
        KeyError::TooMany => ApiError::new(
            Code::ApiKeyLimit,
            format!("There are {KEYS_MAX} API keys already. Delete one of them first."),
        ),
        KeyError::Ended => field_error("expiresAt", "must be in the future"),
        KeyError::Rotating => Code::ApiKeyRotating.into(),
        KeyError::Seal(error) => ApiError::internal(error),
        KeyError::Store(error) => error.into(),
    }
}
