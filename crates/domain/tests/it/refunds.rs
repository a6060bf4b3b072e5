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

/// Orders with each end, and in how many ways the news of each arrives: a hundred thousand histories in all.
const ORDERS_WITH_EACH_END: u32 = 3_400;
const WAYS: usize = 10;

/// What a provider that tells the truth reported, and the ways in which it arrives: by polling, or pushed by the provider,
/// late, twice, or not at all, except that the end arrives some time.
#[derive(Debug, Clone)]
struct News {
    order: Order,
    progress: Vec<(bool, u64)>,
    remains: u64,
    ways: Vec<Way>,
}

/// Which reports arrive, as the digits of a number; how many; and after how many of them the end does.
type Way = (u64, u8, u8);

fn news() -> impl Strategy<Value = News> {
    let progress = proptest::collection::vec(any::<(bool, u64)>(), 0..6);
    let ways = proptest::collection::vec((any::<u64>(), 0..24_u8, any::<u8>()), WAYS);
    (posted(), progress, any::<u64>(), ways).prop_map(|(order, progress, remains, ways)| News {
        remains: remains % (order.quantity + 1),
        order,
        progress,
        ways,
    })
}

impl News {
    /// What the end alone amounts to, and what everything does in each of the ways.
    fn settled(&self, end: &str) -> (Settled, Vec<Settled>) {
        let mut history: Vec<(Timestamp, UpstreamOrder)> = Vec::new();
        for (no, (started, left)) in (1..).zip(&self.progress) {
            let word = if *started { "In progress" } else { "Pending" };
            let at = NOW.plus(std::time::Duration::from_secs(60 * no));
            history.push((at, report(word, *left)));
        }
        let ended_at = NOW.plus(std::time::Duration::from_hours(1));
        let ending = (ended_at, report(end, self.remains));
        history.push(ending.clone());
        let reports = u64::try_from(history.len()).unwrap();
        let placed = World::with(self.order.clone());
        let expected = settled(&placed, std::slice::from_ref(&ending));
        let in_each_way = self.ways.iter().map(|(digits, count, end_after)| {
            let mut digits = *digits;
            let mut arriving: Vec<_> = (0..*count)
                .map(|_| {
                    let digit = digits % reports;
                    digits /= reports;
                    history[usize::try_from(digit).unwrap()].clone()
                })
                .collect();
            let at = usize::from(*end_after) % (arriving.len() + 1);
            arriving.insert(at, ending.clone());
            settled(&placed, &arriving)
        });
        (expected, in_each_way.collect())
    }

    fn is_the_same_in_every_way(&self, end: &str) -> Result<(), TestCaseError> {
        let (expected, in_each_way) = self.settled(end);
        for (got, way) in in_each_way.iter().zip(&self.ways) {
            prop_assert_eq!(got, &expected, "{:?}", way);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ORDERS_WITH_EACH_END))]

    #[test]
    fn a_completion_is_the_same_in_any_order_and_with_any_repetition(news in news()) {
        news.is_the_same_in_every_way("Completed")?;
    }

    #[test]
    fn a_partial_delivery_is_the_same_in_any_order_and_with_any_repetition(news in news()) {
        news.is_the_same_in_every_way("Partial")?;
    }

    #[test]
    fn a_cancellation_is_the_same_in_any_order_and_with_any_repetition(news in news()) {
        news.is_the_same_in_every_way("Canceled")?;
    }
}

/// What matters of the end: the state, both sums, what the wallet has, and the rows of the ledger.
type Settled = (OrderState, Money, Money, i64, Vec<(String, i64)>);

fn settled(placed: &World, reports: &[(Timestamp, UpstreamOrder)]) -> Settled {
    let mut world = placed.clone();
    assert_eq!(world.order.hold, Hold::Posted);
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
