//! Users show their second factor: to come in, or to turn it on.

use std::time::Duration;

use domain::identity::{SecondFactor, SessionKind, TRUSTED_FOR, User, steps, takes_mailed_codes};
use domain::mail::MailKind;
use domain::providers::SealedSecret;
use domain::{Secret, UserId};
use ports::audit::AuditEntry;
use ports::identity::TokenDigest;
use ports::mail::NewMail;
use ports::two_factor::{HalfSignIn, MailedTry};
use ports::{StoreError, Tx};

use super::awaited::{Awaited, Place, Waiting};
use super::{MAILED, RECOVERY, TwoFactor};
use crate::caller::actor;
use crate::identity::entrance::Admitted;
use crate::identity::refusals::Refusal;
use crate::identity::session::Opening;
use crate::identity::{ActiveSession, Browser, Remember, SignedIn};
use crate::mail::post;
use crate::retry::{MaybeContended, retry_contended};

/// What is shown.
#[derive(Debug, Clone)]
pub enum Code {
    /// By the app.
    App(Secret),
    /// In the mail.
    Mailed(Secret),
    /// On the paper.
    Recovery(Secret),
}

/// The second step of a sign-in.
#[derive(Debug, Clone)]
pub struct SecondStep {
    /// What is shown.
    pub code: Code,
    /// Whether this device is asked for no code from now on.
    pub trust: bool,
    /// Whether to open a session.
    pub open: bool,
    /// Who asks.
    pub browser: Browser,
}

/// What a right code did.
#[derive(Debug, Clone)]
pub enum VerifiedFactor {
    /// The user is in.
    In(Box<Admitted>),
    /// From now on signing in takes a code. The user goes on in this session, and every other one has ended.
    TurnedOn(Box<SignedIn>),
    /// The code was right, and nothing else came of it.
    Right(Box<User>),
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyCodeError {
    /// It is for the user alone, and somebody acts as them.
    #[error("only the owner does this")]
    NotTheOwner,
    /// Nobody waits for a code, or not any more.
    #[error("nobody waits for a code")]
    NobodyWaits,
    /// The user has no such factor.
    #[error("the user has no such factor")]
    Off,
    /// Too many wrong codes.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When to come back.
        retry_after: Duration,
    },
    /// It is another code, or was used before.
    #[error("wrong code")]
    Wrong,
    /// No code was mailed, or its time is over.
    #[error("no mailed code is good any more")]
    Expired,
    /// Too many codes were tried against the one that was mailed.
    #[error("the mailed code was tried too often")]
    Exhausted,
    /// The user is banned.
    #[error("the user is banned")]
    Banned,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for VerifyCodeError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// How a code that looks right is used. Whether it is good is up to the database.
enum Use {
    Step(i64),
    Mailed(TokenDigest),
    Recovery(TokenDigest),
}

impl Use {
    const fn word(&self) -> &'static str {
        match self {
            Self::Step(_) => SecondFactor::App.as_str(),
            Self::Mailed(_) => SecondFactor::Mail.as_str(),
            Self::Recovery(_) => RECOVERY,
        }
    }

    /// What the user's factor becomes by this, if it becomes another one. Whose app has shown a code gets none by mail.
    fn makes(&self, so_far: Option<SecondFactor>) -> Option<SecondFactor> {
        let shown = match self {
            Self::Step(_) => SecondFactor::App,
            Self::Mailed(_) if so_far.is_none() => SecondFactor::Mail,
            Self::Mailed(_) | Self::Recovery(_) => return None,
        };
        (so_far != Some(shown)).then_some(shown)
    }
}

impl TwoFactor {
    /// Checks a code. A right one ends the sign-in that waits for it, or turns the second factor on. Wrong ones are
    /// counted for the account and the network, over all sign-ins.
    ///
    /// # Errors
    /// [`VerifyCodeError`] if nothing was recorded, or nobody knows.
    pub async fn verify(
        &self,
        waiting: &Waiting,
        step: &SecondStep,
    ) -> Result<VerifiedFactor, VerifyCodeError> {
        if waiting.stands_in() {
            return Err(VerifyCodeError::NotTheOwner);
        }
        let awaited = self.awaited(waiting).await?;
        let awaited = awaited.ok_or(VerifyCodeError::NobodyWaits)?;
        let sealed = self.ports.queries.secret_of(&awaited.user.id).await?;
        let sealed = sealed.ok_or(VerifyCodeError::Off)?;
        let (email, browser) = (&awaited.user.email, &step.browser);
        let attempt = match self.guesses.admit(&awaited.user.id, browser).await {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.refused.note(email, browser, Refusal::Slowed).await;
                return Err(VerifyCodeError::TooManyAttempts { retry_after });
            }
        };
        let outcome = self.check(&awaited, &sealed, step).await;
        match outcome {
            Err(VerifyCodeError::Wrong) => self.refused.note(email, browser, Refusal::Code).await,
            _ => self.guesses.forgive(attempt).await,
        }
        outcome
    }

    async fn check(
        &self,
        awaited: &Awaited<'_>,
        sealed: &SealedSecret,
        step: &SecondStep,
    ) -> Result<VerifiedFactor, VerifyCodeError> {
        let user = &awaited.user;
        let secret = self.open(&user.id, sealed)?;
        let spend = match &step.code {
            Code::App(code) => Use::Step(self.step_of(&secret, code)?),
            Code::Mailed(_) if !takes_mailed_codes(user) => return Err(VerifyCodeError::Off),
            Code::Mailed(code) => {
                let subject = awaited.place.subject();
                match retry_contended(|| self.count_try(&subject)).await? {
                    MailedTry::Granted => Use::Mailed(self.digest(MAILED, &secret, code.reveal())),
                    MailedTry::Exhausted => return Err(VerifyCodeError::Exhausted),
                    MailedTry::Gone => return Err(VerifyCodeError::Expired),
                }
            }
            Code::Recovery(_) if user.second_factor.is_none() => return Err(VerifyCodeError::Off),
            Code::Recovery(code) => Use::Recovery(self.digest(RECOVERY, &secret, code.reveal())),
        };
        let notice = match (&spend, user.second_factor) {
            (Use::Recovery(_), _) => self.notice(user, MailKind::RecoveryCodeUsed)?,
            (_, None) => self.notice(user, MailKind::TwoFactorEnabled)?,
            (_, Some(_)) => None,
        };
        retry_contended(|| self.record(awaited, sealed, &spend, step, notice.as_ref())).await
    }

    /// The step that the app shows. All of them are compared, so that the time does not tell which it is.
    fn step_of(&self, secret: &Secret, code: &Secret) -> Result<i64, VerifyCodeError> {
        let code: String = code.reveal().split_whitespace().collect();
        let steps = steps(self.ports.people.clock.now());
        let shown = steps.map(|step| self.ports.codes.matches(secret, step, &code).then_some(step));
        shown.into_iter().flatten().next().ok_or(VerifyCodeError::Wrong)
    }

    /// In a transaction of its own: a wrong code counts, too.
    async fn count_try(&self, subject: &str) -> Result<MailedTry, StoreError> {
        let mut tx = self.ports.people.store.begin().await?;
        let now = self.ports.people.clock.now();
        let tried = tx.two_factor().try_mailed_code(subject, now).await?;
        tx.commit().await?;
        Ok(tried)
    }

    /// Uses the code and does what it is good for, or neither. Of many who show the same code, one is first.
    async fn record(
        &self,
        awaited: &Awaited<'_>,
        sealed: &SealedSecret,
        spend: &Use,
        step: &SecondStep,
        notice: Option<&NewMail>,
    ) -> Result<VerifiedFactor, VerifyCodeError> {
        let people = &self.ports.people;
        let now = people.clock.now();
        let mut tx = people.store.begin().await?;
        let current = tx.identity().lock_user(&awaited.user.id).await?;
        let mut user = current.ok_or(VerifyCodeError::NobodyWaits)?.user;
        if user.is_banned(now) {
            return Err(VerifyCodeError::Banned);
        }
        let half = match &awaited.place {
            Place::Session(_) => None,
            Place::SignIn(token) => {
                let ended = tx.two_factor().end_sign_in(token, now).await?;
                Some(ended.ok_or(VerifyCodeError::NobodyWaits)?)
            }
        };
        // The code looked right with this secret, when it had been shown as often.
        let is_current = tx.two_factor().secret(&user.id).await?.as_ref() == Some(sealed);
        if !is_current || user.second_factor != awaited.user.second_factor {
            return Err(VerifyCodeError::Wrong);
        }
        if !used(&mut *tx, &user.id, &awaited.place, spend).await? {
            return Err(VerifyCodeError::Wrong);
        }
        user.ban = None;
        if let Some(factor) = spend.makes(user.second_factor) {
            tx.two_factor().set_factor(&user.id, factor, now).await?;
            user.second_factor = Some(factor);
        }
        let verified = match (&awaited.place, half) {
            (Place::Session(session), _) => {
                self.confirm(&mut *tx, awaited, session, user, spend, step)
                    .await?
            }
            (_, Some(half)) => self.come_in(&mut *tx, &half, user, spend, step).await?,
            (_, None) => return Err(VerifyCodeError::NobodyWaits),
        };
        if let Some(notice) = notice {
            post(&mut *tx, notice).await?;
        }
        tx.commit().await?;
        Ok(verified)
    }

    async fn come_in(
        &self,
        tx: &mut dyn Tx,
        half: &HalfSignIn,
        user: User,
        spend: &Use,
        step: &SecondStep,
    ) -> Result<VerifiedFactor, StoreError> {
        let people = &self.ports.people;
        let now = people.clock.now();
        tx.identity().lift_expired_ban(&user.id, now).await?;
        if let Use::Recovery(_) = spend {
            // The app is lost, perhaps to somebody else.
            tx.identity().delete_sessions_of(&user.id, None).await?;
            self.append_recovery(tx, &user, step).await?;
        }
        if !step.open {
            return Ok(VerifiedFactor::Right(Box::new(user)));
        }
        let remember = if half.remember {
            Remember::Yes
        } else {
            Remember::No
        };
        let opening = Opening {
            kind: half.kind,
            ..Opening::of(&user, &step.browser, remember, now)
        };
        let opened = opening.open(&*people.ids, &*people.digester);
        opened.record_with(tx, &user, Some(spend.word())).await?;
        let trusts = step.trust && half.kind == SessionKind::Browser;
        let device = trusts.then(|| Secret::new(people.ids.text_id()));
        if let Some(device) = &device {
            let digest = people.digester.digest(device.reveal());
            let until = now.plus(TRUSTED_FOR);
            tx.two_factor().trust(&digest, &user.id, until, now).await?;
        }
        let opened = opened.signed_in(user, remember);
        Ok(VerifiedFactor::In(Box::new(Admitted { opened, device })))
    }

    /// A user who is signed in shows a code: the first one turns the second factor on.
    async fn confirm(
        &self,
        tx: &mut dyn Tx,
        awaited: &Awaited<'_>,
        session: &ActiveSession,
        user: User,
        spend: &Use,
        step: &SecondStep,
    ) -> Result<VerifiedFactor, StoreError> {
        if let Use::Recovery(_) = spend {
            let keep = Some(&session.session.id);
            tx.identity().delete_sessions_of(&user.id, keep).await?;
            self.append_recovery(tx, &user, step).await?;
        }
        if awaited.user.second_factor.is_some() {
            return Ok(VerifiedFactor::Right(Box::new(user)));
        }
        let opened = self.next_session(session, &step.browser);
        tx.identity().delete_sessions_of(&user.id, None).await?;
        opened.record_with(tx, &user, Some(spend.word())).await?;
        let entry = self
            .entry(session, "two_factor.enable")
            .with("factor", spend.word());
        tx.audit().append(&entry).await?;
        Ok(VerifiedFactor::TurnedOn(Box::new(
            opened.signed_in(user, session.remember),
        )))
    }

    async fn append_recovery(
        &self,
        tx: &mut dyn Tx,
        user: &User,
        step: &SecondStep,
    ) -> Result<(), StoreError> {
        let (target, now) = (format!("user:{}", user.id), self.ports.people.clock.now());
        let entry = AuditEntry::new(actor(user), "two_factor.recover", target, now);
        tx.audit().append(&entry.from(&step.browser.origin())).await
    }
}

/// Uses a code in one statement, which is true for one of those who show it.
async fn used(tx: &mut dyn Tx, user: &UserId, place: &Place<'_>, spend: &Use) -> Result<bool, StoreError> {
    match spend {
        Use::Step(step) => tx.two_factor().use_step(user, *step).await,
        Use::Mailed(code) => tx.two_factor().use_mailed_code(&place.subject(), code).await,
        Use::Recovery(code) => tx.two_factor().use_recovery_code(user, code).await,
    }
}
