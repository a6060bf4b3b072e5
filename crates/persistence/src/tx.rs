//! The transaction, which is every repository at once.
//!
//! A repository method runs its statements between [`SeaTx::conn`] and [`SeaTx::guard`]:
//!
//! ```ignore
//! let found = users::Entity::find_by_id(id).one(self.conn()?).await;
//! let found = self.guard(found)?;
//! ```
//!
//! or, with several statements, moves them into a function that takes `&DatabaseTransaction` and returns
//! `Result<_, Failure>`, where `?` accepts database errors and [`StoreError`]s alike:
//!
//! ```ignore
//! let done = archive(self.conn()?, id).await;
//! self.guard(done)
//! ```
//!
//! Every `conn` needs its `guard` before the next `conn`: a transaction whose statement failed **or was abandoned half
//! way** (its future was dropped) is poisoned, and nothing of it can be committed. PostgreSQL would turn such a commit
//! into a silent rollback, SQLite would commit the half.

use std::sync::Arc;

use async_trait::async_trait;
use ports::api_keys::ApiKeyRepository;
use ports::audit::AuditRepository;
use ports::catalog::CatalogRepository;
use ports::currency::RateRepository;
use ports::funds::FundsRepository;
use ports::identity::IdentityRepository;
use ports::live::Bell;
use ports::mail::MailRepository;
use ports::orders::OrderRepository;
use ports::outbox::{OutboxRepository, WorkSignal};
use ports::providers::ProviderRepository;
use ports::refresh::RefreshRepository;
use ports::social::SocialRepository;
use ports::submission::SubmissionRepository;
use ports::syncs::SyncRepository;
use ports::tokens::TokenRepository;
use ports::two_factor::TwoFactorRepository;
use ports::wallets::WalletRepository;
use ports::{StoreError, Tx};
use sea_orm::DatabaseTransaction;

use crate::catalog::feed::{self, Touched};
use crate::catalog::version::KnownVersion;
use crate::connections::Transaction;
use crate::error::Failure;
use crate::group::Member;

/// What statements run in.
pub(crate) enum Writer {
    /// A transaction with a connection of its own.
    Alone(Transaction),
    /// A part of a transaction that is shared.
    Member(Member),
}

impl Writer {
    /// What to run statements on.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if the turn to write was lost.
    pub(crate) fn step(&mut self) -> Result<&DatabaseTransaction, StoreError> {
        match self {
            Self::Alone(tx) => Ok(tx),
            Self::Member(member) => member.step(),
        }
    }

    fn rest(&mut self) {
        if let Self::Member(member) = self {
            member.rest();
        }
    }

    /// Makes everything durable, and then tells the `news`.
    pub(crate) async fn commit(self, news: Option<Arc<dyn WorkSignal>>) -> Result<(), StoreError> {
        match self {
            Self::Alone(tx) => {
                tx.commit().await?;
                if let Some(news) = news {
                    news.notify();
                }
                Ok(())
            }
            Self::Member(member) => member.commit(news).await,
        }
    }
}

/// Whether statements can still be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Everything so far worked.
    Sound,
    /// A statement has begun and its result was not seen yet.
    Running,
    /// A statement failed.
    Failed,
}

/// A transaction. It implements every repository itself.
pub struct SeaTx {
    writer: Writer,
    condition: Condition,
    left_work: bool,
    touched: Touched,
    made_news: bool,
    signal: Arc<dyn WorkSignal>,
    bell: Option<Arc<dyn Bell>>,
    catalogue: Arc<KnownVersion>,
}

impl SeaTx {
    pub(crate) fn new(
        writer: Writer,
        signal: Arc<dyn WorkSignal>,
        bell: Option<Arc<dyn Bell>>,
        catalogue: Arc<KnownVersion>,
    ) -> Self {
        Self {
            writer,
            condition: Condition::Sound,
            left_work: false,
            touched: Touched::default(),
            made_news: false,
            signal,
            bell,
            catalogue,
        }
    }

    /// The connection to run one step on; its result goes through [`SeaTx::guard`].
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if an earlier step failed or was abandoned; [`StoreError::Contended`] if the
    /// transaction did nothing for so long that it was rolled back.
    pub(crate) fn conn(&mut self) -> Result<&DatabaseTransaction, StoreError> {
        if self.condition != Condition::Sound {
            return Err(StoreError::Poisoned);
        }
        let tx = self.writer.step()?;
        self.condition = Condition::Running;
        Ok(tx)
    }

    /// Ends the step that [`SeaTx::conn`] began. An error poisons the transaction.
    pub(crate) fn guard<T>(&mut self, result: Result<T, impl Into<Failure>>) -> Result<T, StoreError> {
        self.writer.rest();
        match result {
            Ok(value) => {
                self.condition = Condition::Sound;
                Ok(value)
            }
            Err(error) => {
                self.condition = Condition::Failed;
                Err(StoreError::from(error.into()))
            }
        }
    }

    /// Notes that the transaction leaves work behind, so that its commit wakes the relay.
    pub(crate) const fn leave_work(&mut self) {
        self.left_work = true;
    }

    /// Where to note what the world may see otherwise after the commit.
    pub(crate) const fn touched(&mut self) -> &mut Touched {
        &mut self.touched
    }

    /// Tells what was touched, if anything was. The last thing before the commit, because all who change the catalogue meet
    /// here.
    async fn publish(&mut self) -> Result<bool, StoreError> {
        let touched = std::mem::take(&mut self.touched);
        let Some(at) = touched.at() else {
            return Ok(false);
        };
        let published = feed::publish(self.conn()?, &touched, at).await;
        self.guard(published).map(|()| true)
    }

    /// Notes that the transaction writes what somebody may be watching, so that its commit rings.
    pub(crate) const fn make_news(&mut self) {
        self.made_news = true;
    }
}

#[async_trait]
impl Tx for SeaTx {
    fn identity(&mut self) -> &mut dyn IdentityRepository {
        self
    }

    fn catalog(&mut self) -> &mut dyn CatalogRepository {
        self
    }

    fn providers(&mut self) -> &mut dyn ProviderRepository {
        self
    }

    fn orders(&mut self) -> &mut dyn OrderRepository {
        self
    }

    fn wallets(&mut self) -> &mut dyn WalletRepository {
        self
    }

    fn outbox(&mut self) -> &mut dyn OutboxRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }

    fn submission(&mut self) -> &mut dyn SubmissionRepository {
        self
    }

    fn social(&mut self) -> &mut dyn SocialRepository {
        self
    }

    fn mails(&mut self) -> &mut dyn MailRepository {
        self
    }

    fn tokens(&mut self) -> &mut dyn TokenRepository {
        self
    }

    fn refresh_tokens(&mut self) -> &mut dyn RefreshRepository {
        self
    }

    fn two_factor(&mut self) -> &mut dyn TwoFactorRepository {
        self
    }

    fn funds(&mut self) -> &mut dyn FundsRepository {
        self
    }

    fn rates(&mut self) -> &mut dyn RateRepository {
        self
    }

    fn syncs(&mut self) -> &mut dyn SyncRepository {
        self
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyRepository {
        self
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.condition != Condition::Sound {
            return Err(StoreError::Poisoned);
        }
        let published = self.publish().await?;
        let committed = self.writer.commit(self.left_work.then_some(self.signal)).await;
        if published {
            // Also if nobody knows whether it was committed.
            self.catalogue.change();
        }
        committed?;
        if let Some(bell) = self.bell.filter(|_| self.made_news) {
            bell.ring();
        }
        Ok(())
    }
}
