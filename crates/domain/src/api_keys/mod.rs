//! API keys: what a customer's programs show instead of a password, and what a key may do.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$each])* $variant,)+ }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads a word.
            #[must_use]
            pub fn from_stored(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == word)
            }
        }
    };
}

mod network;
mod scope;
mod token;

pub use network::{Network, Networks, NotANetwork};
pub use scope::{Scope, Scopes};
pub use token::{KeyToken, TOKEN_PREFIX};

use std::net::IpAddr;
use std::time::Duration;

use crate::text::{TextError, plain};
use crate::{ApiKeyId, Money, Timestamp, UserId};

/// The most keys of one user.
pub const KEYS_MAX: u64 = 20;
/// Requests of a key in a minute, unless its owner says otherwise.
pub const REQUESTS_PER_MINUTE: u32 = 600;
/// The most requests of a key in a minute that its owner may allow.
pub const REQUESTS_PER_MINUTE_MAX: u32 = 6_000;
/// How long the secret before may still be shown after a rotation, at most.
pub const OVERLAP_MAX: Duration = Duration::from_hours(7 * 24);
/// Use is written down this often at most, by each process.
pub const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

const DAY_MICROS: i64 = 86_400_000_000;
const NAME_MIN_CHARS: usize = 2;
const NAME_MAX_CHARS: usize = 32;

/// The name of a key, 2 to 32 characters.
///
/// # Errors
/// [`TextError`] that says what is wrong.
pub fn key_name(text: &str) -> Result<String, TextError> {
    let text = plain(text, NAME_MAX_CHARS)?;
    if text.chars().count() < NAME_MIN_CHARS {
        return Err(TextError::TooShort(NAME_MIN_CHARS));
    }
    Ok(text.to_owned())
}

words!(
    /// For how long what was spent counts.
    CapPeriod {
        /// From midnight to midnight, UTC.
        Day = "day",
        /// For good.
        Total = "total",
    }
);

words!(
    /// In which words the panel API says no.
    ErrorWords {
        /// `Not enough funds on balance`.
        English = "english",
        /// `neworder.error.not_enough_funds`.
        Codes = "codes",
    }
);

impl CapPeriod {
    /// When the period began that `now` is in.
    #[must_use]
    pub const fn began(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day => Timestamp::from_micros(now.micros() - now.micros().rem_euclid(DAY_MICROS)),
            Self::Total => Timestamp::EPOCH,
        }
    }
}

/// How much the orders of a key may cost. What is refunded later gives nothing back: a cap is for the worst day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendCap {
    /// The most, above zero.
    pub amount: Money,
    /// Counted for so long.
    pub period: CapPeriod,
}

/// A key. Its secrets are elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names it to its owner.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Where it may be used from.
    pub networks: Networks,
    /// When it stops by itself.
    pub expires_at: Option<Timestamp>,
    /// How much it may spend.
    pub cap: Option<SpendCap>,
    /// What it has spent since [`ApiKey::spent_from`]; counted only while there is a cap.
    pub spent: Money,
    /// When the period began in which that was spent.
    pub spent_from: Timestamp,
    /// How many requests it may make in a minute.
    pub requests_per_minute: u32,
    /// Whether it may be used at all.
    pub enabled: bool,
    /// In which words it is told no.
    pub words: ErrorWords,
    /// Whether a GET request may order. Addresses are logged by proxies and followed by link previews.
    pub orders_by_get: bool,
    /// About how often it was used.
    pub uses: u64,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
}

/// Why a key that exists opens nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyStop {
    /// Its owner, or what happened to their account, switched it off.
    #[error("it is disabled")]
    Disabled,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It was shown from somewhere else.
    #[error("it may not be used from this address")]
    Network,
}

impl ApiKey {
    /// What stops the key at `now` for somebody at `address`.
    #[must_use]
    pub fn stop(&self, now: Timestamp, address: Option<IpAddr>) -> Option<KeyStop> {
        if !self.enabled {
            Some(KeyStop::Disabled)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Some(KeyStop::Expired)
        } else if !self.networks.admit(address) {
            Some(KeyStop::Network)
        } else {
            None
        }
    }

    /// What it has spent in the period that `now` is in.
    #[must_use]
    pub fn spent_at(&self, now: Timestamp) -> Money {
        match self.cap {
            Some(cap) if self.spent_from >= cap.period.began(now) => self.spent,
            Some(_) | None => Money::ZERO,
        }
    }

    /// With another cap. What was spent counts on if the period stays the same, and from nothing otherwise.
    #[must_use]
    pub fn capped(self, cap: Option<SpendCap>, now: Timestamp) -> Self {
        let period = |cap: Option<SpendCap>| cap.map(|cap| cap.period);
        if period(self.cap) == period(cap) {
            return Self { cap, ..self };
        }
        Self {
            cap,
            spent: Money::ZERO,
            spent_from: cap.map_or(Timestamp::EPOCH, |cap| cap.period.began(now)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_767_355_200_000_000);

    fn key() -> ApiKey {
        ApiKey {
            id: ApiKeyId::new("k"),
            user: UserId::new("u"),
            name: "shop".to_owned(),
            scopes: Scopes::every(),
            networks: Networks::default(),
            expires_at: None,
            cap: None,
            spent: Money::ZERO,
            spent_from: Timestamp::EPOCH,
            requests_per_minute: REQUESTS_PER_MINUTE,
            enabled: true,
            words: ErrorWords::English,
            orders_by_get: false,
            uses: 0,
            last_used_at: None,
            created_at: NOON,
            updated_at: NOON,
        }
    }

    fn cap(units: i64, period: CapPeriod) -> Option<SpendCap> {
        let amount = Money::from_units(units).unwrap();
        Some(SpendCap { amount, period })
    }

    #[test]
    fn a_key_stops_when_it_is_disabled_at_its_end_and_elsewhere() {
        assert_eq!(key().stop(NOON, None), None);
        let disabled = ApiKey {
            enabled: false,
            ..key()
        };
        assert_eq!(disabled.stop(NOON, None), Some(KeyStop::Disabled));
        let until = |end| ApiKey {
            expires_at: Some(end),
            ..key()
        };
        assert_eq!(until(NOON).stop(NOON, None), Some(KeyStop::Expired));
        assert_eq!(until(NOON.plus(Duration::from_micros(1))).stop(NOON, None), None);
        let bound = ApiKey {
            networks: Networks::parse(["192.0.2.0/24"]).unwrap(),
            ..key()
        };
        assert_eq!(bound.stop(NOON, "192.0.2.9".parse().ok()), None);
        assert_eq!(bound.stop(NOON, "192.0.3.9".parse().ok()), Some(KeyStop::Network));
        assert_eq!(bound.stop(NOON, None), Some(KeyStop::Network));
    }

    #[test]
    fn a_day_is_counted_from_midnight_and_a_total_for_good() {
        let midnight = CapPeriod::Day.began(NOON);
        assert_eq!(NOON.since(midnight), Duration::from_hours(12));
        assert_eq!(CapPeriod::Day.began(midnight), midnight);
        assert_eq!(CapPeriod::Total.began(NOON), Timestamp::EPOCH);
        let spent = ApiKey {
            spent: Money::MICRO,
            ..key().capped(cap(1, CapPeriod::Day), NOON)
        };
        assert_eq!(spent.spent_at(NOON), Money::MICRO);
        assert_eq!(spent.spent_at(NOON.plus(Duration::from_hours(12))), Money::ZERO);
    }

    #[test]
    fn a_higher_cap_forgets_nothing_and_another_period_begins_anew() {
        let spent = ApiKey {
            spent: Money::MICRO,
            ..key().capped(cap(1, CapPeriod::Total), NOON)
        };
        assert_eq!(
            spent.clone().capped(cap(9, CapPeriod::Total), NOON).spent,
            Money::MICRO
        );
        assert_eq!(
            spent.clone().capped(cap(1, CapPeriod::Day), NOON).spent,
            Money::ZERO
        );
        assert_eq!(spent.capped(None, NOON).spent_at(NOON), Money::ZERO);
    }

    #[test]
    fn names_have_two_to_thirty_two_characters() {
        assert_eq!(key_name(" ab ").as_deref(), Ok("ab"));
        assert_eq!(key_name("a"), Err(TextError::TooShort(2)));
        assert_eq!(key_name(&"x".repeat(33)), Err(TextError::TooLong(32)));
        assert_eq!(key_name(" "), Err(TextError::Empty));
    }

    #[test]
    fn words_read_back_as_written() {
        for period in CapPeriod::ALL {
            assert_eq!(CapPeriod::from_stored(period.as_str()), Some(*period));
        }
        for words in ErrorWords::ALL {
            assert_eq!(ErrorWords::from_stored(words.as_str()), Some(*words));
        }
        assert_eq!(CapPeriod::from_stored("week"), None);
    }
}
