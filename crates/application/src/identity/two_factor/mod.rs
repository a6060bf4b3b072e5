//! A second factor besides the password: codes of an app, codes by mail, and recovery codes.

mod awaited;
mod mailed;
mod manage;
mod remove;
mod verify;

use std::sync::Arc;

use domain::identity::{RECOVERY_CODES, User, bare_code, recovery_code};
use domain::mail::MailKind;
use domain::providers::SealedSecret;
use domain::{Secret, UserId};
use ports::StoreError;
use ports::crypto::SecretSealer;
use ports::identity::TokenDigest;
use ports::mail::NewMail;
use ports::two_factor::{OneTimeCodes, TwoFactorQueries};

use super::current_session::ActiveSession;
use super::identity_ports::IdentityPorts;
use super::proof::PasswordProof;
use super::refusals::RefusedSignIns;
use super::session::{NewSession, Opening};
use super::throttle::{SignInLimits, Throttle};
use crate::mail::Note;

pub use awaited::Waiting;
pub use mailed::SendCodeError;
pub use manage::{Enrolment, ManageTwoFactorError};
pub use remove::RemoveTwoFactorError;
pub use verify::{Code, SecondStep, VerifiedFactor, VerifyCodeError};

/// What second factors work with.
#[derive(Clone)]
pub struct TwoFactorPorts {
    /// People and their sessions.
    pub people: IdentityPorts,
    /// Secrets and sign-ins that wait.
    pub queries: Arc<dyn TwoFactorQueries>,
    /// Seals secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// Codes of apps.
    pub codes: Arc<dyn OneTimeCodes>,
}

/// Users turn their second factor on and off, and show it.
pub struct TwoFactor {
    ports: TwoFactorPorts,
    proof: PasswordProof,
    guesses: Throttle,
    refused: RefusedSignIns,
}

impl TwoFactor {
    /// Wires the use cases.
    #[must_use]
    pub fn new(ports: TwoFactorPorts, limits: SignInLimits) -> Self {
        let people = &ports.people;
        let guesses = Throttle::new(people.limiter.clone(), "two-factor", SignInLimits::of_codes());
        Self {
            proof: PasswordProof::new(people.clone(), limits),
            refused: RefusedSignIns::new(people.clone()),
            guesses,
            ports,
        }
    }

    fn open(&self, user: &UserId, sealed: &SealedSecret) -> Result<Secret, StoreError> {
        let opened = self.ports.sealer.open(sealed, &context(user));
        opened.map_err(|error| StoreError::Unavailable(format!("a second factor: {error}")))
    }

    fn seal(&self, user: &UserId, secret: &Secret) -> Result<SealedSecret, StoreError> {
        let sealed = self.ports.sealer.seal(secret, &context(user));
        sealed.map_err(|error| StoreError::Unavailable(format!("a second factor: {error}")))
    }

    /// What is stored of a code. The secret is in it, which is sealed: whoever has only the database tries none out.
    fn digest(&self, kind: &str, secret: &Secret, code: &str) -> TokenDigest {
        let code = bare_code(code);
        let text = format!("{kind}:{}:{code}", secret.reveal());
        self.ports.people.digester.digest(&text)
    }

    /// New recovery codes, and what is stored of them.
    fn recovery_codes(&self, secret: &Secret) -> (Vec<Secret>, Vec<TokenDigest>) {
        let codes = (0..RECOVERY_CODES).map(|_| recovery_code(&self.ports.people.ids.text_id()));
        let both = codes.map(|code| {
            let digest = self.digest(RECOVERY, secret, &code);
            (Secret::new(code), digest)
        });
        both.unzip()
    }

    /// The session in which the user goes on when all of theirs end.
    fn next_session(&self, session: &ActiveSession, browser: &super::Browser) -> NewSession {
        let people = &self.ports.people;
        Opening::of(&session.user, browser, session.remember, people.clock.now())
            .open(&*people.ids, &*people.digester)
    }

    fn notice(&self, user: &User, kind: MailKind) -> Result<Option<NewMail>, StoreError> {
        let people = &self.ports.people;
        let cause = format!("{}:{}", kind.as_str(), people.ids.text_id());
        let note = Note::notice(kind, cause, &user.id, user.email.clone(), people.clock.now());
        people.office.prepare_unasked(note)
    }
}

/// What stands before a recovery code where it is digested.
const RECOVERY: &str = "recovery";
/// What stands before a mailed code where it is digested.
const MAILED: &str = "mailed";

fn context(user: &UserId) -> String {
    format!("two_factors.ciphertext:{user}")
}
