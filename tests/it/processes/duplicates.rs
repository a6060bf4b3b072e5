//! Workers in several processes get every job more than once, and at the same time.

use std::time::{Duration, Instant};

use domain::providers::LookupCapability;
use sandbox::{Delays, Panel, PanelConfig};

use super::installation::{Installation, PATIENT};
use super::panel::KEY;
use super::shop::Shop;
use crate::support::{Connection, eventually};

const ORDERS: usize = 1_000;
const CUSTOMERS: usize = 20;
const PROCESSES: usize = 4;
/// What the panel takes for an order: long enough for another worker to have the same one in hand.
const DELIVERY: Duration = Duration::from_millis(60);
/// What the keys of the queue begin with.
const QUEUE: &str = "smm-guru:jobs";
/// Puts every job that is there and was not seen before into the queue once more, as a job of its own; how many. A
/// job's id is a ULID, and those of our time begin with a zero.
const REPEAT: &str = "
local data, again = KEYS[1] .. ':data', 0
for _, id in ipairs(redis.call('hkeys', data)) do
    if string.sub(id, 1, 1) == '0' and redis.call('sadd', KEYS[2], id) == 1 then
        local other = '1' .. string.sub(id, 2)
        redis.call('hset', data, other, redis.call('hget', data, id))
        redis.call('hset', KEYS[1] .. ':meta:' .. other, unpack(redis.call('hgetall', KEYS[1] .. ':meta:' .. id)))
        redis.call('rpush', KEYS[1] .. ':active', other)
        again = again + 1
    end
end
return again";

/// Repeats every job until nothing new has come for a while; how many copies there were.
fn repeat(mut redis: Connection) -> usize {
    const WHILE: Duration = Duration::from_secs(3);
    let (mut repeated, mut last) = (0, Instant::now());
    while last.elapsed() < WHILE || repeated < ORDERS {
        let more = redis.number(&["EVAL", REPEAT, "2", QUEUE, "seen-by-the-test"]);
        if more > 0 {
            last = Instant::now();
            repeated += usize::try_from(more).unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    repeated
}

fn config() -> PanelConfig {
    PanelConfig {
        key: KEY.to_owned(),
        pace: Duration::from_mins(10),
        faults: "add:slow".parse().unwrap(),
        delays: Delays {
            slow_by: DELIVERY,
            ..Delays::default()
        },
        ..PanelConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_that_get_every_job_twice_send_each_of_a_thousand_orders_once_on_postgres() {
    let Some(installation) = Installation::distributed(PATIENT, "duplicate jobs").await else {
        return;
    };
    let panel = Panel::start(config()).await.unwrap();
    let shop = Shop::at(&installation, &panel.url(), LookupCapability::None).await;
    let links: Vec<String> = (0..ORDERS)
        .map(|number| format!("https://instagram.com/p/often-{number}"))
        .collect();
    let redis = installation.redis().connection();
    let repeating = std::thread::spawn(move || repeat(redis));
    let mut workers = Vec::new();
    let few = [
        ("JOBS_FROM", "redis".to_owned()),
        ("WORKERS", "24".to_owned()),
        ("DATABASE_CONNECTIONS_MAX", "6".to_owned()),
    ];
    for _ in 0..PROCESSES {
        workers.push(installation.work_with(&few).await);
    }
    shop.place_among(CUSTOMERS, &links).await;
    let database = installation.database();
    let count = async |condition: &str| {
        let sql = format!("SELECT COUNT(*) FROM orders WHERE {condition}");
        usize::try_from(database.number(&sql).await.unwrap()).unwrap()
    };
    eventually(
        || "every order is sent".to_owned(),
        async || (count("state IN ('held', 'submitting')").await == 0).then_some(()),
    )
    .await;
    let repeated = repeating.join().unwrap();
    println!("{repeated} jobs were repeated");
    assert!(repeated >= ORDERS * 9 / 10, "{repeated} jobs were repeated");
    let orders = panel.orders();
    assert_eq!(orders.len(), ORDERS);
    for link in &links {
        let seen = (
            panel.placed_count_for_link(link),
            panel.asked_count_for_link(link),
        );
        assert_eq!(seen, (1, 1), "{link}");
    }
    let senders = "SELECT COUNT(DISTINCT split_part(worker, '-', 1)) FROM attempts";
    let senders = database.number(senders).await.unwrap();
    assert_eq!(usize::try_from(senders), Ok(PROCESSES), "all of them sent orders");

    drop(workers);
    installation.books_are_right();
    panel.stop().await;
}
