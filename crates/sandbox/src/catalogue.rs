//! The services the panel sells.

mod listing;

use serde_json::{Value, json};

use crate::money;
use listing::CATALOGUE;

/// How a service is ordered and what it bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceType {
    /// `link` and `quantity`; bills the quantity, times `runs` with drip-feed.
    Default,
    /// `link` only; bills one package.
    Package,
    /// `link` and `comments`, one a line; bills the lines.
    CustomComments,
    /// `link` and `comments`; bills one package.
    CustomCommentsPackage,
    /// `link` and `usernames`, one a line; bills the lines.
    MentionsCustomList,
    /// `link`, `quantity` and the comment owner's `username`; bills the quantity.
    CommentLikes,
    /// `link`, `quantity` and `answer_number`; bills the quantity.
    Poll,
}

impl ServiceType {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Package => "Package",
            Self::CustomComments => "Custom Comments",
            Self::CustomCommentsPackage => "Custom Comments Package",
            Self::MentionsCustomList => "Mentions Custom List",
            Self::CommentLikes => "Comment Likes",
            Self::Poll => "Poll",
        }
    }

    /// Whether an order says what is to be written.
    pub const fn takes_comments(self) -> bool {
        matches!(self, Self::CustomComments | Self::CustomCommentsPackage)
    }

    /// Whether one order bills one unit whatever it contains.
    pub const fn is_package(self) -> bool {
        matches!(self, Self::Package | Self::CustomCommentsPackage)
    }
}

/// One service of the catalogue.
#[derive(Clone, Debug)]
pub struct Service {
    /// Number on the wire; ascending in the catalogue.
    pub id: u32,
    /// Heading it is listed under.
    pub category: &'static str,
    /// Name shown to buyers.
    pub name: &'static str,
    /// How it is ordered.
    pub kind: ServiceType,
    /// Price of 1,000 units in micro-units; of one package for the package types.
    pub rate: u64,
    /// Smallest billed quantity.
    pub min: u64,
    /// Largest billed quantity.
    pub max: u64,
    /// Whether a completed order can be refilled.
    pub refill: bool,
    /// Whether a running order can be canceled.
    pub cancel: bool,
    /// Whether `runs` and `interval` are accepted.
    pub dripfeed: bool,
}

impl Service {
    const fn new(
        id: u32,
        category: &'static str,
        name: &'static str,
        rate: u64,
        (min, max): (u64, u64),
    ) -> Self {
        Self {
            id,
            category,
            name,
            kind: ServiceType::Default,
            rate,
            min,
            max,
            refill: false,
            cancel: false,
            dripfeed: false,
        }
    }

    const fn of(mut self, kind: ServiceType) -> Self {
        self.kind = kind;
        self
    }

    const fn refillable(mut self) -> Self {
        self.refill = true;
        self
    }

    const fn cancelable(mut self) -> Self {
        self.cancel = true;
        self
    }

    const fn drip(mut self) -> Self {
        self.dripfeed = true;
        self
    }

    /// The service as an element of the `services` answer.
    pub fn to_json(&self) -> Value {
        json!({
            "service": self.id,
            "name": self.name,
            "type": self.kind.as_str(),
            "category": self.category,
            "rate": money::decimal(self.rate),
            "min": self.min.to_string(),
            "max": self.max.to_string(),
            "refill": self.refill,
            "cancel": self.cancel,
            "dripfeed": self.dripfeed,
        })
    }
}

/// Every service, ascending by id.
pub fn catalogue() -> &'static [Service] {
    &CATALOGUE
}

/// The service with this id.
pub fn find(id: u32) -> Option<&'static Service> {
    CATALOGUE
        .binary_search_by_key(&id, |service| service.id)
        .ok()
        .and_then(|position| CATALOGUE.get(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_so_that_the_search_finds_every_service() {
        assert!(catalogue().windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(catalogue().iter().all(|service| find(service.id).is_some()));
        assert!(find(1).is_none());
    }

    #[test]
    fn a_service_is_written_with_the_canonical_types() {
        let value = find(1140).map(Service::to_json).unwrap_or_default();
        assert_eq!(
            value,
            json!({
                "service": 1140, "name": "Instagram Reel Views | Fastest", "type": "Default",
                "category": "Instagram Views", "rate": "0.0084", "min": "100", "max": "10000000",
                "refill": false, "cancel": false, "dripfeed": true,
            })
        );
    }

    #[test]
    fn limits_are_sane() {
        for service in catalogue() {
            assert!(service.min >= 1 && service.min <= service.max, "{}", service.id);
            assert!(service.rate > 0, "{}", service.id);
        }
    }
}
