//! What is shown in another currency never touches what is charged.

use domain::catalog::{Availability, Offer, QuantityRange};
use domain::currency::{Currency, Display, ExchangeRate, Towards, shown};
use domain::orders::{PlacementRequest, place};
use domain::text::Link;
use domain::wallets::Movement;
use domain::{Money, OrderId, Rate, RateSetId};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::model::NOW;
use crate::money::service;
use crate::placing::ann;

fn rates() -> impl Strategy<Value = ExchangeRate> {
    (1_i64..=100_000_000_000_000_000, 0_u32..=10).prop_filter_map("a rate", |(mantissa, scale)| {
        ExchangeRate::new(Decimal::new(mantissa, scale)).ok()
    })
}

proptest! {
    #[test]
    fn whatever_rates_are_in_force_an_order_charges_the_same(
        rate in 1_i64..=10_000_000_000, profit in 0_i64..=1_000_000_000, quantity in 1_u64..=1_000_000, set in 1_i64..,
    ) {
        let mut service = service(Rate::from_nanos(rate).unwrap(), Rate::from_nanos(profit).ok());
        service.quantity = QuantityRange::new(1, 1_000_000).unwrap();
        let offer = Offer { service, provider: Availability::Active };
        let request = PlacementRequest { link: Link::from_stored("https://example.com/p/1"), input: quantity.into() };
        let plain = place(&ann(), &offer, request, NOW).unwrap();
        let under = plain.clone().under(Some(RateSetId(set))).identified(OrderId(1));
        let plain = plain.identified(OrderId(1));
        prop_assert_eq!(under.rates, Some(RateSetId(set)));
        prop_assert_eq!((under.price, under.cost), (plain.price, plain.cost));
        prop_assert_eq!(Movement::hold(&under), Movement::hold(&plain));
    }

    #[test]
    fn what_is_shown_is_near_and_something_never_looks_like_nothing(
        micros in 1_i64..=1_000_000_000_000_000, rate in rates(),
    ) {
        let display = Display { currency: Currency::from_stored("XTS"), rate };
        let exact = display.amount(Money::from_micros(micros));
        for (towards, most) in [(Towards::Nearest, Decimal::new(5, 3)), (Towards::Zero, Decimal::new(1, 2))] {
            let text = shown(exact, towards);
            prop_assert!(text.scale() >= 2 && !text.is_zero(), "{exact} became {text}");
            prop_assert!((text - exact).abs() <= most, "{exact} became {text}");
            // Below one, three digits are right.
            prop_assert!((text - exact).abs() * Decimal::ONE_HUNDRED <= exact.max(Decimal::ZERO) * Decimal::ONE
                || exact >= Decimal::ONE, "{exact} became {text}");
        }
        prop_assert!(shown(exact, Towards::Zero) <= exact);
    }

    #[test]
    fn there_and_back_brings_nobody_more_than_there_was(paise in 1_i64..=1_000_000_000_000, rate in rates()) {
        let given = Decimal::new(paise, 2);
        if let Some(money) = rate.to_ledger(given) {
            let back = rate.convert(money.to_decimal());
            prop_assert!(back <= given, "{given} became {money} and {back}");
            // Less than a micro-unit is lost.
            let more = rate.convert((money.checked_add(Money::MICRO).unwrap()).to_decimal());
            prop_assert!(more > given, "{given} became {money}, which is too little");
        }
    }
}
