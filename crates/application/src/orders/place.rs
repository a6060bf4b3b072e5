//! Placing an order: the customer's money is held, the order and the job to send it are recorded, in one transaction.

use std::sync::Arc;

use domain::orders::{NewOrder, Order, OrderPolicy, PlaceRefusal, PlacementRequest};
use domain::text::{IdempotencyKey, Link};
use domain::wallets::{Movement, WalletChange};
use domain::{Fingerprint, Money, OrderId, ServiceId, Timestamp, UserId};
use ports::catalog::CatalogQueries;
use ports::jobs::JobTopic;
use ports::orders::{KeyClaim, KeyLife, OrderQueries};
use ports::outbox::NewJob;
use ports::providers::ProviderQueries;
use ports::wallets::Applied;
use ports::{Clock, Store, StoreError, Tx};

use crate::caller::Caller;
use crate::retry::{MaybeContended, retry_contended};

/// What a customer asks for.
#[derive(Debug, Clone)]
pub struct OrderPlacement {
    /// Which service.
    pub service: ServiceId,
    /// Where it is to be delivered.
    pub link: Link,
    /// How much.
    pub quantity: u64,
    /// The same key with the same request gives the same order, however often it is sent.
    pub key: Option<IdempotencyKey>,
}

/// A placed order.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    /// The order.
    pub order: Order,
    /// Whether it was placed by an earlier request with the same key.
    pub replayed: bool,
}

/// Why no order was placed. Nothing was recorded in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum PlaceOrderError {
    /// There is no such service.
    #[error("there is no such service")]
    UnknownService,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] PlaceRefusal),
    /// The wallet does not hold the price.
    #[error("the order costs {price} and the wallet has {available}")]
    InsufficientBalance {
        /// What it costs.
        price: Money,
        /// What is there.
        available: Money,
    },
    /// The wallet is frozen.
    #[error("the wallet is frozen")]
    WalletFrozen,
    /// The key was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The same order was placed a moment ago, and neither request had a key.
    #[error("the same order was placed a moment ago")]
    Twin {
        /// The earlier order.
        order: OrderId,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for PlaceOrderError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// The use case.
pub struct PlaceOrder {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    catalog: Arc<dyn CatalogQueries>,
    providers: Arc<dyn ProviderQueries>,
    clock: Arc<dyn Clock>,
    policy: OrderPolicy,
}

/// What makes a request the same as an earlier one.
struct Claim<'a> {
    user: &'a UserId,
    fingerprint: Fingerprint,
    key: Option<&'a IdempotencyKey>,
    now: Timestamp,
}

enum Recording {
    New(Box<Order>),
    Replay(OrderId),
}

impl PlaceOrder {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        catalog: Arc<dyn CatalogQueries>,
        providers: Arc<dyn ProviderQueries>,
        clock: Arc<dyn Clock>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            orders,
            catalog,
            providers,
            clock,
            policy,
        }
    }

    /// Places an order for the caller. The answer does not wait for the provider.
    ///
    /// # Errors
    /// [`PlaceOrderError`].
    pub async fn place(
        &self,
        caller: &Caller,
        wanted: OrderPlacement,
    ) -> Result<PlacedOrder, PlaceOrderError> {
        let now = self.clock.now();
        let OrderPlacement {
            service,
            link,
            quantity,
            key,
        } = wanted;
        let request = PlacementRequest { link, quantity };
        let claim = Claim {
            user: &caller.user().id,
            fingerprint: request.fingerprint(service),
            key: key.as_ref(),
            now,
        };
        let recording = match self.priced(caller, service, request, now).await {
            Ok(order) => retry_contended(|| self.record(&order, &claim)).await?,
            Err(PlaceOrderError::Store(error)) => return Err(error.into()),
            Err(refusal) => match retry_contended(|| self.placed_before(&claim)).await? {
                Some(id) => Recording::Replay(id),
                None => return Err(refusal),
            },
        };
        match recording {
            Recording::New(order) => Ok(PlacedOrder {
                order: *order,
                replayed: false,
            }),
            Recording::Replay(id) if key.is_some() => {
                let earlier = self.orders.find_of(&caller.user().id, id).await?;
                let earlier =
                    earlier.ok_or_else(|| StoreError::Unavailable(format!("order {id} has vanished")))?;
                Ok(PlacedOrder {
                    order: earlier.order,
                    replayed: true,
                })
            }
            Recording::Replay(order) => Err(PlaceOrderError::Twin { order }),
        }
    }

    async fn priced(
        &self,
        caller: &Caller,
        service: ServiceId,
        request: PlacementRequest,
        now: Timestamp,
    ) -> Result<NewOrder, PlaceOrderError> {
        let view = self.catalog.service(service).await?;
        let service = view.ok_or(PlaceOrderError::UnknownService)?.service;
        let provider = self.providers.find(service.provider).await?;
        let (provider, _) = provider.ok_or(PlaceRefusal::ServiceUnavailable)?;
        Ok(domain::orders::place(
            caller.user(),
            &service,
            &provider,
            request,
            now,
        )?)
    }

    /// The order that an earlier request with the key placed: it is not taken back because the offer changed since.
    async fn placed_before(&self, claim: &Claim<'_>) -> Result<Option<OrderId>, PlaceOrderError> {
        let Some(key) = claim.key else {
            return Ok(None);
        };
        // Nothing is committed, so a key that was never used stays so.
        let mut tx = self.store.begin().await?;
        let claimed = tx
            .orders()
            .claim_key(claim.user, key, &claim.fingerprint, KeyLife::Forever, claim.now)
            .await?;
        match claimed {
            KeyClaim::Fresh => Ok(None),
            KeyClaim::Replay(id) => Ok(Some(id)),
            KeyClaim::Mismatch => Err(PlaceOrderError::KeyReused),
        }
    }

    async fn record(&self, order: &NewOrder, claim: &Claim<'_>) -> Result<Recording, PlaceOrderError> {
        let (user, fingerprint, now) = (claim.user, &claim.fingerprint, claim.now);
        let (key, life) = match claim.key {
            Some(key) => (key.clone(), KeyLife::Forever),
            // A caller's key holds no blank, so this one can never be theirs.
            None => (
                IdempotencyKey::from_stored(format!("twin {}", fingerprint.as_str())),
                KeyLife::NotBefore(now.minus(self.policy.twin_window)),
            ),
        };
        let mut tx = self.store.begin().await?;
        match tx.orders().claim_key(user, &key, fingerprint, life, now).await? {
            KeyClaim::Fresh => {}
            KeyClaim::Replay(id) => return Ok(Recording::Replay(id)),
            KeyClaim::Mismatch => return Err(PlaceOrderError::KeyReused),
        }
        let id = tx.orders().insert(order).await?;
        let order = order.clone().identified(id);
        tx.orders().append_events(id, &[order.placed_event()]).await?;
        tx.orders().bind_key(user, &key, id).await?;
        tx.outbox()
            .push(NewJob {
                topic: JobTopic::SubmitOrder,
                subject: id.0,
                due_at: now,
            })
            .await?;
        // The wallet comes last: its row is the one that many orders of one customer wait for.
        hold(&mut *tx, &order, now).await?;
        tx.commit().await?;
        Ok(Recording::New(Box::new(order)))
    }
}

async fn hold(tx: &mut dyn Tx, order: &Order, now: Timestamp) -> Result<(), PlaceOrderError> {
    let movement = Movement::hold(order);
    tx.wallets().record(&movement.transfers, now).await?;
    let change = WalletChange::Hold(order.user.clone(), order.price);
    match tx.wallets().apply(&change, now).await? {
        Applied::Done { .. } => Ok(()),
        Applied::TooLow { available } => Err(PlaceOrderError::InsufficientBalance {
            price: order.price,
            available,
        }),
        Applied::NoWallet => Err(PlaceOrderError::InsufficientBalance {
            price: order.price,
            available: Money::ZERO,
        }),
        Applied::Frozen => Err(PlaceOrderError::WalletFrozen),
    }
}
