//! Valid values to begin a test with. Each takes a number, so that two of a kind never collide by accident; a test
//! changes the fields that it is about.

use std::time::Duration;

use domain::catalog::{Availability, Offer, QuantityRange, Service, ServiceType};
use domain::identity::{Role, Session, SessionKind, User};
use domain::orders::{NewOrder, Order, PlacementRequest, place};
use domain::providers::{Provider, ProviderSettings, SealedSecret};
use domain::text::{Email, Link, Name};
use domain::wallets::Movement;
use domain::{CategoryId, Money, OrderId, ProviderId, Rate, ServiceId, SessionId, Timestamp, UserId};
use ports::catalog::{NewService, Unique};
use ports::identity::TokenDigest;
use ports::orders::Inserted;
use ports::providers::NewProvider;
use ports::wallets::Applied;
use ports::{Store, StoreError};

/// When tests begin: 2026-01-02T03:04:05.678901Z. The odd microsecond shows a column that keeps less.
pub const NOW: Timestamp = Timestamp::from_micros(1_767_323_045_678_901);

/// So long after [`NOW`].
#[must_use]
pub fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// A name.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::from_stored(text)
}

/// The `n`th user's id.
#[must_use]
pub fn user_id(n: u32) -> UserId {
    UserId::new(format!("user{n:028}"))
}

/// A customer.
#[must_use]
pub fn user(n: u32) -> User {
    User {
        id: user_id(n),
        name: name(&format!("Customer {n}")),
        email: Email::from_stored(format!("customer{n}@example.com")),
        email_verified: false,
        image: None,
        role: Role::User,
        ban: None,
        second_factor: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A member of staff. The numbers are those of [`user`]: one test does not use the same for both.
#[must_use]
pub fn admin(n: u32) -> User {
    User {
        name: name(&format!("Staff {n}")),
        email: Email::from_stored(format!("staff{n}@example.com")),
        role: Role::Admin,
        ..user(n)
    }
}

/// A session of `user` that ends a day after [`NOW`].
#[must_use]
pub fn session(n: u32, user: &UserId) -> Session {
    Session {
        id: SessionId::new(format!("sess{n:028}")),
        user: user.clone(),
        kind: SessionKind::Browser,
        expires_at: NOW.plus(Duration::from_hours(24)),
        ip_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
        impersonated_by: None,
        authenticated_at: NOW,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The digest of the `n`th session's token.
#[must_use]
pub fn token(n: u32) -> TokenDigest {
    TokenDigest(format!("{n:064x}"))
}

/// A provider to be added.
#[must_use]
pub fn new_provider(n: u32, by: &UserId) -> NewProvider {
    NewProvider {
        name: name(&format!("Provider {n}")),
        api_url: format!("https://panel{n}.example.com/api/v2"),
        settings: ProviderSettings::default(),
        created_by: by.clone(),
    }
}

/// A provider as [`new_provider`] reads back.
#[must_use]
pub fn provider(n: u32, id: ProviderId, by: &UserId) -> Provider {
    let new = new_provider(n, by);
    Provider {
        id,
        name: new.name,
        api_url: new.api_url,
        availability: Availability::Active,
        settings: new.settings,
        balance: None,
        created_by: new.created_by,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Something sealed. Nothing opens it: for tests that store keys and do not call providers.
#[must_use]
pub fn sealed_key(n: u32) -> SealedSecret {
    let bytes = n.to_be_bytes();
    SealedSecret {
        key_version: 1,
        nonce: [0_u8; 8].into_iter().chain(bytes).collect(),
        ciphertext: [0_u8, 0xff, 0x27].into_iter().chain(bytes).collect(),
    }
}

/// A service to be added: 0.9 per 1000 plus 0.1, 10 to 100,000 pieces, refilled and cancelable.
#[must_use]
pub fn new_service(n: u32, provider: ProviderId, category: CategoryId, by: &UserId) -> NewService {
    NewService {
        provider,
        upstream_id: format!("{}", u64::from(n) + 1_000),
        name: name(&format!("Service {n}")),
        service_type: ServiceType::Default,
        rate: rate(900_000_000),
        profit: Some(rate(100_000_000)),
        quantity: QuantityRange::new(10, 100_000).expect("ten to a hundred thousand is a range"),
        dripfeed: false,
        refill: true,
        cancel: true,
        category,
        description: None,
        created_by: by.clone(),
    }
}

/// A service as [`new_service`] reads back.
#[must_use]
pub fn service(n: u32, id: ServiceId, provider: ProviderId, category: CategoryId) -> Service {
    let new = new_service(n, provider, category, &user_id(n));
    Service {
        id,
        provider: new.provider,
        upstream_id: new.upstream_id,
        name: new.name,
        service_type: new.service_type,
        rate: new.rate,
        profit: new.profit,
        quantity: new.quantity,
        dripfeed: new.dripfeed,
        refill: new.refill,
        cancel: new.cancel,
        category: new.category,
        availability: Availability::Active,
        description: new.description,
        fixed_price: None,
        sell_at_loss: false,
        average_time: None,
        upstream_name: Some(format!("Service {n}")),
        stopped: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A rate in nano-units per 1000.
///
/// # Panics
/// Below zero.
#[must_use]
pub fn rate(nanos: i64) -> Rate {
    Rate::from_nanos(nanos).expect("a rate is not negative")
}

/// The `n`th link.
#[must_use]
pub fn link(n: u32) -> Link {
    Link::from_stored(format!("https://instagram.com/p/{n}"))
}

/// A new order of `quantity` pieces.
///
/// # Panics
/// If the domain refuses it.
#[must_use]
pub fn new_order(
    user: &User,
    service: &Service,
    provider: &Provider,
    n: u32,
    quantity: u64,
    now: Timestamp,
) -> NewOrder {
    let request = PlacementRequest {
        link: link(n),
        input: quantity.into(),
    };
    let offer = Offer {
        service: service.clone(),
        provider: provider.availability,
    };
    place(user, &offer, request, now).expect("the order is valid")
}

/// A customer with money, and something to order.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The customer.
    pub user: User,
    /// The member of staff that added everything.
    pub staff: User,
    /// Who delivers.
    pub provider: Provider,
    /// Where the service is listed.
    pub category: CategoryId,
    /// What can be ordered.
    pub service: Service,
}

impl Shop {
    /// The numbers of the shop's customer and staff.
    pub const CUSTOMER: u32 = 1;
    /// See [`Shop::CUSTOMER`].
    pub const STAFF: u32 = 1_000;

    /// Records the shop in one transaction. The customer's wallet holds `available`.
    ///
    /// # Errors
    /// As the store's.
    ///
    /// # Panics
    /// If anything was there already.
    pub async fn open(store: &dyn Store, available: Money) -> Result<Self, StoreError> {
        let (user, staff) = (user(Self::CUSTOMER), admin(Self::STAFF));
        let mut tx = store.begin().await?;
        assert_eq!(tx.identity().insert_user(&user).await?, Inserted::New);
        assert_eq!(tx.identity().insert_user(&staff).await?, Inserted::New);
        tx.wallets().create(&user.id, NOW).await?;
        if available.is_positive() {
            let deposit = Movement::adjustment(&user.id, available, "opening", "opening balance");
            let change = deposit.wallet.as_ref().expect("an adjustment changes a wallet");
            let applied = tx.wallets().apply(change, NOW).await?;
            assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
            tx.wallets().record(&deposit.transfers, NOW).await?;
        }
        let provider_id = saved(tx.providers().insert(&new_provider(1, &staff.id), NOW).await?);
        tx.providers().set_key(provider_id, &sealed_key(1), NOW).await?;
        let category = saved(
            tx.catalog()
                .insert_category(&name("Instagram"), &staff.id, NOW)
                .await?,
        );
        let new = new_service(1, provider_id, category, &staff.id);
        let service_id = saved(tx.catalog().insert_service(&new, NOW).await?);
        tx.commit().await?;
        Ok(Self {
            provider: provider(1, provider_id, &staff.id),
            service: service(1, service_id, provider_id, category),
            user,
            staff,
            category,
        })
    }

    /// What an order here is decided on.
    #[must_use]
    pub fn offer(&self) -> Offer {
        Offer {
            service: self.service.clone(),
            provider: self.provider.availability,
        }
    }

    /// A new order of the customer.
    #[must_use]
    pub fn new_order(&self, n: u32, quantity: u64, now: Timestamp) -> NewOrder {
        new_order(&self.user, &self.service, &self.provider, n, quantity, now)
    }

    /// Places an order in one transaction, as the product does: the hold, the order, the ledger and its history.
    ///
    /// # Errors
    /// As the store's.
    ///
    /// # Panics
    /// If the wallet holds too little.
    pub async fn place(
        &self,
        store: &dyn Store,
        n: u32,
        quantity: u64,
        now: Timestamp,
    ) -> Result<Order, StoreError> {
        self.record(store, self.new_order(n, quantity, now), now).await
    }

    /// The same with any new order of the customer.
    ///
    /// # Errors
    /// As the store's.
    ///
    /// # Panics
    /// If the wallet holds too little.
    pub async fn record(
        &self,
        store: &dyn Store,
        new: NewOrder,
        now: Timestamp,
    ) -> Result<Order, StoreError> {
        let mut tx = store.begin().await?;
        let id: OrderId = tx.orders().insert(&new).await?;
        let order = new.identified(id);
        let hold = Movement::hold(&order);
        let change = hold.wallet.as_ref().expect("a hold changes a wallet");
        let applied = tx.wallets().apply(change, now).await?;
        assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
        tx.wallets().record(&hold.transfers, now).await?;
        tx.orders().append_events(id, &[order.placed_event()]).await?;
        tx.commit().await?;
        Ok(order)
    }
}

/// The id of a row that must be new.
///
/// # Panics
/// If it was not saved.
pub fn saved<T: std::fmt::Debug>(outcome: Unique<T>) -> T {
    match outcome {
        Unique::Saved(id) => id,
        other => panic!("not saved: {other:?}"),
    }
}
