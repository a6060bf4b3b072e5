//! Opening a session.

use std::net::IpAddr;
use std::time::Duration;

use domain::identity::{REFRESH_PREFIX, Session, SessionKind, SessionPolicy, User};
use domain::{Secret, SessionId, Timestamp, UserId};
use ports::audit::{AuditEntry, Origin};
use ports::crypto::TokenDigester;
use ports::identity::TokenDigest;
use ports::{IdSource, StoreError, Tx};

use crate::caller::actor;

/// The longest user agent that is kept, in characters.
const USER_AGENT_MAX_CHARS: usize = 512;

/// What is known about the browser that asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Browser {
    /// Its network address, if it is known.
    pub ip_address: Option<String>,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// The id of the request.
    pub request: Option<String>,
}

impl Browser {
    /// Where it asks from, for the audit log.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            address: self.ip_address.clone(),
            request: self.request.clone(),
        }
    }

    /// The network that the address stands for.
    #[must_use]
    pub fn network(&self) -> Option<String> {
        network(self.ip_address.as_deref()?.parse().ok()?)
    }
}

/// The network that an address stands for. An IPv6 customer owns a whole /64, so single addresses in it prove nothing. A
/// loopback address is a proxy that nobody told us to trust: it stands for everybody, and for no network.
#[must_use]
pub fn network(address: IpAddr) -> Option<String> {
    match address.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V4(v4) => Some(v4.to_string()),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
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
    /// The session.
    pub session: Session,
    /// The token that the browser presents from now on, or a program's first refresh token. Only its digest is stored.
    pub token: Secret,
    /// How long the browser may keep it.
    pub remember: Remember,
}

/// A session that is not recorded yet, with its token.
pub(super) struct NewSession {
    pub session: Session,
    pub token: Secret,
    pub digest: TokenDigest,
    pub origin: Origin,
}

impl NewSession {
    /// Records it, and that `user` signed in.
    pub(super) async fn record(&self, tx: &mut dyn Tx, user: &User) -> Result<(), StoreError> {
        self.record_with(tx, user, None).await
    }

    /// Records it, and that `user` signed in with this as the second factor.
    pub(super) async fn record_with(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        second_factor: Option<&'static str>,
    ) -> Result<(), StoreError> {
        let Session {
            id, created_at: now, ..
        } = &self.session;
        match self.session.kind {
            SessionKind::Browser => tx.identity().insert_session(&self.session, &self.digest).await?,
            SessionKind::Program => {
                // No cookie has this digest. What keeps the session alive has a table of its own.
                let none = TokenDigest(format!("program:{id}"));
                tx.identity().insert_session(&self.session, &none).await?;
                tx.refresh_tokens().issue(&self.digest, id, *now).await?;
            }
        }
        let target = format!("user:{}", user.id);
        let entry = AuditEntry::new(actor(user), "session.open", target, *now)
            .from(&self.origin)
            .with("kind", self.session.kind.as_str())
            .with_all(second_factor.map(|shown| ("second_factor", shown.to_owned())));
        tx.audit().append(&entry).await
    }

    /// What whoever signed in is given.
    pub(super) fn signed_in(self, user: User, remember: Remember) -> SignedIn {
        SignedIn {
            user,
            session: self.session,
            token: self.token,
            remember,
        }
    }
}

/// How a session begins.
pub(super) struct Opening<'a> {
    /// Whose session it is.
    pub user: &'a UserId,
    /// What it is used with.
    pub kind: SessionKind,
    /// From where.
    pub browser: &'a Browser,
    /// How long it lives unless it is renewed.
    pub lifetime: Duration,
    /// The member of staff who acts as the user.
    pub impersonated_by: Option<&'a UserId>,
    /// When.
    pub now: Timestamp,
}

impl<'a> Opening<'a> {
    /// A session that the user opens in a browser.
    pub(super) fn of(user: &'a User, browser: &'a Browser, remember: Remember, now: Timestamp) -> Self {
        let policy = SessionPolicy::of(user.role);
        Self {
            user: &user.id,
            kind: SessionKind::Browser,
            browser,
            lifetime: match remember {
                Remember::Yes => policy.lifetime,
                Remember::No => policy.forgetful_lifetime,
            },
            impersonated_by: None,
            now,
        }
    }

    /// The session with a new token.
    pub(super) fn open(self, ids: &dyn IdSource, digester: &dyn TokenDigester) -> NewSession {
        let token = match self.kind {
            SessionKind::Browser => ids.text_id(),
            SessionKind::Program => new_refresh_token(ids),
        };
        NewSession {
            session: Session {
                id: SessionId::new(ids.text_id()),
                user: self.user.clone(),
                kind: self.kind,
                expires_at: self.now.plus(self.lifetime),
                ip_address: self.browser.ip_address.clone(),
                user_agent: self.browser.user_agent.as_deref().map(cut_user_agent),
                impersonated_by: self.impersonated_by.cloned(),
                authenticated_at: self.now,
                created_at: self.now,
                updated_at: self.now,
            },
            digest: digester.digest(&token),
            token: Secret::new(token),
            origin: self.browser.origin(),
        }
    }
}

/// With more than 256 random bits.
pub(super) fn new_refresh_token(ids: &dyn IdSource) -> String {
    format!("{REFRESH_PREFIX}{}{}", ids.text_id(), ids.text_id())
}

fn cut_user_agent(text: &str) -> String {
    text.chars().take(USER_AGENT_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network_of(address: &str) -> Option<String> {
        let browser = Browser {
            ip_address: Some(address.to_owned()),
            ..Browser::default()
        };
        browser.network()
    }

    #[test]
    fn an_ipv6_network_counts_as_one_client_and_a_mapped_address_as_ipv4() {
        assert_eq!(
            network_of("2001:db8:1:2:3:4:5:6"),
            network_of("2001:db8:1:2:ffff::1")
        );
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_count_as_one_client() {
        for proxy in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(network_of(proxy), None, "{proxy}");
        }
    }
}
