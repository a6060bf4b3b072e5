//! Reading together what many want to know at the same time.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, watch};

/// Answers everybody who asked before a reading began by that one reading. Nobody is told what was read before they asked,
/// and nobody waits for company: who asks alone reads at once.
#[derive(Debug)]
pub(crate) struct Together<T> {
    /// Readings that were begun.
    begun: AtomicU64,
    /// Whoever has it reads.
    turn: Mutex<()>,
    /// The number of the last reading that ended, and what was read.
    read: watch::Sender<(u64, Option<T>)>,
}

impl<T: Clone> Together<T> {
    /// Nothing was read yet.
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            turn: Mutex::new(()),
            read: watch::Sender::new((0, None)),
        }
    }

    /// What a reading finds that begins after this is called: one's own, or that of somebody else who asked meanwhile. If a
    /// reader is dropped, the next one in line reads.
    pub(crate) async fn read<F: Future<Output = T>>(&self, read: impl FnOnce() -> F) -> T {
        let seen = self.begun.load(Ordering::SeqCst);
        let mut answers = self.read.subscribe();
        let turn = tokio::select! {
            biased;
            answer = later(&mut answers, seen) => return answer,
            turn = self.turn.lock() => turn,
        };
        // The one whose turn it was may have read for everybody.
        if let Some(answer) = after(&answers.borrow(), seen) {
            return answer;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = read().await;
        self.read.send_replace((number, Some(answer.clone())));
        drop(turn);
        answer
    }
}

fn after<T: Clone>((number, answer): &(u64, Option<T>), seen: u64) -> Option<T> {
    answer.as_ref().filter(|_| *number > seen).cloned()
}

/// Waits for what a reading found that began later.
async fn later<T: Clone>(answers: &mut watch::Receiver<(u64, Option<T>)>, seen: u64) -> T {
    loop {
        if let Some(answer) = after(&answers.borrow_and_update(), seen) {
            return answer;
        }
        if answers.changed().await.is_err() {
            // Whoever sends is borrowed by whoever waits.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use futures::future::join_all;
    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    use super::*;

    /// Something that changes, and can be read slowly.
    #[derive(Default)]
    struct Book {
        page: AtomicUsize,
        readings: AtomicUsize,
    }

    impl Book {
        /// Looks at once, and tells later.
        async fn read(&self, until: &Semaphore) -> usize {
            self.readings.fetch_add(1, Ordering::SeqCst);
            let page = self.page.load(Ordering::SeqCst);
            until.acquire().await.unwrap().forget();
            page
        }
    }

    #[tokio::test]
    async fn a_thousand_who_ask_at_once_are_answered_by_two_readings_at_most() {
        let (together, book) = (Together::new(), Book::default());
        let open = Semaphore::new(1_000);
        let asking = (0..1_000).map(|_| {
            together.read(|| async {
                yield_now().await;
                book.read(&open).await
            })
        });
        assert!(join_all(asking).await.iter().all(|page| *page == 0));
        assert!(book.readings.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test]
    async fn nobody_is_told_what_was_read_before_they_asked() {
        let together = Arc::new(Together::new());
        let (book, ends) = (Arc::new(Book::default()), Arc::new(Semaphore::new(0)));
        let ask = || {
            let (together, book, ends) = (Arc::clone(&together), Arc::clone(&book), Arc::clone(&ends));
            tokio::spawn(async move { together.read(|| async { book.read(&ends).await }).await })
        };
        let early = ask();
        while book.readings.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
        // The reading has looked already, and has not told.
        book.page.store(1, Ordering::SeqCst);
        let late = [ask(), ask(), ask()];
        for _ in 0..100 {
            yield_now().await;
        }
        ends.add_permits(2);
        assert_eq!(early.await.unwrap(), 0);
        for late in late {
            assert_eq!(late.await.unwrap(), 1);
        }
        assert_eq!(book.readings.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_goes_away_while_reading_keeps_nobody_waiting() {
        let together = Arc::new(Together::new());
        let (book, ends) = (Arc::new(Book::default()), Arc::new(Semaphore::new(0)));
        let ask = || {
            let (together, book, ends) = (Arc::clone(&together), Arc::clone(&book), Arc::clone(&ends));
            tokio::spawn(async move { together.read(|| async { book.read(&ends).await }).await })
        };
        let gone = ask();
        while book.readings.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
        let waiting = [ask(), ask()];
        gone.abort();
        assert!(gone.await.is_err());
        ends.add_permits(1);
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), 0);
        }
    }
}
