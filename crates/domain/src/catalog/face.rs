//! What the world sees of a service, and how it is told what changed.

use super::{QuantityRange, ServiceType};
use crate::{Rate, ServiceId, Timestamp};

/// What anybody can see of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Whether it is in the list of what can be ordered; if not, the rest is seen by nobody.
    pub shown: bool,
    /// Its name.
    pub name: String,
    /// Its category's name.
    pub category: String,
    /// What an order of it says.
    pub service_type: ServiceType,
    /// The selling price of 1000, or of one package.
    pub price: Rate,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
    /// Whether deliveries can be spread.
    pub dripfeed: bool,
    /// Whether drops are refilled.
    pub refill: bool,
    /// Whether orders can be canceled.
    pub cancel: bool,
}

/// What kind of change the feed tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It can be ordered for the first time.
    New,
    /// It can be ordered again.
    Enabled,
    /// It cannot be ordered any more.
    Disabled,
    /// It is ordered otherwise.
    Type,
    /// Another price.
    Price,
    /// Another smallest or largest quantity.
    Limits,
    /// Another name.
    Name,
    /// Another category.
    Category,
    /// Spread, refilled or canceled otherwise.
    Terms,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Enabled,
        Self::Disabled,
        Self::Type,
        Self::Price,
        Self::Limits,
        Self::Name,
        Self::Category,
        Self::Terms,
    ];

    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Type => "type",
            Self::Price => "price",
            Self::Limits => "limits",
            Self::Name => "name",
            Self::Category => "category",
            Self::Terms => "terms",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// Named facts about a service.
pub type Facts = Vec<(&'static str, String)>;

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// What kind.
    pub kind: ChangeKind,
    /// What was seen before; empty where nothing was.
    pub was: Facts,
    /// What is seen now; empty where nothing is.
    pub became: Facts,
}

/// A line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogChange {
    /// Its number. Numbers are committed in their order.
    pub sequence: i64,
    /// Which service.
    pub service: ServiceId,
    /// What kind.
    pub kind: ChangeKind,
    /// Named facts before.
    pub was: Vec<(String, String)>,
    /// Named facts after.
    pub became: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

impl Face {
    fn prices(&self) -> Facts {
        vec![("price", self.price.to_string())]
    }

    fn limits(&self) -> Facts {
        vec![
            ("min", self.quantity.min().to_string()),
            ("max", self.quantity.max().to_string()),
        ]
    }

    fn names(&self) -> Facts {
        vec![("name", self.name.clone())]
    }

    fn categories(&self) -> Facts {
        vec![("category", self.category.clone())]
    }

    fn types(&self) -> Facts {
        vec![("type", self.service_type.as_str().to_owned())]
    }

    fn terms(&self) -> Facts {
        vec![
            ("dripfeed", self.dripfeed.to_string()),
            ("refill", self.refill.to_string()),
            ("cancel", self.cancel.to_string()),
        ]
    }

    fn everything(&self) -> Facts {
        [
            self.names(),
            self.categories(),
            self.types(),
            self.prices(),
            self.limits(),
            self.terms(),
        ]
        .concat()
    }
}

/// What there is to tell when a service looked so, if it was ever told of, and looks so now.
#[must_use]
pub fn tell(was: Option<&Face>, is: &Face) -> Vec<Telling> {
    let told = |kind, was, became| Telling { kind, was, became };
    let before = was.filter(|was| was.shown);
    match (was, before, is.shown) {
        (None, _, true) => vec![told(ChangeKind::New, Vec::new(), is.everything())],
        (Some(_), None, true) => vec![told(ChangeKind::Enabled, Vec::new(), is.everything())],
        (_, Some(before), false) => vec![told(ChangeKind::Disabled, before.everything(), Vec::new())],
        (_, None, false) => Vec::new(),
        (_, Some(before), true) => [
            (ChangeKind::Type, before.types(), is.types()),
            (ChangeKind::Price, before.prices(), is.prices()),
            (ChangeKind::Limits, before.limits(), is.limits()),
            (ChangeKind::Name, before.names(), is.names()),
            (ChangeKind::Category, before.categories(), is.categories()),
            (ChangeKind::Terms, before.terms(), is.terms()),
        ]
        .into_iter()
        .filter(|(_, was, became)| was != became)
        .map(|(kind, was, became)| told(kind, was, became))
        .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face() -> Face {
        Face {
            shown: true,
            name: "Likes".to_owned(),
            category: "Instagram".to_owned(),
            service_type: ServiceType::Default,
            price: Rate::parse("1.4").unwrap(),
            quantity: QuantityRange::new(10, 100).unwrap(),
            dripfeed: false,
            refill: true,
            cancel: false,
        }
    }

    fn kinds(was: Option<&Face>, is: &Face) -> Vec<ChangeKind> {
        tell(was, is).into_iter().map(|telling| telling.kind).collect()
    }

    #[test]
    fn what_nobody_sees_is_not_told() {
        let hidden = Face {
            shown: false,
            ..face()
        };
        assert_eq!(kinds(None, &hidden), []);
        assert_eq!(
            kinds(
                Some(&hidden),
                &Face {
                    price: Rate::ZERO,
                    ..hidden.clone()
                }
            ),
            []
        );
        assert_eq!(kinds(Some(&face()), &face()), []);
    }

    #[test]
    fn a_service_is_new_once_and_comes_back_afterwards() {
        let hidden = Face {
            shown: false,
            ..face()
        };
        assert_eq!(kinds(None, &face()), [ChangeKind::New]);
        assert_eq!(kinds(Some(&face()), &hidden), [ChangeKind::Disabled]);
        assert_eq!(kinds(Some(&hidden), &face()), [ChangeKind::Enabled]);
        let told = tell(None, &face());
        let names: Vec<_> = told[0].became.iter().map(|(name, _)| *name).collect();
        let all = [
            "name", "category", "type", "price", "min", "max", "dripfeed", "refill", "cancel",
        ];
        assert_eq!(names, all);
    }

    #[test]
    fn each_thing_that_changed_is_told_by_itself_with_what_it_was() {
        let changed = Face {
            name: "More likes".to_owned(),
            category: "Other".to_owned(),
            service_type: ServiceType::Package,
            price: Rate::parse("1.5").unwrap(),
            quantity: QuantityRange::new(10, 101).unwrap(),
            refill: false,
            ..face()
        };
        let kinds = kinds(Some(&face()), &changed);
        let all = [
            ChangeKind::Type,
            ChangeKind::Price,
            ChangeKind::Limits,
            ChangeKind::Name,
            ChangeKind::Category,
            ChangeKind::Terms,
        ];
        assert_eq!(kinds, all);
        let price = &tell(Some(&face()), &changed)[1];
        assert_eq!(price.was, [("price", "1.4".to_owned())]);
        assert_eq!(price.became, [("price", "1.5".to_owned())]);
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::from_stored(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangeKind::from_stored("gone"), None);
    }
}
