//! The algorithm in Lua against the one in Rust.

use std::time::Duration;

use cache::{RedisPool, gcra};
use deadpool_redis::redis::{Script, cmd};
use ports::limits::{Admission, Limit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::server;

const SECOND: u64 = 1_000_000;

/// The script with the time as an argument.
fn script() -> Script {
    Script::new(concat!(
        "local now = tonumber(ARGV[4])\n",
        include_str!("../../src/redis/gcra.lua")
    ))
}

async fn in_lua(pool: &RedisPool, key: &str, now: u64, limit: Limit) -> Admission {
    let interval = u64::try_from(limit.period.as_micros())
        .unwrap()
        .div_ceil(limit.count.into());
    let burst = interval * u64::from(limit.burst);
    let mut connection = pool.get().await.unwrap();
    let answer: Vec<u64> = script()
        .key(key)
        .arg(interval)
        .arg(burst)
        .arg(0)
        .arg(now)
        .invoke_async(&mut connection)
        .await
        .unwrap();
    // Redis must not forget by its own clock in the middle of a test.
    cmd("PERSIST")
        .arg(key)
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    match answer.as_slice() {
        [0, wait, 0] => Admission::Denied {
            retry_after: Duration::from_micros(*wait),
        },
        [1, remaining, 0] => Admission::Granted {
            remaining: u32::try_from(*remaining).unwrap(),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn lua_and_rust_decide_alike_to_the_microsecond() {
    let Some(url) = server::url("lua_and_rust_decide_alike_to_the_microsecond") else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let pool = server::pool(&url);
    let limits = (1_u32..100, 1_u64..1_000 * SECOND, 1_u32..50).prop_map(|(count, period, burst)| Limit {
        count,
        period: Duration::from_micros(period),
        burst,
    });
    // Steps of time, now and then backwards, and now and then another limit.
    let steps = vec(
        (
            -SECOND.cast_signed()..20 * SECOND.cast_signed(),
            limits.clone(),
            0_u8..10,
        ),
        1..40,
    );
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(limits, steps), |(mut limit, steps)| {
            let key = server::prefix();
            let (mut now, mut arrival) = (1_800_000_000 * SECOND, None);
            for (step, other, change) in steps {
                now = now.saturating_add_signed(step);
                if change == 0 {
                    limit = other;
                }
                let (expected, next) = gcra(arrival, now, limit);
                // What is denied writes nothing.
                if matches!(expected, Admission::Granted { .. }) {
                    arrival = Some(next);
                }
                prop_assert_eq!(runtime.block_on(in_lua(&pool, &key, now, limit)), expected);
            }
            runtime.block_on(async {
                let mut connection = pool.get().await.unwrap();
                cmd("DEL")
                    .arg(&key)
                    .query_async::<()>(&mut connection)
                    .await
                    .unwrap();
            });
            Ok(())
        })
        .unwrap();
}
