//! What figures say when they are read.

use domain::figures::{Measure, Scope};
use domain::wallets::TransferKind;
use domain::{Timestamp, UserId};
use persistence::SeaFigures;
use ports::figures::{ByDay, DayFigure, FigureQueries, Period, Slice};
use testkit::fixtures::Shop;

/// How often, and how much.
#[derive(Debug, PartialEq, Eq)]
pub struct Sums {
    pub placed: (i64, i64),
    pub earned: (i64, i64),
}

/// What was placed and earned, all in all.
pub async fn placed_and_earned(figures: &SeaFigures) -> Sums {
    let ever = Period {
        no: 0,
        since: Timestamp::EPOCH,
        until: Timestamp::from_micros(i64::MAX),
    };
    let [hold, recognise] = [TransferKind::Hold, TransferKind::Recognise].map(Measure::money);
    let slice = |scope| Slice {
        scope,
        measures: vec![hold.clone(), recognise.clone()],
        periods: vec![ever],
    };
    let asked: Vec<_> = Scope::ALL.iter().copied().map(slice).collect();
    let answers = figures.figures(&asked).await.expect("figures");
    let sums = answers.iter().map(|figures| {
        let of = |measure: &Measure| {
            let of = figures.iter().filter(|figure| figure.measure == *measure);
            of.fold((0, 0), |(count, amount), it| {
                (count + it.sum.count, amount + it.sum.amount)
            })
        };
        Sums {
            placed: of(&hold),
            earned: of(&recognise),
        }
    });
    let mut sums: Vec<_> = sums.collect();
    sums.dedup();
    assert_eq!(sums.len(), 1, "every scope says the same");
    sums.remove(0)
}

/// All orders are one customer's, so that what is told to the customer is what is told to staff.
pub async fn assert_told_by_day(figures: &SeaFigures, shop: &Shop, since: Timestamp, orders: i64) {
    let [hold, recognise] = [TransferKind::Hold, TransferKind::Recognise].map(Measure::money);
    let since = Scope::ShopDay.slot(since);
    let told = ByDay {
        measures: std::slice::from_ref(&hold),
        since,
    };
    let others = [recognise.clone()];
    let glance = figures.glance(told, &others, since).await.expect("figures");
    let own = figures.figures_of(&shop.user.id, told).await.expect("figures");
    for told in [&glance.days, &own] {
        let (mut before, mut lately, mut earned) = (0, 0, (0, 0));
        for DayFigure { day, measure, sum } in told {
            if *measure == recognise {
                assert_eq!(*day, None, "only what is asked for is told by day");
                earned = (earned.0 + sum.count, earned.1 + sum.amount);
            } else if *measure == hold {
                assert!(day.is_none_or(|day| day >= since && Scope::ShopDay.slot(day) == day));
                *(if day.is_some() { &mut lately } else { &mut before }) += sum.count;
            }
        }
        assert!(lately > 0 && before > 0);
        assert_eq!(before + lately, orders);
        assert_eq!(earned, placed_and_earned(figures).await.earned);
        let of_services = glance.services.iter().filter(|it| it.measure == hold);
        assert_eq!(of_services.map(|it| it.sum.count).sum::<i64>(), lately);
    }
    assert!(
        glance
            .days
            .iter()
            .all(|it| [&hold, &recognise].contains(&&it.measure))
    );
    assert!(glance.services.iter().all(|it| it.measure == hold));
    let nobody = figures.figures_of(&UserId::new("nobody"), told).await;
    assert_eq!(nobody, Ok(Vec::new()), "they are one customer's alone");
}
