//! The step that signing up and creating a user share.

use domain::identity::{Role, User};
use domain::text::{Email, Name};
use domain::{Timestamp, UserId};
use ports::orders::Inserted;
use ports::{IdSource, StoreError, Tx};

/// A user who has no ban, no picture and a fresh id.
pub(super) fn new_user(name: Name, email: Email, role: Role, now: Timestamp, ids: &dyn IdSource) -> User {
    User {
        id: UserId::new(ids.text_id()),
        name,
        email,
        email_verified: false,
        image: None,
        role,
        ban: None,
        created_at: now,
        updated_at: now,
    }
}

/// Inserts a user with password and wallet, unless the address is taken.
pub(super) async fn insert_account(
    tx: &mut dyn Tx,
    user: &User,
    account: &str,
    password_hash: &str,
) -> Result<Inserted, StoreError> {
    let now = user.created_at;
    if tx.identity().insert_user(user).await? == Inserted::AlreadyThere {
        return Ok(Inserted::AlreadyThere);
    }
    tx.identity()
        .set_password(account, &user.id, password_hash, now)
        .await?;
    tx.wallets().create(&user.id, now).await
}
