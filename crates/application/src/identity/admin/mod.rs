//! Staff administer users and their sessions.

mod ban;
mod impersonate;
mod list;
mod password;
mod remove;
mod role;
mod sessions;

use std::sync::Arc;

use domain::identity::User;
use domain::{Timestamp, UserId};
use ports::audit::AuditEntry;
use ports::crypto::{PasswordHasher, TokenDigester};
use ports::identity::IdentityQueries;
use ports::{Clock, IdSource, Store, StoreError, Tx};

pub use ban::{BanError, BanUser};
pub use impersonate::{ActingAs, ImpersonateError, StopImpersonatingError};
pub use list::ListedUsers;
pub use password::SetPasswordError;
pub use remove::RemoveUserError;
pub use role::SetRoleError;

use crate::caller::Member;

/// What staff do with users. Everything is recorded in the audit log, in the transaction of the deed.
pub struct UserAdmin {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    hasher: Arc<dyn PasswordHasher>,
    digester: Arc<dyn TokenDigester>,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl UserAdmin {
    /// Wires the use cases.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        queries: Arc<dyn IdentityQueries>,
        hasher: Arc<dyn PasswordHasher>,
        digester: Arc<dyn TokenDigester>,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            queries,
            hasher,
            digester,
            ids,
            clock,
        }
    }
}

fn entry(by: &Member, action: &'static str, user: &UserId, at: Timestamp) -> AuditEntry {
    by.entry(action, format!("user:{user}"), at)
}

/// Whether `user` is an administrator and nobody else is. Holds until the end of the transaction.
pub(super) async fn is_last_admin(
    tx: &mut dyn Tx,
    user: &UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.identity().lock_admins(now).await? == [user.clone()])
}

/// The user, locked. Where administrators are locked as well, they come first.
async fn lock(tx: &mut dyn Tx, user: &UserId) -> Result<Option<User>, StoreError> {
    Ok(tx.identity().lock_user(user).await?.map(|found| found.user))
}
