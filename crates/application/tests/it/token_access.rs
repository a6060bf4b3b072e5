//! Programs sign in with tokens: how long they count, and who is served when several present the same one.

use std::sync::Arc;
use std::time::Duration;

use application::identity::{
    ActiveSession, Browser, Issued, RefreshError, Remember, SignIn, SignInCommand, SignInError, SignInLimits,
    TokenAccess, TokenPair, WhoseTokenError,
};
use domain::identity::{Ban, Role, SessionKind, User};
use domain::text::{Email, IdempotencyKey};
use domain::{Secret, SessionId, Timestamp, UserId};
use futures::future::join_all;
use ports::Store;
use ports::audit::{AuditFilter, Origin};
use ports::crypto::{AccessClaims, AccessRefusal, AccessSigner, PasswordHasher};

use crate::bench::{Bench, Desk};
use crate::mails::Plain;

const PASSWORD: &str = "Correct-Horse-7";
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

impl AccessSigner for Plain {
    fn sign(&self, claims: &AccessClaims) -> Secret {
        let (user, session, end) = (&claims.user, &claims.session, claims.expires_at.micros());
        Secret::new(format!("{user}|{session}|{end}"))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AccessRefusal> {
        let parts: Vec<&str> = token.split('|').collect();
        let [user, session, end] = parts[..] else {
            return Err(AccessRefusal::Invalid);
        };
        let expires_at = Timestamp::from_micros(end.parse().unwrap());
        if expires_at <= now {
            return Err(AccessRefusal::Expired);
        }
        Ok(AccessClaims {
            user: UserId::new(user),
            session: SessionId::new(session),
            id: String::new(),
            issued_at: now,
            expires_at,
        })
    }

    fn successor(&self, token: &Secret, key: &str) -> Secret {
        Secret::new(format!("{}>{key}", token.reveal()))
    }
}

fn access(desk: &Desk) -> TokenAccess {
    let ports = desk.people();
    let sign_in = Arc::new(SignIn::new(ports.clone(), SignInLimits::default()));
    TokenAccess::new(ports, sign_in, Arc::new(Plain))
}

/// The shop's customer gets a password.
async fn with_password(desk: &Desk) -> User {
    let user = desk.shop.user.clone();
    let hash = Plain.hash(&Secret::new(PASSWORD)).await.unwrap();
    let mut tx = desk.store.begin().await.unwrap();
    let set = tx
        .identity()
        .set_password("account", &user.id, &hash, desk.now())
        .await;
    set.unwrap();
    tx.commit().await.unwrap();
    user
}

fn command(email: &Email, password: &str) -> SignInCommand {
    SignInCommand {
        email: email.clone(),
        password: Secret::new(password),
        kind: SessionKind::Browser,
        remember: Remember::No,
        browser: Browser::default(),
        device: None,
    }
}

/// Signs somebody in who has no second factor.
async fn issue(tokens: &TokenAccess, command: SignInCommand) -> Result<TokenPair, SignInError> {
    match tokens.issue(command).await? {
        Issued::Pair(pair) => Ok(*pair),
        Issued::Half(_) => panic!("a code is asked for"),
    }
}

async fn issued(desk: &Desk) -> TokenPair {
    let user = with_password(desk).await;
    issue(&access(desk), command(&user.email, PASSWORD))
        .await
        .unwrap()
}

async fn refresh(desk: &Desk, token: &Secret, key: Option<&str>) -> Result<TokenPair, RefreshError> {
    let key = key.map(|key| IdempotencyKey::parse(key).unwrap());
    access(desk)
        .refresh(token, key.as_ref(), &Origin::default())
        .await
}

async fn found(desk: &Desk, pair: &TokenPair) -> Result<ActiveSession, WhoseTokenError> {
    access(desk).find(&pair.access).await
}

async fn lines(desk: &Desk, action: &str) -> usize {
    let filter = AuditFilter {
        action: Some(action.to_owned()),
        ..AuditFilter::default()
    };
    let size = domain::PageSize::DEFAULT;
    desk.backend.audit.lines(&filter, None, size).await.unwrap().len()
}

const INVALID: WhoseTokenError = WhoseTokenError::Refused(AccessRefusal::Invalid);
const EXPIRED: WhoseTokenError = WhoseTokenError::Refused(AccessRefusal::Expired);

#[tokio::test]
async fn an_access_token_counts_for_a_quarter_and_a_refresh_token_for_a_week() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    assert_eq!(found(&bench, &first).await.unwrap().user.id, bench.shop.user.id);
    bench.pass(MINUTE * 15 - Duration::from_micros(1));
    assert!(found(&bench, &first).await.is_ok());
    bench.pass(Duration::from_micros(1));
    assert_eq!(found(&bench, &first).await.unwrap_err(), EXPIRED);
    bench.pass(DAY * 7 - MINUTE * 15 - Duration::from_micros(1));
    let second = refresh(&bench, &first.refresh, None).await.unwrap();
    assert!(found(&bench, &second).await.is_ok());
    assert_eq!(second.session.id, first.session.id);
    bench.pass(DAY * 7);
    assert_eq!(found(&bench, &second).await.unwrap_err(), EXPIRED);
    let late = refresh(&bench, &second.refresh, None).await;
    assert_eq!(late.unwrap_err(), RefreshError::Unknown);
    assert_eq!(lines(&bench, "session.open").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn a_session_that_is_always_refreshed_ends_after_ninety_days() {
    let bench = Bench::new().await;
    let mut pair = issued(&bench).await;
    let begun = bench.now();
    let end = loop {
        bench.pass(DAY * 6);
        match refresh(&bench, &pair.refresh, None).await {
            Ok(next) => pair = next,
            Err(error) => break error,
        }
    };
    assert_eq!(end, RefreshError::Unknown);
    assert_eq!(bench.now().since(begun), DAY * 90);
    assert!(pair.access_expires_at <= pair.session.expires_at);
    bench.close().await;
}

#[tokio::test]
async fn tokens_of_staff_are_as_short_as_their_sessions() {
    let bench = Bench::new().await;
    let user = User {
        role: Role::Moderator,
        ..with_password(&bench).await
    };
    let mut tx = bench.store.begin().await.unwrap();
    tx.identity().save_user(&user).await.unwrap();
    tx.commit().await.unwrap();
    let first = issue(&access(&bench), command(&user.email, PASSWORD))
        .await
        .unwrap();
    bench.pass(MINUTE * 29);
    let second = refresh(&bench, &first.refresh, None).await.unwrap();
    bench.pass(MINUTE * 30);
    let late = refresh(&bench, &second.refresh, None).await;
    assert_eq!(late.unwrap_err(), RefreshError::Unknown);
    bench.close().await;
}

#[tokio::test]
async fn what_a_browser_needs_to_sign_in_a_program_needs_too() {
    let bench = Bench::new().await;
    let user = with_password(&bench).await;
    let tokens = access(&bench);
    let wrong = issue(&tokens, command(&user.email, "Wrong-Horse-7")).await;
    assert_eq!(wrong.unwrap_err(), SignInError::WrongCredentials);
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..user.clone()
    };
    let mut tx = bench.store.begin().await.unwrap();
    tx.identity().save_user(&banned).await.unwrap();
    tx.commit().await.unwrap();
    let refused = issue(&tokens, command(&user.email, PASSWORD)).await;
    assert_eq!(refused.unwrap_err(), SignInError::Banned);
    assert_eq!(lines(&bench, "session.open").await, 0);
    assert_eq!(lines(&bench, "session.refuse").await, 2);
    bench.close().await;
}

#[tokio::test]
async fn whoever_presents_a_used_token_ends_the_session_for_both() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    let second = refresh(&bench, &first.refresh, None).await.unwrap();
    let third = refresh(&bench, &second.refresh, None).await.unwrap();
    assert!(found(&bench, &third).await.is_ok());
    let again = refresh(&bench, &first.refresh, None).await;
    assert_eq!(again.unwrap_err(), RefreshError::Reused);
    for pair in [&first, &second, &third] {
        assert_eq!(found(&bench, pair).await.unwrap_err(), INVALID);
        let dead = refresh(&bench, &pair.refresh, None).await;
        assert_eq!(dead.unwrap_err(), RefreshError::Unknown);
    }
    assert_eq!(lines(&bench, "token.reuse").await, 1);
    bench.close().await;
}

#[tokio::test]
async fn a_program_that_lost_the_answer_gets_the_same_token_by_its_key_and_nobody_else_does() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    let second = refresh(&bench, &first.refresh, Some("k1")).await.unwrap();
    bench.pass(MINUTE * 10);
    let again = refresh(&bench, &first.refresh, Some("k1")).await.unwrap();
    assert_eq!(again.refresh.reveal(), second.refresh.reveal());
    assert!(found(&bench, &again).await.is_ok());
    // Once the next token was used, the answer is not given again: two have it.
    let third = refresh(&bench, &again.refresh, Some("k2")).await.unwrap();
    let late = refresh(&bench, &first.refresh, Some("k1")).await;
    assert_eq!(late.unwrap_err(), RefreshError::Reused);
    assert_eq!(found(&bench, &third).await.unwrap_err(), INVALID);
    bench.close().await;
}

#[tokio::test]
async fn a_thief_without_the_key_and_a_program_that_comes_too_late_end_the_session() {
    for (key, pause) in [(None, MINUTE), (Some("k2"), MINUTE), (Some("k1"), MINUTE * 11)] {
        let bench = Bench::new().await;
        let first = issued(&bench).await;
        let second = refresh(&bench, &first.refresh, Some("k1")).await.unwrap();
        bench.pass(pause);
        let thief = refresh(&bench, &first.refresh, key).await;
        assert_eq!(thief.unwrap_err(), RefreshError::Reused, "{key:?} {pause:?}");
        assert_eq!(found(&bench, &second).await.unwrap_err(), INVALID);
        bench.close().await;
    }
}

/// Eight present the same token at once: with a key of their own, or with the same one.
async fn parallel(bench: &Bench, key: Option<&str>) -> Vec<Result<TokenPair, RefreshError>> {
    let first = issued(bench).await;
    let attempts = (0..8).map(|_| {
        let (desk, token) = ((**bench).clone(), first.refresh.clone());
        let key = key.map(str::to_owned);
        tokio::spawn(async move { refresh(&desk, &token, key.as_deref()).await })
    });
    let outcomes = join_all(attempts).await;
    outcomes.into_iter().map(Result::unwrap).collect()
}

async fn one_of_many_wins(bench: Bench) {
    let outcomes = parallel(&bench, None).await;
    let served: Vec<&TokenPair> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .collect();
    assert_eq!(served.len(), 1, "{outcomes:?}");
    assert_eq!(
        found(&bench, served[0]).await.unwrap_err(),
        INVALID,
        "the others were seen"
    );
    assert_eq!(lines(&bench, "token.reuse").await, 1);
    bench.close().await;
}

async fn one_program_that_asks_eight_times_gets_one_token(bench: Bench) {
    let outcomes = parallel(&bench, Some("k")).await;
    let mut tokens: Vec<String> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().unwrap().refresh.reveal().to_owned())
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    let last = outcomes[7].as_ref().unwrap();
    assert!(found(&bench, last).await.is_ok());
    assert!(refresh(&bench, &last.refresh, None).await.is_ok());
    assert_eq!(lines(&bench, "token.reuse").await, 0);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_refresh_at_once_one_is_served() {
    one_of_many_wins(Bench::in_a_file().await).await;
    if let Some(bench) = Bench::on_postgres().await {
        one_of_many_wins(bench).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_many_times_at_once_gets_one_token() {
    one_program_that_asks_eight_times_gets_one_token(Bench::in_a_file().await).await;
    if let Some(bench) = Bench::on_postgres().await {
        one_program_that_asks_eight_times_gets_one_token(bench).await;
    }
}

#[tokio::test]
async fn a_refresh_that_was_not_recorded_leaves_the_token_good() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    bench.store.loses_at_while(1, async {});
    let lost = refresh(&bench, &first.refresh, None).await;
    assert!(matches!(lost, Err(RefreshError::Store(_))), "{lost:?}");
    assert!(refresh(&bench, &first.refresh, None).await.is_ok());
    bench.close().await;
}

#[tokio::test]
async fn a_refresh_of_which_nobody_knows_whether_it_was_recorded_is_asked_again_by_its_key() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    bench.store.lies_at(1);
    let unsure = refresh(&bench, &first.refresh, Some("k")).await;
    assert!(matches!(unsure, Err(RefreshError::Store(_))), "{unsure:?}");
    let again = refresh(&bench, &first.refresh, Some("k")).await.unwrap();
    assert!(found(&bench, &again).await.is_ok());
    assert_eq!(lines(&bench, "token.reuse").await, 0);
    bench.close().await;
}

#[tokio::test]
async fn revoking_ends_one_session_and_revoking_all_ends_every_programs() {
    let bench = Bench::new().await;
    let first = issued(&bench).await;
    let tokens = access(&bench);
    let email = &bench.shop.user.email;
    let second = issue(&tokens, command(email, PASSWORD)).await.unwrap();
    let third = issue(&tokens, command(email, PASSWORD)).await.unwrap();
    let next = refresh(&bench, &first.refresh, None).await.unwrap();
    // A token that was used ends the session too, and an unknown one nothing.
    tokens.revoke(&first.refresh, &Origin::default()).await.unwrap();
    tokens
        .revoke(&Secret::new("smmr_x"), &Origin::default())
        .await
        .unwrap();
    assert_eq!(found(&bench, &next).await.unwrap_err(), INVALID);
    let active = found(&bench, &second).await.unwrap();
    assert_eq!(tokens.revoke_all(&active).await, Ok(2));
    for pair in [&second, &third] {
        assert_eq!(found(&bench, pair).await.unwrap_err(), INVALID);
    }
    bench.close().await;
}
