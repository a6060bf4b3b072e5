//! When to look for jobs.

use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use tokio::time::{Interval, MissedTickBehavior};

/// Looks again after a fixed time. The strategies that apalis ships re-arm their timer without polling it, which leaves no
/// waker behind, and then nothing is fetched until the next heartbeat.
#[derive(Debug)]
pub(super) struct Ticker(Interval);

impl Ticker {
    pub(super) fn new(period: Duration) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl PollStrategy for Ticker {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        // Only a pending timer has kept the waker.
        while self.0.poll_tick(cx).is_ready() {}
        Poll::Pending
    }
}
