//! Figures are made anew from what happened, and compared with those that are shown.

use std::sync::Arc;

use ports::StoreError;
use ports::figures::{FigureKeeper, Generation, Progress};

/// How often two sets that are not equally far are brought together. More than once is needed only if another command
/// makes figures anew at the same time.
const TRIES: usize = 20;

/// Operators make figures anew.
pub struct RemakeFigures {
    keeper: Arc<dyn FigureKeeper>,
}

impl RemakeFigures {
    /// Wires the use case.
    #[must_use]
    pub fn new(keeper: Arc<dyn FigureKeeper>) -> Self {
        Self { keeper }
    }

    /// How many figures that are shown are not what happened; nothing is changed. Tells its progress.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify(&self, tell: impl Fn(Progress) + Send + Sync) -> Result<u64, StoreError> {
        let anew = self.made_anew(&tell).await?;
        let differing = self.differing(anew).await;
        self.keeper.forget(Some(anew)).await?;
        differing
    }

    /// Makes all figures anew and shows them; how many of the old ones were not what happened. Tells its progress.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rebuild(&self, tell: impl Fn(Progress) + Send + Sync) -> Result<u64, StoreError> {
        let old = self.keeper.shown().await?;
        let anew = self.made_anew(&tell).await?;
        let differing = self.differing(anew).await?;
        if !self.keeper.show(anew).await? {
            return Err(StoreError::Contended);
        }
        self.keeper.forget(Some(old)).await?;
        Ok(differing)
    }

    async fn made_anew(&self, tell: &(impl Fn(Progress) + Send + Sync)) -> Result<Generation, StoreError> {
        self.keeper.forget(None).await?;
        let anew = self.keeper.begin().await?;
        let (mut passed, mut in_vain) = (0, 0);
        loop {
            let progress = self.keeper.gather(anew).await?;
            passed += progress.passed;
            tell(Progress {
                passed,
                left: progress.left,
            });
            // Nothing is passed while somebody else writes, or while the rest has to wait; comparing sees to what is left.
            in_vain = if progress.passed == 0 { in_vain + 1 } else { 0 };
            if progress.left == 0 || in_vain == TRIES {
                return Ok(anew);
            }
        }
    }

    async fn differing(&self, anew: Generation) -> Result<u64, StoreError> {
        for _ in 0..TRIES {
            // The one that is shown must not be behind.
            let shown = self.keeper.shown().await?;
            while self.keeper.gather(shown).await?.passed > 0 {}
            if let Some(differing) = self.keeper.compare(anew).await? {
                return Ok(differing);
            }
            self.keeper.gather(anew).await?;
        }
        Err(StoreError::Contended)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// A set that is as far as its last answer says.
    struct Keeper {
        answers: Mutex<VecDeque<Progress>>,
    }

    #[async_trait]
    impl FigureKeeper for Keeper {
        async fn shown(&self) -> Result<Generation, StoreError> {
            Ok(Generation(1))
        }

        async fn gather(&self, generation: Generation) -> Result<Progress, StoreError> {
            let nothing = Progress { passed: 0, left: 0 };
            if generation == Generation(1) {
                return Ok(nothing);
            }
            Ok(self.answers.lock().unwrap().pop_front().unwrap_or(nothing))
        }

        async fn begin(&self) -> Result<Generation, StoreError> {
            Ok(Generation(2))
        }

        async fn compare(&self, _: Generation) -> Result<Option<u64>, StoreError> {
            Ok(self.answers.lock().unwrap().is_empty().then_some(0))
        }

        async fn show(&self, _: Generation) -> Result<bool, StoreError> {
            Ok(true)
        }

        async fn forget(&self, _: Option<Generation>) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn whoever_is_in_the_way_for_a_while_leaves_nothing_out() {
        let (in_the_way, some) = (Progress { passed: 0, left: 1 }, Progress { passed: 5, left: 9 });
        // More batches than the comparison would bring together alone.
        let answers: VecDeque<Progress> = (0..3 * TRIES).flat_map(|_| [in_the_way, some]).collect();
        let batches = u64::try_from(3 * TRIES).unwrap();
        let keeper = Arc::new(Keeper {
            answers: Mutex::new(answers),
        });
        let told = Mutex::new(0);
        let remake = RemakeFigures::new(keeper);
        let differing = remake
            .verify(|progress| *told.lock().unwrap() = progress.passed)
            .await;
        assert_eq!(differing, Ok(0));
        assert_eq!(*told.lock().unwrap(), 5 * batches);
    }

    #[tokio::test]
    async fn whoever_stays_in_the_way_is_not_waited_for_without_end() {
        let in_the_way = Progress { passed: 0, left: 1 };
        let keeper = Arc::new(Keeper {
            answers: Mutex::new(std::iter::repeat_n(in_the_way, 10 * TRIES).collect()),
        });
        let differing = RemakeFigures::new(keeper).verify(|_| {}).await;
        assert_eq!(differing, Err(StoreError::Contended));
    }
}
