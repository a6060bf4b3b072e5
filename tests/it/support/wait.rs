//! Waiting, and reading amounts.

use std::time::{Duration, Instant};

use domain::Money;
use serde_json::Value;

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(45);
const GLANCE: Duration = Duration::from_millis(50);

/// Asks until there is an answer. `what` says what did not happen in time.
pub async fn eventually<T>(what: impl Fn() -> String, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "not in time: {}", what());
        tokio::time::sleep(GLANCE).await;
    }
}

/// An amount on the wire in micro-units.
#[track_caller]
pub fn money(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap_or_else(|| panic!("{amount} is no amount"));
    Money::parse(text).expect("an amount is a decimal").micros()
}
