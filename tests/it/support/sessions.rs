//! Sessions that nobody signed in for.

use std::time::Duration;

use domain::SessionId;
use domain::identity::{ACCESS_LIFETIME, Session, SessionKind, User};
use ports::crypto::AccessClaims;
use smm_guru::System;

use super::client::SESSION;

/// What somebody lets themselves in with.
#[derive(Debug, Default)]
pub struct Pass {
    pub cookie: Option<String>,
    pub bearer: Option<String>,
}

/// A cookie, or an access token, of a session that was just opened and ends after `lifetime`.
pub async fn open_session(system: &System, user: &User, kind: SessionKind, lifetime: Duration) -> Pass {
    let ports = system.adapters();
    let now = ports.clock.now();
    let token = ports.ids.text_id();
    let session = Session {
        id: SessionId::new(ports.ids.text_id()),
        user: user.id.clone(),
        kind,
        expires_at: now.plus(lifetime),
        ip_address: None,
        user_agent: None,
        impersonated_by: None,
        authenticated_at: now,
        created_at: now,
        updated_at: now,
    };
    let mut tx = ports.store.begin().await.expect("a transaction");
    let digest = ports.digester.digest(&token);
    let opened = tx.identity().insert_session(&session, &digest).await;
    opened.expect("a session");
    tx.commit().await.expect("it is recorded");
    if kind == SessionKind::Program {
        let claims = AccessClaims {
            user: user.id.clone(),
            session: session.id,
            id: token,
            issued_at: now,
            expires_at: now.plus(ACCESS_LIFETIME),
        };
        return Pass {
            bearer: Some(ports.access.sign(&claims).reveal().to_owned()),
            cookie: None,
        };
    }
    let signed = ports.signer.sign(&token);
    let encoded = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Pass {
        cookie: Some(format!("{SESSION}={encoded}")),
        bearer: None,
    }
}
