//! Reads single values and says what is wrong with them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use domain::{Money, Secret};

use crate::error::SettingsError;
use crate::layers::{Given, LIST_SEPARATOR, Layers};
use crate::names::{Shown, by_key};

/// Reads typed values from the layers.
pub(crate) struct Reader<'a> {
    layers: &'a Layers,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(layers: &'a Layers) -> Self {
        Self { layers }
    }

    /// The text of a setting; `None` if it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.given(key)
            .map(|it| it.text.as_str())
            .filter(|it| !it.is_empty())
    }

    pub(crate) fn required(&self, key: &str) -> Result<&'a str, SettingsError> {
        self.text(key)
            .ok_or_else(|| self.invalid(key, "must not be empty"))
    }

    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    /// The entries of a list.
    pub(crate) fn list(&self, key: &str) -> impl Iterator<Item = &'a str> {
        let text = self.text(key).unwrap_or_default();
        text.split(LIST_SEPARATOR)
            .map(str::trim)
            .filter(|it| !it.is_empty())
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, SettingsError> {
        self.one_of(key, &[("true", true), ("false", false)])
    }

    pub(crate) fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, SettingsError> {
        let text = self.text(key).unwrap_or_default();
        words
            .iter()
            .find(|(word, _)| text.eq_ignore_ascii_case(word))
            .map(|(_, value)| *value)
            .ok_or_else(|| {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.invalid(key, &format!("must be one of: {}", words.join(", ")))
            })
    }

    pub(crate) fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<T, SettingsError> {
        let text = self.text(key).unwrap_or_default();
        text.parse()
            .map_err(|_| self.invalid(key, &format!("must be {expected}")))
    }

    pub(crate) fn number<T>(&self, key: &str, range: RangeInclusive<T>) -> Result<T, SettingsError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let number: T = self.parsed(key, &expected)?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(self.invalid(key, &format!("must be {expected}")))
        }
    }

    pub(crate) fn seconds(&self, key: &str, range: RangeInclusive<f64>) -> Result<Duration, SettingsError> {
        let expected = format!("a number of seconds from {} to {}", range.start(), range.end());
        let seconds: f64 = self.parsed(key, &expected)?;
        let duration = Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|_| range.contains(&seconds));
        duration.ok_or_else(|| self.invalid(key, &format!("must be {expected}")))
    }

    pub(crate) fn minutes(&self, key: &str, range: RangeInclusive<u64>) -> Result<Duration, SettingsError> {
        let expected = format!("a number of minutes from {} to {}", range.start(), range.end());
        let minutes: u64 = self.parsed(key, &expected)?;
        if range.contains(&minutes) {
            Ok(Duration::from_mins(minutes))
        } else {
            Err(self.invalid(key, &format!("must be {expected}")))
        }
    }

    pub(crate) fn money(&self, key: &str) -> Result<Money, SettingsError> {
        Money::parse(self.text(key).unwrap_or_default())
            .map_err(|_| self.invalid(key, "must be an amount such as 1000 or 12.50"))
    }

    /// The error about a setting: its names, its value unless that is confidential, and where it came from.
    pub(crate) fn invalid(&self, key: &str, problem: &str) -> SettingsError {
        let variable = by_key(key).map_or("", |it| it.variable);
        let given =
            self.given(key)
                .filter(|it| !it.text.is_empty())
                .map_or_else(String::new, |it| match shown(key) {
                    Shown::Whole => format!(" is {:?} ({}):", it.text, it.source),
                    Shown::Address | Shown::Nothing => format!(" ({}):", it.source),
                });
        SettingsError::Invalid {
            setting: format!("`{key}` / {variable}{given}"),
            problem: problem.to_owned(),
        }
    }

    fn given(&self, key: &str) -> Option<&'a Given> {
        self.layers.get(key)
    }
}

fn shown(key: &str) -> Shown {
    by_key(key).map_or(Shown::Nothing, |it| it.shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::overrides::Overrides;

    fn error(variable: &str, value: &str, read: impl Fn(&Reader<'_>) -> Option<SettingsError>) -> String {
        let layers = Layers::read(&Environment::of([(variable, value)]), &Overrides::default()).unwrap();
        read(&Reader::new(&layers)).expect("an error").to_string()
    }

    #[test]
    fn an_error_names_the_setting_its_value_its_source_and_the_remedy() {
        let port = |it: &Reader<'_>| it.number("http.port", 0..=u16::MAX).err();
        for odd in ["eighty", "-1", "65536", "80.5"] {
            assert_eq!(
                error("PORT", odd, port),
                format!(
                    "`http.port` / PORT is {odd:?} (environment variable PORT): must be a whole number from 0 to 65535"
                )
            );
        }
        let wait = |it: &Reader<'_>| it.seconds("database.wait_seconds", 0.1..=60.0).err();
        for odd in ["soon", "-1", "0", "61", "NaN", "inf"] {
            assert!(
                error("DATABASE_WAIT_SECONDS", odd, wait).ends_with("a number of seconds from 0.1 to 60")
            );
        }
        let flag = |it: &Reader<'_>| it.flag("outgoing.allow_private_targets").err();
        assert!(error("ALLOW_PRIVATE_TARGETS", "maybe", flag).ends_with("must be one of: true, false"));
        let money = |it: &Reader<'_>| it.money("orders.second_approver_from").err();
        assert!(error("ORDERS_SECOND_APPROVER_FROM", "1e3", money).contains("such as 1000"));
    }

    #[test]
    fn an_error_never_repeats_a_secret_or_a_password() {
        let password = "hunter2hunter2";
        let secret = |it: &Reader<'_>| Some(it.invalid("secrets.session", "is weak"));
        assert!(!error("BETTER_AUTH_SECRET", password, secret).contains(password));
        let url = |it: &Reader<'_>| Some(it.invalid("database.url", "is odd"));
        assert!(!error("DATABASE_URL", &format!("postgres://me:{password}@db/x"), url).contains(password));
    }
}
