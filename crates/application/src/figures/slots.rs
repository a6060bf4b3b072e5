//! Which slots make up a period.

use domain::figures::{Measure, Scope};
use ports::figures::{Period, Slice};

/// The slices that together are `periods`: whole days of UTC where there are any, quarters of an hour at their edges.
pub(super) fn slices(of_services: bool, measures: &[Measure], periods: &[Period]) -> [Slice; 2] {
    let (day, quarter) = if of_services {
        (Scope::ServiceDay, Scope::ServiceQuarter)
    } else {
        (Scope::ShopDay, Scope::ShopQuarter)
    };
    let (mut days, mut quarters) = (Vec::new(), Vec::new());
    for period in periods {
        let (since, until) = (day.slot_from(period.since), day.slot(period.until));
        if since >= until {
            quarters.push(*period);
            continue;
        }
        days.push(Period {
            since,
            until,
            ..*period
        });
        let edges = [
            Period {
                until: since,
                ..*period
            },
            Period {
                since: until,
                ..*period
            },
        ];
        quarters.extend(edges.into_iter().filter(|edge| edge.since < edge.until));
    }
    let slice = |scope, periods| Slice {
        scope,
        measures: measures.to_vec(),
        periods,
    };
    [slice(day, days), slice(quarter, quarters)]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::Timestamp;

    use super::*;

    #[test]
    fn a_period_is_made_of_days_and_of_quarters_at_its_edges_and_of_each_moment_once() {
        let quarter = |n: u64| Timestamp::EPOCH.plus(Duration::from_mins(15 * n));
        for (since, until) in [
            (0, 96),
            (0, 95),
            (1, 96),
            (1, 97),
            (90, 100),
            (90, 300),
            (96, 288),
            (5, 5),
        ] {
            let period = Period {
                no: 7,
                since: quarter(since),
                until: quarter(until),
            };
            let slices = slices(false, &[], &[period]);
            for n in 0..400 {
                let holding = slices.iter().flat_map(|slice| &slice.periods);
                let holding = holding.filter(|part| part.holds(quarter(n))).count();
                assert_eq!(
                    holding,
                    usize::from((since..until).contains(&n)),
                    "{since}..{until} at {n}"
                );
            }
            for part in &slices[0].periods {
                assert_eq!(Scope::ShopDay.slot(part.since), part.since);
                assert_eq!(Scope::ShopDay.slot(part.until), part.until);
            }
        }
    }
}
