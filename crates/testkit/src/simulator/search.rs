//! Many seeds on all processors.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Rules;
use super::run::{Failure, Mode, Summary, run};

/// Runs the seeds until one fails, on so many threads; as many as there are processors if not given. `begun` is called
/// for each seed.
///
/// # Errors
/// [`Failure`] of the smallest seed among those that failed.
pub fn search(
    seeds: Range<u64>,
    rules: Rules,
    mode: Mode,
    threads: Option<usize>,
    begun: impl Fn() + Sync,
) -> Result<Summary, Box<Failure>> {
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Ok(Summary::default()));
    let available = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads.unwrap_or_else(available).max(1) {
            scope.spawn(|| {
                let own = some(&next, seeds.end, rules, mode, &begun);
                let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                match (&mut *total, own) {
                    (Ok(total), Ok(own)) => total.absorb(&own),
                    (Ok(_), Err(failure)) => *total = Err(failure),
                    (Err(first), Err(failure)) if failure.seed < first.seed => *first = failure,
                    (Err(_), _) => {}
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Seeds for one thread, as long as there are any.
fn some(
    next: &AtomicU64,
    end: u64,
    rules: Rules,
    mode: Mode,
    begun: &impl Fn(),
) -> Result<Summary, Box<Failure>> {
    let mut own = Summary::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return Ok(own);
        }
        begun();
        match run(seed, rules, mode) {
            Ok(summary) => own.absorb(&summary),
            Err(failure) => {
                next.store(end, Ordering::Relaxed);
                return Err(failure);
            }
        }
    }
}
