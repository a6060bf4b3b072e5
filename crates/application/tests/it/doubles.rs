//! Stand-ins for what the use cases ask before and after a call: a limiter, a sealer, a queue.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Secret;
use domain::providers::SealedSecret;
use ports::crypto::{SealError, SecretSealer};
use ports::jobs::{Job, JobQueue, QueueError};
use ports::limits::{Admission, Limit, RateLimiter};
use ports::outbox::WorkSignal;

/// Grants everything until it is told to deny.
#[derive(Default)]
pub struct Limiter {
    denies: Mutex<Option<Duration>>,
    asked: Mutex<Vec<String>>,
}

impl Limiter {
    pub fn deny(&self, retry_after: Duration) {
        *self.denies.lock().unwrap() = Some(retry_after);
    }

    pub fn grant(&self) {
        *self.denies.lock().unwrap() = None;
    }

    /// Which limits were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl RateLimiter for Limiter {
    async fn take(&self, key: &str, _: Limit) -> Admission {
        self.asked.lock().unwrap().push(key.to_owned());
        match *self.denies.lock().unwrap() {
            Some(retry_after) => Admission::Denied { retry_after },
            None => Admission::Granted { remaining: 1 },
        }
    }
}

/// Opens everything until the ring of keys is lost.
#[derive(Default)]
pub struct Sealer {
    lost: AtomicBool,
}

impl Sealer {
    pub fn lose_the_keys(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }
}

impl SecretSealer for Sealer {
    fn seal(&self, secret: &Secret, _: &str) -> Result<SealedSecret, SealError> {
        Ok(SealedSecret {
            key_version: 1,
            nonce: vec![0; 12],
            ciphertext: secret.reveal().as_bytes().to_vec(),
        })
    }

    fn open(&self, _: &SealedSecret, context: &str) -> Result<Secret, SealError> {
        if self.lost.load(Ordering::SeqCst) {
            return Err(SealError::UnknownKey);
        }
        Ok(Secret::new(format!("key for {context}")))
    }
}

/// News that nobody hears.
pub struct Silence;

#[async_trait]
impl WorkSignal for Silence {
    fn notify(&self) {}

    async fn notified(&self) {
        std::future::pending().await
    }
}

/// A queue that a test empties by hand.
pub struct Shelf {
    room: AtomicU16,
    broken: AtomicBool,
    jobs: Mutex<VecDeque<Job>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            room: AtomicU16::new(1_000),
            broken: AtomicBool::new(false),
            jobs: Mutex::default(),
        }
    }
}

impl Shelf {
    pub fn has_room_for(&self, jobs: u16) {
        self.room.store(jobs, Ordering::SeqCst);
    }

    pub fn breaks(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// Everything that was handed over; the queue forgets it.
    pub fn take(&self) -> Vec<Job> {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }
}

#[async_trait]
impl JobQueue for Shelf {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(QueueError("connection refused".to_owned()));
        }
        self.jobs.lock().unwrap().extend(jobs.iter().cloned());
        Ok(())
    }

    async fn room(&self) -> Result<u16, QueueError> {
        Ok(self.room.load(Ordering::SeqCst))
    }

    async fn held(&self) -> Result<Vec<Job>, QueueError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(QueueError("connection refused".to_owned()));
        }
        Ok(self.jobs.lock().unwrap().iter().cloned().collect())
    }

    async fn check(&self) -> Result<(), QueueError> {
        Ok(())
    }
}
