//! Staff administer users and their sessions.

mod ban;
mod impersonate;
mod list;
mod password;
mod remove;
mod role;
mod sessions;

use domain::identity::User;
use domain::{Timestamp, UserId};
use ports::audit::AuditEntry;
use ports::{StoreError, Tx};

use super::identity_ports::IdentityPorts;

pub use ban::{BanError, BanUser};
pub use impersonate::{ActingAs, ImpersonateError, StopImpersonatingError};
pub use list::ListedUsers;
pub use password::SetPasswordError;
pub use remove::RemoveUserError;
pub use role::SetRoleError;
pub use sessions::RevokeSessionsError;

use crate::caller::Member;

/// What staff do with users. Everything is recorded in the audit log, in the transaction of the deed.
pub struct UserAdmin {
    ports: IdentityPorts,
}

impl UserAdmin {
    /// Wires the use cases.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
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
