//! Staff look at mails.

use std::sync::Arc;

use domain::identity::right::MailsRead;
use domain::mail::MailState;
use domain::{MailId, PageSize};
use ports::StoreError;
use ports::mail::{MailQueries, StoredMail};

use crate::caller::Staff;

/// Lists mails. What they say is not shown: it may be good for signing in.
pub struct BrowseMails {
    queries: Arc<dyn MailQueries>,
}

impl BrowseMails {
    /// Wires the use case.
    #[must_use]
    pub fn new(queries: Arc<dyn MailQueries>) -> Self {
        Self { queries }
    }

    /// Mails, newest first, below `before` if given, of one state if given.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(
        &self,
        _: &Staff<MailsRead>,
        state: Option<MailState>,
        before: Option<MailId>,
        size: PageSize,
    ) -> Result<Vec<StoredMail>, StoreError> {
        self.queries.mails(state, before, size).await
    }
}
