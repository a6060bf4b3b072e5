//! Opening a session.

use domain::identity::{Session, SessionPolicy, User};
use domain::{Secret, SessionId, Timestamp, UserId};
use ports::IdSource;
use ports::crypto::TokenDigester;
use ports::identity::TokenDigest;

/// The longest user agent that is kept, in characters.
const USER_AGENT_MAX_CHARS: usize = 512;

/// What is known about the browser that asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Browser {
    /// Its network address, if it is known.
    pub ip_address: Option<String>,
    /// What it says it is.
    pub user_agent: Option<String>,
}

/// Whether a session outlives the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// It lives a week after its last use.
    Yes,
    /// It lives a day at most and ends with the browser.
    No,
}

/// A user and the session that was just opened for them.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The user.
    pub user: User,
    /// The token that the browser presents from now on. Only its digest is stored.
    pub token: Secret,
    /// How long the browser may keep it.
    pub remember: Remember,
}

/// A session that is not recorded yet, with its token.
pub(super) struct NewSession {
    pub session: Session,
    pub token: Secret,
    pub digest: TokenDigest,
}

pub(super) fn new_session(
    user: &UserId,
    browser: &Browser,
    remember: Remember,
    now: Timestamp,
    ids: &dyn IdSource,
    digester: &dyn TokenDigester,
) -> NewSession {
    let policy = SessionPolicy::default();
    let lifetime = match remember {
        Remember::Yes => policy.lifetime,
        Remember::No => policy.forgetful_lifetime,
    };
    let token = ids.text_id();
    NewSession {
        session: Session {
            id: SessionId::new(ids.text_id()),
            user: user.clone(),
            expires_at: now.plus(lifetime),
            ip_address: browser.ip_address.clone(),
            user_agent: browser.user_agent.as_deref().map(cut_user_agent),
            created_at: now,
            updated_at: now,
        },
        digest: digester.digest(&token),
        token: Secret::new(token),
    }
}

fn cut_user_agent(text: &str) -> String {
    text.chars().take(USER_AGENT_MAX_CHARS).collect()
}
