//! Facts, added up.

use std::collections::BTreeMap;

use super::facts::{Fact, Measure};
use crate::orders::stored_words;
use crate::{ProviderId, ServiceId, Timestamp, UserId};

/// A quarter of an hour, in microseconds: the shortest slot. No figure tells apart what is alike and in the same one.
pub const SLOT_MICROS: i64 = 900_000_000;
/// A day of UTC, in microseconds.
const DAY: i64 = 86_400_000_000;

/// What one figure spans: everything or one service of one provider, in a quarter of an hour or in a day of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything in a quarter of an hour.
    ShopQuarter,
    /// Everything in a day of UTC.
    ShopDay,
    /// A service of a provider in a quarter of an hour.
    ServiceQuarter,
    /// A service of a provider in a day of UTC.
    ServiceDay,
}

stored_words!(Scope {
    ShopQuarter => "shop_quarter",
    ShopDay => "shop_day",
    ServiceQuarter => "service_quarter",
    ServiceDay => "service_day",
});

impl Scope {
    /// Whether services and providers are told apart.
    #[must_use]
    pub const fn is_of_services(self) -> bool {
        matches!(self, Self::ServiceQuarter | Self::ServiceDay)
    }

    const fn length(self) -> i64 {
        match self {
            Self::ShopQuarter | Self::ServiceQuarter => SLOT_MICROS,
            Self::ShopDay | Self::ServiceDay => DAY,
        }
    }

    /// The beginning of the slot that `at` is in.
    #[must_use]
    pub const fn slot(self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.micros().div_euclid(self.length()) * self.length())
    }

    /// The beginning of the first slot that begins at `at` or later.
    #[must_use]
    pub const fn slot_from(self, at: Timestamp) -> Timestamp {
        let slot = self.slot(at);
        if slot.micros() == at.micros() {
            slot
        } else {
            Timestamp::from_micros(slot.micros() + self.length())
        }
    }
}

/// Which figure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it spans.
    pub scope: Scope,
    /// What it counts.
    pub measure: Measure,
    /// The beginning of its slot.
    pub at: Timestamp,
    /// The service; zero if it is about all.
    pub service: ServiceId,
    /// The provider; zero if it is about all.
    pub provider: ProviderId,
}

/// Which figure of a customer. Its slot is a day of UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserKey {
    /// Whose.
    pub user: UserId,
    /// What it counts.
    pub measure: Measure,
    /// The beginning of its day.
    pub at: Timestamp,
}

/// How often something happened, and how much money it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// How often.
    pub count: i64,
    /// In micro-units.
    pub amount: i64,
}

impl Sum {
    /// The sum of two.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            amount: self.amount.saturating_add(other.amount),
        }
    }
}

/// Facts, added up into every figure that they are part of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Of the shop.
    pub shop: BTreeMap<Key, Sum>,
    /// Of its customers.
    pub users: BTreeMap<UserKey, Sum>,
}

impl Sums {
    /// Adds a fact.
    pub fn add(&mut self, fact: &Fact) {
        for scope in Scope::ALL.iter().copied() {
            let of = scope.is_of_services();
            let key = Key {
                scope,
                measure: fact.measure.clone(),
                at: scope.slot(fact.at),
                service: if of { fact.service } else { ServiceId(0) },
                provider: if of { fact.provider } else { ProviderId(0) },
            };
            let sum = self.shop.entry(key).or_default();
            *sum = sum.plus(fact.sum);
        }
        // How long orders took and why they failed is not kept for every customer.
        let is_of_customers = fact.measure.bucket().is_none() && fact.measure.failure().is_none();
        if let Some(user) = fact.user.as_ref().filter(|_| is_of_customers) {
            let key = UserKey {
                user: user.clone(),
                measure: fact.measure.clone(),
                at: Scope::ShopDay.slot(fact.at),
            };
            let sum = self.users.entry(key).or_default();
            *sum = sum.plus(fact.sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_begins_at_or_before_what_is_in_it_also_before_the_epoch() {
        for micros in [
            -DAY - 1,
            -1,
            0,
            1,
            SLOT_MICROS - 1,
            SLOT_MICROS,
            DAY,
            1_795_252_745_023_999,
        ] {
            let at = Timestamp::from_micros(micros);
            for scope in Scope::ALL.iter().copied() {
                let (slot, next) = (scope.slot(at).micros(), scope.slot_from(at).micros());
                assert!(slot <= micros && micros < slot + scope.length());
                assert!(next >= micros && (next == slot || next == slot + scope.length()));
            }
        }
    }
}
