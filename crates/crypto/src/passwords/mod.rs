//! Passwords: hashed off the async threads, a few at once.

mod hashing;

use std::num::NonZero;
use std::sync::Arc;
use std::thread::{Builder, available_parallelism};

use async_trait::async_trait;
use domain::Secret;
use ports::crypto::{PasswordCheck, PasswordError, PasswordHasher};
use tokio::sync::{Semaphore, oneshot};

use hashing::Hashing;
pub use hashing::{HashingCost, InvalidCost};

/// How many passwords may wait while others are hashed. At 20 ms each, one at a time, the last one waits 1.3 s.
const WAITING_MAX: usize = 64;

/// The name of threads that hash.
const THREAD: &str = "password";
/// A tenth of the weight of the other threads, for when the processors are wanted by all.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How many passwords are hashed at once, and how many more may wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingRoom {
    /// Hashed at once. More than there are cores makes every one of them slower and none faster.
    pub at_once: NonZero<usize>,
    /// Waiting. Whoever comes when this many wait is turned away.
    pub waiting: usize,
}

impl Default for HashingRoom {
    /// Half of the cores hash, so that a request finds one on which nobody does: whoever hashes keeps its core for some
    /// milliseconds, whatever its priority.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            at_once: NonZero::new(cores / 2).unwrap_or(NonZero::<usize>::MIN),
            waiting: WAITING_MAX,
        }
    }
}

/// Hashes with argon2id, and still reads the scrypt hashes of better-auth.
///
/// Passwords are normalised (NFKC) first, as better-auth does: the same letters typed on another keyboard stay the
/// same password.
#[derive(Debug)]
pub struct Argon2Hasher {
    hashing: Hashing,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// A hasher that gives new hashes the given cost.
    ///
    /// # Errors
    /// [`InvalidCost`] if argon2 is not defined for it.
    pub fn new(cost: HashingCost, room: HashingRoom) -> Result<Self, InvalidCost> {
        let at_once = room.at_once.get();
        Ok(Self {
            hashing: Hashing::new(cost)?,
            admitted: Arc::new(Semaphore::new(at_once.saturating_add(room.waiting))),
            running: Arc::new(Semaphore::new(at_once)),
        })
    }

    /// Runs `work` on a thread of its own when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(Hashing) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let busy = |_| PasswordError::Busy;
        let place = Arc::clone(&self.admitted).try_acquire_owned().map_err(busy)?;
        // The semaphore is never closed and the thread ends early only when the process does: both mean "not now".
        let turn = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        let hashing = self.hashing.clone();
        let (tell, told) = oneshot::channel();
        // The thread works on if the caller goes away, so it takes its place and its turn with it.
        let hash = move || {
            stand_back();
            let result = work(hashing);
            drop((turn, place));
            // Who asked may have gone.
            let _ = tell.send(result);
        };
        // A thread of its own: a lower priority is for ever, and others use those of the runtime. Beginning it takes a
        // thousandth of the time that hashing takes.
        let thread = Builder::new().name(THREAD.to_owned()).spawn(hash);
        thread.map_err(|_| PasswordError::Busy)?;
        told.await.map_err(|_| PasswordError::Busy)?
    }
}

/// Lets everybody else of this process go first. Whoever floods us with passwords takes what is left of the processors,
/// and requests that are answered in a millisecond do not wait behind hashes of twenty.
fn stand_back() {
    // Linux has a priority for each thread; elsewhere it would be that of the whole process. Without it hashing still works.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Secret) -> Result<String, PasswordError> {
        let password = password.clone();
        self.in_turn(move |hashing| hashing.hash(&password)).await
    }

    fn knows(&self, stored: &str) -> bool {
        hashing::is_known(stored)
    }

    async fn check(&self, password: &Secret, stored: Option<&str>) -> Result<PasswordCheck, PasswordError> {
        let password = password.clone();
        let stored = stored.map(str::to_owned);
        self.in_turn(move |hashing| hashing.check(&password, stored.as_deref()))
            .await
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    fn hasher(at_once: usize, waiting: usize) -> Argon2Hasher {
        let room = HashingRoom {
            at_once: NonZero::new(at_once).unwrap(),
            waiting,
        };
        Argon2Hasher::new(HashingCost::default(), room).unwrap()
    }

    #[tokio::test]
    async fn a_new_hash_names_its_cost_and_matches_only_its_password() {
        let hasher = hasher(2, 64);
        let password = Secret::new("correct horse battery staple");
        let hash = hasher.hash(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            hasher.hash(&password).await.unwrap(),
            "every hash has its own salt"
        );
        assert_eq!(
            hasher.check(&password, Some(&hash)).await,
            Ok(PasswordCheck::Match)
        );
        let wrong = Secret::new("correct horse battery stable");
        assert_eq!(
            hasher.check(&wrong, Some(&hash)).await,
            Ok(PasswordCheck::Mismatch)
        );
        assert_eq!(hasher.check(&password, None).await, Ok(PasswordCheck::Mismatch));
    }

    #[test]
    fn a_core_is_left_on_which_nobody_hashes() {
        let (cores, hashing) = (
            available_parallelism().unwrap().get(),
            HashingRoom::default().at_once.get(),
        );
        assert!(hashing < cores || cores == 1, "{hashing} of {cores}");
    }

    #[tokio::test]
    async fn whoever_finds_the_waiting_room_full_is_turned_away_at_once() {
        let hasher = hasher(1, 2);
        let password = Secret::new("correct horse battery staple");
        let results = join_all((0..10).map(|_| hasher.hash(&password))).await;
        let served = results.iter().filter(|it| it.is_ok()).count();
        assert_eq!(served, 3);
        assert!(
            results
                .iter()
                .all(|it| it.is_ok() || *it == Err(PasswordError::Busy))
        );
        assert!(hasher.hash(&password).await.is_ok(), "the places are free again");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_stands_back_and_nobody_else_does() {
        let priority = || rustix::process::getpriority_process(None).map_err(|_| PasswordError::Busy);
        let before = priority().unwrap();
        let hashing = hasher(1, 1).in_turn(move |_| priority()).await.unwrap();
        assert_eq!(hashing, (before + NICENESS).min(19));
        assert_eq!(priority(), Ok(before));
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_gives_its_place_back() {
        let hasher = hasher(1, 1);
        let password = Secret::new("correct horse battery staple");
        for _ in 0..20 {
            let gone =
                tokio::time::timeout(std::time::Duration::from_millis(1), hasher.hash(&password)).await;
            drop(gone);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(hasher.hash(&password).await.is_ok());
        assert_eq!(hasher.admitted.available_permits(), 2);
    }
}
