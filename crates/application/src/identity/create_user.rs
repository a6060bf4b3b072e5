//! Staff, or the command line, create a user.

use domain::identity::right::UsersWrite;
use domain::identity::{Role, User};
use domain::text::{Email, Name};
use ports::StoreError;
use ports::audit::AuditEntry;
use ports::crypto::PasswordError;
use ports::orders::Inserted;

use super::account::{insert_account, new_user};
use super::identity_ports::IdentityPorts;
use super::password::{Password, PasswordRefusal};
use crate::caller::By;
use crate::retry::retry_contended;

/// The user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Display name.
    pub name: Name,
    /// Address, which names the account.
    pub email: Email,
    /// The first password.
    pub password: Password,
    /// What the user may do.
    pub role: Role,
}

/// Why no user was created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateUserError {
    /// Somebody has the address.
    #[error("a user with this address exists already")]
    AddressTaken,
    /// Only administrators create members of staff.
    #[error("only an administrator creates members of staff")]
    RoleNotTheirs,
    /// Nobody with this name or address may choose the password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// The password could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates users with their wallets, and opens no session.
pub struct CreateUser {
    ports: IdentityPorts,
}

impl CreateUser {
    /// Wires the use case.
    #[must_use]
    pub const fn new(ports: IdentityPorts) -> Self {
        Self { ports }
    }

    /// Creates a user in the name of `by`, which is a member of staff or, on the command line, the system.
    ///
    /// # Errors
    /// [`CreateUserError`] if nothing was recorded, or nobody knows.
    pub async fn create(&self, by: &By<UsersWrite>, new: NewUser) -> Result<User, CreateUserError> {
        if !by.may_give(new.role) {
            return Err(CreateUserError::RoleNotTheirs);
        }
        let IdentityPorts {
            office,
            hasher,
            clock,
            ids,
            ..
        } = &self.ports;
        let password = new.password.of(&new.name, &new.email, &office.policy().project)?;
        let hash = hasher.hash(password).await?;
        let user = new_user(new.name, new.email, new.role, clock.now(), &**ids);
        let entry = by
            .entry("user.create", format!("user:{}", user.id), user.created_at)
            .with("role", user.role.as_str());
        match retry_contended(|| self.record(&user, &hash, &entry)).await? {
            Inserted::AlreadyThere => Err(CreateUserError::AddressTaken),
            Inserted::New => Ok(user),
        }
    }

    async fn record(&self, user: &User, hash: &str, entry: &AuditEntry) -> Result<Inserted, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if insert_account(&mut *tx, user, &self.ports.ids.text_id(), hash).await? == Inserted::AlreadyThere {
            return Ok(Inserted::AlreadyThere);
        }
        tx.audit().append(entry).await?;
        tx.commit().await?;
        Ok(Inserted::New)
    }
}
