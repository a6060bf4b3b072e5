//! Placing an order: the customer's money is held, the order and the job to send it are recorded, all or nothing: in one
//! round trip where the store can do that and nothing speaks against it, else in a transaction that finds out what does.

use std::sync::Arc;

use domain::catalog::Offer;
use domain::orders::{NewOrder, Order, OrderInput, OrderPolicy, PlaceRefusal, PlacementRequest};
use domain::text::{IdempotencyKey, Link};
use domain::wallets::Movement;
use domain::{Money, OrderId, Rate, RateSetId, ServiceId, Timestamp};
use ports::catalog::CatalogQueries;
use ports::orders::{KeyClaim, OrderQueries};
use ports::placing::{Attendants, KeptSession, Placement};
use ports::wallets::Applied;
use ports::{Clock, Store, StoreError, Tx};

use super::budget::{self, OverBudget};
use super::claim::Claim;
use super::offers::Offers;
use crate::caller::Caller;
use crate::currency::Rates;
use crate::retry::{MaybeContended, retry_contended};

/// How often an order is decided on at most while the offer changes under it.
const DECISIONS_MAX: usize = 4;

/// What a customer asks for.
#[derive(Debug, Clone)]
pub struct OrderPlacement {
    /// Which service.
    pub service: ServiceId,
    /// Where it is to be delivered.
    pub link: Link,
    /// How much, and what else the service's type asks for.
    pub input: OrderInput,
    /// The same key with the same request gives the same order, however often it is sent.
    pub key: Option<IdempotencyKey>,
    /// The most that 1000 pieces may cost, if the customer says so: a price that they saw a while ago.
    pub max_rate: Option<Rate>,
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
    /// Somebody else acts as the user, whose money this is about.
    #[error("only the owner of the account does this")]
    NotTheOwner,
    /// There is no such service.
    #[error("there is no such service")]
    UnknownService,
    /// The user has not proven their address.
    #[error("the address is not verified")]
    Unverified,
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
    /// The price is higher than the customer wants to pay.
    #[error("1000 pieces cost {rate}")]
    RateAbove {
        /// What they cost.
        rate: Rate,
    },
    /// The key that the customer's program shows does not pay.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
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
    offers: Offers,
    clock: Arc<dyn Clock>,
    policy: OrderPolicy,
    rates: Option<Arc<Rates>>,
}

/// A request, and what makes it the same as an earlier one.
struct Wanted<'a> {
    caller: &'a Caller,
    service: ServiceId,
    request: PlacementRequest,
    max_rate: Option<Rate>,
    claim: Claim,
    rates: Option<RateSetId>,
    now: Timestamp,
}

enum Recording {
    New(Box<Order>),
    Replay(OrderId),
    /// The offer is not what the order was decided on.
    Outdated,
}

impl PlaceOrder {
    /// The use case over its ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        catalog: Arc<dyn CatalogQueries>,
        clock: Arc<dyn Clock>,
        policy: OrderPolicy,
    ) -> Self {
        Self {
            store,
            orders,
            offers: Offers::new(catalog),
            clock,
            policy,
            rates: None,
        }
    }

    /// The same, and orders keep the exchange rates under which they were placed.
    #[must_use]
    pub fn under(self, rates: Arc<Rates>) -> Self {
        Self {
            rates: Some(rates),
            ..self
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
        if caller.stands_in() {
            return Err(PlaceOrderError::NotTheOwner);
        }
        let has_key = wanted.key.is_some();
        let rates = self.rates_of_now().await;
        match self.recorded(&self.wanted(caller, wanted, rates)).await? {
            Recording::New(order) => Ok(PlacedOrder {
                order: *order,
                replayed: false,
            }),
            Recording::Replay(id) if has_key => {
                let earlier = self.orders.find_of(&caller.user().id, id).await?;
                let earlier =
                    earlier.ok_or_else(|| StoreError::Unavailable(format!("order {id} has vanished")))?;
                Ok(PlacedOrder {
                    order: earlier.order,
                    replayed: true,
                })
            }
            Recording::Replay(order) => Err(PlaceOrderError::Twin { order }),
            Recording::Outdated => Err(StoreError::Contended.into()),
        }
    }

    /// Places an order in one round trip, for whoever's session was looked up for an earlier request. `None` says that
    /// nothing was recorded and not why; who asks is to be looked up then, and [`PlaceOrder::place`] finds it out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if nobody knows whether the order was placed.
    pub async fn at_once(
        &self,
        session: &Arc<KeptSession>,
        wanted: OrderPlacement,
    ) -> Result<Option<PlacedOrder>, StoreError> {
        let stands_in = session.session.stands_in();
        let caller = Caller::new(session.user.clone()).acted(stands_in);
        let wanted = self.wanted(&caller, wanted, self.rates_of_now().await);
        if caller.stands_in() || !self.policy.may_order(caller.user()) {
            return Ok(None);
        }
        let offer = self.offers.kept(wanted.service);
        let Some(order) = offer.and_then(|offer| wanted.priced(&offer).ok()) else {
            return Ok(None);
        };
        let placement = wanted.placement(order).in_session(session);
        match self.store.place(&placement).await {
            Ok(placed) => Ok(placed.map(|id| PlacedOrder {
                order: placement.identified(id),
                replayed: false,
            })),
            Err(error) if error.is_contended() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn rates_of_now(&self) -> Option<RateSetId> {
        match &self.rates {
            Some(rates) => rates.for_an_order().await,
            None => None,
        }
    }

    fn wanted<'a>(&self, caller: &'a Caller, wanted: OrderPlacement, rates: Option<RateSetId>) -> Wanted<'a> {
        let now = self.clock.now();
        let OrderPlacement {
            service,
            link,
            input,
            key,
            max_rate,
        } = wanted;
        let request = PlacementRequest { link, input };
        let fingerprint = request.fingerprint(service);
        let claim = Claim::new(&caller.user().id, key, fingerprint, now, self.policy.twin_window);
        Wanted {
            caller,
            service,
            request,
            max_rate,
            claim,
            rates,
            now,
        }
    }

    /// Decides and records until the offer stood still. An offer that was read earlier may say yes, because recording
    /// verifies it; no is said only by one that was read for this request.
    async fn recorded(&self, wanted: &Wanted<'_>) -> Result<Recording, PlaceOrderError> {
        let may_order = self.policy.may_order(wanted.caller.user());
        if may_order
            && let Some(offer) = self.offers.kept(wanted.service)
            && let Ok(order) = wanted.priced(&offer)
        {
            match self.record(order, wanted).await? {
                Recording::Outdated => {}
                recording => return Ok(recording),
            }
        }
        for _ in 1..DECISIONS_MAX {
            let offer = self.offers.read(wanted.service).await?;
            let priced = match offer {
                _ if !may_order => Err(PlaceOrderError::Unverified),
                Some(offer) => wanted.priced(&offer),
                None => Err(PlaceOrderError::UnknownService),
            };
            let recording = match priced {
                Ok(order) => self.record(order, wanted).await?,
                Err(refusal) => match retry_contended(|| wanted.claim.look_up(&*self.store)).await? {
                    KeyClaim::Replay(id) => Recording::Replay(id),
                    KeyClaim::Mismatch => return Err(PlaceOrderError::KeyReused),
                    KeyClaim::Fresh => return Err(refusal),
                },
            };
            match recording {
                Recording::Outdated => {}
                recording => return Ok(recording),
            }
        }
        Ok(Recording::Outdated)
    }

    async fn record(&self, order: NewOrder, wanted: &Wanted<'_>) -> Result<Recording, PlaceOrderError> {
        let placement = wanted.placement(order);
        retry_contended(|| self.try_record(&placement, wanted)).await
    }

    /// What a key may spend is counted in a transaction: the single round trip knows no caps.
    async fn try_record(
        &self,
        placement: &Placement,
        wanted: &Wanted<'_>,
    ) -> Result<Recording, PlaceOrderError> {
        if wanted.caller.budget().is_none()
            && let Some(id) = self.store.place(placement).await?
        {
            return Ok(Recording::New(Box::new(placement.identified(id))));
        }
        self.record_in_steps(placement, wanted).await
    }

    /// Records the same as [`Store::place`], and says why if it does not.
    async fn record_in_steps(
        &self,
        placement: &Placement,
        wanted: &Wanted<'_>,
    ) -> Result<Recording, PlaceOrderError> {
        let mut tx = self.store.begin().await?;
        match wanted.claim.make(&mut *tx).await? {
            KeyClaim::Fresh => {}
            KeyClaim::Replay(id) => {
                // Nothing was written, but the order is certain only after the commit.
                tx.commit().await?;
                return Ok(Recording::Replay(id));
            }
            KeyClaim::Mismatch => return Err(PlaceOrderError::KeyReused),
        }
        if !tx
            .catalog()
            .still_offers(std::slice::from_ref(&placement.order))
            .await?
        {
            return Ok(Recording::Outdated);
        }
        let id = tx.orders().insert(&placement.order).await?;
        let order = placement.identified(id);
        let attendants = Attendants::of(&order).by_key(placement.by_key.as_ref());
        let Attendants { event, job, hold } = attendants;
        tx.orders().append_events(id, &[event]).await?;
        tx.orders().bind_key(&order.user, &placement.key, id).await?;
        tx.outbox().push(job).await?;
        budget::spend(&mut *tx, wanted.caller, order.price, order.created_at).await??;
        // The wallet comes last: its row is the one that many orders of one customer wait for.
        take(&mut *tx, &order, &hold).await?;
        failpoints::before_commit("placed");
        tx.commit().await?;
        failpoints::after_commit("placed");
        Ok(Recording::New(Box::new(order)))
    }
}

impl Wanted<'_> {
    fn placement(&self, order: NewOrder) -> Placement {
        Placement {
            order,
            key: self.claim.key.clone(),
            fingerprint: self.claim.fingerprint.clone(),
            by_key: self.caller.key().map(|key| key.id.clone()),
            session: None,
        }
    }

    fn priced(&self, offer: &Offer) -> Result<NewOrder, PlaceOrderError> {
        let order = domain::orders::place(self.caller.user(), offer, self.request.clone(), self.now)?;
        let rate = order.draft().service.selling_rate;
        match self.max_rate {
            Some(most) if rate > most => Err(PlaceOrderError::RateAbove { rate }),
            Some(_) | None => Ok(order.under(self.rates)),
        }
    }
}

async fn take(tx: &mut dyn Tx, order: &Order, hold: &Movement) -> Result<(), PlaceOrderError> {
    tx.wallets().record(&hold.transfers, order.created_at).await?;
    let Some(change) = &hold.wallet else {
        return Ok(());
    };
    match tx.wallets().apply(change, order.created_at).await? {
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
