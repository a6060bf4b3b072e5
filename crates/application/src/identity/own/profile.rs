//! Users change what others see of them.

use domain::identity::User;
use domain::text::{Link, Name};
use ports::StoreError;

use super::OwnAccount;
use crate::identity::ActiveSession;
use crate::retry::retry_contended;

/// What changes; the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileEdit {
    /// Another display name.
    pub name: Option<Name>,
    /// Another picture, or none.
    pub image: Option<Option<Link>>,
}

impl OwnAccount {
    /// Changes the profile of the session's user. `None` if they were removed meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was recorded, or nobody knows.
    pub async fn edit_profile(
        &self,
        session: &ActiveSession,
        edit: &ProfileEdit,
    ) -> Result<Option<User>, StoreError> {
        retry_contended(|| self.record_edit(session, edit)).await
    }

    async fn record_edit(
        &self,
        session: &ActiveSession,
        edit: &ProfileEdit,
    ) -> Result<Option<User>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let Some(found) = tx.identity().lock_user(&session.user.id).await? else {
            return Ok(None);
        };
        let mut user = found.user;
        if let Some(name) = &edit.name {
            user.name = name.clone();
        }
        if let Some(image) = &edit.image {
            user.image = image.as_ref().map(|image| image.as_str().to_owned());
        }
        user.updated_at = self.ports.clock.now();
        tx.identity().save_user(&user).await?;
        tx.commit().await?;
        Ok(Some(user))
    }
}
