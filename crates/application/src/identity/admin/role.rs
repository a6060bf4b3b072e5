//! Changing roles.

use domain::UserId;
use domain::identity::right::RightsWrite;
use domain::identity::{Role, User};
use ports::StoreError;

use super::{UserAdmin, entry, is_last_admin, lock};
use crate::caller::{Member, Staff};
use crate::retry::retry_contended;

/// Why a role was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetRoleError {
    /// Nobody would be left to administer anything.
    #[error("the last administrator cannot become anything else")]
    LastAdmin,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserAdmin {
    /// Gives a user another role. Their sessions end, because a session is as long and as strong as the role it was opened
    /// with. `None` if there is no such user.
    ///
    /// # Errors
    /// [`SetRoleError`] if nothing was recorded, or nobody knows.
    pub async fn set_role(
        &self,
        by: &Staff<RightsWrite>,
        user: &UserId,
        role: Role,
    ) -> Result<Option<User>, SetRoleError> {
        retry_contended(|| self.record_role(by, user, role))
            .await?
            .ok_or(SetRoleError::LastAdmin)
    }

    /// `None` if nobody else is an administrator.
    async fn record_role(
        &self,
        by: &Member,
        user: &UserId,
        role: Role,
    ) -> Result<Option<Option<User>>, StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        if role != Role::Admin && is_last_admin(&mut *tx, user, now).await? {
            return Ok(None);
        }
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(Some(None));
        };
        if user.role == role {
            return Ok(Some(Some(user)));
        }
        let before = user.role;
        let changed = User {
            role,
            updated_at: now,
            ..user
        };
        tx.identity().save_user(&changed).await?;
        tx.identity().delete_sessions_of(&changed.id, None).await?;
        let entry = entry(by, "user.set_role", &changed.id, now)
            .with("role_before", before.as_str())
            .with("role", role.as_str());
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(Some(changed)))
    }
}
