//! Placing many orders at once: all of them or none, in one transaction that takes the money from the wallet once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::orders::{NewOrder, Order, OrderPolicy, PlaceRefusal, PlacementRequest, fingerprint_of_all};
use domain::text::{IdempotencyKey, Link};
use domain::wallets::WalletChange;
use domain::{Fingerprint, Money, OrderId, ServiceId, Timestamp};
use ports::catalog::CatalogQueries;
use ports::orders::{KeyClaim, OrderQueries};
use ports::placing::Attendants;
use ports::wallets::Applied;
use ports::{Clock, Store, StoreError};

use super::budget::{self, OverBudget};
use super::claim::Claim;
use crate::caller::Caller;
use crate::currency::Rates;
use crate::retry::{MaybeContended, retry_contended};

/// The most orders that are placed at once.
pub const ORDERS_MAX: usize = 100;
/// How often the orders are decided on at most while an offer changes under them.
const DECISIONS_MAX: usize = 4;

/// One of many orders.
#[derive(Debug, Clone)]
pub struct OrderLine {
    /// Which service.
    pub service: ServiceId,
    /// Where it is to be delivered.
    pub link: Link,
    /// How much.
    pub quantity: u64,
}

/// Many orders that were placed, in the order in which they were asked for.
#[derive(Debug, Clone)]
pub struct PlacedOrders {
    /// The orders.
    pub orders: Vec<Order>,
    /// What they cost together.
    pub total: Money,
    /// Whether they were placed by an earlier request with the same key.
    pub replayed: bool,
}

/// Why one of many orders is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    /// There is no such service.
    #[error("there is no such service")]
    UnknownService,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] PlaceRefusal),
}

/// What many orders would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The price of each, or why it would not be taken.
    pub lines: Vec<Result<Money, LineRefusal>>,
    /// What those that would be taken cost together.
    pub total: Money,
}

/// Why no order was placed. Nothing was recorded in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum PlaceOrdersError {
    /// Somebody else acts as the user, whose money this is about.
    #[error("only the owner of the account does this")]
    NotTheOwner,
    /// There are none, or too many.
    #[error("1 to {ORDERS_MAX} orders can be placed at once")]
    Number,
    /// The user has not proven their address.
    #[error("the address is not verified")]
    Unverified,
    /// Some of them are not taken; by their position, counted from zero.
    #[error("{} of the orders are not taken", .0.len())]
    Lines(Vec<(usize, LineRefusal)>),
    /// Their prices do not fit into an amount of money together.
    #[error("the orders are too large together")]
    TooLarge,
    /// The wallet does not hold what they cost together.
    #[error("the orders cost {price} and the wallet has {available}")]
    InsufficientBalance {
        /// What they cost.
        price: Money,
        /// What is there.
        available: Money,
    },
    /// The wallet is frozen.
    #[error("the wallet is frozen")]
    WalletFrozen,
    /// The key that the customer's program shows does not pay.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The key was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The same orders were placed a moment ago, and neither request had a key.
    #[error("the same orders were placed a moment ago")]
    Twin {
        /// The first of the earlier orders.
        order: OrderId,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for PlaceOrdersError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// The use case.
pub struct PlaceOrders {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    catalog: Arc<dyn CatalogQueries>,
    clock: Arc<dyn Clock>,
    policy: OrderPolicy,
    rates: Option<Arc<Rates>>,
}

enum Recording {
    New(Vec<Order>),
    /// The first order of the earlier request.
    Replay(OrderId),
    /// An offer is not what an order was decided on.
    Outdated,
}

impl PlaceOrders {
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
            catalog,
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

    /// Says what the orders would cost now, and places none.
    ///
    /// # Errors
    /// [`PlaceOrdersError::Number`], [`PlaceOrdersError::TooLarge`] and [`PlaceOrdersError::Store`].
    pub async fn preview(&self, caller: &Caller, lines: &[OrderLine]) -> Result<Preview, PlaceOrdersError> {
        if lines.len() > ORDERS_MAX {
            return Err(PlaceOrdersError::Number);
        }
        let priced = self.priced(caller, lines, self.clock.now()).await?;
        let lines: Vec<_> = priced
            .into_iter()
            .map(|priced| priced.map(|order| order.draft().price))
            .collect();
        Ok(Preview {
            total: sum(lines.iter().flatten().copied())?,
            lines,
        })
    }

    /// Places all of the orders for the caller, or none. The same key with the same orders gives the same orders,
    /// however often they are sent. The answer does not wait for the providers.
    ///
    /// # Errors
    /// [`PlaceOrdersError`].
    pub async fn place(
        &self,
        caller: &Caller,
        lines: &[OrderLine],
        key: Option<IdempotencyKey>,
    ) -> Result<PlacedOrders, PlaceOrdersError> {
        if caller.stands_in() {
            return Err(PlaceOrdersError::NotTheOwner);
        }
        if !(1..=ORDERS_MAX).contains(&lines.len()) {
            return Err(PlaceOrdersError::Number);
        }
        let now = self.clock.now();
        let requests: Vec<_> = lines.iter().map(|line| (line.service, line.request())).collect();
        let fingerprint = fingerprint_of_all(&requests);
        let claim = Claim::new(&caller.user().id, key, fingerprint, now, self.policy.twin_window);
        for _ in 0..DECISIONS_MAX {
            let taken = if self.policy.may_order(caller.user()) {
                all_taken(self.priced(caller, lines, now).await?).map_err(PlaceOrdersError::Lines)
            } else {
                Err(PlaceOrdersError::Unverified)
            };
            let recording = match taken {
                Ok(orders) => retry_contended(|| self.record(caller, &orders, &claim)).await?,
                Err(refusal) => match retry_contended(|| claim.look_up(&*self.store)).await? {
                    KeyClaim::Replay(first) => Recording::Replay(first),
                    KeyClaim::Mismatch => return Err(PlaceOrdersError::KeyReused),
                    KeyClaim::Fresh => return Err(refusal),
                },
            };
            match recording {
                Recording::New(orders) => {
                    return PlacedOrders::of(orders, false);
                }
                Recording::Replay(_) if claim.is_the_callers() => {
                    return self.earlier(&claim, lines.len()).await;
                }
                Recording::Replay(order) => return Err(PlaceOrdersError::Twin { order }),
                Recording::Outdated => {}
            }
        }
        Err(StoreError::Contended.into())
    }

    async fn priced(
        &self,
        caller: &Caller,
        lines: &[OrderLine],
        now: Timestamp,
    ) -> Result<Vec<Result<NewOrder, LineRefusal>>, StoreError> {
        let wanted: BTreeSet<ServiceId> = lines.iter().map(|line| line.service).collect();
        let wanted: Vec<ServiceId> = wanted.into_iter().collect();
        let rates = match &self.rates {
            Some(rates) => rates.for_an_order().await,
            None => None,
        };
        let offers = self.catalog.offers(&wanted).await?;
        let offers: BTreeMap<ServiceId, _> = offers
            .into_iter()
            .map(|offer| (offer.service.id, offer))
            .collect();
        let price = |line: &OrderLine| {
            let offer = offers.get(&line.service).ok_or(LineRefusal::UnknownService)?;
            Ok(domain::orders::place(caller.user(), offer, line.request(), now)?.under(rates))
        };
        Ok(lines.iter().map(price).collect())
    }

    async fn record(
        &self,
        caller: &Caller,
        orders: &[NewOrder],
        claim: &Claim,
    ) -> Result<Recording, PlaceOrdersError> {
        let mut tx = self.store.begin().await?;
        match claim.make(&mut *tx).await? {
            KeyClaim::Fresh => {}
            KeyClaim::Replay(id) => {
                // Nothing was written, but the orders are certain only after the commit.
                tx.commit().await?;
                return Ok(Recording::Replay(id));
            }
            KeyClaim::Mismatch => return Err(PlaceOrdersError::KeyReused),
        }
        if !tx.catalog().still_offers(orders).await? {
            return Ok(Recording::Outdated);
        }
        let orders = tx.orders().insert_all(orders).await?;
        let Some(first) = orders.first() else {
            return Err(PlaceOrdersError::Number);
        };
        let (now, user) = (first.created_at, &first.user);
        let by_key = caller.key().map(|key| &key.id);
        let (mut events, mut jobs, mut transfers) = (Vec::new(), Vec::new(), Vec::new());
        for order in &orders {
            let attendants = Attendants::of(order).by_key(by_key);
            events.push((order.id, attendants.event));
            jobs.push(attendants.job);
            transfers.extend(attendants.hold.transfers);
        }
        tx.orders().append_all(&events).await?;
        tx.orders().bind_key(user, &claim.key, first.id).await?;
        if claim.is_the_callers() {
            let rest = further_keys(&claim.key).zip(orders.iter().skip(1).map(|order| order.id));
            let rest: Vec<_> = rest.collect();
            tx.orders()
                .bind_more(user, &rest, &claim.fingerprint, now)
                .await?;
        }
        tx.outbox().push_new(&jobs).await?;
        tx.wallets().record(&transfers, now).await?;
        let price = sum(orders.iter().map(|order| order.price))?;
        budget::spend(&mut *tx, caller, price, now).await??;
        // The wallet comes last: its row is the one that many orders of one customer wait for.
        let available = match tx
            .wallets()
            .apply(&WalletChange::Hold(user.clone(), price), now)
            .await?
        {
            Applied::Done { .. } => {
                failpoints::before_commit("placed-many");
                tx.commit().await?;
                failpoints::after_commit("placed-many");
                return Ok(Recording::New(orders));
            }
            Applied::TooLow { available } => available,
            Applied::NoWallet => Money::ZERO,
            Applied::Frozen => return Err(PlaceOrdersError::WalletFrozen),
        };
        Err(PlaceOrdersError::InsufficientBalance { price, available })
    }

    /// The orders that an earlier request with the key placed.
    async fn earlier(&self, claim: &Claim, orders: usize) -> Result<PlacedOrders, PlaceOrdersError> {
        let keys = std::iter::once(claim.key.clone()).chain(further_keys(&claim.key));
        let keys: Vec<_> = keys.take(orders).collect();
        let orders = self.orders.placed_with(&claim.user, &keys).await?;
        if orders.len() != keys.len() {
            let missing = format!(
                "{} of {} orders have vanished",
                keys.len() - orders.len(),
                keys.len()
            );
            return Err(StoreError::Unavailable(missing).into());
        }
        PlacedOrders::of(orders, true)
    }
}

impl PlacedOrders {
    fn of(orders: Vec<Order>, replayed: bool) -> Result<Self, PlaceOrdersError> {
        Ok(Self {
            total: sum(orders.iter().map(|order| order.price))?,
            orders,
            replayed,
        })
    }
}

impl OrderLine {
    fn request(&self) -> PlacementRequest {
        PlacementRequest {
            link: self.link.clone(),
            input: self.quantity.into(),
        }
    }
}

/// The keys of the second order and of those after it. The first one has the caller's own key, so that it cannot be
/// used for anything else. A caller's key holds no blank, so none of these can ever be theirs.
fn further_keys(key: &IdempotencyKey) -> impl Iterator<Item = IdempotencyKey> + use<> {
    // The longest key would leave no room for the number.
    let digest = Fingerprint::of(&[("key", key.as_str())]);
    (2..).map(move |n: u32| IdempotencyKey::from_stored(format!("order {n} of {}", digest.as_str())))
}

fn all_taken(priced: Vec<Result<NewOrder, LineRefusal>>) -> Result<Vec<NewOrder>, Vec<(usize, LineRefusal)>> {
    let (mut orders, mut refusals) = (Vec::new(), Vec::new());
    for (position, priced) in priced.into_iter().enumerate() {
        match priced {
            Ok(order) => orders.push(order),
            Err(refusal) => refusals.push((position, refusal)),
        }
    }
    if refusals.is_empty() {
        Ok(orders)
    } else {
        Err(refusals)
    }
}

fn sum(prices: impl IntoIterator<Item = Money>) -> Result<Money, PlaceOrdersError> {
    let mut total = Money::ZERO;
    for price in prices {
        total = total.checked_add(price).ok_or(PlaceOrdersError::TooLarge)?;
        if total > domain::orders::PRICE_MAX {
            return Err(PlaceOrdersError::TooLarge);
        }
    }
    Ok(total)
}
