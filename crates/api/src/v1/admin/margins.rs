//! Margins as staff write them.

use domain::Rate;
use domain::catalog::{Margin, SyncRules};

use crate::error::ApiError;
use crate::extract::field_error;

/// Decimals of a percentage.
const PERCENT_DECIMALS: usize = 2;
/// Hundredths of a percent in one percent.
const POINTS_PER_PERCENT: u32 = 100;

/// A margin of fields that may be left out; `None` if all of them are.
pub fn margin(
    [percent_field, fixed_field, round_field]: [&str; 3],
    [percent, fixed, round]: [Option<&str>; 3],
) -> Result<Option<Margin>, ApiError> {
    if percent.is_none() && fixed.is_none() && round.is_none() {
        return Ok(None);
    }
    Ok(Some(Margin {
        points: percent.map_or(Ok(0), |text| points(percent_field, text))?,
        fixed: fixed.map_or(Ok(Rate::ZERO), |text| price(fixed_field, text))?,
        rounding: round.map_or(Ok(Rate::ZERO), |text| price(round_field, text))?,
    }))
}

/// A price of 1000.
pub fn price(field: &str, text: &str) -> Result<Rate, ApiError> {
    Rate::parse(text).map_err(|error| field_error(field, error))
}

/// Reads a percentage such as `12.5` as hundredths of a percent.
pub fn points(field: &str, text: &str) -> Result<u32, ApiError> {
    let wrong = || field_error(field, "must be a percentage with at most two decimals");
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits_only = [whole, decimals]
        .iter()
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !digits_only || decimals.len() > PERCENT_DECIMALS {
        return Err(wrong());
    }
    let whole: u32 = whole.parse().map_err(|_| wrong())?;
    let hundredths: u32 = format!("{decimals:0<2}").parse().map_err(|_| wrong())?;
    let points = whole
        .saturating_mul(POINTS_PER_PERCENT)
        .saturating_add(hundredths);
    if points > SyncRules::POINTS_MAX {
        let most = SyncRules::POINTS_MAX / POINTS_PER_PERCENT;
        return Err(field_error(field, format!("must be at most {most}")));
    }
    Ok(points)
}

/// Hundredths of a percent as a percentage.
pub fn percent_text(points: u32) -> String {
    format!(
        "{}.{:02}",
        points / POINTS_PER_PERCENT,
        points % POINTS_PER_PERCENT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_exactly_or_refused() {
        let points = |text| points("percent", text).ok();
        assert_eq!(points("25"), Some(2500));
        assert_eq!(points("12.5"), Some(1250));
        assert_eq!(points(" 0.01 "), Some(1));
        for wrong in ["", ".5", "-1", "1.234", "1e3", "+5", "100001", "99999999999"] {
            assert!(points(wrong).is_none(), "{wrong}");
        }
        assert_eq!(percent_text(1250), "12.50");
        assert_eq!(percent_text(1), "0.01");
    }

    #[test]
    fn a_margin_is_what_is_given_of_it() {
        let fields = ["percent", "fixed", "round"];
        assert_eq!(margin(fields, [None; 3]).unwrap(), None);
        let whole = margin(fields, [Some("25"), Some("0.5"), Some("0.01")]).unwrap();
        assert_eq!(whole.map(|margin| margin.points), Some(2500));
        assert!(margin(fields, [None, Some("-1"), None]).is_err());
    }
}
