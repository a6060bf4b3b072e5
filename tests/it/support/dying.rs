//! A store whose user dies at a chosen step.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use domain::OrderId;
use ports::api_keys::ApiKeyRepository;
use ports::audit::AuditRepository;
use ports::catalog::CatalogRepository;
use ports::currency::RateRepository;
use ports::funds::FundsRepository;
use ports::identity::IdentityRepository;
use ports::mail::MailRepository;
use ports::orders::OrderRepository;
use ports::outbox::OutboxRepository;
use ports::placing::Placement;
use ports::providers::ProviderRepository;
use ports::refresh::RefreshRepository;
use ports::social::SocialRepository;
use ports::submission::SubmissionRepository;
use ports::syncs::SyncRepository;
use ports::tokens::TokenRepository;
use ports::two_factor::TwoFactorRepository;
use ports::wallets::WalletRepository;
use ports::{Store, StoreError, Tx};

/// A store whose user dies after so many steps. A step is what precedes a statement, a commit, and what follows one.
pub struct DyingStore {
    inner: Arc<dyn Store>,
    left: Arc<AtomicI64>,
}

impl DyingStore {
    /// A store whose user dies after so many steps.
    pub fn after(steps: i64, inner: Arc<dyn Store>) -> Arc<Self> {
        let left = Arc::new(AtomicI64::new(steps));
        Arc::new(Self { inner, left })
    }
}

struct DyingTx {
    inner: Box<dyn Tx>,
    left: Arc<AtomicI64>,
}

impl DyingTx {
    fn step(&mut self) -> &mut dyn Tx {
        step(&self.left);
        &mut *self.inner
    }
}

fn step(left: &AtomicI64) {
    assert!(
        left.fetch_sub(1, Ordering::SeqCst) > 0,
        "died, as it was meant to"
    );
}

#[async_trait]
impl Store for DyingStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        Ok(Box::new(DyingTx {
            inner: self.inner.begin().await?,
            left: self.left.clone(),
        }))
    }

    async fn place(&self, placement: &Placement) -> Result<Option<OrderId>, StoreError> {
        self.inner.place(placement).await
    }
}

macro_rules! steps {
    ($($name:ident: $port:ident),+ $(,)?) => {
        #[async_trait]
        impl Tx for DyingTx {
            $(fn $name(&mut self) -> &mut dyn $port { self.step().$name() })+

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                step(&self.left);
                let left = self.left.clone();
                self.inner.commit().await?;
                step(&left);
                Ok(())
            }
        }
    };
}
steps!(
    identity: IdentityRepository, catalog: CatalogRepository, providers: ProviderRepository, orders: OrderRepository,
    wallets: WalletRepository, outbox: OutboxRepository, audit: AuditRepository, submission: SubmissionRepository,
    social: SocialRepository, mails: MailRepository, tokens: TokenRepository, funds: FundsRepository,
    syncs: SyncRepository, api_keys: ApiKeyRepository,
    rates: RateRepository, refresh_tokens: RefreshRepository, two_factor: TwoFactorRepository,
);

/// Whether somebody survived what they did.
pub async fn survives(deed: impl Future<Output = ()> + Send + 'static) -> bool {
    tokio::spawn(deed).await.is_ok()
}
