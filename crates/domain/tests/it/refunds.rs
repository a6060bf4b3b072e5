//! What an undelivered rest is worth, whatever order the news arrives in.

use domain::orders::{Hold, Order, OrderPolicy, OrderState, RefundPlan, observe, refund_target};
use domain::providers::{UpstreamCount, UpstreamOrder};
use domain::wallets::{Account, WalletChange};
use domain::{Money, Timestamp};
use proptest::prelude::*;

use crate::model::{NOW, World, observation, report, submitted_order};

/// A posted order of any price and quantity.
fn posted() -> impl Strategy<Value = Order> {
    let price = prop_oneof![1_i64..1_000, 1_i64..10_000_000_000, Just(i64::MAX)];
    let quantity = prop_oneof![1_u64..50, 1_u64..=1_000_000_000];
    (price, quantity).prop_map(|(price, quantity)| {
        submitted_order(Money::from_micros(price), Money::from_micros(price / 2), quantity)
    })
}

proptest! {
    #[test]
    fn a_refund_is_between_nothing_and_the_price_and_grows_with_what_remains(
        price in 1..=i64::MAX,
        quantity in 1..=1_000_000_000_u64,
        a: u64,
        b: u64,
    ) {
        let price = Money::from_micros(price);
        let (a, b) = (a % (quantity + 1), b % (quantity + 1));
        let (less, more) = (a.min(b), a.max(b));
        let of_less = refund_target(price, quantity, less).unwrap();
        let of_more = refund_target(price, quantity, more).unwrap();
        prop_assert!(Money::ZERO <= of_less && of_less <= of_more && of_more <= price);
        prop_assert_eq!(refund_target(price, quantity, 0), Some(Money::ZERO));
        prop_assert_eq!(refund_target(price, quantity, quantity), Some(price));
        prop_assert_eq!(refund_target(price, quantity, quantity + 1 + a), None);
    }

    #[test]
    fn what_is_kept_and_what_is_refunded_is_exactly_what_was_charged(order in posted(), undelivered: u64) {
        let undelivered = undelivered % (order.quantity + 1);
        let plan = RefundPlan::for_undelivered(&order, undelivered).unwrap();
        let (movements, refunded, recognised) = plan.movements(&order);
        prop_assert_eq!(refunded.checked_add(recognised), Some(order.price));
        let credited: i64 = movements
            .iter()
            .map(|movement| match &movement.wallet {
                Some(WalletChange::Credit(user, amount)) if *user == order.user => amount.micros(),
                None => 0,
                Some(other) => panic!("the end of an order does this to a wallet: {other:?}"),
            })
            .sum();
        prop_assert_eq!(credited, refunded.micros());
        let from = |debit: Account, credit: Account| -> i64 {
            let rows = movements.iter().flat_map(|movement| &movement.transfers);
            rows.filter(|row| row.debit == debit && row.credit == credit)
                .map(|row| row.amount.micros())
                .sum()
        };
        prop_assert_eq!(from(Account::OrderDeferred, Account::UserWallets), refunded.micros());
        prop_assert_eq!(from(Account::OrderDeferred, Account::Revenue), recognised.micros());
        let given_back = from(Account::ProviderFloat, Account::ProviderCost);
        prop_assert!((0..=order.cost.micros()).contains(&given_back));
    }

    #[test]
    fn more_undelivered_than_ordered_is_for_people(order in posted(), more in 1_u64..1_000) {
        prop_assert_eq!(RefundPlan::for_undelivered(&order, order.quantity + more), None);
    }

    /// A provider tells the truth: progress, then one end. Each report may arrive late, twice, or not at all, except
    /// that the end arrives some time.
    #[test]
    fn the_end_is_the_same_in_any_order_and_with_any_repetition(
        order in posted(),
        progress in proptest::collection::vec(any::<(bool, u64)>(), 0..6),
        end in prop_oneof![Just("Completed"), Just("Partial"), Just("Canceled")],
        remains: u64,
        arrivals in proptest::collection::vec(any::<prop::sample::Index>(), 0..24),
        end_arrives_after: prop::sample::Index,
    ) {
        let remains = remains % (order.quantity + 1);
        let mut history: Vec<(Timestamp, UpstreamOrder)> = Vec::new();
        for (no, (started, left)) in (1..).zip(&progress) {
            let word = if *started { "In progress" } else { "Pending" };
            history.push((NOW.plus(std::time::Duration::from_secs(60 * no)), report(word, *left)));
        }
        let ended_at = NOW.plus(std::time::Duration::from_hours(1));
        history.push((ended_at, report(end, remains)));

        let expected = settled(&order, &[(ended_at, report(end, remains))]);
        let mut arriving: Vec<_> = arrivals.iter().map(|index| index.get(&history).clone()).collect();
        let at = end_arrives_after.index(arriving.len() + 1);
        arriving.insert(at, (ended_at, report(end, remains)));
        let got = settled(&order, &arriving);
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn a_report_without_a_readable_rest_moves_no_money(order in posted(), text in "[a-z-]{0,8}") {
        let unreadable = UpstreamOrder {
            remains: UpstreamCount::Invalid(text),
            ..report("Partial", 0)
        };
        let change = observe(&order, &observation(NOW, unreadable), &OrderPolicy::default(), NOW).unwrap();
        prop_assert_eq!(change.movements, []);
        prop_assert!(change.order.review.is_some() && !change.order.state.is_terminal());
    }
}

/// What matters of the end: the state, both sums, what the wallet has, and the rows of the ledger.
type Settled = (OrderState, Money, Money, i64, Vec<(String, i64)>);

fn settled(order: &Order, reports: &[(Timestamp, UpstreamOrder)]) -> Settled {
    let mut world = World::with(order.clone());
    assert_eq!(order.hold, Hold::Posted);
    let now = NOW.plus(std::time::Duration::from_hours(2));
    for (requested_at, report) in reports {
        let seen = observation(*requested_at, report.clone());
        if let Some(change) = observe(&world.order, &seen, &OrderPolicy::default(), now) {
            world.apply(change);
        }
    }
    let mut rows: Vec<(String, i64)> = world
        .transfers
        .iter()
        .map(|row| {
            (
                format!("{}:{}", row.kind.as_str(), row.reference),
                row.amount.micros(),
            )
        })
        .collect();
    rows.sort();
    let order = world.order;
    (
        order.state,
        order.refunded,
        order.recognised,
        world.available,
        rows,
    )
}
