//! Taking more than one from Redis at once.

use std::time::{Duration, Instant};

use cache::{RedisPool, RedisRateLimiter};
use deadpool_redis::redis::cmd;
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};
use tokio::task::JoinSet;

use crate::server;

/// A hundred come back in a second, so up to 25 are taken ahead.
const QUICK: Limit = Limit {
    count: 6_000,
    period: Duration::from_mins(1),
    burst: 300,
};

async fn remaining(limiter: &RedisRateLimiter, key: &str) -> u32 {
    match limiter.take_all_ahead(&[Bucket { key, limit: QUICK }]).await {
        JointAdmission::Granted { remaining } => *remaining.first().unwrap(),
        JointAdmission::Denied { .. } => panic!("denied"),
    }
}

async fn forget(pool: &RedisPool, key: &str) -> i64 {
    let mut connection = pool.get().await.unwrap();
    cmd("DEL").arg(key).query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn who_asks_often_is_answered_without_redis_and_told_how_many_are_left() {
    let Some(url) = server::url("who_asks_often_is_answered_without_redis_and_told_how_many_are_left") else {
        return;
    };
    let (pool, prefix) = (server::pool(&url), server::prefix());
    let limiter = RedisRateLimiter::new(server::pool(&url), prefix.clone());
    assert_eq!(remaining(&limiter, "often").await, 299);
    assert_eq!(
        forget(&pool, &format!("{prefix}often")).await,
        1,
        "Redis was asked"
    );
    for left in (274..299).rev() {
        assert_eq!(remaining(&limiter, "often").await, left);
    }
    assert_eq!(
        forget(&pool, &format!("{prefix}often")).await,
        0,
        "Redis was not asked"
    );
    remaining(&limiter, "often").await;
    assert_eq!(
        forget(&pool, &format!("{prefix}often")).await,
        1,
        "nothing was left"
    );
}

#[tokio::test]
async fn however_many_nodes_take_ahead_no_more_than_the_limit_is_granted_and_no_half_of_it_is_lost() {
    let Some(url) = server::url("however_many_nodes_take_ahead_no_more_than_the_limit_is_granted") else {
        return;
    };
    let prefix = server::prefix();
    let began = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..4 {
        let node = RedisRateLimiter::new(server::pool(&url), prefix.clone());
        asking.spawn(async move {
            let mut granted = 0_u32;
            for _ in 0..400 {
                let bucket = Bucket {
                    key: "shared",
                    limit: QUICK,
                };
                let answer = node.take_all_ahead(&[bucket]).await;
                granted += u32::from(matches!(answer, JointAdmission::Granted { .. }));
            }
            granted
        });
    }
    let granted: u32 = asking.join_all().await.into_iter().sum();
    let came_back = u32::try_from(began.elapsed().as_millis() / 10).unwrap() + 1;
    assert!(
        granted <= QUICK.burst + came_back,
        "{granted}, {came_back} came back"
    );
    assert!(granted >= QUICK.burst / 2, "{granted}");
}

#[tokio::test]
async fn of_a_limit_that_is_half_used_nothing_is_taken_ahead() {
    let Some(url) = server::url("of_a_limit_that_is_half_used_nothing_is_taken_ahead") else {
        return;
    };
    let (pool, prefix) = (server::pool(&url), server::prefix());
    let limiter = RedisRateLimiter::new(server::pool(&url), prefix.clone());
    // Eight come back in a second, so up to two are taken ahead.
    let limit = Limit {
        count: 480,
        burst: 100,
        ..QUICK
    };
    for _ in 0..80 {
        let taken = limiter.take("used", limit).await;
        assert!(matches!(taken, Admission::Granted { .. }));
    }
    let both = ["used", "other"].map(|key| Bucket { key, limit });
    for _ in 0..3 {
        let answer = limiter.take_all_ahead(&both).await;
        assert!(matches!(answer, JointAdmission::Granted { .. }));
        assert_eq!(
            forget(&pool, &format!("{prefix}other")).await,
            1,
            "Redis was asked"
        );
    }
}
