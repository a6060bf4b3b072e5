//! Users, accounts and sessions.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::identity::{Rights, Role, Session, User, UserSettings};
use domain::text::Email;
use domain::{SessionId, Timestamp, UserId};

use crate::orders::Inserted;
use crate::refresh::RefreshToken;
use crate::store::StoreError;
use crate::users::{UserList, UserPage};

/// The digest of a session token; what is stored instead of the token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub String);

/// What a session is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SessionKey {
    /// A browser's, by the digest of its token.
    Browser(TokenDigest),
    /// A program's, by its name. Whoever asks has checked the signature that came with it.
    Program(SessionId),
}

/// A session with its user and the rights that they were given.
pub type OpenedSession = (Session, User, Rights);

/// A user with the password hash that signs them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// PHC string or the old `salt:key` form; `None` if the user has no password.
    pub password_hash: Option<String>,
}

/// Identity inside a transaction.
#[async_trait]
pub trait IdentityRepository: Send {
    /// Inserts a user unless the address is taken.
    async fn insert_user(&mut self, user: &User) -> Result<Inserted, StoreError>;

    /// Creates the user's password account (`account_id` = the user's id), or replaces its hash. Sign-ins that wait for a
    /// code end: they began with the other password.
    async fn set_password(
        &mut self,
        account: &str,
        user: &UserId,
        hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Replaces a hash that is still `old`, so that a rehash never overwrites a newer password.
    async fn upgrade_password(
        &mut self,
        user: &UserId,
        old: &str,
        new: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Locks a user's row, which everything waits for that signs the user in or changes who they are. `None` if there is
    /// no such user, or they were removed.
    async fn lock_user(&mut self, id: &UserId) -> Result<Option<Credentials>, StoreError>;

    /// Locks the rows of all administrators who are not banned at `now`: of two who take the office from each other, one
    /// waits and then sees what the other did.
    async fn lock_admins(&mut self, now: Timestamp) -> Result<Vec<UserId>, StoreError>;

    /// Writes a user's row, which was locked before.
    async fn save_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// Writes a user's row for the last time: the user is not found any more. Their ways to sign in go, and so do their
    /// sessions.
    async fn retire_user(&mut self, anonymised: &User) -> Result<(), StoreError>;

    /// What a user has set; `None` if nothing.
    async fn settings(&mut self, user: &UserId) -> Result<Option<UserSettings>, StoreError>;

    /// Writes what a user has set.
    async fn save_settings(
        &mut self,
        user: &UserId,
        settings: &UserSettings,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Lifts a ban that has run out at `now`. `false` if there was none.
    async fn lift_expired_ban(&mut self, user: &UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// Changes a user's role. `false` if there is no such user.
    async fn set_role(&mut self, user: &UserId, role: Role, now: Timestamp) -> Result<bool, StoreError>;

    /// Opens a session.
    async fn insert_session(&mut self, session: &Session, token: &TokenDigest) -> Result<(), StoreError>;

    /// Moves the end of a session. `false` if it is gone.
    async fn renew_session(
        &mut self,
        id: &SessionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Notes that the session's user has just proved who they are. The session goes on under another token, so that
    /// whoever has copied the old one has nothing of it. `false` if it is gone.
    async fn refresh_session(
        &mut self,
        id: &SessionId,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Locks a user's row; their role and the rights that they were given. `None` if there is no such user.
    async fn lock_rights(&mut self, user: &UserId) -> Result<Option<(Role, Rights)>, StoreError>;

    /// Replaces the rights of a user whose row is locked. They are lost when the user gets another role.
    async fn set_rights(
        &mut self,
        user: &UserId,
        rights: &Rights,
        by: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whose session it is, by its id or its token, also if it has ended by itself. `None` if there is none.
    async fn owner_of_session(
        &mut self,
        id: &SessionId,
        token: &TokenDigest,
    ) -> Result<Option<UserId>, StoreError>;

    /// Ends a session by its token. `false` if it was gone already.
    async fn delete_session(&mut self, token: &TokenDigest) -> Result<bool, StoreError>;

    /// Ends a session by its id, of `user` if one is given. `false` if there is none.
    async fn delete_session_by_id(
        &mut self,
        id: &SessionId,
        user: Option<&UserId>,
    ) -> Result<bool, StoreError>;

    /// Forgets sessions that ended before `before`, with the tokens of programs that go with them, the oldest first and so many
    /// at most; how many.
    async fn forget_sessions(&mut self, before: Timestamp, limit: u16) -> Result<u64, StoreError>;

    /// Ends a user's sessions but for `keep`, and those in which they act as somebody else. Sign-ins that wait for a code
    /// end, too, and no device is trusted any more.
    async fn delete_sessions_of(
        &mut self,
        user: &UserId,
        keep: Option<&SessionId>,
    ) -> Result<u64, StoreError>;
}

/// Identity for reading.
#[async_trait]
pub trait IdentityQueries: Send + Sync {
    /// A user by id, unless they were removed.
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;

    /// A user by address, with the password hash.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// A session that has not ended at `now`, with its user and the rights that they were given, in one round trip.
    async fn session(&self, token: &TokenDigest, now: Timestamp)
    -> Result<Option<OpenedSession>, StoreError>;

    /// A program's session by its id, as [`IdentityQueries::session`] finds one by its token.
    async fn session_of_program(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<OpenedSession>, StoreError>;

    /// A refresh token whose session has not been ended.
    async fn refresh_token(&self, token: &TokenDigest) -> Result<Option<RefreshToken>, StoreError>;

    /// The sessions of a user that have not ended at `now`, newest first, 100 at most.
    async fn sessions_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// What a user has set; `None` if nothing.
    async fn settings(&self, user: &UserId) -> Result<Option<UserSettings>, StoreError>;

    /// Users, without those who were removed.
    async fn users(&self, list: &UserList) -> Result<UserPage, StoreError>;

    /// A user's role and the rights that they were given. `None` if there is no such user.
    async fn rights_of(&self, user: &UserId) -> Result<Option<(Role, Rights)>, StoreError>;
}

/// The sessions of many at once.
#[async_trait]
pub trait SessionQueries: Send + Sync {
    /// Those of `keys` that have not ended at `now`, each as [`IdentityQueries::session`] or
    /// [`IdentityQueries::session_of_program`] finds it. One statement, however many they are.
    async fn sessions(
        &self,
        keys: &[&SessionKey],
        now: Timestamp,
    ) -> Result<HashMap<SessionKey, OpenedSession>, StoreError>;
}
