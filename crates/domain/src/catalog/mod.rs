//! What is offered: categories and services.

mod face;
mod follow;
mod margin;
mod sync;

pub use face::{CatalogChange, ChangeKind, Face, Facts, Telling, tell};
pub use follow::{Distrust, Offered, distrust, follow, import, vanish};
pub use margin::Margin;
pub use sync::{
    Finding, FindingKind, ImportNew, SyncReport, SyncResult, SyncRules, SyncRun, Synchronisation,
};

use crate::text::Name;
use crate::{CategoryId, Money, ProviderId, Rate, ServiceId, Timestamp};

/// The category that every service has until staff choose one. It is not shown to customers.
pub const UNCATEGORIZED: &str = "Uncategorized";

/// Whether a thing is offered, hidden, or gone from every page but history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Offered.
    Active,
    /// Kept, but not offered.
    Disabled,
    /// Removed by staff. Rows are never deleted: orders and money point at them.
    Archived,
}

impl Availability {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Archived => "archived",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Archived]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Public id.
    pub id: CategoryId,
    /// Unique among the categories that are not archived.
    pub name: Name,
    /// Whether it is offered.
    pub availability: Availability,
    /// Its place among those that staff put in an order; they come first.
    pub position: Option<i64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What kind of order a service takes. Providers spell the word in many ways; see [`ServiceType::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceType {
    /// Link and quantity.
    Default,
    /// Link alone: a package has one size, and its rate is the price of one.
    Package,
    /// Link and comments; each comment is a piece.
    CustomComments,
    /// Link and comments, which are one package together.
    CustomCommentsPackage,
    /// Any other type: it can be imported and shown to staff, but not ordered.
    Other(String),
}

impl ServiceType {
    /// Reads a provider's word, ignoring case, spaces, `_` and `-`.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let folded: String = word
            .chars()
            .filter(|c| !matches!(c, ' ' | '_' | '-'))
            .flat_map(char::to_lowercase)
            .collect();
        match folded.as_str() {
            "default" | "" => Self::Default,
            "package" => Self::Package,
            "customcomments" => Self::CustomComments,
            "customcommentspackage" => Self::CustomCommentsPackage,
            _ => Self::Other(word.trim().to_owned()),
        }
    }

    /// The types that can be ordered.
    pub const ORDERABLE: [Self; 4] = [
        Self::Default,
        Self::Package,
        Self::CustomComments,
        Self::CustomCommentsPackage,
    ];

    /// Whether one order is one package, whatever is in it.
    #[must_use]
    pub const fn is_package(&self) -> bool {
        matches!(self, Self::Package | Self::CustomCommentsPackage)
    }

    /// How much one order may ask for, if the provider lists this much: of packages one, whatever is listed.
    #[must_use]
    pub const fn quantity_of_one_order(&self, listed: QuantityRange) -> QuantityRange {
        if self.is_package() {
            QuantityRange::ONE
        } else {
            listed
        }
    }

    /// Whether an order says what is to be written.
    #[must_use]
    pub const fn takes_comments(&self) -> bool {
        matches!(self, Self::CustomComments | Self::CustomCommentsPackage)
    }

    /// The word as shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Default => "Default",
            Self::Package => "Package",
            Self::CustomComments => "Custom Comments",
            Self::CustomCommentsPackage => "Custom Comments Package",
            Self::Other(word) => word,
        }
    }
}

/// How much of a service one order may ask for; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantityRange {
    min: u64,
    max: u64,
}

impl QuantityRange {
    /// The largest quantity that any order may have.
    pub const LIMIT: u64 = 1_000_000_000;
    /// One, no more and no less.
    pub const ONE: Self = Self { min: 1, max: 1 };

    /// A range of quantities; `None` unless `1 ≤ min ≤ max ≤ LIMIT`. A provider's larger maximum is cut to the limit
    /// and its minimum of zero is read as one by [`QuantityRange::clamped`].
    #[must_use]
    pub fn new(min: u64, max: u64) -> Option<Self> {
        (min >= 1 && min <= max && max <= Self::LIMIT).then_some(Self { min, max })
    }

    /// The nearest valid range to what a provider says; `None` if it says a minimum above its maximum.
    #[must_use]
    pub fn clamped(min: u64, max: u64) -> Option<Self> {
        Self::new(min.clamp(1, Self::LIMIT), max.clamp(1, Self::LIMIT))
    }

    /// The smallest quantity.
    #[must_use]
    pub const fn min(self) -> u64 {
        self.min
    }

    /// The largest quantity.
    #[must_use]
    pub const fn max(self) -> u64 {
        self.max
    }

    /// Whether `quantity` may be ordered.
    #[must_use]
    pub const fn contains(self, quantity: u64) -> bool {
        self.min <= quantity && quantity <= self.max
    }
}

/// A service of the catalogue, bound to one provider's service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Public id.
    pub id: ServiceId,
    /// Who delivers it.
    pub provider: ProviderId,
    /// The provider's id of it; unique per provider.
    pub upstream_id: String,
    /// Display name.
    pub name: Name,
    /// What kind of order it takes.
    pub service_type: ServiceType,
    /// The provider's price.
    pub rate: Rate,
    /// What we add to it.
    pub profit: Option<Rate>,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
    /// Whether the provider spreads deliveries on request.
    pub dripfeed: bool,
    /// Whether the provider refills what drops.
    pub refill: bool,
    /// Whether the provider cancels on request.
    pub cancel: bool,
    /// Where it is listed.
    pub category: CategoryId,
    /// Whether it is offered.
    pub availability: Availability,
    /// Text for customers.
    pub description: Option<String>,
    /// The selling price that staff fixed; without it, the price follows the provider's.
    pub fixed_price: Option<Rate>,
    /// Whether staff sell it even below its cost.
    pub sell_at_loss: bool,
    /// How long a delivery usually takes, for customers.
    pub average_time: Option<String>,
    /// The provider's name of it, when it was last read.
    pub upstream_name: Option<String>,
    /// Why the synchronisation stopped selling it. What staff disabled has none.
    pub stopped: Option<Stopped>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why the synchronisation stopped selling a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The provider does not list it any more.
    Vanished,
    /// It would be sold below its cost.
    Loss,
}

impl Stopped {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vanished => "vanished",
            Self::Loss => "loss",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Vanished, Self::Loss]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

impl Service {
    /// The selling price of 1000 pieces: what staff fixed, else rate plus profit. `None` if it does not fit.
    #[must_use]
    pub fn selling_rate(&self) -> Option<Rate> {
        match self.fixed_price {
            Some(price) => Some(price),
            None => self.rate.checked_add(self.profit.unwrap_or(Rate::ZERO)),
        }
    }

    /// Whether it would be sold below its cost, and staff did not say that it may be.
    #[must_use]
    pub fn loses(&self) -> bool {
        !self.sell_at_loss && self.fixed_price.is_some_and(|price| price < self.rate)
    }

    /// Price and cost of `quantity` pieces, or packages. `None` if they do not fit.
    #[must_use]
    pub fn quote(&self, quantity: u64) -> Option<Quote> {
        // One package costs what 1000 pieces cost elsewhere: its rate.
        let pieces = if self.service_type.is_package() {
            quantity.checked_mul(1_000)?
        } else {
            quantity
        };
        Some(Quote {
            price: self.selling_rate()?.charge(pieces)?,
            cost: self.rate.exact(pieces)?,
        })
    }

    /// How much one order may ask for; see [`ServiceType::quantity_of_one_order`].
    #[must_use]
    pub const fn orderable_quantity(&self) -> QuantityRange {
        self.service_type.quantity_of_one_order(self.quantity)
    }
}

/// What an order is decided on: a service, and whether its provider is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The service.
    pub service: Service,
    /// Whether its provider is used.
    pub provider: Availability,
}

/// What an order costs the customer and what it costs us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Taken from the wallet.
    pub price: Money,
    /// Owed to the provider.
    pub cost: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_spellings_of_default_are_one_type_and_others_are_kept() {
        for word in ["Default", "default", "DEFAULT ", ""] {
            assert_eq!(ServiceType::parse(word), ServiceType::Default, "{word}");
        }
        assert_eq!(ServiceType::parse(" Poll_2 ").as_str(), "Poll_2");
    }

    #[test]
    fn every_type_that_can_be_ordered_reads_back_however_it_is_spelled() {
        for kind in ServiceType::ORDERABLE {
            let word = kind.as_str();
            let spellings = [
                word.to_owned(),
                word.to_uppercase(),
                word.replace(' ', "_").to_lowercase(),
                format!(" {} ", word.replace(' ', "-")),
            ];
            for spelling in spellings {
                assert_eq!(ServiceType::parse(&spelling), kind, "{spelling}");
            }
        }
        for near in [
            "Package2",
            "Custom Comment",
            "Custom Comments Packages",
            "Comments",
            "Mentions",
        ] {
            assert!(
                matches!(ServiceType::parse(near), ServiceType::Other(_)),
                "{near}"
            );
        }
    }

    #[test]
    fn a_range_is_never_empty_or_upside_down() {
        assert_eq!(QuantityRange::new(0, 5), None);
        assert_eq!(QuantityRange::new(6, 5), None);
        assert_eq!(
            QuantityRange::clamped(0, u64::MAX),
            QuantityRange::new(1, QuantityRange::LIMIT)
        );
        assert!(QuantityRange::new(5, 5).is_some_and(|range| range.contains(5) && !range.contains(6)));
    }
}
