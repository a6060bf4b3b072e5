//! Who is asked for a code, and where.

use domain::Secret;
use domain::identity::User;
use ports::StoreError;
use ports::identity::TokenDigest;

use super::TwoFactor;
use crate::identity::ActiveSession;

/// Whose code is awaited.
#[derive(Debug, Clone)]
pub enum Waiting {
    /// That of a user who is signed in.
    Session(Box<ActiveSession>),
    /// That of whoever is half signed in under this token.
    SignIn(Secret),
}

impl Waiting {
    /// Whether it is a member of staff who acts as the user that has a session.
    pub(super) fn stands_in(&self) -> bool {
        match self {
            Self::Session(session) => session.stands_in(),
            Self::SignIn(_) => false,
        }
    }
}

/// Whose code is awaited, and where.
pub(super) struct Awaited<'a> {
    pub user: User,
    pub place: Place<'a>,
}

/// Where a code is awaited.
pub(super) enum Place<'a> {
    Session(&'a ActiveSession),
    SignIn(TokenDigest),
}

impl Place<'_> {
    /// What a mailed code is bound to.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Session(session) => format!("session:{}", session.session.id),
            Self::SignIn(token) => format!("sign-in:{}", token.0),
        }
    }
}

impl TwoFactor {
    /// Whose code is awaited.
    pub(super) async fn awaited<'a>(&self, waiting: &'a Waiting) -> Result<Option<Awaited<'a>>, StoreError> {
        let people = &self.ports.people;
        match waiting {
            Waiting::Session(session) => Ok(Some(Awaited {
                user: session.user.clone(),
                place: Place::Session(session),
            })),
            Waiting::SignIn(token) => {
                let digest = people.digester.digest(token.reveal());
                let half = self.ports.queries.half_sign_in(&digest, people.clock.now());
                let Some(half) = half.await? else {
                    return Ok(None);
                };
                let user = people.queries.user(&half.user).await?;
                Ok(user.map(|user| Awaited {
                    user,
                    place: Place::SignIn(digest),
                }))
            }
        }
    }
}
