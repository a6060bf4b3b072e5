//! Amounts and rates.

use domain::catalog::{Availability, QuantityRange, Service, ServiceType};
use domain::text::Name;
use domain::{CategoryId, Money, ProviderId, Rate, ServiceId, Timestamp};
use proptest::prelude::*;

fn rates() -> impl Strategy<Value = Rate> {
    let nanos = prop_oneof![
        0_i64..10_000,
        0_i64..10_000_000_000_000,
        Just(i64::MAX),
        0_i64..=i64::MAX,
    ];
    nanos.prop_map(|nanos| Rate::from_nanos(nanos).unwrap())
}

fn quantities() -> impl Strategy<Value = u64> {
    prop_oneof![1_u64..100, 1_u64..=QuantityRange::LIMIT]
}

pub fn service(rate: Rate, profit: Option<Rate>) -> Service {
    Service {
        id: ServiceId(1),
        provider: ProviderId(1),
        upstream_id: "1".to_owned(),
        name: Name::from_stored("Likes"),
        service_type: ServiceType::Default,
        rate,
        profit,
        quantity: QuantityRange::new(1, QuantityRange::LIMIT).unwrap(),
        dripfeed: false,
        refill: false,
        cancel: false,
        category: CategoryId(1),
        availability: Availability::Active,
        description: None,
        fixed_price: None,
        sell_at_loss: false,
        average_time: None,
        upstream_name: None,
        stopped: None,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }
}

proptest! {
    #[test]
    fn every_amount_reads_back_from_its_own_text(micros: i64) {
        let money = Money::from_micros(micros);
        let text = money.to_string();
        prop_assert!(!text.contains(['e', 'E']), "{text}");
        prop_assert_eq!(Money::parse(&text), Ok(money));
    }

    #[test]
    fn every_rate_reads_back_from_its_own_text(nanos in 0..=i64::MAX) {
        let rate = Rate::from_nanos(nanos).unwrap();
        prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        prop_assert_eq!(Rate::parse_quoted(&rate.to_string()), Ok(rate));
    }

    #[test]
    fn only_plain_decimals_are_amounts(text in "[0-9+._,eE -]{0,24}") {
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !plain {
            prop_assert!(Money::parse(&text).is_err(), "{text:?}");
            prop_assert!(Rate::parse_quoted(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,64}") {
        let _ = (Money::parse(&text), Rate::parse(&text), Rate::parse_quoted(&text));
    }

    #[test]
    fn a_quoted_rate_is_never_below_the_quote_and_less_than_a_nano_unit_above(
        whole in 0_u32..1_000_000,
        fraction in "[0-9]{1,18}",
    ) {
        let quoted = Rate::parse_quoted(&format!("{whole}.{fraction}")).unwrap();
        let atto = format!("{fraction:0<18}").parse::<i128>().unwrap();
        let exact = i128::from(whole) * 1_000_000_000_000_000_000 + atto;
        let kept = i128::from(quoted.nanos()) * 1_000_000_000;
        prop_assert!(kept >= exact && kept - exact < 1_000_000_000, "{quoted}");
    }

    #[test]
    fn a_charge_is_the_exact_product_rounded_up_to_a_micro_unit(rate in rates(), quantity in quantities()) {
        // nano-units per thousand times pieces: a millionth of a micro-unit.
        let millionths = i128::from(rate.nanos()) * i128::from(quantity);
        let Some(exact) = rate.exact(quantity) else {
            prop_assert!(millionths > i128::from(i64::MAX - 1) * 1_000_000);
            return Ok(());
        };
        let micros = i128::from(exact.micros());
        prop_assert!(micros * 1_000_000 >= millionths && (micros - 1) * 1_000_000 < millionths);
        prop_assert_eq!(rate.charge(quantity), Some(exact.max(Money::MICRO)));
    }

    #[test]
    fn more_pieces_never_cost_less_and_splitting_an_order_never_saves(
        rate in rates(),
        a in quantities(),
        b in quantities(),
    ) {
        if let (Some(of_a), Some(of_b), Some(of_both)) = (rate.charge(a), rate.charge(b), rate.charge(a + b)) {
            prop_assert!(of_both >= of_a.max(of_b));
            prop_assert!(of_a.checked_add(of_b).is_none_or(|split| split >= of_both));
        }
    }

    #[test]
    fn nothing_is_sold_below_its_cost(rate in rates(), profit in proptest::option::of(rates()), quantity in quantities()) {
        let service = service(rate, profit);
        if let Some(quote) = service.quote(quantity) {
            prop_assert!(quote.price >= quote.cost && quote.price.is_positive(), "{quote:?}");
        }
    }

    #[test]
    fn a_share_and_the_share_of_the_rest_lose_at_most_a_micro_unit(
        micros in 0..=i64::MAX,
        whole in 1..=QuantityRange::LIMIT,
        part: u64,
    ) {
        let part = part % (whole + 1);
        let money = Money::from_micros(micros);
        let share = money.share_rounded_down(part, whole).unwrap();
        let rest = money.share_rounded_down(whole - part, whole).unwrap();
        let lost = micros - share.micros() - rest.micros();
        prop_assert!((0..=1).contains(&lost), "{share} and {rest} of {money}");
    }
}
