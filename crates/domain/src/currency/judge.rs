//! Which of the rates that others quote are believed.
//!
//! A wrong rate costs money at once, so a quote is refused unless it is plausible: a number above zero, of the right base,
//! not too old, and no further from the rate in force than a currency moves. A larger step is believed when two
//! sources that do not know each other take it, or when staff set it.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;

use super::{Currency, ExchangeRate, MANUAL, QuotedRate, RateSet, SourceName};
use crate::Timestamp;

/// Clocks of others may be ahead of ours by so much.
const AHEAD_MAX: Duration = Duration::from_hours(1);
/// How far two sources may differ and still say the same, in hundredths of a percent.
const AGREEMENT: Decimal = Decimal::from_parts(300, 0, 0, false, 0);

/// When rates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePolicy {
    /// How old a quoted rate may be, by its source's own word.
    pub max_age: Duration,
    /// How far a rate may move from one set to the next, in percent.
    pub jump_percent: u32,
    /// How often sources are asked.
    pub refresh_every: Duration,
}

impl Default for RatePolicy {
    fn default() -> Self {
        Self {
            max_age: Duration::from_hours(48),
            jump_percent: 20,
            refresh_every: Duration::from_hours(6),
        }
    }
}

/// What a source quotes, as it wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotes {
    /// Who.
    pub source: SourceName,
    /// When it was so, as they say.
    pub as_of: Timestamp,
    /// Codes of currencies, and units of each for one of the ledger's.
    pub rates: Vec<(String, String)>,
}

/// A quote that is not used, and why; for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Whose.
    pub source: SourceName,
    /// Of this currency; all of them if it is missing.
    pub currency: Option<Currency>,
    /// Why.
    pub reason: String,
}

/// What a source quotes that makes sense by itself.
pub struct Judgement {
    source: SourceName,
    as_of: Timestamp,
    rates: BTreeMap<Currency, ExchangeRate>,
    /// What does not.
    pub refused: Vec<Refused>,
}

impl Judgement {
    /// Whether every rate of it can be used without asking anybody else.
    #[must_use]
    pub fn is_expected(&self, before: Option<&RateSet>, policy: &RatePolicy) -> bool {
        let is_near = |(currency, rate): (&Currency, &ExchangeRate)| {
            let before = before.and_then(|set| set.rates.get(currency));
            before.is_some_and(|before| is_near(*rate, before.rate, policy))
        };
        self.refused.is_empty() && !self.rates.is_empty() && self.rates.iter().all(is_near)
    }

    /// Whether nothing of it can be used.
    #[must_use]
    pub fn is_useless(&self) -> bool {
        self.rates.is_empty()
    }

    fn refuse(&mut self, currency: Option<Currency>, reason: String) {
        self.refused.push(Refused {
            source: self.source.clone(),
            currency,
            reason,
        });
    }
}

/// Reads quotes one by one. If they are too old, or about another base, none of them is used.
#[must_use]
pub fn judge(quotes: &Quotes, policy: &RatePolicy, now: Timestamp) -> Judgement {
    let mut judgement = Judgement {
        source: quotes.source.clone(),
        as_of: quotes.as_of.min(now),
        rates: BTreeMap::new(),
        refused: Vec::new(),
    };
    if let Some(reason) = useless(quotes, policy, now) {
        judgement.refuse(None, reason.to_owned());
        return judgement;
    }
    for (code, text) in &quotes.rates {
        // What is not a currency of the standard, such as a metal or a coin, is nobody's mistake.
        let Ok(currency) = Currency::parse(code) else {
            continue;
        };
        if currency.is_ledger() {
            continue;
        }
        match ExchangeRate::parse(text) {
            Ok(rate) => {
                judgement.rates.insert(currency, rate);
            }
            Err(error) => judgement.refuse(Some(currency), format!("{text:.40} {error}")),
        }
    }
    judgement
}

fn useless(quotes: &Quotes, policy: &RatePolicy, now: Timestamp) -> Option<&'static str> {
    let base = quotes.rates.iter().find(|(code, _)| code == Currency::LEDGER);
    let base = base.and_then(|(_, text)| ExchangeRate::parse(text).ok());
    if base != Some(ExchangeRate::ONE) {
        Some("they are not based on the ledger's currency")
    } else if quotes.as_of > now.plus(AHEAD_MAX) {
        Some("they are from the future")
    } else if now.since(quotes.as_of) > policy.max_age {
        Some("they are too old")
    } else {
        None
    }
}

/// The rates in force from now on: those that staff set, then those of the first source that quotes a believable one,
/// then those that were in force before and are not too old yet. With them the quotes that were refused.
#[must_use]
pub fn agreed(
    before: Option<&RateSet>,
    manual: &[QuotedRate],
    quoted: &[&Judgement],
    policy: &RatePolicy,
    now: Timestamp,
) -> (Vec<QuotedRate>, Vec<Refused>) {
    let mut refused: Vec<Refused> = quoted.iter().flat_map(|it| it.refused.clone()).collect();
    let mut rates: BTreeMap<Currency, QuotedRate> = BTreeMap::new();
    let kept = before.iter().flat_map(|set| set.rates.values());
    for kept in kept.filter(|it| it.source != MANUAL && it.is_trusted(now, policy.max_age)) {
        rates.insert(kept.currency.clone(), kept.clone());
    }
    for judgement in quoted.iter().rev() {
        for (currency, rate) in &judgement.rates {
            let before = before.and_then(|set| set.rates.get(currency));
            let others = quoted.iter().filter(|other| other.source != judgement.source);
            let others: Vec<_> = others.filter_map(|other| other.rates.get(currency)).collect();
            match believable(*rate, before, &others, policy) {
                Ok(()) => {
                    let quoted = QuotedRate {
                        currency: currency.clone(),
                        rate: *rate,
                        source: judgement.source.clone(),
                        as_of: judgement.as_of,
                    };
                    rates.insert(currency.clone(), quoted);
                }
                Err(reason) => refused.push(Refused {
                    source: judgement.source.clone(),
                    currency: Some(currency.clone()),
                    reason,
                }),
            }
        }
    }
    for set in manual {
        rates.insert(set.currency.clone(), set.clone());
    }
    (rates.into_values().collect(), refused)
}

fn believable(
    rate: ExchangeRate,
    before: Option<&QuotedRate>,
    others: &[&ExchangeRate],
    policy: &RatePolicy,
) -> Result<(), String> {
    let confirmed = others.iter().any(|other| rate.difference(**other) <= AGREEMENT);
    match before {
        Some(before) if confirmed || is_near(rate, before.rate, policy) => Ok(()),
        Some(before) => Err(format!(
            "{rate} is more than {} % from {}, and nobody else says so",
            policy.jump_percent, before.rate
        )),
        // The first rate of a currency has nothing to be compared with but another source.
        None if confirmed || others.is_empty() => Ok(()),
        None => Err(format!("{rate} is not what another source says")),
    }
}

fn is_near(rate: ExchangeRate, before: ExchangeRate, policy: &RatePolicy) -> bool {
    rate.difference(before) <= Decimal::from(policy.jump_percent) * Decimal::ONE_HUNDRED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RateSetId;

    const NOW: Timestamp = Timestamp::from_micros(1_767_323_045_678_901);

    fn quotes(source: &str, rates: &[(&str, &str)]) -> Quotes {
        let owned = |(code, text): &(&str, &str)| ((*code).to_owned(), (*text).to_owned());
        Quotes {
            source: source.to_owned(),
            as_of: NOW.minus(Duration::from_hours(1)),
            rates: [("USD", "1")].iter().chain(rates).map(owned).collect(),
        }
    }

    fn judged(source: &str, rates: &[(&str, &str)]) -> Judgement {
        judge(&quotes(source, rates), &RatePolicy::default(), NOW)
    }

    fn in_force(rates: Vec<QuotedRate>) -> RateSet {
        RateSet {
            id: RateSetId(1),
            at: NOW,
            rates: rates.into_iter().map(|it| (it.currency.clone(), it)).collect(),
        }
    }

    fn set(rates: &[(&str, &str)]) -> RateSet {
        let (rates, refused) = agreed(None, &[], &[&judged("a", rates)], &RatePolicy::default(), NOW);
        assert_eq!(refused, []);
        in_force(rates)
    }

    fn of(rates: &[QuotedRate], code: &str) -> Option<String> {
        let found = rates.iter().find(|it| it.currency.as_str() == code);
        found.map(|it| format!("{} {}", it.source, it.rate))
    }

    #[test]
    fn numbers_that_are_none_are_refused_and_the_others_used() {
        let judgement = judged(
            "a",
            &[
                ("INR", "83.38"),
                ("EUR", "0"),
                ("GBP", "-1"),
                ("JPY", "NaN"),
                ("XAU", "x"),
                ("BTC", "0"),
            ],
        );
        let (rates, refused) = agreed(None, &[], &[&judgement], &RatePolicy::default(), NOW);
        assert_eq!(rates.len(), 1);
        let refused: Vec<_> = refused.iter().filter_map(|it| it.currency.as_ref()).collect();
        assert_eq!(
            refused.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
            ["EUR", "GBP", "JPY"]
        );
    }

    #[test]
    fn quotes_of_another_base_too_old_or_from_the_future_are_refused_as_a_whole() {
        let policy = RatePolicy::default();
        let good = quotes("a", &[("INR", "83")]);
        let based_on_rupees = Quotes {
            rates: vec![("USD".into(), "0.012".into()), ("INR".into(), "1".into())],
            ..good.clone()
        };
        let baseless = Quotes {
            rates: vec![("INR".into(), "83".into())],
            ..good.clone()
        };
        let old = Quotes {
            as_of: NOW.minus(Duration::from_hours(49)),
            ..good.clone()
        };
        let future = Quotes {
            as_of: NOW.plus(Duration::from_hours(2)),
            ..good.clone()
        };
        for bad in [based_on_rupees, baseless, old, future] {
            let judgement = judge(&bad, &policy, NOW);
            assert!(
                judgement.rates.is_empty() && judgement.refused.len() == 1,
                "{bad:?}"
            );
            let (rates, _) = agreed(None, &[], &[&judgement], &policy, NOW);
            assert_eq!(rates, []);
        }
        assert_eq!(judge(&good, &policy, NOW).rates.len(), 1);
    }

    #[test]
    fn a_jump_is_believed_when_two_say_so_and_else_the_rate_before_stays() {
        let policy = RatePolicy::default();
        let before = set(&[("INR", "83"), ("EUR", "0.9")]);
        let jumped = || judged("a", &[("INR", "8.3"), ("EUR", "0.91")]);
        assert!(!jumped().is_expected(Some(&before), &policy));
        let (rates, refused) = agreed(Some(&before), &[], &[&jumped()], &policy, NOW);
        assert_eq!(of(&rates, "INR").as_deref(), Some("a 83"));
        assert_eq!(of(&rates, "EUR").as_deref(), Some("a 0.91"));
        assert_eq!(refused.len(), 1);
        let other = judged("b", &[("INR", "83.4")]);
        let (rates, _) = agreed(Some(&before), &[], &[&jumped(), &other], &policy, NOW);
        assert_eq!(of(&rates, "INR").as_deref(), Some("b 83.4"));
        let other = judged("b", &[("INR", "8.31")]);
        let (rates, refused) = agreed(Some(&before), &[], &[&jumped(), &other], &policy, NOW);
        assert_eq!(of(&rates, "INR").as_deref(), Some("a 8.3"));
        assert_eq!(refused, []);
    }

    #[test]
    fn two_first_rates_that_contradict_each_other_are_both_refused() {
        let quoted = [
            judged("a", &[("INR", "83"), ("EUR", "0.9")]),
            judged("b", &[("INR", "8.3")]),
        ];
        let (rates, refused) = agreed(None, &[], &[&quoted[0], &quoted[1]], &RatePolicy::default(), NOW);
        assert_eq!((of(&rates, "INR"), refused.len()), (None, 2));
        assert_eq!(of(&rates, "EUR").as_deref(), Some("a 0.9"));
    }

    #[test]
    fn what_staff_set_stands_above_every_source_and_is_gone_when_they_take_it_back() {
        let policy = RatePolicy::default();
        let manual = QuotedRate {
            currency: Currency::parse("INR").unwrap(),
            rate: ExchangeRate::parse("100").unwrap(),
            source: MANUAL.to_owned(),
            as_of: NOW.minus(Duration::from_hours(9_999)),
        };
        assert!(manual.is_trusted(NOW, policy.max_age));
        let quoted = [judged("a", &[("INR", "83")])];
        let (rates, _) = agreed(None, std::slice::from_ref(&manual), &[&quoted[0]], &policy, NOW);
        assert_eq!(of(&rates, "INR").as_deref(), Some("manual 100"));
        let (rates, _) = agreed(Some(&in_force(rates)), &[], &[], &policy, NOW);
        assert_eq!(rates, []);
    }

    #[test]
    fn a_rate_that_nobody_quotes_any_more_stays_until_it_is_too_old() {
        let policy = RatePolicy::default();
        let before = set(&[("INR", "83")]);
        let later = |hours| {
            agreed(
                Some(&before),
                &[],
                &[],
                &policy,
                NOW.plus(Duration::from_hours(hours)),
            )
            .0
        };
        assert_eq!(of(&later(46), "INR").as_deref(), Some("a 83"));
        assert_eq!(later(48), []);
    }
}
