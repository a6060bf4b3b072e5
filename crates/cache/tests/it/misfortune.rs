//! A Redis that is shared, silent, gone, or back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cache::{RedisPool, RedisRateLimiter, connect, ping};
use deadpool_redis::redis::{ConnectionAddr, IntoConnectionInfo, cmd};
use domain::Secret;
use ports::limits::{Admission, Bucket, JointAdmission, Limit, RateLimiter};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::server;

const TWO_PER_HOUR: Limit = Limit {
    count: 2,
    period: Duration::from_secs(3_600),
    burst: 2,
};

fn granted(admission: Admission) -> bool {
    matches!(admission, Admission::Granted { .. })
}

async fn ttl_millis(pool: &RedisPool, key: &str) -> i64 {
    let mut connection = pool.get().await.unwrap();
    cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn nodes_share_their_limits_and_redis_forgets_them_by_itself() {
    let Some(url) = server::url("nodes_share_their_limits_and_redis_forgets_them_by_itself") else {
        return;
    };
    let (pool, prefix) = (server::pool(&url), server::prefix());
    let node = || RedisRateLimiter::new(server::pool(&url), prefix.clone());
    let (first, second) = (node(), node());
    assert!(granted(first.take("shared", TWO_PER_HOUR).await));
    assert!(granted(second.take("shared", TWO_PER_HOUR).await));
    assert!(!granted(first.take("shared", TWO_PER_HOUR).await));
    assert!(!granted(second.take("shared", TWO_PER_HOUR).await));
    let ttl = ttl_millis(&pool, &format!("{prefix}shared")).await;
    assert!((3_500_000..=3_600_001).contains(&ttl), "{ttl} ms");

    let quick = Limit {
        count: 10,
        period: Duration::from_secs(1),
        burst: 1,
    };
    assert!(granted(first.take("quick", quick).await));
    sleep(Duration::from_millis(150)).await;
    assert_eq!(
        ttl_millis(&pool, &format!("{prefix}quick")).await,
        -2,
        "the key is gone"
    );
}

#[tokio::test]
async fn what_is_not_a_time_in_redis_counts_as_nothing() {
    let Some(url) = server::url("what_is_not_a_time_in_redis_counts_as_nothing") else {
        return;
    };
    let (pool, prefix) = (server::pool(&url), server::prefix());
    let mut connection = pool.get().await.unwrap();
    cmd("SET")
        .arg(format!("{prefix}odd"))
        .arg("nonsense")
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    let limiter = RedisRateLimiter::new(pool, prefix);
    assert_eq!(
        limiter.take("odd", TWO_PER_HOUR).await,
        Admission::Granted { remaining: 1 }
    );
    assert_eq!(
        limiter.take("odd", TWO_PER_HOUR).await,
        Admission::Granted { remaining: 0 }
    );
}

#[tokio::test]
async fn while_redis_refuses_connections_the_node_limits_on_its_own() {
    let port = free_port().await;
    let pool = server::pool(&format!("redis://127.0.0.1:{port}/"));
    assert!(ping(&pool).await.is_err());
    let limiter = RedisRateLimiter::new(pool, "alone:");
    assert!(granted(limiter.take("key", TWO_PER_HOUR).await));
    assert!(granted(limiter.take("key", TWO_PER_HOUR).await));
    assert!(!granted(limiter.take("key", TWO_PER_HOUR).await));
    let both = ["one", "other"].map(|key| Bucket {
        key,
        limit: TWO_PER_HOUR,
    });
    for _ in 0..2 {
        let taken = limiter.take_all(&both).await;
        assert!(matches!(taken, JointAdmission::Granted { .. }), "{taken:?}");
    }
    let denied = limiter.take_all(&both).await;
    assert!(matches!(denied, JointAdmission::Denied { .. }), "{denied:?}");
}

#[tokio::test]
async fn a_redis_that_never_answers_costs_one_short_wait_and_not_one_per_call() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // It accepts, and that is all.
    let silent = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let limiter = RedisRateLimiter::new(server::pool(&format!("redis://127.0.0.1:{port}/")), "silent:");
    let begun = Instant::now();
    assert!(granted(limiter.take("key", TWO_PER_HOUR).await));
    let first = begun.elapsed();
    assert!(
        (Duration::from_millis(90)..Duration::from_millis(500)).contains(&first),
        "{first:?}"
    );
    let begun = Instant::now();
    for _ in 0..1_000 {
        limiter.take("key", TWO_PER_HOUR).await;
    }
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    silent.abort();
}

#[tokio::test]
async fn when_redis_goes_and_comes_back_limits_are_shared_again() {
    let Some(url) = server::url("when_redis_goes_and_comes_back_limits_are_shared_again") else {
        return;
    };
    let port = free_port().await;
    let (direct, prefix) = (server::pool(&url), server::prefix());
    let limiter = RedisRateLimiter::new(
        server::pool(&format!("redis://127.0.0.1:{port}/")),
        prefix.clone(),
    );
    let kept = async |key: &str| {
        limiter.take(key, TWO_PER_HOUR).await;
        ttl_millis(&direct, &format!("{prefix}{key}")).await > 0
    };
    assert!(!kept("down").await);
    let road = Road::build(port, &url).await;
    assert!(!kept("too early").await, "nobody tries again within a second");
    sleep(Duration::from_millis(1_100)).await;
    assert!(kept("back").await);
    assert!(kept("still there").await);
    road.close().await;
    assert!(!kept("down again").await);
    let road = Road::build(port, &url).await;
    sleep(Duration::from_millis(1_100)).await;
    assert!(kept("back again").await);
    road.close().await;
}

#[test]
fn what_is_no_url_of_redis_is_refused_without_repeating_it() {
    for odd in ["", "hunter2", "http://:hunter2@localhost", "redis://:hunter2@:x"] {
        let error = connect(&Secret::new(odd), 1).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_url_with_tls_is_understood() {
    let port = free_port().await;
    let pool = connect(&Secret::new(format!("rediss://127.0.0.1:{port}/")), 1).unwrap();
    let error = ping(&pool).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_crowd_that_finds_no_connection_opens_one() {
    let Some(url) = server::url("a_crowd_that_finds_no_connection_opens_one") else {
        return;
    };
    let port = free_port().await;
    let road = Road::build(port, &url).await;
    let pool = server::pool(&format!("redis://127.0.0.1:{port}/"));
    let limiter = Arc::new(RedisRateLimiter::new(pool, server::prefix()));
    let mut crowd = JoinSet::new();
    for _ in 0..100 {
        let limiter = Arc::clone(&limiter);
        crowd.spawn(async move { limiter.take("crowd", TWO_PER_HOUR).await });
    }
    let admissions = crowd.join_all().await;
    assert_eq!(admissions.into_iter().filter(|it| granted(*it)).count(), 2);
    assert_eq!(road.taken.load(Ordering::Relaxed), 1);
}

async fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Leads a port to a Redis until it is closed or dropped.
struct Road {
    task: JoinHandle<()>,
    /// Connections so far.
    taken: Arc<AtomicUsize>,
}

impl Road {
    async fn build(port: u16, url: &str) -> Self {
        let info = url.into_connection_info().unwrap();
        let ConnectionAddr::Tcp(host, redis_port) = info.addr().clone() else {
            panic!("{:?}", info.addr())
        };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut far = TcpStream::connect((host.as_str(), redis_port)).await.unwrap();
                connections.spawn(async move { copy_bidirectional(&mut near, &mut far).await.map(drop) });
            }
        });
        Self { task, taken }
    }

    /// Closes the port and every connection.
    async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.task.abort();
    }
}
