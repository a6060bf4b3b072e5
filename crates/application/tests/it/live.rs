//! Live updates: who watches is told everything once, costs the same however slow they are, and is told when that is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::caller::Caller;
use application::live::{
    Crowded, Ending, Item, LiveHub, LiveLimits, LivePorts, Reload, Said, Subscription, Watcher, What,
};
use async_trait::async_trait;
use domain::{Money, Timestamp, UserId};
use ports::StoreError;
use ports::jobs::Stop;
use ports::live::{Bell, LiveQueries, News, Position, WalletNews};
use testkit::fake::FakeClock;
use testkit::fixtures::user;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::live_sessions::{BOSS, Doors, boss, pass};

pub const SOON: Duration = Duration::from_secs(20);

/// A ledger in memory that can be away.
#[derive(Default)]
pub struct Ledger {
    rows: Mutex<Vec<WalletNews>>,
    away: AtomicBool,
}

impl Ledger {
    pub fn add(&self, owner: &UserId, count: i64) {
        let mut rows = self.rows.lock().unwrap();
        for _ in 0..count {
            let id = i64::try_from(rows.len()).unwrap() + 1;
            rows.push(WalletNews {
                id,
                user: owner.clone(),
                kind: "adjustment".to_owned(),
                amount: Money::from_micros(id),
                order: None,
                at: Timestamp::EPOCH,
                available: Money::from_micros(id),
                held: Money::from_micros(0),
            });
        }
    }

    fn end(&self) -> i64 {
        i64::try_from(self.rows.lock().unwrap().len()).unwrap()
    }
}

#[async_trait]
impl LiveQueries for Ledger {
    async fn newest(&self) -> Result<Position, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(at(self.end()))
    }

    async fn news(&self, after: Position, limit: u32) -> Result<News, StoreError> {
        self.newest().await?;
        let rows = self.rows.lock().unwrap();
        let new = rows.iter().filter(|row| row.id > after.transfers);
        let wallets: Vec<_> = new.take(usize::try_from(limit).unwrap()).cloned().collect();
        Ok(News {
            until: at(wallets.last().map_or(after.transfers, |row| row.id)),
            wallets,
            ..News::default()
        })
    }
}

fn at(transfers: i64) -> Position {
    Position { events: 0, transfers }
}

/// A bell that nobody hears unless it is rung by hand.
#[derive(Default)]
pub struct Silent(Notify);

#[async_trait]
impl Bell for Silent {
    fn ring(&self) {
        self.0.notify_one();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}

pub struct Scene {
    pub ledger: Arc<Ledger>,
    pub doors: Arc<Doors>,
    pub hub: Arc<LiveHub>,
    stop: Stop,
}

impl Scene {
    pub fn new(limits: LiveLimits) -> Self {
        let ledger = Arc::new(Ledger::default());
        let doors = Arc::new(Doors::default());
        let ports = LivePorts {
            news: ledger.clone(),
            bell: Arc::new(Silent::default()),
            sessions: doors.clone(),
            clock: Arc::new(FakeClock::default()),
        };
        let hub = Arc::new(LiveHub::new(ports, limits));
        let (running, stop) = (hub.clone(), Stop::new());
        let until = stop.clone();
        tokio::spawn(async move { running.run(until).await });
        Self {
            ledger,
            doors,
            hub,
            stop,
        }
    }

    pub fn watch(&self, n: u32, last: Option<i64>) -> Result<Subscription, Crowded> {
        let watcher = Watcher::of_own(&Caller::new(user(n)));
        self.hub.subscribe(watcher, pass(n), last.map(at))
    }
}

pub async fn said(subscription: &mut Subscription) -> Said {
    let said = timeout(SOON, subscription.next())
        .await
        .expect("something is said");
    said.expect("the stream has not ended")
}

/// The ids of everything that is told until `last` was.
pub async fn told(subscription: &mut Subscription, last: i64) -> Vec<i64> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        let Said::News(items) = said(subscription).await else {
            panic!("news were expected")
        };
        assert!(items.len() <= 64, "at once a bounded number");
        for item in items {
            let What::Wallet(news) = &item.what else {
                panic!("a wallet was expected")
            };
            ids.push(news.id);
        }
    }
    ids
}

pub fn small() -> LiveLimits {
    LiveLimits {
        per_user: 2,
        total: 3,
        kept: 100,
    }
}

#[tokio::test]
async fn a_lost_ring_costs_a_moment_and_nothing_is_told_twice() {
    let scene = Scene::new(LiveLimits::default());
    let (ann, bob) = (user(1).id, user(2).id);
    scene.ledger.add(&ann, 5);
    let mut stream = scene.watch(1, Some(2)).unwrap();
    assert_eq!(said(&mut stream).await, Said::Begun);
    assert_eq!(told(&mut stream, 5).await, [3, 4, 5]);
    scene.ledger.add(&bob, 300);
    scene.ledger.add(&ann, 200);
    assert_eq!(told(&mut stream, 505).await, (306..=505).collect::<Vec<_>>());
    assert_eq!(stream.at(), at(505));
}

#[tokio::test]
async fn somebody_elses_news_move_the_position_all_the_same() {
    let scene = Scene::new(small());
    let mut stream = scene.watch(1, None).unwrap();
    assert_eq!(said(&mut stream).await, Said::Begun);
    scene.ledger.add(&user(2).id, 90);
    timeout(Duration::from_secs(3), stream.next())
        .await
        .expect_err("it is not theirs");
    assert_eq!(stream.at(), at(90));
}

#[tokio::test]
async fn whoever_is_too_late_is_told_to_load_anew_and_goes_on_from_there() {
    let scene = Scene::new(small());
    scene.ledger.add(&user(1).id, 1_000);
    for (last, reload) in [(10, Reload::TooOld), (2_000, Reload::Unknown)] {
        let mut stream = scene.watch(1, Some(last)).unwrap();
        assert_eq!(said(&mut stream).await, Said::Reload(reload));
        assert_eq!(stream.at(), at(scene.ledger.end()));
        scene.ledger.add(&user(1).id, 1);
        let end = scene.ledger.end();
        assert_eq!(told(&mut stream, end).await, [end]);
    }
    let mut recent = scene.watch(1, Some(scene.ledger.end() - 30)).unwrap();
    assert_eq!(said(&mut recent).await, Said::Begun);
    assert_eq!(told(&mut recent, scene.ledger.end()).await.len(), 30);
}

#[tokio::test]
async fn a_slow_one_is_dropped_with_a_hint_and_holds_up_nobody() {
    let scene = Scene::new(small());
    let mut slow = scene.watch(1, None).unwrap();
    let mut quick = scene.watch(1, None).unwrap();
    assert_eq!(said(&mut slow).await, Said::Begun);
    assert_eq!(said(&mut quick).await, Said::Begun);
    let mut seen = 0;
    for _ in 0..5 {
        scene.ledger.add(&user(1).id, 60);
        seen += told(&mut quick, scene.ledger.end()).await.len();
    }
    assert_eq!(seen, 300);
    assert_eq!(said(&mut slow).await, Said::Reload(Reload::Slow));
    assert_eq!(timeout(SOON, slow.next()).await.expect("at once"), None);
    assert_eq!(slow.at(), at(300), "where whoever comes back goes on");
}

#[tokio::test]
async fn streams_are_counted_and_given_back() {
    let scene = Scene::new(small());
    let first = scene.watch(1, None).unwrap();
    let second = scene.watch(1, None).unwrap();
    assert_eq!(scene.watch(1, None).err(), Some(Crowded::User));
    let other = scene.watch(2, None).unwrap();
    assert_eq!(scene.watch(3, None).err(), Some(Crowded::Process));
    drop((first, other));
    scene.watch(1, None).unwrap();
    drop(second);
    assert_eq!(scene.hub.streams(), 0);
}

#[tokio::test]
async fn a_database_that_is_away_delays_and_the_end_ends() {
    let scene = Scene::new(small());
    scene.ledger.away.store(true, Ordering::SeqCst);
    let mut stream = scene.watch(1, Some(0)).unwrap();
    timeout(Duration::from_millis(200), stream.next())
        .await
        .expect_err("nothing is known");
    scene.ledger.add(&user(1).id, 3);
    scene.ledger.away.store(false, Ordering::SeqCst);
    assert_eq!(said(&mut stream).await, Said::Begun);
    assert_eq!(told(&mut stream, 3).await, [1, 2, 3]);
    scene.stop.cancel();
    assert_eq!(said(&mut stream).await, Said::Closed(Ending::Stopping));
    assert_eq!(timeout(SOON, stream.next()).await.expect("at once"), None);
}

#[tokio::test]
async fn a_database_that_was_restored_is_followed_from_where_it_is() {
    let scene = Scene::new(small());
    scene.ledger.add(&user(1).id, 50);
    let mut before = scene.watch(1, None).unwrap();
    assert_eq!(said(&mut before).await, Said::Begun);
    drop(before);
    // Nobody watches, and the hub notices.
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.ledger.rows.lock().unwrap().truncate(20);
    let mut after = scene.watch(1, Some(50)).unwrap();
    assert_eq!(said(&mut after).await, Said::Reload(Reload::Unknown));
    scene.ledger.add(&user(1).id, 1);
    assert_eq!(told(&mut after, 21).await, [21]);
}

/// The next news, as `watcher` is told of it, and what it was made of. `put` says how it is put into words.
async fn words(stream: &mut Subscription, put: &str) -> (Arc<Item>, String) {
    let Said::News(items) = said(stream).await else {
        panic!("news were expected")
    };
    let [item] = items.as_slice() else {
        panic!("one thing happened")
    };
    let words = item.words(stream.watcher(), || put.to_owned());
    (item.clone(), words.to_string())
}

#[tokio::test]
async fn what_is_told_is_put_into_words_once_for_all_who_see_the_same_of_it() {
    let scene = Scene::new(LiveLimits::default());
    let boss = Watcher::of_all(&Caller::new(boss())).unwrap();
    let mut boss = scene.hub.subscribe(boss, pass(BOSS), None).unwrap();
    let mut tabs = [scene.watch(1, None).unwrap(), scene.watch(1, None).unwrap()];
    for stream in tabs.iter_mut().chain([&mut boss]) {
        assert_eq!(said(stream).await, Said::Begun);
    }
    scene.ledger.add(&user(1).id, 1);
    let [tab, other] = &mut tabs;
    let (item, first) = words(tab, "for customers").await;
    assert_eq!(first, "for customers");
    assert_eq!(words(other, "once more").await.1, "for customers");
    assert_eq!(words(&mut boss, "for staff").await.1, "for staff");
    // Whoever is late puts it into words alone, and nothing of that is kept.
    scene.ledger.add(&user(1).id, 300);
    assert_eq!(told(tab, 301).await.len(), 300);
    for late in ["late", "later"] {
        assert_eq!(&*item.words(tab.watcher(), || late.to_owned()), late);
    }
}
