//! Upstream providers: what we know about them, how their answers are read, and when to leave them alone.

mod answer;
mod circuit;
mod listing;
mod status;

pub use answer::{AddAnswer, AddBody, AddOutcome, RefusalKind, classify_add, is_about_order};
pub use circuit::{CallResult, Circuit, CircuitPolicy, CircuitState, Pass, Permission};
pub use listing::{ListMatch, ListedOrder, find_in_list};
pub use status::{UpstreamCount, UpstreamOrder, UpstreamStatus};

use crate::catalog::Availability;
use crate::text::Name;
use crate::{Money, ProviderId, Timestamp, UserId};

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

/// The knobs of one provider that staff may turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderSettings {
    /// How a lost order is found.
    pub lookup: LookupCapability,
    /// How many requests a second the provider allows us; at least one.
    pub requests_per_second: u32,
    /// Above this sum of prices with unknown fate, nothing more is submitted to the provider.
    pub exposure_cap: Money,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            lookup: LookupCapability::None,
            requests_per_second: 5,
            exposure_cap: Money::from_micros(500_000_000),
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
