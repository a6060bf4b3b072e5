//! Upstream providers: what we know about them, how their answers are read, and when to leave them alone.

mod answer;
mod circuit;
mod listing;
mod status;
mod words;

pub use answer::{AddAnswer, AddBody, AddOutcome, RefusalKind, classify_add, link_in_use};
pub use circuit::{CallResult, Circuit, CircuitPolicy, CircuitState, Pass, Permission};
pub use listing::{KnownOrder, ListMatch, ListedOrder, find_in_list};
pub use status::{UpstreamCount, UpstreamOrder, UpstreamStatus};
pub use words::{is_about_order, is_passing};

use crate::catalog::{Availability, ServiceType};
use crate::currency::Currency;
use crate::text::Name;
use crate::{Money, ProviderId, Rate, Timestamp, UserId};

/// How a provider lets us find an order whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupCapability {
    /// It does not; a person has to ask.
    None,
    /// It stores the reference that we send and finds an order by it.
    Reference,
    /// It lists recent orders with link and time.
    LinkAndTime,
}

impl LookupCapability {
    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Reference => "reference",
            Self::LinkAndTime => "link_and_time",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::None, Self::Reference, Self::LinkAndTime]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

/// What a provider's `rate` of a package is the price of. The protocol does not say, so staff do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackageRate {
    /// Of one package. Whatever the provider means, a package read so is not sold below its cost.
    #[default]
    One,
    /// Of a thousand packages, as of pieces.
    Thousand,
}

impl PackageRate {
    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Thousand => "thousand",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::One, Self::Thousand]
            .into_iter()
            .find(|it| it.as_str() == word)
    }

    /// The rate as we keep it, of 1000 pieces or of one package, if the provider lists this one. Rounded up to a nano-unit, so
    /// that it is never below the cost.
    #[must_use]
    pub fn read(self, service_type: &ServiceType, listed: Rate) -> Rate {
        if self == Self::One || !service_type.is_package() {
            return listed;
        }
        let nanos = (i128::from(listed.nanos()) + 999) / 1_000;
        let of_one = i64::try_from(nanos).map(Rate::from_nanos);
        // A thousandth fits where the whole does.
        of_one.ok().and_then(Result::ok).unwrap_or(listed)
    }
}

/// The knobs of one provider that staff may turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// How a lost order is found.
    pub lookup: LookupCapability,
    /// How many requests a second the provider allows us; at least one.
    pub requests_per_second: u32,
    /// Above this sum of prices with unknown fate, nothing more is submitted to the provider.
    pub exposure_cap: Money,
    /// What its rates of packages are the price of.
    pub package_rate: PackageRate,
    /// What its prices are in.
    pub currency: Currency,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            lookup: LookupCapability::None,
            requests_per_second: 5,
            exposure_cap: Money::from_micros(500_000_000),
            package_rate: PackageRate::One,
            currency: Currency::ledger(),
        }
    }
}

/// A provider, without its key: the key is sealed and is opened only to make a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Public among staff.
    pub id: ProviderId,
    /// Display name.
    pub name: Name,
    /// Where its panel API listens.
    pub api_url: String,
    /// Whether it is used.
    pub availability: Availability,
    /// Its knobs.
    pub settings: ProviderSettings,
    /// What it said its balance was, and when it said so.
    pub balance: Option<ProviderBalance>,
    /// Who added it.
    pub created_by: UserId,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ProviderSettings {
    /// The other currency than staff say that a panel names. What is none of ISO 4217 contradicts nobody: `$`, or a name of its
    /// own.
    #[must_use]
    pub fn contradicted_by(&self, named: &str) -> Option<Currency> {
        Currency::parse(named).ok().filter(|said| *said != self.currency)
    }

    /// How its list is to be read.
    #[must_use]
    pub fn price_reading(&self) -> PriceReading {
        PriceReading {
            currency: self.currency.clone(),
            package_rate: self.package_rate,
        }
    }
}

/// How the prices in a provider's list are to be read, as staff say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceReading {
    /// What they are in.
    pub currency: Currency,
    /// What those of packages are the price of.
    pub package_rate: PackageRate,
}

/// A provider's own word about our balance there, in its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderBalance {
    /// As it wrote it.
    pub amount: String,
    /// As it wrote it.
    pub currency: String,
    /// When it was asked.
    pub at: Timestamp,
}

/// A secret at rest: AES-256-GCM, bound to its row.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Which key of the ring sealed it.
    pub key_version: i32,
    /// The 96-bit nonce, fresh for every sealing.
    pub nonce: Vec<u8>,
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedSecret(key version {})", self.key_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_contradicts_staff_only_by_naming_another_currency() {
        let settings = ProviderSettings {
            currency: Currency::parse("INR").unwrap(),
            ..ProviderSettings::default()
        };
        assert_eq!(settings.contradicted_by(" usd "), Some(Currency::ledger()));
        for named in ["INR", "inr", "", "$", "Rs.", "USDT", "credits"] {
            assert_eq!(settings.contradicted_by(named), None, "{named}");
        }
    }

    #[test]
    fn a_rate_of_a_thousand_packages_is_read_as_that_of_one_and_never_below_it() {
        let read = |way: PackageRate, kind: &ServiceType, nanos: i64| {
            way.read(kind, Rate::from_nanos(nanos).unwrap()).nanos()
        };
        let packages = [ServiceType::Package, ServiceType::CustomCommentsPackage];
        for kind in &packages {
            for (listed, of_one) in [
                (900_000_000, 900_000),
                (1_001, 2),
                (1_000, 1),
                (1, 1),
                (0, 0),
                (i64::MAX, 9_223_372_036_854_776),
            ] {
                assert_eq!(read(PackageRate::Thousand, kind, listed), of_one, "{listed}");
                assert_eq!(read(PackageRate::One, kind, listed), listed);
            }
        }
        let pieces = [
            ServiceType::Default,
            ServiceType::CustomComments,
            ServiceType::Other("Poll".to_owned()),
        ];
        for kind in &pieces {
            assert_eq!(read(PackageRate::Thousand, kind, 900), 900, "{kind:?}");
        }
    }

    #[test]
    fn every_reading_has_a_word_of_its_own_and_the_careful_one_is_the_default() {
        for way in [PackageRate::One, PackageRate::Thousand] {
            assert_eq!(PackageRate::from_stored(way.as_str()), Some(way));
        }
        assert_eq!(PackageRate::from_stored("1000"), None);
        assert_eq!(ProviderSettings::default().package_rate, PackageRate::One);
    }
}
