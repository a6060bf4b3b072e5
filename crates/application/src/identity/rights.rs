//! Administrators say what moderators may do.

use std::sync::Arc;

use domain::UserId;
use domain::identity::right::{RightsWrite, UsersRead};
use domain::identity::{Right, Rights, Role};
use ports::identity::IdentityQueries;
use ports::{Clock, Store, StoreError};

use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// Why nobody's rights were changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetRightsError {
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Administrators have every right, and customers none.
    #[error("only moderators are given rights")]
    NotAModerator,
    /// Only administrators have it.
    #[error("{} cannot be given to a moderator", .0.as_str())]
    NotToBeGiven(Right),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for SetRightsError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// Shows and sets the rights of members of staff.
pub struct ManageRights {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    clock: Arc<dyn Clock>,
}

impl ManageRights {
    /// Wires the use cases.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn IdentityQueries>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            queries,
            clock,
        }
    }

    /// What a user is, and what they may do as such. `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError`] if the database failed.
    pub async fn of(
        &self,
        _: &Staff<UsersRead>,
        user: &UserId,
    ) -> Result<Option<(Role, Rights)>, StoreError> {
        let found = self.queries.rights_of(user).await?;
        Ok(found.map(|(role, given)| (role, given.of(role))))
    }

    /// Replaces the rights of a moderator. They count from the next request on.
    ///
    /// # Errors
    /// [`SetRightsError`] if they were not replaced, or nobody knows.
    pub async fn set(
        &self,
        staff: &Staff<RightsWrite>,
        user: &UserId,
        rights: &Rights,
    ) -> Result<(), SetRightsError> {
        if let Some(right) = rights.iter().find(|right| !right.can_be_given()) {
            return Err(SetRightsError::NotToBeGiven(right));
        }
        retry_contended(|| self.record(staff, user, rights)).await
    }

    async fn record(&self, staff: &Member, user: &UserId, rights: &Rights) -> Result<(), SetRightsError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let (role, before) = tx
            .identity()
            .lock_rights(user)
            .await?
            .ok_or(SetRightsError::UnknownUser)?;
        if role != Role::Moderator {
            return Err(SetRightsError::NotAModerator);
        }
        tx.identity().set_rights(user, rights, staff.id(), now).await?;
        let entry = staff
            .entry("user.rights", format!("user:{user}"), now)
            .with("rights_before", before.words())
            .with("rights", rights.words());
        tx.audit().append(&entry).await?;
        Ok(tx.commit().await?)
    }
}
