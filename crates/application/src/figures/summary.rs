//! What sums mean.

use std::collections::BTreeMap;

use domain::Money;
use domain::figures::{Delivery, Measure, Sum};
use domain::wallets::TransferKind;

/// Everything that is known about some orders in some time. Each number belongs to the time at which it came about: an
/// order that was placed yesterday and delivered today is an order of yesterday and revenue of today.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    sums: BTreeMap<Measure, Sum>,
    delivery: Delivery,
}

impl Summary {
    /// Adds a figure.
    pub fn add(&mut self, measure: Measure, sum: Sum) {
        if let Some(bucket) = measure.bucket() {
            self.delivery
                .add(bucket, u64::try_from(sum.count).unwrap_or_default());
        } else {
            let old = self.sums.entry(measure).or_default();
            *old = old.plus(sum);
        }
    }

    fn sum(&self, measure: &Measure) -> Sum {
        self.sums.get(measure).copied().unwrap_or_default()
    }

    fn count(&self, measure: &Measure) -> u64 {
        u64::try_from(self.sum(measure).count).unwrap_or_default()
    }

    fn amount(&self, kind: TransferKind) -> i64 {
        self.sum(&Measure::money(kind)).amount
    }

    /// Orders that were placed.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.count(&Measure::money(TransferKind::Hold))
    }

    /// What they cost their customers.
    #[must_use]
    pub fn sold(&self) -> Money {
        Money::from_micros(self.amount(TransferKind::Hold))
    }

    /// Money earned: what was delivered of orders that ended.
    #[must_use]
    pub fn revenue(&self) -> Money {
        Money::from_micros(self.amount(TransferKind::Recognise))
    }

    /// What providers cost: what they charged, less what they gave back, and the losses of orders that were given up on.
    #[must_use]
    pub fn cost(&self) -> Money {
        let (charged, back) = (
            self.amount(TransferKind::Cogs),
            self.amount(TransferKind::ProviderRefund),
        );
        let lost = self.amount(TransferKind::Writeoff) - self.amount(TransferKind::WriteoffReversal);
        Money::from_micros(charged - back + lost + self.amount(TransferKind::LatePlaced))
    }

    /// Revenue less cost; negative is a loss.
    #[must_use]
    pub fn profit(&self) -> Money {
        Money::from_micros(self.revenue().micros() - self.cost().micros())
    }

    /// What went back to customers, of orders that were sent and of those that were not.
    #[must_use]
    pub fn refunds(&self) -> Money {
        Money::from_micros(self.amount(TransferKind::Refund) + self.amount(TransferKind::Void))
    }

    /// Orders that were delivered in full.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.count(&Measure::COMPLETED)
    }

    /// Orders that were delivered in part.
    #[must_use]
    pub fn partial(&self) -> u64 {
        self.count(&Measure::PARTIAL)
    }

    /// Orders that were refunded in full, whoever ended them.
    #[must_use]
    pub fn canceled(&self) -> u64 {
        let ends = [Measure::CANCELED, Measure::VOIDED, Measure::WRITTEN_OFF];
        ends.iter().map(|end| self.count(end)).sum()
    }

    /// Orders that ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.completed() + self.partial() + self.canceled()
    }

    /// Of all time: orders that have not ended.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.orders().saturating_sub(self.ended())
    }

    /// Of all time: orders that a provider has and that have not ended.
    #[must_use]
    pub fn in_progress(&self) -> u64 {
        let ended = self.completed() + self.partial() + self.count(&Measure::CANCELED);
        self.count(&Measure::money(TransferKind::Post))
            .saturating_sub(ended)
    }

    /// The share of orders delivered in full among those that ended, in tenths of a percent. `None` if none ended.
    #[must_use]
    pub fn completion_permille(&self) -> Option<u64> {
        (self.completed() * 2_000 + self.ended()).checked_div(self.ended() * 2)
    }

    /// How long orders took that were delivered at least in part, from being placed to their end.
    #[must_use]
    pub const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Why orders were not delivered in full, and how many.
    pub fn failures(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sums.iter().filter_map(|(measure, sum)| {
            let count = u64::try_from(sum.count).ok()?;
            measure.failure().map(|reason| (reason, count))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(sums: &[(Measure, i64, i64)]) -> Summary {
        let mut summary = Summary::default();
        for (measure, count, amount) in sums {
            let (count, amount) = (*count, *amount);
            summary.add(measure.clone(), Sum { count, amount });
        }
        summary
    }

    #[test]
    fn profit_is_what_is_left_of_revenue_after_all_that_it_cost() {
        let of = |kind, amount| (Measure::money(kind), 1, amount);
        let summary = summary(&[
            of(TransferKind::Recognise, 100),
            of(TransferKind::Cogs, 70),
            of(TransferKind::ProviderRefund, 20),
            of(TransferKind::Writeoff, 9),
            of(TransferKind::WriteoffReversal, 4),
            of(TransferKind::LatePlaced, 2),
            of(TransferKind::Refund, 11),
            of(TransferKind::Void, 5),
        ]);
        assert_eq!(summary.cost().micros(), 57);
        assert_eq!(summary.profit().micros(), 43);
        assert_eq!(summary.refunds().micros(), 16);
    }

    #[test]
    fn the_completion_rate_is_of_those_that_ended() {
        assert_eq!(Summary::default().completion_permille(), None);
        let summary = summary(&[
            (Measure::money(TransferKind::Hold), 9, 0),
            (Measure::money(TransferKind::Post), 7, 0),
            (Measure::COMPLETED, 4, 0),
            (Measure::PARTIAL, 1, 0),
            (Measure::VOIDED, 1, 0),
        ]);
        assert_eq!(summary.completion_permille(), Some(667));
        assert_eq!((summary.active(), summary.in_progress()), (3, 2));
    }
}
