//! Live updates end with the session: one question is about everybody who watches, and nobody waits for its answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::caller::Caller;
use application::identity::Shown;
use application::live::{Ending, LiveHub, LiveLimits, LivePorts, Pass, Said, Subscription, Watcher};
use async_trait::async_trait;
use domain::Timestamp;
use domain::identity::{Ban, Demands, Right, Rights, Role, Session, SessionKind, User};
use ports::StoreError;
use ports::identity::{OpenedSession, SessionKey, SessionQueries};
use testkit::fixtures::{session, token, user};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::Bench;
use crate::live::{Ledger, SOON, Scene, Silent, said, small, told};

/// Everybody has a session, unless it was ended. The book of sessions can be away, or give no answer.
#[derive(Default)]
pub struct Doors {
    ended: Mutex<Vec<u32>>,
    away: AtomicBool,
    silent: AtomicBool,
    /// How many keys each question was about.
    asked: Mutex<Vec<usize>>,
    /// Answers wait for it if there is one.
    gate: Mutex<Option<Arc<Notify>>>,
}

#[async_trait]
impl SessionQueries for Doors {
    async fn sessions(
        &self,
        keys: &[&SessionKey],
        _: Timestamp,
    ) -> Result<HashMap<SessionKey, OpenedSession>, StoreError> {
        self.asked.lock().unwrap().push(keys.len());
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        if self.silent.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let ended = self.ended.lock().unwrap().clone();
        let all = (1..=9).filter(|n| !ended.contains(n)).map(|n| {
            let user = if n == BOSS { boss() } else { user(n) };
            (pass(n).shown.key, (session(n, &user.id), user, Rights::default()))
        });
        Ok(all.filter(|(key, _)| keys.contains(&key)).collect())
    }
}

/// The number of [`boss`].
pub const BOSS: u32 = 9;

/// An administrator.
pub fn boss() -> User {
    User {
        role: Role::Admin,
        ..user(BOSS)
    }
}

pub fn pass(n: u32) -> Pass {
    Pass {
        shown: Shown {
            key: SessionKey::Browser(token(n)),
            until: None,
        },
        demands: Demands::USUAL,
    }
}

/// A hub on the sessions of a database. Nobody follows the news.
fn hub(bench: &Bench) -> Arc<LiveHub> {
    let ports = LivePorts {
        news: Arc::new(Ledger::default()),
        bell: Arc::new(Silent::default()),
        sessions: bench.backend.sessions.clone(),
        clock: bench.clock.clone(),
    };
    let limits = LiveLimits {
        per_user: 300,
        ..LiveLimits::default()
    };
    Arc::new(LiveHub::new(ports, limits))
}

/// Signs a user in. The numbers are not those of the shop's users.
async fn sign_in(bench: &Bench, n: u32, user: &User, kind: SessionKind) -> Session {
    let opened = Session {
        kind,
        created_at: bench.now(),
        updated_at: bench.now(),
        expires_at: bench.now().plus(Duration::from_hours(2)),
        ..session(n, &user.id)
    };
    let mut tx = bench.backend.store.begin().await.unwrap();
    tx.identity().insert_user(user).await.unwrap();
    tx.identity().insert_session(&opened, &token(n)).await.unwrap();
    tx.commit().await.unwrap();
    opened
}

async fn statements_of_rounds(bench: Bench) {
    let hub = hub(&bench);
    let mut streams = Vec::new();
    let mut expected = Vec::new();
    // What one question is about, and one more than that.
    for (count, questions) in [(1, 1), (1_024, 1), (1_025, 2)] {
        while streams.len() < count {
            let n = 100 + u32::try_from(streams.len()).unwrap() / 256;
            if streams.len() % 256 == 0 {
                sign_in(&bench, n, &user(n), SessionKind::Browser).await;
            }
            let watcher = Watcher::of_own(&Caller::new(user(n)));
            streams.push(hub.subscribe(watcher, pass(n), None).unwrap());
        }
        for _ in 0..3 {
            bench.database.statements();
            hub.look_round().await.unwrap();
            expected.push((count, questions, bench.database.statements().len()));
        }
    }
    for (count, questions, statements) in expected {
        assert_eq!(statements, questions, "{count} streams");
    }
    for stream in &mut streams {
        assert!(not_told(stream).await, "nobody lost their place");
    }
    streams.clear();
    bench.database.statements();
    hub.look_round().await.unwrap();
    assert_eq!(
        bench.database.statements(),
        Vec::<String>::new(),
        "nobody watches"
    );
    bench.close().await;
}

async fn not_told(stream: &mut Subscription) -> bool {
    timeout(Duration::ZERO, stream.next()).await.is_err()
}

#[tokio::test]
async fn a_thousand_streams_take_one_statement_a_round_on_sqlite() {
    statements_of_rounds(Bench::new().await).await;
}

#[tokio::test]
async fn a_thousand_streams_take_one_statement_a_round_on_postgresql() {
    if let Some(bench) = Bench::on_postgres().await {
        statements_of_rounds(bench).await;
    }
}

/// Whose streams have ended after one more round, by the names of their watchers.
async fn ended<'a>(hub: &LiveHub, streams: &mut Vec<(&'a str, Subscription)>) -> Vec<&'a str> {
    hub.look_round().await.unwrap();
    let (mut ended, mut left) = (Vec::new(), Vec::new());
    for (name, mut stream) in streams.drain(..) {
        if not_told(&mut stream).await {
            left.push((name, stream));
        } else {
            ended.push(name);
        }
    }
    *streams = left;
    ended
}

#[tokio::test]
async fn a_stream_ends_with_whatever_let_it_in_and_no_other_does() {
    let bench = Bench::new().await;
    let hub = hub(&bench);
    let mut streams = Vec::new();
    let names = [
        "stays",
        "signs out",
        "banned",
        "proves again",
        "expires",
        "program",
        "its token ends",
    ];
    for (n, name) in (100..).zip(names) {
        let kind = if name == "program" || name == "its token ends" {
            SessionKind::Program
        } else {
            SessionKind::Browser
        };
        let opened = sign_in(&bench, n, &user(n), kind).await;
        let mut pass = pass(n);
        if kind == SessionKind::Program {
            pass.shown.key = SessionKey::Program(opened.id);
            pass.shown.until = Some(bench.now().plus(Duration::from_mins(15)));
        }
        let watcher = Watcher::of_own(&Caller::new(user(n)));
        streams.push((name, hub.subscribe(watcher, pass, None).unwrap()));
    }
    assert_eq!(ended(&hub, &mut streams).await, Vec::<&str>::new());

    let mut tx = bench.backend.store.begin().await.unwrap();
    let identity = tx.identity();
    assert!(identity.delete_session(&token(101)).await.unwrap());
    let ban = Some(Ban {
        reason: None,
        until: Some(bench.now().plus(Duration::from_hours(1))),
    });
    identity.save_user(&User { ban, ..user(102) }).await.unwrap();
    let proven = session(103, &user(103).id).id;
    identity
        .refresh_session(&proven, &token(203), bench.now())
        .await
        .unwrap();
    assert_eq!(tx.refresh_tokens().end_sessions(&user(105).id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let gone = ended(&hub, &mut streams).await;
    assert_eq!(gone, ["signs out", "banned", "proves again", "program"]);

    bench.pass(Duration::from_mins(15));
    assert_eq!(ended(&hub, &mut streams).await, ["its token ends"]);
    let mut tx = bench.backend.store.begin().await.unwrap();
    let opened = session(100, &user(100).id).id;
    let later = bench.now().plus(Duration::from_hours(20));
    assert!(
        tx.identity()
            .renew_session(&opened, later, bench.now())
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    bench.pass(Duration::from_hours(2));
    assert_eq!(ended(&hub, &mut streams).await, ["expires"]);
    bench.close().await;
}

#[tokio::test]
async fn a_stream_of_staff_ends_with_the_right_to_it() {
    let bench = Bench::new().await;
    let hub = hub(&bench);
    let moderator = User {
        role: Role::Moderator,
        ..user(100)
    };
    sign_in(&bench, 100, &moderator, SessionKind::Browser).await;
    let give = async |rights: &[Right]| {
        let rights: Rights = rights.iter().copied().collect();
        let mut tx = bench.backend.store.begin().await.unwrap();
        tx.identity()
            .set_rights(&moderator.id, &rights, &moderator.id, bench.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Caller::new(moderator.clone()).given(rights)
    };
    let caller = give(&[Right::OrdersRead, Right::UsersRead]).await;
    let all = hub
        .subscribe(Watcher::of_all(&caller).unwrap(), pass(100), None)
        .unwrap();
    let own = hub.subscribe(Watcher::of_own(&caller), pass(100), None).unwrap();
    let mut streams = vec![("all", all), ("own", own)];
    give(&[Right::OrdersRead]).await;
    assert_eq!(ended(&hub, &mut streams).await, Vec::<&str>::new());
    give(&[Right::UsersRead]).await;
    assert_eq!(ended(&hub, &mut streams).await, ["all"]);
    bench.close().await;
}

#[tokio::test(start_paused = true)]
async fn whose_session_has_ended_is_told_so_within_seconds_and_nobody_else() {
    let scene = Scene::new(small());
    let mut leaving = scene.watch(1, None).unwrap();
    let mut staying = scene.watch(2, None).unwrap();
    for stream in [&mut leaving, &mut staying] {
        assert_eq!(said(stream).await, Said::Begun);
    }
    sleep(Duration::from_secs(17)).await;
    scene.doors.ended.lock().unwrap().push(1);
    let ended = Instant::now();
    assert_eq!(said(&mut leaving).await, Said::Closed(Ending::SignedOut));
    assert!(ended.elapsed() <= Duration::from_secs(5), "{:?}", ended.elapsed());
    assert_eq!(timeout(SOON, leaving.next()).await.expect("at once"), None);
    scene.ledger.add(&user(2).id, 3);
    assert_eq!(told(&mut staying, 3).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn while_nobody_answers_whose_sessions_stand_news_go_on_for_a_minute() {
    for (fails, silent) in [(true, false), (false, true)] {
        let scene = Scene::new(small());
        let mut stream = scene.watch(1, None).unwrap();
        assert_eq!(said(&mut stream).await, Said::Begun);
        // It was found once more after it had begun.
        sleep(Duration::from_secs(7)).await;
        let certain = Instant::now();
        scene.doors.away.store(fails, Ordering::SeqCst);
        scene.doors.silent.store(silent, Ordering::SeqCst);
        let mut last = 0;
        while certain.elapsed() < Duration::from_secs(45) {
            last += 1;
            scene.ledger.add(&user(1).id, 1);
            assert_eq!(told(&mut stream, last).await, [last]);
        }
        assert!(last > 20, "{last} times in 45 seconds");
        assert_eq!(said(&mut stream).await, Said::Closed(Ending::Unavailable));
        let doubted = certain.elapsed();
        assert!(
            doubted >= Duration::from_secs(55) && doubted <= Duration::from_secs(70),
            "{doubted:?}"
        );
        // Whoever comes now is told again, and for good once there are answers.
        scene.doors.away.store(false, Ordering::SeqCst);
        scene.doors.silent.store(false, Ordering::SeqCst);
        let mut again = scene.watch(1, None).unwrap();
        assert_eq!(said(&mut again).await, Said::Begun);
        timeout(Duration::from_mins(5), again.next())
            .await
            .expect_err("nothing happens, and nothing ends");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_without_an_answer_counts_from_the_last_one() {
    let scene = Scene::new(small());
    let mut stream = scene.watch(1, None).unwrap();
    assert_eq!(said(&mut stream).await, Said::Begun);
    for _ in 0..5 {
        scene.doors.away.store(true, Ordering::SeqCst);
        timeout(Duration::from_secs(50), stream.next())
            .await
            .expect_err("it may be a moment");
        scene.doors.away.store(false, Ordering::SeqCst);
        timeout(Duration::from_secs(10), stream.next())
            .await
            .expect_err("it was one");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_the_others_are_looked_for_is_not_taken_for_one_who_was_not_found() {
    let scene = Scene::new(small());
    let gate = Arc::new(Notify::new());
    *scene.doors.gate.lock().unwrap() = Some(gate.clone());
    let _first = scene.watch(1, None).unwrap();
    let asked = scene.doors.asked.lock().unwrap().len();
    let round = scene.hub.look_round();
    let meanwhile = async {
        while scene.doors.asked.lock().unwrap().len() == asked {
            tokio::task::yield_now().await;
        }
        let late = scene.watch(2, None).unwrap();
        *scene.doors.gate.lock().unwrap() = None;
        gate.notify_waiters();
        late
    };
    let (looked, mut late) = tokio::join!(round, meanwhile);
    looked.expect("there was an answer");
    assert_eq!(said(&mut late).await, Said::Begun);
    timeout(Duration::from_mins(1), late.next())
        .await
        .expect_err("it does not end");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_about_when_nobody_watches_and_one_question_is_about_all() {
    let scene = Scene::new(LiveLimits::default());
    sleep(Duration::from_mins(1)).await;
    assert_eq!(*scene.doors.asked.lock().unwrap(), Vec::<usize>::new());
    let streams: Vec<_> = (0..40).map(|n| scene.watch(n / 8 + 1, None).unwrap()).collect();
    sleep(Duration::from_mins(1)).await;
    let asked = std::mem::take(&mut *scene.doors.asked.lock().unwrap());
    assert!(
        asked.len() >= 11 && asked.len() <= 13,
        "every five seconds: {asked:?}"
    );
    assert!(
        asked.iter().all(|keys| *keys == 5),
        "about five sessions: {asked:?}"
    );
    drop(streams);
}
