//! Which orders are taken.

use domain::catalog::{Availability, Offer, QuantityRange, ServiceType};
use domain::identity::{Ban, Role, User};
use domain::orders::{
    NewOrder, Order, OrderInput, OrderPolicy, PRICE_MAX, PlaceRefusal, PlacementRequest, place,
};
use domain::text::{Comments, Email, Link, Name};
use domain::{Money, OrderId, Rate, UserId};
use proptest::prelude::*;

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
    let order = place(
        user,
        offer,
        PlacementRequest {
            link,
            input: quantity.into(),
        },
        NOW,
    )?;
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

fn of_type(kind: ServiceType) -> Offer {
    let mut offer = offer();
    offer.service.service_type = kind;
    offer
}

fn placed(offer: &Offer, input: OrderInput) -> Result<NewOrder, PlaceRefusal> {
    let link = Link::from_stored("https://example.com/p/1");
    place(&ann(), offer, PlacementRequest { link, input }, NOW)
}

fn input(quantity: Option<u64>, comments: Option<&str>) -> OrderInput {
    OrderInput {
        quantity,
        comments: comments.map(|text| Comments::parse(text).unwrap()),
    }
}

/// What is said, and how much of the service it is.
type Case = (OrderInput, Result<u64, PlaceRefusal>);

fn takes(kind: &ServiceType, cases: &[Case]) {
    for (said, expected) in cases {
        let order = placed(&of_type(kind.clone()), said.clone());
        if let Ok(order) = &order {
            assert_eq!(order.service_type(), kind);
            assert_eq!(order.comments(), said.comments.as_ref());
        }
        let quantity = order.map(|order| order.draft().quantity);
        assert_eq!(quantity, *expected, "{kind:?} {said:?}");
    }
}

const ONE: PlaceRefusal = PlaceRefusal::QuantityOutOfRange { min: 1, max: 1 };
const TEN_AT_LEAST: PlaceRefusal = PlaceRefusal::QuantityOutOfRange { min: 10, max: 1_000 };

#[test]
fn what_writes_nothing_takes_no_comments() {
    let comments = Some("one\ntwo");
    takes(
        &ServiceType::Default,
        &[
            (input(Some(500), None), Ok(500)),
            (input(None, None), Err(PlaceRefusal::QuantityMissing)),
            (input(Some(12), comments), Err(PlaceRefusal::CommentsNotTaken)),
        ],
    );
    takes(
        &ServiceType::Package,
        &[
            (input(None, None), Ok(1)),
            (input(Some(1), None), Ok(1)),
            (input(Some(0), None), Err(ONE)),
            (input(Some(500), None), Err(ONE)),
            (input(None, comments), Err(PlaceRefusal::CommentsNotTaken)),
        ],
    );
}

#[test]
fn what_writes_something_is_told_what_and_how_much_only_once() {
    let lines = "one\n".repeat(12);
    let (few, comments) = (Some("one\ntwo"), Some(lines.as_str()));
    let other = PlaceRefusal::OtherQuantity { comments: 12 };
    takes(
        &ServiceType::CustomComments,
        &[
            (input(None, comments), Ok(12)),
            (input(Some(12), comments), Ok(12)),
            (input(Some(500), comments), Err(other)),
            (input(None, few), Err(TEN_AT_LEAST)),
            (input(Some(500), None), Err(PlaceRefusal::CommentsMissing)),
            (input(None, None), Err(PlaceRefusal::CommentsMissing)),
        ],
    );
    takes(
        &ServiceType::CustomCommentsPackage,
        &[
            (input(None, few), Ok(1)),
            (input(Some(1), comments), Ok(1)),
            (input(Some(12), comments), Err(ONE)),
            (input(Some(1), None), Err(PlaceRefusal::CommentsMissing)),
        ],
    );
}

#[test]
fn a_package_costs_its_rate_whatever_is_in_it_and_whatever_range_is_listed() {
    for kind in [ServiceType::Package, ServiceType::CustomCommentsPackage] {
        let comments = kind.takes_comments().then_some("one\ntwo\nthree");
        let order = placed(&of_type(kind), input(None, comments)).unwrap();
        let order = order.draft();
        assert_eq!((order.price.micros(), order.cost.micros()), (1_000_000, 900_000));
        assert_eq!(order.quantity, 1, "all of it is delivered, or nothing");
    }
}

#[test]
fn what_was_asked_for_before_has_the_fingerprint_that_it_had() {
    let link = Link::from_stored("https://example.com/p/1");
    let request = |input| PlacementRequest {
        link: link.clone(),
        input,
    };
    let service = domain::ServiceId(7);
    let before = domain::Fingerprint::of(&[
        ("service", "7"),
        ("link", "https://example.com/p/1"),
        ("quantity", "500"),
    ]);
    assert_eq!(request(500.into()).fingerprint(service), before);
    let all = [
        input(Some(1), None),
        input(None, None),
        input(None, Some("one")),
        input(Some(1), Some("one")),
        input(None, Some("one\ntwo")),
    ];
    for (n, one) in all.iter().enumerate() {
        for other in &all[n + 1..] {
            let prints = [one, other].map(|it| request(it.clone()).fingerprint(service));
            assert_ne!(prints[0], prints[1], "{one:?} {other:?}");
        }
    }
}

/// Lines as people and programs write them.
fn lines() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ -~\u{e4}\u{1f600}]{0,12}", 1..40)
}

proptest! {
    #[test]
    fn comments_cost_what_as_many_pieces_cost(lines in lines(), ending in "\r\n|\r|\n|\n\n") {
        let written: u64 = lines.iter().filter(|line| !line.trim().is_empty()).map(|_| 1).sum();
        let mut offer = of_type(ServiceType::CustomComments);
        offer.service.quantity = QuantityRange::new(1, 1_000).unwrap();
        let Ok(comments) = Comments::parse(&lines.join(&ending)) else {
            prop_assert_eq!(written, 0);
            return Ok(());
        };
        prop_assert_eq!(comments.count(), written);
        let trimmed: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(comments.as_str().lines().collect::<Vec<_>>(), trimmed);
        let order = placed(&offer, comments.into()).unwrap();
        offer.service.service_type = ServiceType::Default;
        let pieces = placed(&offer, written.into()).unwrap();
        let money = |order: &NewOrder| (order.draft().quantity, order.draft().price, order.draft().cost);
        prop_assert_eq!(money(&order), money(&pieces));
    }

    #[test]
    fn no_package_is_sold_below_its_cost_and_its_refund_is_all_or_nothing(
        nanos in 1_i64..10_000_000_000_000,
        profit in 0_i64..1_000_000_000_000,
        undelivered: u64,
    ) {
        let mut offer = of_type(ServiceType::Package);
        offer.service.rate = Rate::from_nanos(nanos).unwrap();
        offer.service.profit = Rate::from_nanos(profit).ok();
        let order = placed(&offer, OrderInput::default()).unwrap().identified(OrderId(1));
        prop_assert!(order.price >= order.cost && order.price.is_positive());
        let refund = domain::orders::refund_target(order.price, order.quantity, undelivered);
        prop_assert!(matches!((undelivered, refund), (0, Some(Money::ZERO)) | (2.., None)) || refund == Some(order.price));
    }
}

#[test]
fn who_has_not_proven_an_address_may_order_unless_the_policy_says_otherwise() {
    let verified_only = OrderPolicy {
        verified_only: true,
        ..OrderPolicy::default()
    };
    for (verified, anybody, only_verified) in [(false, true, false), (true, true, true)] {
        let user = User {
            email_verified: verified,
            ..ann()
        };
        let may = (
            OrderPolicy::default().may_order(&user),
            verified_only.may_order(&user),
        );
        assert_eq!(may, (anybody, only_verified), "{verified}");
    }
}
