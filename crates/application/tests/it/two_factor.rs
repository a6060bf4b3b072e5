//! Second factors at the edges of their times, and when nobody knows whether something was recorded.

use std::sync::Arc;
use std::time::Duration;

use application::identity::{
    ActiveSession, Admitted, Browser, Code, Enrolment, Entrance, ManageTwoFactorError, Remember, SecondStep,
    SignIn, SignInCommand, SignInLimits, TwoFactor, TwoFactorPorts, VerifiedFactor, VerifyCodeError, Waiting,
};
use domain::identity::{SecondFactor, SessionKind, User};
use domain::text::Email;
use domain::{Secret, Timestamp};
use ports::Store;
use ports::two_factor::OneTimeCodes;

use crate::bench::{Bench, Desk};
use crate::deletion::signed_in;

/// The code of a step is its number.
struct Numbers;

impl OneTimeCodes for Numbers {
    fn matches(&self, _: &Secret, step: i64, code: &str) -> bool {
        code == step.to_string()
    }

    fn address(&self, secret: &Secret, issuer: &str, account: &Email) -> Secret {
        Secret::new(format!("{issuer}:{account}:{}", secret.reveal()))
    }
}

const PASSWORD: &str = "the password";

impl Desk {
    fn factors(&self) -> TwoFactor {
        let ports = TwoFactorPorts {
            people: self.people(),
            queries: self.backend.two_factor.clone(),
            sealer: self.envelope.clone(),
            codes: Arc::new(Numbers),
        };
        TwoFactor::new(ports, SignInLimits::default())
    }

    /// The step whose code is shown now.
    fn step(&self) -> i64 {
        self.now().micros() / 30_000_000
    }
}

/// Half a minute after 1970, so many times.
fn begin_of(step: i64) -> Timestamp {
    Timestamp::from_micros(step * 30_000_000)
}

fn step(code: Code) -> SecondStep {
    SecondStep {
        code,
        trust: false,
        open: true,
        browser: Browser::default(),
    }
}

fn app(number: i64) -> SecondStep {
    step(Code::App(Secret::new(number.to_string())))
}

async fn with_password(bench: &Bench) {
    let mut tx = bench.store.begin().await.unwrap();
    let (id, now) = (&bench.shop.user.id, bench.now());
    tx.identity()
        .set_password("account", id, &format!("hash-of-{PASSWORD}"), now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn begin(bench: &Bench) -> Enrolment {
    let (session, password) = (signed_in(bench), Secret::new(PASSWORD));
    let (factors, browser) = (bench.factors(), Browser::default());
    factors.enable(&session, &password, None, &browser).await.unwrap()
}

/// The session's user now.
async fn current(bench: &Bench) -> ActiveSession {
    let user = bench.backend.identity.user(&bench.shop.user.id).await.unwrap();
    ActiveSession {
        user: user.expect("the user"),
        ..signed_in(bench)
    }
}

async fn show(bench: &Bench, code: &SecondStep) -> Result<VerifiedFactor, VerifyCodeError> {
    let session = current(bench).await;
    bench
        .factors()
        .verify(&Waiting::Session(Box::new(session)), code)
        .await
}

/// Somebody whose app has shown the code of the step before this one.
async fn turned_on(bench: &Bench) -> Enrolment {
    with_password(bench).await;
    let begun = begin(bench).await;
    let shown = show(bench, &app(bench.step() - 1)).await;
    assert!(matches!(shown, Ok(VerifiedFactor::TurnedOn(_))), "{shown:?}");
    begun
}

async fn sign_in(bench: &Bench, device: Option<Secret>) -> Entrance {
    let command = SignInCommand {
        email: bench.shop.user.email.clone(),
        password: Secret::new(PASSWORD),
        kind: SessionKind::Browser,
        remember: Remember::Yes,
        browser: Browser::default(),
        device,
    };
    let sign_in = SignIn::new(bench.people(), SignInLimits::default());
    sign_in.sign_in(command).await.unwrap()
}

/// A sign-in that waits for a code.
async fn half(bench: &Bench) -> Waiting {
    match sign_in(bench, None).await {
        Entrance::Half(half) => Waiting::SignIn(half.token),
        Entrance::Open(_) => panic!("no code was asked for"),
    }
}

fn admitted(verified: Result<VerifiedFactor, VerifyCodeError>) -> Admitted {
    match verified {
        Ok(VerifiedFactor::In(admitted)) => *admitted,
        other => panic!("not in: {other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_good_until_half_a_minute_after_it_was_shown_and_not_before_the_one_before_it() {
    let bench = Bench::new().await;
    turned_on(&bench).await;
    let shown = bench.step() + 10;
    let at = |time: Timestamp| bench.clock.set(time);
    let micro = Duration::from_micros(1);
    at(begin_of(shown - 1).minus(micro));
    assert_eq!(
        show(&bench, &app(shown)).await.unwrap_err(),
        VerifyCodeError::Wrong
    );
    at(begin_of(shown - 1));
    show(&bench, &app(shown)).await.unwrap();
    // It was used; so the next one, at the other end of its time.
    let shown = shown + 1;
    at(begin_of(shown + 2));
    assert_eq!(
        show(&bench, &app(shown)).await.unwrap_err(),
        VerifyCodeError::Wrong
    );
    at(begin_of(shown + 2).minus(micro));
    show(&bench, &app(shown)).await.unwrap();
    assert_eq!(
        show(&bench, &app(shown)).await.unwrap_err(),
        VerifyCodeError::Wrong
    );
    // A code that was shown before one that was used is worthless, whether anybody used it or not.
    at(begin_of(shown + 1));
    show(&bench, &app(shown + 2)).await.unwrap();
    assert_eq!(
        show(&bench, &app(shown + 1)).await.unwrap_err(),
        VerifyCodeError::Wrong
    );
    bench.leave();
}

#[tokio::test]
async fn a_sign_in_waits_for_ten_minutes() {
    let bench = Bench::new().await;
    turned_on(&bench).await;
    let factors = bench.factors();
    let waiting = half(&bench).await;
    bench.pass(Duration::from_mins(10));
    let late = factors.verify(&waiting, &app(bench.step())).await;
    assert_eq!(late.unwrap_err(), VerifyCodeError::NobodyWaits);
    let waiting = half(&bench).await;
    bench.pass(Duration::from_micros(599_999_999));
    admitted(factors.verify(&waiting, &app(bench.step())).await);
    bench.leave();
}

#[tokio::test]
async fn a_device_is_trusted_for_thirty_days_after_each_sign_in() {
    let bench = Bench::new().await;
    turned_on(&bench).await;
    let waiting = half(&bench).await;
    let trusting = SecondStep {
        trust: true,
        ..app(bench.step())
    };
    let first = admitted(bench.factors().verify(&waiting, &trusting).await).device;
    let month = Duration::from_hours(30 * 24);
    let mut device = first.clone();
    for _ in 0..3 {
        bench.pass(month - Duration::from_micros(1));
        match sign_in(&bench, device).await {
            Entrance::Open(admitted) => device = admitted.device,
            Entrance::Half(_) => panic!("the device is not trusted"),
        }
    }
    assert!(
        matches!(sign_in(&bench, first).await, Entrance::Half(_)),
        "its token was renewed"
    );
    bench.pass(month);
    assert!(matches!(sign_in(&bench, device).await, Entrance::Half(_)));
    bench.leave();
}

#[tokio::test]
async fn a_code_whose_use_was_recorded_is_used_even_if_nobody_was_told() {
    let bench = Bench::new().await;
    let begun = turned_on(&bench).await;
    let factors = bench.factors();
    let sessions = "SELECT COUNT(*) FROM sessions";
    for code in [
        app(bench.step()),
        step(Code::Recovery(begun.recovery_codes[0].clone())),
    ] {
        let waiting = half(&bench).await;
        let before = bench.number(sessions).await;
        bench.store.lies_at(1);
        let unknown = factors.verify(&waiting, &code).await;
        assert!(matches!(unknown, Err(VerifyCodeError::Store(_))), "{unknown:?}");
        // Nobody has its token, so it signs nobody in; a recovery code ended those before.
        let opened = bench.number(sessions).await;
        assert!(opened <= before + 1);
        let again = factors.verify(&waiting, &code).await;
        assert_eq!(again.unwrap_err(), VerifyCodeError::NobodyWaits);
        let next = half(&bench).await;
        assert_eq!(
            factors.verify(&next, &code).await.unwrap_err(),
            VerifyCodeError::Wrong
        );
    }
    bench.leave();
}

#[tokio::test]
async fn a_code_whose_use_was_lost_can_be_shown_again() {
    let bench = Bench::new().await;
    let begun = turned_on(&bench).await;
    let factors = bench.factors();
    for code in [
        app(bench.step()),
        step(Code::Recovery(begun.recovery_codes[0].clone())),
    ] {
        let waiting = half(&bench).await;
        bench.store.loses_at_while(1, async {});
        let unknown = factors.verify(&waiting, &code).await;
        assert!(matches!(unknown, Err(VerifyCodeError::Store(_))), "{unknown:?}");
        admitted(factors.verify(&waiting, &code).await);
    }
    bench.leave();
}

#[tokio::test]
async fn a_code_of_a_secret_that_was_replaced_meanwhile_turns_nothing_on() {
    let bench = Bench::new().await;
    with_password(&bench).await;
    begin(&bench).await;
    let (desk, session) = (Desk::clone(&bench), signed_in(&bench));
    bench.store.before_next(async move {
        let password = Secret::new(PASSWORD);
        let factors = desk.factors();
        let replaced = factors
            .enable(&session, &password, None, &Browser::default())
            .await;
        replaced.unwrap();
    });
    let shown = show(&bench, &app(bench.step())).await;
    assert_eq!(shown.unwrap_err(), VerifyCodeError::Wrong);
    assert_eq!(current(&bench).await.user.second_factor, None);
    show(&bench, &app(bench.step())).await.unwrap();
    assert_eq!(current(&bench).await.user.second_factor, Some(SecondFactor::App));
    bench.leave();
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_turns_nothing_off() {
    let bench = Bench::new().await;
    turned_on(&bench).await;
    let session = current(&bench).await;
    let (desk, id) = (Desk::clone(&bench), bench.shop.user.id.clone());
    bench.store.before_next(async move {
        let mut tx = desk.backend.store.begin().await.unwrap();
        let set = tx
            .identity()
            .set_password("account", &id, "hash-of-another", desk.now());
        set.await.unwrap();
        tx.commit().await.unwrap();
    });
    let off = bench.factors();
    let off = off
        .disable(&session, &Secret::new(PASSWORD), &Browser::default())
        .await;
    assert!(matches!(off, Err(ManageTwoFactorError::Proof(_))), "{off:?}");
    assert_eq!(current(&bench).await.user.second_factor, Some(SecondFactor::App));
    bench.leave();
}

#[tokio::test]
async fn without_the_key_nobody_comes_in_and_nothing_is_used() {
    let bench = Bench::new().await;
    let begun = turned_on(&bench).await;
    let factors = bench.factors();
    let waiting = half(&bench).await;
    let code = step(Code::Recovery(begun.recovery_codes[0].clone()));
    bench.envelope.loses_its_key(true);
    let refused = factors.verify(&waiting, &code).await;
    assert!(matches!(refused, Err(VerifyCodeError::Store(_))), "{refused:?}");
    bench.envelope.loses_its_key(false);
    admitted(factors.verify(&waiting, &code).await);
    bench.leave();
}

#[tokio::test]
async fn many_wrong_codes_count_for_the_account_whatever_the_sign_in() {
    let bench = Bench::new().await;
    turned_on(&bench).await;
    let factors = bench.factors();
    for _ in 0..2 {
        let waiting = half(&bench).await;
        let wrong = factors.verify(&waiting, &app(1)).await;
        assert_eq!(wrong.unwrap_err(), VerifyCodeError::Wrong);
    }
    let User { id, .. } = &bench.shop.user;
    let asked = bench.limiter.asked();
    let counted = |key: String| asked.iter().filter(|asked| **asked == key).count();
    assert_eq!(counted(format!("two-factor:account:{id}")), 3);
    assert_eq!(counted(format!("two-factor:at:anywhere:{id}")), 3);
    let waiting = half(&bench).await;
    bench.limiter.deny(Duration::from_secs(7));
    let slowed = factors.verify(&waiting, &app(bench.step())).await;
    let retry_after = Duration::from_secs(7);
    assert_eq!(
        slowed.unwrap_err(),
        VerifyCodeError::TooManyAttempts { retry_after }
    );
    bench.limiter.grant();
    admitted(factors.verify(&waiting, &app(bench.step())).await);
    bench.leave();
}
