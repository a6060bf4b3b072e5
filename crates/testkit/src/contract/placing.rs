//! Offers, and placements that a store records in one go if it can.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::sync::Arc;

use domain::catalog::{Availability, Offer, QuantityRange, Service, ServiceType};
use domain::identity::{Ban, Role, Session, User};
use domain::orders::{NewOrder, PlacementRequest, place};
use domain::text::IdempotencyKey;
use domain::wallets::WalletStatus;
use domain::{Fingerprint, Money, ServiceId};
use ports::StoreError;
use ports::identity::TokenDigest;
use ports::placing::{KeptSession, Placement};

use super::steps::rich_shop;
use super::{Backend, Case};
use crate::fixtures::{
    NOW, Shop, after, link, name, new_provider, rate, saved, sealed_key, session, token, user,
};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! placing_contract {
    ($with:ident) => {
        $with! { placing:
            an_offer_is_the_service_and_whether_its_provider_is_used,
            an_offer_stands_until_something_that_decides_about_an_order_changes,
            an_offer_does_not_stand_while_its_provider_is_away,
            a_placement_is_recorded_whole_or_not_at_all,
            a_placement_that_is_refused_leaves_nothing_behind,
            in_a_session_that_does_not_stand_nothing_is_placed,
            in_a_session_of_staff_who_act_as_the_customer_nothing_is_placed,
        }
    };
}

/// The customer's placement of a thousand pieces.
pub(super) fn placement(shop: &Shop, key: &str) -> Placement {
    Placement {
        order: shop.new_order(1, 1_000, NOW),
        key: IdempotencyKey::from_stored(key),
        fingerprint: Fingerprint::of(&[("request", key)]),
        by_key: None,
        session: None,
    }
}

pub(super) async fn write(backend: &Backend, service: &Service) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.catalog().update_service(service).await?;
    tx.commit().await
}

pub(super) async fn still_offers(backend: &Backend, order: &NewOrder) -> Result<bool, StoreError> {
    let orders = std::slice::from_ref(order);
    backend.store.begin().await?.catalog().still_offers(orders).await
}

async fn offer_of(backend: &Backend, service: ServiceId) -> Result<Option<Offer>, StoreError> {
    let mut offers = backend.catalog.offers(&[service]).await?;
    assert!(offers.len() <= 1);
    Ok(offers.pop())
}

/// Whether the order is recorded, if the store records in one go at all. If it is not, no row is.
pub(super) async fn is_taken(
    backend: &Backend,
    shop: &Shop,
    placement: &Placement,
) -> Result<bool, StoreError> {
    let before = backend.wallets.wallet(&shop.user.id).await?;
    let taken = backend.store.place(placement).await?.is_some();
    if !taken {
        assert_eq!(backend.wallets.wallet(&shop.user.id).await?, before);
    }
    Ok(taken)
}

pub async fn an_offer_is_the_service_and_whether_its_provider_is_used(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let described = Service {
        description: Some("Fast".to_owned()),
        ..shop.service.clone()
    };
    write(backend, &described).await?;
    let offer = offer_of(backend, shop.service.id).await?;
    assert_eq!(offer, Some(shop.offer()), "without the text");
    assert_eq!(offer_of(backend, ServiceId(404)).await?, None);

    let mut tx = backend.store.begin().await?;
    let away = domain::providers::Provider {
        availability: Availability::Disabled,
        ..shop.provider.clone()
    };
    saved(tx.providers().update(&away).await?);
    tx.commit().await?;
    let without = Offer {
        provider: Availability::Disabled,
        ..shop.offer()
    };
    assert_eq!(offer_of(backend, shop.service.id).await?, Some(without));

    let mut tx = backend.store.begin().await?;
    let archived = Availability::Archived;
    assert!(
        tx.catalog()
            .set_service_availability(shop.service.id, archived, NOW)
            .await?
    );
    tx.commit().await?;
    assert_eq!(offer_of(backend, shop.service.id).await?, None);
    Ok(())
}

pub async fn an_offer_stands_until_something_that_decides_about_an_order_changes(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    let elsewhere = saved(
        tx.providers()
            .insert(&new_provider(2, &shop.staff.id), NOW)
            .await?,
    );
    tx.providers().set_key(elsewhere, &sealed_key(2), NOW).await?;
    tx.commit().await?;
    let wanted = placement(&shop, "key");
    let at_once = is_taken(backend, &shop, &placement(&shop, "before")).await?;
    let stands = |change: fn(&mut Service)| {
        let mut service = shop.service.clone();
        change(&mut service);
        service
    };
    let mut moved = stands(|_| {});
    moved.provider = elsewhere;
    let breaks = [
        moved,
        stands(|service| service.upstream_id = "other".to_owned()),
        stands(|service| service.name = name("Other")),
        stands(|service| service.rate = rate(900_000_001)),
        stands(|service| service.profit = None),
        stands(|service| service.profit = Some(rate(100_000_001))),
        // The same selling price with another share for the provider.
        stands(|service| (service.rate, service.profit) = (rate(1_000_000_000), None)),
        // A sum that the database could not hold.
        stands(|service| (service.rate, service.profit) = (rate(i64::MAX), Some(rate(i64::MAX)))),
        stands(|service| service.fixed_price = Some(rate(999_999_999))),
        stands(|service| service.fixed_price = Some(rate(i64::MAX))),
        // The same price, and now it loses.
        stands(|service| {
            (service.rate, service.fixed_price) = (rate(1_000_000_001), Some(rate(1_000_000_000)))
        }),
        stands(|service| service.refill = false),
        stands(|service| service.cancel = false),
        stands(|service| service.quantity = QuantityRange::new(1_001, 2_000).expect("a range")),
        stands(|service| service.quantity = QuantityRange::new(1, 999).expect("a range")),
        stands(|service| service.service_type = ServiceType::Package),
        stands(|service| service.availability = Availability::Disabled),
        stands(|service| service.availability = Availability::Archived),
    ];
    let keeps = [
        stands(|service| service.quantity = QuantityRange::new(1_000, 1_000).expect("a range")),
        stands(|service| service.description = Some("Fast".to_owned())),
        stands(|service| service.dripfeed = true),
        stands(|service| service.fixed_price = Some(rate(1_000_000_000))),
        stands(|service| service.sell_at_loss = true),
        stands(|service| service.updated_at = after(9)),
    ];
    for service in breaks {
        write(backend, &service).await?;
        assert!(!still_offers(backend, &wanted.order).await?, "{service:?}");
        assert!(!is_taken(backend, &shop, &wanted).await?, "{service:?}");
    }
    for (n, service) in keeps.into_iter().enumerate() {
        write(backend, &service).await?;
        assert!(still_offers(backend, &wanted.order).await?, "{service:?}");
        let taken = is_taken(backend, &shop, &placement(&shop, &format!("{n}"))).await?;
        assert_eq!(taken, at_once, "{service:?}");
    }
    Ok(())
}

pub async fn an_offer_does_not_stand_while_its_provider_is_away(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let wanted = placement(&shop, "key");
    for (availability, stands) in [(Availability::Disabled, false), (Availability::Active, true)] {
        let mut tx = backend.store.begin().await?;
        let provider = domain::providers::Provider {
            availability,
            ..shop.provider.clone()
        };
        saved(tx.providers().update(&provider).await?);
        tx.commit().await?;
        assert_eq!(still_offers(backend, &wanted.order).await?, stands);
        if !stands {
            assert!(!is_taken(backend, &shop, &wanted).await?);
        }
    }
    Ok(())
}

pub async fn a_placement_is_recorded_whole_or_not_at_all(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let wanted = placement(&shop, "key");
    let wallet = backend.wallets.wallet(&shop.user.id).await?.expect("it is there");
    let Some(id) = backend.store.place(&wanted).await? else {
        assert_eq!(backend.relay.backlog(NOW).await?.waiting, 0);
        assert_eq!(backend.wallets.wallet(&shop.user.id).await?, Some(wallet));
        return Ok(());
    };
    let order = wanted.identified(id);
    let view = backend.orders.find(id).await?.expect("it is there");
    assert_eq!(view.order, order);
    let now = backend.wallets.wallet(&shop.user.id).await?.expect("it is there");
    assert_eq!(now.held, order.price);
    assert_eq!(now.available, wallet.available.saturating_sub(order.price));
    assert_eq!(backend.orders.events(id).await?.len(), 1);
    assert_eq!(backend.relay.backlog(NOW).await?.oldest_due, Some(NOW));
    super::ledger::assert_sound(backend, "after the placement").await?;
    // Its key is bound to it.
    let mut tx = backend.store.begin().await?;
    let (key, life) = (&wanted.key, ports::orders::KeyLife::Forever);
    let claimed = tx
        .orders()
        .claim_key(&shop.user.id, key, &wanted.fingerprint, life, after(1))
        .await?;
    assert_eq!(claimed, ports::orders::KeyClaim::Replay(id));
    Ok(())
}

pub async fn a_placement_that_is_refused_leaves_nothing_behind(backend: &Backend) -> Case {
    let price = Money::from_micros(1_000_000);
    let shop = Shop::open(backend.store.as_ref(), Money::from_micros(1_999_999)).await?;
    let first = is_taken(backend, &shop, &placement(&shop, "key")).await?;
    // The key is used, with the same request and with another one.
    assert!(!is_taken(backend, &shop, &placement(&shop, "key")).await?);
    let mut other = placement(&shop, "key");
    other.fingerprint = Fingerprint::of(&[("request", "another")]);
    assert!(!is_taken(backend, &shop, &other).await?);
    if first {
        // One micro-unit is missing for a second one.
        assert!(!is_taken(backend, &shop, &placement(&shop, "second")).await?);
    }
    let mut tx = backend.store.begin().await?;
    let credit = domain::wallets::WalletChange::Credit(shop.user.id.clone(), price);
    tx.wallets().apply(&credit, NOW).await?;
    tx.wallets()
        .set_status(&shop.user.id, WalletStatus::Frozen, NOW)
        .await?;
    tx.commit().await?;
    assert!(!is_taken(backend, &shop, &placement(&shop, "third")).await?);

    // Somebody without a wallet.
    let stranger = user(9);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&stranger).await?;
    tx.commit().await?;
    let mut theirs = placement(&shop, "fourth");
    let request = PlacementRequest {
        link: link(1),
        input: 1_000.into(),
    };
    theirs.order = place(&stranger, &shop.offer(), request, NOW).expect("the order is valid");
    assert!(backend.store.place(&theirs).await?.is_none());
    Ok(())
}

/// What an order is placed in: the session of the shop's customer.
async fn opened(backend: &Backend, shop: &Shop, n: u32) -> Result<KeptSession, StoreError> {
    let session = session(n, &shop.user.id);
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_session(&session, &token(n)).await?;
    tx.commit().await?;
    let found = backend.identity.session(&token(n), NOW).await?;
    let (session, user, _) = found.expect("it is open");
    Ok(KeptSession {
        token: token(n),
        session,
        user,
    })
}

pub async fn in_a_session_that_does_not_stand_nothing_is_placed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let kept = opened(backend, &shop, 1).await?;
    let attempts = std::cell::Cell::new(0);
    let taken = async |kept: &KeptSession| {
        attempts.set(attempts.get() + 1);
        let wanted = placement(&shop, &format!("{}", attempts.get()));
        is_taken(backend, &shop, &wanted.in_session(&Arc::new(kept.clone()))).await
    };
    let at_once = taken(&kept).await?;
    // It is not what is there.
    let otherwise = |change: fn(&mut KeptSession)| {
        let mut other = kept.clone();
        change(&mut other);
        other
    };
    for other in [
        otherwise(|kept| kept.token = TokenDigest("0".repeat(64))),
        otherwise(|kept| kept.session.id = session(2, &kept.user.id).id),
        otherwise(|kept| kept.session.expires_at = after(1)),
        otherwise(|kept| kept.session.updated_at = after(1)),
        otherwise(|kept| kept.user.role = Role::Moderator),
        otherwise(|kept| kept.user.email_verified = !kept.user.email_verified),
    ] {
        assert!(!taken(&other).await?, "{other:?}");
    }
    // What is there has changed, and then it is as it was.
    let user = kept.user.clone();
    let ban = Ban {
        reason: None,
        until: None,
    };
    for changed in [
        User {
            ban: Some(ban),
            ..user.clone()
        },
        User {
            role: Role::Admin,
            ..user.clone()
        },
        User {
            email_verified: !user.email_verified,
            ..user.clone()
        },
    ] {
        save_user(backend, &changed).await?;
        assert!(!taken(&kept).await?, "{changed:?}");
        save_user(backend, &user).await?;
        assert_eq!(taken(&kept).await?, at_once, "after {changed:?}");
    }
    // Another one's session pays nobody else's orders, and one that has ended pays none.
    let stranger = crate::fixtures::user(9);
    let theirs = Session {
        user: stranger.id.clone(),
        ..session(9, &stranger.id)
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&stranger).await?;
    tx.identity().insert_session(&theirs, &token(9)).await?;
    tx.commit().await?;
    let foreign = KeptSession {
        token: token(9),
        session: theirs,
        user: stranger,
    };
    assert!(!taken(&foreign).await?);
    let mut tx = backend.store.begin().await?;
    assert!(tx.identity().delete_session(&kept.token).await?);
    tx.commit().await?;
    assert!(!taken(&kept).await?);
    Ok(())
}

pub async fn in_a_session_of_staff_who_act_as_the_customer_nothing_is_placed(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let staff = user(9);
    let acting = Session {
        impersonated_by: Some(staff.id.clone()),
        ..session(8, &shop.user.id)
    };
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&staff).await?;
    tx.identity().insert_session(&acting, &token(8)).await?;
    tx.commit().await?;
    // Whatever is remembered of it.
    for impersonated_by in [Some(staff.id.clone()), None] {
        let kept = Arc::new(KeptSession {
            token: token(8),
            session: Session {
                impersonated_by,
                ..acting.clone()
            },
            user: shop.user.clone(),
        });
        let wanted = placement(&shop, "1").in_session(&kept);
        assert!(!is_taken(backend, &shop, &wanted).await?, "{kept:?}");
    }
    Ok(())
}

async fn save_user(backend: &Backend, user: &User) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().save_user(user).await?;
    tx.commit().await
}
