//! Lists of users.

use domain::Timestamp;
use domain::identity::User;
use domain::identity::right::UsersRead;
use ports::StoreError;
use ports::users::{UserList, UserPage};

use super::UserAdmin;
use crate::caller::Staff;

/// Some of the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUsers {
    /// The users.
    pub users: Vec<User>,
    /// How many there are in all.
    pub total: u64,
    /// When they were looked up.
    pub now: Timestamp,
}

impl UserAdmin {
    /// Some of the users.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn list(&self, _by: &Staff<UsersRead>, list: &UserList) -> Result<ListedUsers, StoreError> {
        let UserPage { users, total } = self.ports.queries.users(list).await?;
        Ok(ListedUsers {
            users,
            total,
            now: self.ports.clock.now(),
        })
    }
}
