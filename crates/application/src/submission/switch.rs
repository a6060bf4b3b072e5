//! The operator's switch.

use domain::identity::right::SubmissionControl;
use domain::submission::{PauseCause, ReleaseRefusal, Submission};
use domain::text::{TextError, plain};
use ports::StoreError;

use super::guard::{SubmissionGuard, TARGET};
use crate::caller::By;
use crate::retry::{MaybeContended, retry_contended};

/// The longest reason, in characters.
const REASON_MAX_CHARS: usize = 500;

/// Whether orders are sent, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionStatus {
    /// What the database says.
    pub submission: Submission,
    /// Which parts of the database's identity the server does not tell; they are not compared.
    pub untold: Vec<&'static str>,
    /// Orders that a worker is sending at this moment.
    pub submitting: u64,
}

/// Why submission was not paused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why submission was not released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The reason is missing or too long.
    #[error("the reason {0}")]
    Reason(#[from] TextError),
    /// It cannot be released now.
    #[error(transparent)]
    Refused(#[from] ReleaseRefusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for ReleaseError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl SubmissionGuard {
    /// Whether orders are sent, and why not. Looks, but changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status(&self) -> Result<SubmissionStatus, StoreError> {
        let identity = self.ports.identity.identity().await?;
        let parts = [
            (&identity.system, "cluster"),
            (&identity.place, "tables"),
            (&identity.timeline, "timeline"),
        ];
        // SQLite tells nothing: there the memory is a file.
        let untold = match self.ports.memory.lasts() {
            true => Vec::new(),
            false => parts
                .iter()
                .filter(|(part, _)| part.is_none())
                .map(|(_, name)| *name)
                .collect(),
        };
        Ok(SubmissionStatus {
            submission: self.ports.queries.submission().await?,
            untold,
            submitting: self.ports.queries.submitting().await?,
        })
    }

    /// What the database says, and nothing else.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stored(&self) -> Result<Submission, StoreError> {
        self.ports.queries.submission().await
    }

    /// Stops sending, on every node within seconds. With `in_doubt` every order that is not with its provider yet is
    /// taken for one that may have been sent: for a restored database that the guard could not know.
    ///
    /// # Errors
    /// [`PauseError`].
    pub async fn pause(
        &self,
        by: &By<SubmissionControl>,
        reason: &str,
        in_doubt: bool,
    ) -> Result<Submission, PauseError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        self.look().await?;
        retry_contended(|| self.record_pause(by, reason, in_doubt)).await?;
        Ok(self.look().await?)
    }

    async fn record_pause(
        &self,
        by: &By<SubmissionControl>,
        reason: &str,
        in_doubt: bool,
    ) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let known = tx.submission().lock().await?;
        let latest = if in_doubt {
            tx.submission().latest_order().await?
        } else {
            None
        };
        let paused = known.paused(PauseCause::Operator, reason, latest, now);
        tx.submission().save(&paused).await?;
        let entry = by
            .entry("submission.pause", TARGET, now)
            .with("reason", reason)
            .with("in_doubt", in_doubt);
        tx.audit().append(&entry).await?;
        tx.commit().await
    }

    /// Lets orders be sent again, on every node within seconds.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn release(
        &self,
        by: &By<SubmissionControl>,
        reason: &str,
    ) -> Result<Submission, ReleaseError> {
        let reason = plain(reason, REASON_MAX_CHARS)?;
        // What was not noticed yet is noticed now.
        self.look().await?;
        retry_contended(|| self.record_release(by, reason)).await?;
        Ok(self.look().await?)
    }

    async fn record_release(&self, by: &By<SubmissionControl>, reason: &str) -> Result<(), ReleaseError> {
        let now = self.ports.clock.now();
        let mut tx = self.ports.store.begin().await?;
        let known = tx.submission().lock().await?;
        let released = known.released(now)?;
        tx.submission().save(&released).await?;
        let paused = known.pause.map(|pause| pause.reason).unwrap_or_default();
        let entry = by
            .entry("submission.release", TARGET, now)
            .with("reason", reason)
            .with("paused", paused);
        tx.audit().append(&entry).await?;
        Ok(tx.commit().await?)
    }
}
