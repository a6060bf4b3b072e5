//! Reading stored values. What the database should never hold is an error, never a guess.

use domain::{Money, Rate, Timestamp};
use ports::StoreError;

/// Reads a stored word with the domain's reader of it.
pub(crate) fn word<T>(
    column: &str,
    stored: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    read(stored).ok_or_else(|| unreadable(column, stored))
}

/// Reads a number that must fit into a narrower type.
pub(crate) fn number<N, T>(column: &str, stored: N) -> Result<T, StoreError>
where
    N: Copy + std::fmt::Display,
    T: TryFrom<N>,
{
    T::try_from(stored).map_err(|_| unreadable(column, stored))
}

/// Reads a rate in nano-units.
pub(crate) fn rate(column: &str, nanos: i64) -> Result<Rate, StoreError> {
    Rate::from_nanos(nanos).map_err(|_| unreadable(column, nanos))
}

/// Reads a point in time that may be absent.
pub(crate) fn time(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// Writes a number that must fit into a column. Limits that are checked at the edge keep it from failing.
pub(crate) fn stored<N, T>(column: &str, value: N) -> Result<T, StoreError>
where
    N: Copy + std::fmt::Display,
    T: TryFrom<N>,
{
    T::try_from(value).map_err(|_| StoreError::Unavailable(format!("{column}: {value} does not fit")))
}

/// A value that must not be there.
pub(crate) fn unreadable(column: &str, stored: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{column}: unreadable value {stored:.100}"))
}

/// Named details as stored: a JSON array of pairs, so that their order is kept.
pub(crate) fn details_to_json(details: &[(&'static str, String)]) -> Result<String, StoreError> {
    serde_json::to_string(details).map_err(|error| StoreError::Unavailable(format!("details: {error}")))
}

/// Reads named details.
pub(crate) fn details_from_json(column: &str, json: &str) -> Result<Vec<(String, String)>, StoreError> {
    serde_json::from_str(json).map_err(|_| unreadable(column, json))
}

/// Money as stored.
pub(crate) const fn money(micros: i64) -> Money {
    Money::from_micros(micros)
}
