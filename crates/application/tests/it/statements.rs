//! How many statements a request about orders takes: as many for a hundred orders as for twenty.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::jobs::Verdict;
use application::orders::TrackOrders;
use domain::orders::POLL_GROUP_MAX;
use domain::{OrderId, ProviderId};
use persistence::testing::{CopySchedule, GroupRow, OrderCopy, TestDatabase};
use ports::orders::PollMeter;
use testkit::crowd::{CrowdPanel, Manners, Population};

use crate::bench::Bench;
use crate::panel::{about, says};

const MINUTE: Duration = Duration::from_mins(1);
/// Groups of a full request, and how many requests there are.
const GROUPS: usize = 5;
const REQUESTS: usize = 3;

/// What the database was told since the last request.
struct Ear {
    database: Arc<TestDatabase>,
    heard: Mutex<Vec<Vec<String>>>,
}

impl PollMeter for Ear {
    fn asked(&self, _: ProviderId, late: &[Duration]) {
        assert_eq!(late.len(), GROUPS * POLL_GROUP_MAX, "the request is full");
        self.heard.lock().unwrap().push(self.database.statements());
    }

    fn asked_alone(&self, _: ProviderId) {
        panic!("no order was left out");
    }
}

/// An order that goes on for long, to be copied.
async fn template(bench: &Bench) -> OrderId {
    let id = bench.submitted(1, "template").await;
    bench.pass(MINUTE * 2);
    bench
        .panel
        .reports(about([("template", says("In progress", 500))]));
    bench.poll().await;
    bench.hide(id).await;
    id
}

/// Orders for so many full requests, all of them due at once, and in groups.
async fn crowd(bench: &Bench) {
    let (template, now, provider) = (template(bench).await, bench.now(), bench.shop.provider.id);
    let population = Population {
        providers: 1,
        seed: 7,
    };
    // Those that neither end nor grow out of their interval meanwhile.
    let members = (0..)
        .map(|n| population.open(n, now))
        .filter(|member| member.every == MINUTE * 480 && member.ends_at > now.plus(MINUTE * 60));
    let (mut groups, mut copies) = (Vec::new(), Vec::new());
    for (n, member) in (0..GROUPS * REQUESTS * POLL_GROUP_MAX).zip(members) {
        let id = i64::try_from(n / POLL_GROUP_MAX).unwrap() + 100;
        if n % POLL_GROUP_MAX == 0 {
            groups.push(GroupRow {
                id,
                provider,
                every: i64::try_from(member.every.as_micros()).unwrap(),
                members: POLL_GROUP_MAX,
                due_at: now.plus(MINUTE),
            });
        }
        copies.push(OrderCopy {
            provider,
            upstream: member.upstream,
            submitted_at: member.submitted_at,
            schedule: CopySchedule::Group(id),
        });
    }
    bench.database.add_poll_groups(&groups).await.unwrap();
    bench.database.copy_orders(template, &copies).await.unwrap();
}

fn writes<'a>(statements: &'a [String], table: &str) -> Vec<&'a String> {
    let into = [format!("UPDATE {table} "), format!("INSERT INTO {table} ")];
    let found = statements
        .iter()
        .filter(|statement| into.iter().any(|into| statement.replace('"', "").contains(into)));
    found.collect()
}

async fn counts(bench: Bench) {
    crowd(&bench).await;
    let ear = Arc::new(Ear {
        database: Arc::clone(&bench.database),
        heard: Mutex::default(),
    });
    let tracking = TrackOrders::new(
        Arc::clone(&bench.backend.store),
        Arc::new(CrowdPanel::new(bench.clock.clone(), Manners::Polite)),
        Arc::clone(&bench.panels),
        bench.clock.clone(),
        ear.clone(),
        bench.policy,
    );
    bench.pass(MINUTE * 2);
    bench.database.statements();
    let verdict = tracking.poll(bench.shop.provider.id).await.unwrap();
    assert_eq!(verdict, Verdict::Done);
    let afterwards = bench.database.statements();

    let heard = ear.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), REQUESTS);
    // Where the provider is, and its key.
    assert!(heard[0].len() <= 6, "to begin: {:#?}", heard[0]);
    for between in &heard[1..] {
        // Putting back: the groups. Taking: two looks, the turn, the groups, their orders.
        assert!(between.len() <= 6, "for one request: {between:#?}");
        assert_eq!(writes(between, "poll_groups").len(), 2, "{between:#?}");
    }
    // Putting back: the groups, the turn. Then two looks find nothing.
    assert!(afterwards.len() <= 4, "to end: {afterwards:#?}");
    for statements in heard.iter().chain([&afterwards]) {
        assert_eq!(writes(statements, "orders"), Vec::<&String>::new());
    }
    bench.leave();
}

#[tokio::test]
async fn a_request_about_a_hundred_orders_without_news_takes_six_statements_and_writes_no_order_on_sqlite() {
    counts(Bench::new().await).await;
}

#[tokio::test]
async fn a_request_about_a_hundred_orders_without_news_takes_six_statements_and_writes_no_order_on_postgresql()
 {
    if let Some(bench) = Bench::on_postgres().await {
        counts(bench).await;
    }
}
