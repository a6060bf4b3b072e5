//! Which orders are taken.

use domain::catalog::{Availability, Offer, QuantityRange, ServiceType};
use domain::identity::{Ban, Role, User};
use domain::orders::{Order, PRICE_MAX, PlaceRefusal, PlacementRequest, place};
use domain::text::{Email, Link, Name};
use domain::{Money, OrderId, Rate, UserId};

use crate::model::NOW;
use crate::money::service;

pub fn ann() -> User {
    User {
        id: UserId::new("ann"),
        name: Name::from_stored("Ann"),
        email: Email::from_stored("ann@example.com"),
        email_verified: true,
        image: None,
        role: Role::User,
        ban: None,
        second_factor: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn offer() -> Offer {
    let mut service = service(Rate::parse("0.9").unwrap(), Some(Rate::parse("0.1").unwrap()));
    service.quantity = QuantityRange::new(10, 1_000).unwrap();
    Offer {
        service,
        provider: Availability::Active,
    }
}

fn ordered(user: &User, offer: &Offer, quantity: u64) -> Result<Order, PlaceRefusal> {
    let link = Link::from_stored("https://example.com/p/1");
    let order = place(user, offer, PlacementRequest { link, quantity }, NOW)?;
    Ok(order.identified(OrderId(1)))
}

#[test]
fn an_order_freezes_price_and_cost() {
    let order = ordered(&ann(), &offer(), 500).unwrap();
    assert_eq!(order.price, Money::from_micros(500_000));
    assert_eq!(order.cost, Money::from_micros(450_000));
}

#[test]
fn what_would_be_sold_below_its_cost_is_not_taken_unless_staff_say_so() {
    let mut losing = offer();
    losing.service.fixed_price = Some(Rate::parse("0.899").unwrap());
    let refused = Err(PlaceRefusal::ServiceUnavailable);
    assert_eq!(ordered(&ann(), &losing, 500), refused);
    losing.service.sell_at_loss = true;
    let order = ordered(&ann(), &losing, 1_000).unwrap();
    assert_eq!((order.price.micros(), order.cost.micros()), (899_000, 900_000));
    losing.service.sell_at_loss = false;
    losing.service.fixed_price = Some(losing.service.rate);
    assert_eq!(
        ordered(&ann(), &losing, 1_000).map(|order| order.price.micros()),
        Ok(900_000)
    );
}

#[test]
fn what_is_switched_off_is_not_taken() {
    for off in [Availability::Disabled, Availability::Archived] {
        let mut of_service = offer();
        of_service.service.availability = off;
        let mut of_provider = offer();
        of_provider.provider = off;
        for offer in [of_service, of_provider] {
            assert_eq!(
                ordered(&ann(), &offer, 500),
                Err(PlaceRefusal::ServiceUnavailable)
            );
        }
    }
}

#[test]
fn a_quantity_is_taken_from_the_smallest_to_the_largest() {
    let refused = Err(PlaceRefusal::QuantityOutOfRange { min: 10, max: 1_000 });
    assert_eq!(ordered(&ann(), &offer(), 9), refused);
    assert!(ordered(&ann(), &offer(), 10).is_ok());
    assert!(ordered(&ann(), &offer(), 1_000).is_ok());
    assert_eq!(ordered(&ann(), &offer(), 1_001), refused);
}

#[test]
fn the_banned_order_nothing_and_nobody_orders_what_needs_more_than_a_link() {
    let banned = User {
        ban: Some(Ban {
            reason: None,
            until: None,
        }),
        ..ann()
    };
    assert_eq!(ordered(&banned, &offer(), 500), Err(PlaceRefusal::Banned));
    let mut odd = offer();
    odd.service.service_type = ServiceType::Other("Poll".to_owned());
    assert_eq!(
        ordered(&ann(), &odd, 500),
        Err(PlaceRefusal::UnsupportedType("Poll".to_owned()))
    );
}

#[test]
fn an_order_costs_no_more_than_a_wallet_can_hold() {
    let at = |nanos: i64| {
        let mut offer = offer();
        offer.service.rate = Rate::from_nanos(nanos).unwrap();
        offer.service.profit = None;
        offer.service.quantity = QuantityRange::new(1, QuantityRange::LIMIT).unwrap();
        ordered(&ann(), &offer, 1_000_000)
    };
    let highest = PRICE_MAX.micros();
    assert_eq!(at(highest).map(|order| order.price), Ok(PRICE_MAX));
    assert_eq!(at(highest + 1), Err(PlaceRefusal::TooLarge));
}
