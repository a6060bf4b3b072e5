//! Writing together what many tasks want written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ports::StoreError;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::retry::retry_contended;

/// Writes many items at once.
#[async_trait]
pub(super) trait Scribe: Send + Sync + 'static {
    /// What is written.
    type Item: Clone + Send + Sync + 'static;

    /// Writes the items in one commit; for each whether it was accepted.
    async fn write(&self, items: &[Self::Item]) -> Result<Vec<bool>, StoreError>;
}

/// While one batch is being written the next gathers: nobody waits for company, and the more there is to do the larger
/// the batches become. A single item is written at once, together with those that are ready to be.
pub(super) struct Gathering<S: Scribe> {
    desk: Arc<Desk<S>>,
}

struct Desk<S: Scribe> {
    scribe: S,
    at_once: usize,
    pile: Mutex<Pile<S::Item>>,
}

struct Pile<I> {
    waiting: Vec<Slip<I>>,
    writing: bool,
}

struct Slip<I> {
    item: I,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

impl<S: Scribe> Gathering<S> {
    /// Nothing waits; up to `at_once` items are written in one commit.
    pub(super) fn new(scribe: S, at_once: usize) -> Self {
        let pile = Mutex::new(Pile {
            waiting: Vec::new(),
            writing: false,
        });
        Self {
            desk: Arc::new(Desk {
                scribe,
                at_once: at_once.max(1),
                pile,
            }),
        }
    }

    /// Writes one item, with whatever else waits; whether it was accepted. It is written even if the caller does not wait.
    ///
    /// # Errors
    /// The [`StoreError`] of its batch.
    pub(super) async fn write(&self, item: S::Item) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut pile = self.desk.pile();
            pile.waiting.push(Slip { item, answer });
            !std::mem::replace(&mut pile.writing, true)
        };
        if begins {
            // A task of its own: who began may be dropped while others wait for what is written with it.
            let desk = Arc::clone(&self.desk);
            tokio::spawn(async move { desk.write_all().await });
        }
        let lost = |_| Err(StoreError::Unavailable("the writer of jobs broke off".to_owned()));
        answered.await.unwrap_or_else(lost)
    }
}

impl<S: Scribe> Desk<S> {
    fn pile(&self) -> MutexGuard<'_, Pile<S::Item>> {
        // Whoever panicked while holding the lock left a pile that is whole.
        self.pile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_all(self: Arc<Self>) {
        // Whoever can run now runs first: a batch of one costs the database nearly as much as one of hundreds.
        tokio::task::yield_now().await;
        let mut shift = Writing {
            desk: &self,
            ended: false,
        };
        while let Some(batch) = shift.next() {
            let (items, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|slip| (slip.item, slip.answer)).unzip();
            let results = Arc::clone(&self).write_batch(&items).await;
            for (answer, result) in answers.into_iter().zip(results) {
                // Its caller may have gone.
                let _ = answer.send(result);
            }
        }
    }

    /// If one of the items is in somebody's way, the others do not wait with it.
    async fn write_batch(self: Arc<Self>, items: &[S::Item]) -> Vec<Result<bool, StoreError>> {
        match self.scribe.write(items).await {
            Ok(accepted) => accepted.into_iter().map(Ok).collect(),
            Err(StoreError::Contended) => self.write_one_by_one(items).await,
            Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn write_one_by_one(self: Arc<Self>, items: &[S::Item]) -> Vec<Result<bool, StoreError>> {
        let broken = || {
            Err(StoreError::Unavailable(
                "the writer of a job broke off".to_owned(),
            ))
        };
        let mut results: Vec<_> = items.iter().map(|_| broken()).collect();
        let mut writing = JoinSet::new();
        for (index, item) in items.iter().cloned().enumerate() {
            let desk = Arc::clone(&self);
            writing.spawn(async move {
                let item = [item];
                let written = retry_contended(|| desk.scribe.write(&item)).await;
                (
                    index,
                    written.map(|accepted| accepted.first().copied().unwrap_or_default()),
                )
            });
        }
        while let Some(written) = writing.join_next().await {
            if let Ok((index, result)) = written
                && let Some(place) = results.get_mut(index)
            {
                *place = result;
            }
        }
        results
    }
}

/// One run of a writer. However it ends, the next item finds nobody writing and begins anew.
struct Writing<'a, S: Scribe> {
    desk: &'a Desk<S>,
    ended: bool,
}

impl<S: Scribe> Writing<'_, S> {
    /// What to write next. Nothing, if nobody waits: then this run has ended.
    fn next(&mut self) -> Option<Vec<Slip<S::Item>>> {
        let mut pile = self.desk.pile();
        if pile.waiting.is_empty() {
            pile.writing = false;
            self.ended = true;
            return None;
        }
        let count = pile.waiting.len().min(self.desk.at_once);
        Some(pile.waiting.drain(..count).collect())
    }
}

impl<S: Scribe> Drop for Writing<'_, S> {
    fn drop(&mut self) {
        if !self.ended {
            let mut pile = self.desk.pile();
            pile.writing = false;
            // They are told that nothing was written.
            pile.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Takes a while, accepts even numbers, panics at 13 and is contended by 7 in company.
    #[derive(Default)]
    struct Even {
        batches: Arc<Mutex<Vec<Vec<u32>>>>,
        sevens: AtomicUsize,
    }

    #[async_trait]
    impl Scribe for Even {
        type Item = u32;

        async fn write(&self, items: &[u32]) -> Result<Vec<bool>, StoreError> {
            self.batches.lock().unwrap().push(items.to_vec());
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(!items.contains(&13), "as the test wants it");
            if items.contains(&7) && self.sevens.fetch_add(1, Ordering::SeqCst) < 3 {
                return Err(StoreError::Contended);
            }
            Ok(items.iter().map(|item| item % 2 == 0).collect())
        }
    }

    /// What was written together.
    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    fn gathering(at_once: usize) -> (Arc<Gathering<Even>>, Batches) {
        let even = Even::default();
        let batches = Arc::clone(&even.batches);
        (Arc::new(Gathering::new(even, at_once)), batches)
    }

    async fn write(
        gathering: &Arc<Gathering<Even>>,
        items: impl Iterator<Item = u32>,
    ) -> Vec<Result<bool, StoreError>> {
        let mut writing = Vec::new();
        for item in items {
            let gathering = Arc::clone(gathering);
            writing.push(tokio::spawn(async move { gathering.write(item).await }));
            // The first batch begins before the second item comes.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        }
        let mut results = Vec::new();
        for task in writing {
            results.push(task.await.unwrap());
        }
        results
    }

    #[tokio::test]
    async fn the_first_is_written_at_once_and_the_rest_together() {
        let (gathering, batches) = gathering(100);
        let results = write(&gathering, 20..70).await;
        assert!(
            results
                .iter()
                .enumerate()
                .all(|(item, result)| *result == Ok(item % 2 == 0))
        );
        let sizes: Vec<usize> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 49]);
    }

    #[tokio::test]
    async fn no_batch_is_larger_than_allowed() {
        let (gathering, batches) = gathering(20);
        write(&gathering, 20..70).await;
        let sizes: Vec<usize> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 20, 20, 9]);
    }

    #[tokio::test]
    async fn an_item_in_somebodys_way_is_tried_again_and_keeps_nobody() {
        let (gathering, batches) = gathering(100);
        let results = write(&gathering, 0..10).await;
        assert!(
            results
                .iter()
                .enumerate()
                .all(|(item, result)| *result == Ok(item % 2 == 0))
        );
        let sevens = batches
            .lock()
            .unwrap()
            .iter()
            .filter(|batch| **batch == [7])
            .count();
        assert_eq!(sevens, 3, "twice in vain, then written");
    }

    #[tokio::test]
    async fn a_panic_is_an_error_for_those_who_wait_and_the_next_is_written() {
        let (gathering, _) = gathering(100);
        let results = write(&gathering, 10..20).await;
        assert!(
            results.iter().filter(|result| result.is_err()).count() >= 9,
            "{results:?}"
        );
        assert_eq!(gathering.write(4).await, Ok(true));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_written_all_the_same() {
        let (gathering, batches) = gathering(100);
        let left = tokio::time::timeout(Duration::from_millis(1), gathering.write(2)).await;
        assert!(left.is_err());
        assert_eq!(gathering.write(4).await, Ok(true));
        assert_eq!(*batches.lock().unwrap(), [vec![2], vec![4]]);
    }
}
