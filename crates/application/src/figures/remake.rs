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
        let mut passed = 0;
        loop {
            let progress = self.keeper.gather(anew).await?;
            passed += progress.passed;
            tell(Progress {
                passed,
                left: progress.left,
            });
            if progress.passed == 0 || progress.left == 0 {
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
