//! Second factors of users who lost everything.

use actix_web::{HttpResponse, delete, web};
use application::caller::By;
use application::identity::RemoveTwoFactorError;
use domain::UserId;
use domain::identity::right::UsersReset;

use crate::codes::Code;
use crate::envelope::{Envelope, Nothing, Said};
use crate::error::ApiError;
use crate::extract::StaffMember;
use crate::state::ApiState;

/// Removes a user's second factor
///
/// For somebody who lost the app and the recovery codes, and showed in another way who they are. Their sessions end, and
/// a mail tells them. Whoever typed their password more than five minutes ago has to do so again.
#[utoipa::path(
    tag = "Users",
    security(("session" = ["users.reset"])),
    params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "From now on the password is enough", body = Envelope<Nothing>),
        (status = 404, description = "`USER_NOT_FOUND`"),
        (status = 409, description = "`TWO_FACTOR_NOT_ENABLED`"),
    )
)]
#[delete("/users/{id}/two-factor")]
pub async fn remove_two_factor(
    state: web::Data<ApiState>,
    StaffMember(staff): StaffMember<UsersReset>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(id.into_inner());
    let removed = state.identity.two_factor.remove(&By::from(staff), &user).await;
    removed.map_err(|error| match error {
        RemoveTwoFactorError::UnknownUser => ApiError::from(Code::UserNotFound),
        RemoveTwoFactorError::NotTheirs => ApiError::new(
            Code::Forbidden,
            "Only administrators do this to members of staff.",
        ),
        RemoveTwoFactorError::Off => Code::TwoFactorNotEnabled.into(),
        RemoveTwoFactorError::Store(error) => error.into(),
    })?;
    Ok(Said(
        "TWO_FACTOR_REMOVED",
        "Two-factor authentication removed successfully",
    )
    .ok(Nothing))
}
