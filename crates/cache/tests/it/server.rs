//! The Redis to test against.

use std::sync::atomic::{AtomicU32, Ordering};

use cache::{RedisPool, RedisRateLimiter, connect};
use domain::Secret;

#[expect(
    clippy::disallowed_methods,
    reason = "where the servers are is told by the test runner"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address of the shared server. Without one `test` says that it is skipped, unless servers are required.
pub fn url(test: &str) -> Option<String> {
    let url = variable("TEST_REDIS_URL");
    if url.is_none() {
        let required = variable("REQUIRE_SERVERS").is_some_and(|value| value == "1");
        assert!(!required, "TEST_REDIS_URL is not set");
        println!("skipped {test} on Redis: TEST_REDIS_URL is not set");
    }
    url
}

/// A pool at `url`.
pub fn pool(url: &str) -> RedisPool {
    connect(&Secret::new(url), 4).unwrap()
}

/// A prefix that nobody else uses.
pub fn prefix() -> String {
    static USED: AtomicU32 = AtomicU32::new(0);
    format!(
        "test:{}:{}:",
        std::process::id(),
        USED.fetch_add(1, Ordering::Relaxed)
    )
}

/// A limiter with keys of its own.
pub fn limiter(url: &str) -> RedisRateLimiter {
    RedisRateLimiter::new(pool(url), prefix())
}
