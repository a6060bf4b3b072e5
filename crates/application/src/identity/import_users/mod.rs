//! Users of another application are taken over, once, with what signs them in.
//!
//! A user is taken over in one transaction, so a run that dies in the middle leaves whole users, and the next run goes on.
//! Who is here already stays as they are: since they were taken over they may have changed their password, and staff
//! may have banned them.

mod candidate;
mod report;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::identity::User;
use domain::orders::Actor;
use domain::text::Email;
use domain::wallets::{Movement, TransferKind, WalletStatus};
use domain::{Money, Timestamp};
use ports::audit::AuditEntry;
use ports::crypto::{PasswordHasher, TokenDigester};
use ports::identity::IdentityQueries;
use ports::import::{SourceError, UserSource};
use ports::orders::Inserted;
use ports::wallets::Applied;
use ports::{Clock, IdSource, Store, StoreError, Tx};

pub use report::{ImportReport, Remark};

use super::account::insert_with_wallet;
use crate::retry::retry_contended;
use candidate::Candidate;

/// Users that are read at once.
const PAGE: u16 = 200;
/// What the owner of a wallet reads about it.
const NOTE: &str = "Balance taken over";

/// What is taken over besides users, their passwords and their accounts elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Where they are signed in.
    pub sessions: bool,
    /// Their money.
    pub balances: bool,
    /// Nothing is recorded; the report says what would be.
    pub dry_run: bool,
}

/// Why the run ended early. Whoever was taken over so far stays; run it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The other application's users could not be read.
    #[error("the users cannot be read: {0}")]
    Source(#[from] SourceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of one user.
enum Taken {
    Over { credited: Option<Money>, sessions: u64 },
    AlreadyThere { credited: Option<Money> },
    Skipped(String),
}

/// Takes users over.
pub struct ImportUsers {
    store: Arc<dyn Store>,
    queries: Arc<dyn IdentityQueries>,
    hasher: Arc<dyn PasswordHasher>,
    digester: Arc<dyn TokenDigester>,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl ImportUsers {
    /// Wires the use case.
    #[must_use]
    pub fn new(ports: &super::IdentityPorts) -> Self {
        Self {
            store: ports.store.clone(),
            queries: ports.queries.clone(),
            hasher: ports.hasher.clone(),
            digester: ports.digester.clone(),
            ids: ports.ids.clone(),
            clock: ports.clock.clone(),
        }
    }

    /// Takes all users over who are not here yet. `seen` is told after each of them.
    ///
    /// # Errors
    /// [`ImportError`] if it ended early.
    pub async fn run(
        &self,
        source: &dyn UserSource,
        options: ImportOptions,
        mut seen: impl FnMut(&ImportReport) + Send,
    ) -> Result<ImportReport, ImportError> {
        let mut report = ImportReport::default();
        // In a dry run nobody is recorded who would have the address of a later one.
        let mut addresses = HashMap::new();
        let mut last: Option<String> = None;
        loop {
            let page = source.page(last.as_deref(), PAGE).await?;
            let Some(end) = page.last() else {
                return Ok(report);
            };
            last = Some(end.id.clone());
            for user in &page {
                let candidate = Candidate::of(user, options, &*self.hasher, self.clock.now());
                match candidate {
                    Err(reason) => report.skip(&user.id, reason),
                    Ok(candidate) => {
                        let taken = self.take_over(&candidate, options, &mut addresses).await?;
                        report.add(&user.id, taken, candidate);
                    }
                }
                seen(&report);
            }
        }
    }

    async fn take_over(
        &self,
        candidate: &Candidate,
        options: ImportOptions,
        addresses: &mut HashMap<Email, String>,
    ) -> Result<Taken, StoreError> {
        let user = &candidate.user;
        let known = self.queries.user(&user.id).await?;
        let recorded = match known {
            Some(_) => retry_contended(|| self.settle(candidate, options)).await,
            None => retry_contended(|| self.record(candidate, options)).await,
        };
        let taken = match recorded {
            // Somebody was faster, or the account was removed here: it is looked at again, and not touched.
            Err(StoreError::Conflict { constraint }) => self.refused(candidate, options, &constraint).await?,
            other => match other? {
                Some(taken) => taken,
                None => self.refused(candidate, options, "users_email").await?,
            },
        };
        if !options.dry_run || !matches!(taken, Taken::Over { .. }) {
            return Ok(taken);
        }
        Ok(match addresses.entry(user.email.clone()) {
            Entry::Occupied(first) => address_taken(&user.email, first.get()),
            Entry::Vacant(free) => {
                free.insert(user.id.to_string());
                taken
            }
        })
    }

    async fn refused(
        &self,
        candidate: &Candidate,
        options: ImportOptions,
        constraint: &str,
    ) -> Result<Taken, StoreError> {
        let user = &candidate.user;
        if self.queries.user(&user.id).await?.is_some() {
            let settled = retry_contended(|| self.settle(candidate, options)).await?;
            return Ok(settled.unwrap_or(Taken::AlreadyThere { credited: None }));
        }
        if let Some(owner) = self.queries.credentials(&user.email).await? {
            return Ok(address_taken(&user.email, owner.user.id.as_str()));
        }
        Ok(if constraint.contains("users") {
            Taken::Skipped("the account was removed here".to_owned())
        } else {
            Taken::Skipped(format!("something of it is here already: {constraint}"))
        })
    }

    /// Records the user with wallet, password, accounts elsewhere, sessions and balance, or nothing of it. `None` if
    /// somebody has the address.
    async fn record(
        &self,
        candidate: &Candidate,
        options: ImportOptions,
    ) -> Result<Option<Taken>, StoreError> {
        let (user, now) = (&candidate.user, self.clock.now());
        let mut tx = self.store.begin().await?;
        if insert_with_wallet(&mut *tx, user).await? == Inserted::AlreadyThere {
            // Nothing was written. Whoever has the address is on the disk when this returns.
            tx.commit().await?;
            return Ok(None);
        }
        if let Some(hash) = &candidate.password {
            let account = self.ids.text_id();
            tx.identity().set_password(&account, &user.id, hash, now).await?;
        }
        for (provider, account) in &candidate.links {
            let id = self.ids.text_id();
            let linked = tx.social().link(&id, provider, account, &user.id, now).await?;
            if linked == Inserted::AlreadyThere {
                let reason = format!("its {provider} account signs somebody else in");
                return Ok(Some(Taken::Skipped(reason)));
            }
        }
        if candidate.is_frozen {
            tx.wallets()
                .set_status(&user.id, WalletStatus::Frozen, now)
                .await?;
        }
        let credited = credit(&mut *tx, user, candidate.balance, now).await?;
        let mut sessions = 0;
        for (session, token) in &candidate.sessions {
            let digest = self.digester.digest(token.reveal());
            tx.identity().insert_session(session, &digest).await?;
            sessions += 1;
        }
        let entry = entry("user.import", user, now)
            .with("role", user.role.as_str())
            .with("banned", user.ban.is_some())
            .with("password", candidate.password.is_some())
            .with("accounts_elsewhere", candidate.links.len())
            .with("sessions", sessions)
            .with("balance", credited.unwrap_or_default());
        tx.audit().append(&entry).await?;
        end(tx, options).await?;
        Ok(Some(Taken::Over { credited, sessions }))
    }

    /// Credits the balance of a user who is here, unless that was done.
    async fn settle(
        &self,
        candidate: &Candidate,
        options: ImportOptions,
    ) -> Result<Option<Taken>, StoreError> {
        let (user, now) = (&candidate.user, self.clock.now());
        let mut tx = self.store.begin().await?;
        let credited = credit(&mut *tx, user, candidate.balance, now).await?;
        if let Some(amount) = credited {
            if candidate.is_frozen {
                tx.wallets()
                    .set_status(&user.id, WalletStatus::Frozen, now)
                    .await?;
            }
            let entry = entry("wallet.credit", user, now)
                .with("amount", amount)
                .with("reason", NOTE);
            tx.audit().append(&entry).await?;
        }
        end(tx, options).await?;
        Ok(Some(Taken::AlreadyThere { credited }))
    }
}

fn address_taken(email: &Email, owner: &str) -> Taken {
    Taken::Skipped(format!("the address {email} is that of the user {owner}"))
}

fn entry(action: &'static str, user: &User, now: Timestamp) -> AuditEntry {
    AuditEntry::new(Actor::System, action, format!("user:{}", user.id), now)
}

async fn end(tx: Box<dyn Tx>, options: ImportOptions) -> Result<(), StoreError> {
    if options.dry_run {
        drop(tx);
        return Ok(());
    }
    tx.commit().await
}

/// Credits a balance, once for each user however often this runs: the ledger has room for one row of this reference.
async fn credit(
    tx: &mut dyn Tx,
    user: &User,
    balance: Option<Money>,
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let reference = format!("import:{}", user.id);
    let Some(amount) = balance else {
        return Ok(None);
    };
    let recorded = tx
        .wallets()
        .recorded(TransferKind::Adjustment, &reference)
        .await?;
    if recorded.is_some() {
        return Ok(None);
    }
    let movement = Movement::adjustment(&user.id, amount, &reference, NOTE);
    if let Some(change) = &movement.wallet {
        match tx.wallets().apply(change, now).await? {
            Applied::Done { .. } => {}
            Applied::NoWallet | Applied::TooLow { .. } | Applied::Frozen => {
                return Err(StoreError::Unavailable(format!(
                    "the wallet of {} took nothing",
                    user.id
                )));
            }
        }
    }
    tx.wallets().record(&movement.transfers, now).await?;
    Ok(Some(amount))
}
