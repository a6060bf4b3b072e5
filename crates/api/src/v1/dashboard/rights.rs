//! What the caller may do.

use actix_web::{HttpResponse, get};

use crate::envelope::{Envelope, Said};
use crate::error::ApiError;
use crate::extract::Customer;
use crate::v1::admin::RightsBody;

/// Shows the caller's role and rights
///
/// For pages: whatever they show, every request is checked.
#[utoipa::path(
    tag = "Users",
    responses((status = 200, description = "Role and rights", body = Envelope<RightsBody>))
)]
#[get("/rights")]
pub async fn own_rights(Customer(caller): Customer) -> Result<HttpResponse, ApiError> {
    let body = RightsBody::new(caller.user().role, caller.rights());
    Ok(Said("RIGHTS_FETCHED", "Rights fetched successfully").ok(body))
}
