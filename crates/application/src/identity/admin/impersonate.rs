//! Staff act as a customer, to see what they see.

use domain::identity::right::UsersImpersonate;
use domain::identity::{IMPERSONATION, Right, Session, SessionKind, User};
use domain::orders::Actor;
use domain::{Secret, Timestamp, UserId};
use ports::StoreError;
use ports::audit::AuditEntry;

use super::{UserAdmin, entry, lock};
use crate::caller::{Member, Staff};
use crate::identity::session::{NewSession, Opening};
use crate::identity::{ActiveSession, Browser, still_holds};
use crate::retry::retry_contended;

/// A session in which staff act as a user.
#[derive(Debug, Clone)]
pub struct ActingAs {
    /// The session, which tells whose it really is.
    pub session: Session,
    /// The user.
    pub user: User,
    /// The token that the browser presents from now on.
    pub token: Secret,
}

/// Why nobody acts as the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImpersonateError {
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Staff would lend each other their rights.
    #[error("nobody acts as a member of staff")]
    IsStaff,
    /// A banned user has no sessions.
    #[error("the user is banned")]
    Banned,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the session of the member of staff was not restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopImpersonatingError {
    /// The session is its user's own.
    #[error("nobody is impersonated")]
    NotImpersonating,
    /// The session of the member of staff has ended, or is not theirs.
    #[error("there is no session to go back to")]
    NoSessionToRestore,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UserAdmin {
    /// Opens a short session as `user`.
    ///
    /// # Errors
    /// [`ImpersonateError`] if none was opened, or nobody knows.
    pub async fn impersonate(
        &self,
        by: &Staff<UsersImpersonate>,
        user: &UserId,
        browser: &Browser,
    ) -> Result<ActingAs, ImpersonateError> {
        let now = self.ports.clock.now();
        let found = self
            .ports
            .queries
            .user(user)
            .await?
            .ok_or(ImpersonateError::UnknownUser)?;
        refuse(&found, now)?;
        let opening = Opening {
            user,
            kind: SessionKind::Browser,
            browser,
            lifetime: IMPERSONATION,
            impersonated_by: Some(by.id()),
            now,
        };
        let opened = opening.open(&*self.ports.ids, &*self.ports.digester);
        let current = retry_contended(|| self.record_impersonation(by, user, &opened)).await?;
        let user = current.ok_or(ImpersonateError::UnknownUser)??;
        Ok(ActingAs {
            session: opened.session,
            user,
            token: opened.token,
        })
    }

    async fn record_impersonation(
        &self,
        by: &Member,
        user: &UserId,
        opened: &NewSession,
    ) -> Result<Option<Result<User, ImpersonateError>>, StoreError> {
        let now = opened.session.created_at;
        let mut tx = self.ports.store.begin().await?;
        // Whoever takes the office from `by` at the same time ends their sessions, this one included.
        if !still_holds(&mut *tx, by.id(), &[Right::UsersImpersonate], now).await? {
            return Ok(None);
        }
        let Some(user) = lock(&mut *tx, user).await? else {
            return Ok(None);
        };
        if let Err(refusal) = refuse(&user, now) {
            return Ok(Some(Err(refusal)));
        }
        tx.identity()
            .insert_session(&opened.session, &opened.digest)
            .await?;
        let entry = entry(by, "user.impersonate", &user.id, now);
        tx.audit().append(&entry).await?;
        tx.commit().await?;
        Ok(Some(Ok(user)))
    }

    /// Ends `acting` and gives back the session of the member of staff, whose token the browser kept.
    ///
    /// # Errors
    /// [`StopImpersonatingError`] if nothing changed, or nobody knows.
    pub async fn stop_impersonating(
        &self,
        acting: &ActiveSession,
        kept: Option<ActiveSession>,
    ) -> Result<ActiveSession, StopImpersonatingError> {
        let Some(by) = &acting.session.impersonated_by else {
            return Err(StopImpersonatingError::NotImpersonating);
        };
        let own = kept.filter(|own| own.user.id == *by && !own.session.stands_in());
        let own = own.filter(|own| own.user.role.is_staff());
        let own = own.ok_or(StopImpersonatingError::NoSessionToRestore)?;
        retry_contended(|| self.record_stop(&own.user.id, acting)).await?;
        Ok(own)
    }

    async fn record_stop(&self, by: &UserId, acting: &ActiveSession) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if tx
            .identity()
            .delete_session_by_id(&acting.session.id, None)
            .await?
        {
            let target = format!("user:{}", acting.user.id);
            let (actor, now) = (Actor::Staff(by.clone()), self.ports.clock.now());
            let entry = AuditEntry::new(actor, "user.stop_impersonating", target, now).from(&acting.origin);
            tx.audit().append(&entry).await?;
        }
        tx.commit().await
    }
}

fn refuse(user: &User, now: Timestamp) -> Result<(), ImpersonateError> {
    if user.role.is_staff() {
        return Err(ImpersonateError::IsStaff);
    }
    if user.is_banned(now) {
        return Err(ImpersonateError::Banned);
    }
    Ok(())
}
