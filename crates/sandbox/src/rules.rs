//! Faults in force: how often they hit, and for which action.

use std::fmt;
use std::str::FromStr;

use crate::action::Action;
use crate::faults::{Fault, ParseFaultError};
use crate::random;

/// Rules one panel accepts at a time.
const MAX_RULES: usize = 64;

/// A fault with the share of requests it hits.
///
/// Reads as `[ACTION:]FAULT[=PROBABILITY]`, for example `http500=0.3`, `status:slow`, `partial:40=0.1`.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    fault: Fault,
    action: Option<Action>,
    probability: f64,
    text: String,
}

impl FromStr for FaultRule {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let text = text.trim();
        let (subject, share) = text.split_once('=').unwrap_or((text, "1"));
        let probability = share
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(|| ParseFaultError(format!("{share:?} is not a probability from 0 to 1")))?;
        let scoped = subject
            .split_once(':')
            .and_then(|(word, rest)| Some((Action::named(word.trim())?, rest)));
        let (action, name) = match scoped {
            Some((action, name)) => (Some(action), name),
            None => (None, subject),
        };
        let fault: Fault = name.parse()?;
        if fault == Fault::Down && probability > 0.0 && probability < 1.0 {
            return Err(ParseFaultError(
                "down is all or nothing; use close=PROBABILITY for single connections".to_owned(),
            ));
        }
        if let Some(action) = action
            && !fault.concerns(action)
        {
            return Err(ParseFaultError(format!(
                "{name:?} does not concern {:?}",
                action.as_str()
            )));
        }
        Ok(Self {
            fault,
            action,
            probability,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The faults switched on for the whole panel; none by default.
///
/// Reads as rules separated by commas, spaces or line ends. Every rule draws on its own for every request;
/// where two rules that hit contradict each other, the earlier one wins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rules: Vec<FaultRule>,
}

impl Faults {
    /// No faults.
    pub const fn none() -> Self {
        Self { rules: Vec::new() }
    }

    /// The rules in order.
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The faults that hit request number `ordinal`, the weightiest last.
    pub(crate) fn hitting(&self, action: Action, seed: u64, ordinal: u64) -> impl Iterator<Item = &Fault> {
        self.drawn(seed, ordinal)
            .rev()
            .filter(move |rule| match rule.action {
                Some(scope) => scope == action,
                None => rule.fault.concerns(action),
            })
            .map(|rule| &rule.fault)
    }

    /// Whether connection number `ordinal` is closed at once.
    pub(crate) fn closes(&self, seed: u64, ordinal: u64) -> bool {
        self.drawn(seed, ordinal).any(|rule| rule.fault == Fault::Close)
    }

    /// Whether the panel must not listen.
    pub(crate) fn is_down(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.fault == Fault::Down && rule.probability > 0.0)
    }

    /// Whether no connection gets through.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.is_down()
            || self
                .rules
                .iter()
                .any(|rule| rule.fault == Fault::Close && rule.probability >= 1.0)
    }

    fn drawn(&self, seed: u64, ordinal: u64) -> impl DoubleEndedIterator<Item = &FaultRule> {
        self.rules
            .iter()
            .enumerate()
            .filter(move |(position, rule)| {
                let purpose = u64::try_from(*position).unwrap_or(u64::MAX);
                random::fraction(seed, ordinal, purpose) < rule.probability
            })
            .map(|(_, rule)| rule)
    }
}

impl FromIterator<FaultRule> for Faults {
    /// Keeps the first 64 rules.
    fn from_iter<I: IntoIterator<Item = FaultRule>>(rules: I) -> Self {
        Self {
            rules: rules.into_iter().take(MAX_RULES).collect(),
        }
    }
}

impl FromStr for Faults {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let rules = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|rule| !rule.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<FaultRule>, _>>()?;
        if rules.len() > MAX_RULES {
            return Err(ParseFaultError(format!("more than {MAX_RULES} rules")));
        }
        Ok(Self { rules })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.text.as_str()).collect();
        f.write_str(&rules.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Delivery;
    use crate::fate::Course;

    fn hits(text: &str, action: Action) -> usize {
        let faults: Faults = text.parse().unwrap();
        (0..1_000)
            .filter(|n| faults.hitting(action, 5, *n).next().is_some())
            .count()
    }

    #[test]
    fn a_rule_names_an_action_a_fault_and_a_share() {
        let rule: FaultRule = "status:http500=0.25".parse().unwrap();
        assert_eq!(rule.fault, Fault::Deliver(Delivery::Http500));
        assert_eq!(rule.action, Some(Action::Status));
        assert!((rule.probability - 0.25).abs() < f64::EPSILON);
        let rule: FaultRule = "partial:30=0.5".parse().unwrap();
        assert_eq!(
            rule.fault,
            Fault::End(Course::Partial {
                undelivered_percent: 30
            })
        );
        assert_eq!(rule.action, None);
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused_with_the_reason() {
        for text in [
            "",
            "nonsense",
            "slow=2",
            "slow=x",
            "slow=-1",
            "slow=NaN",
            "down=0.5",
            "status:partial",
            "add:close",
        ] {
            assert!(text.parse::<FaultRule>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn faults_hit_as_often_as_they_say_and_only_their_action() {
        assert!((250..350).contains(&hits("http500=0.3", Action::Balance)));
        assert_eq!(hits("http500=1", Action::Status), 1_000);
        assert_eq!(hits("http500=0", Action::Status), 0);
        assert_eq!(hits("status:http500", Action::Add), 0);
        assert_eq!(hits("rejected", Action::Status), 0);
        assert_eq!(hits("rejected", Action::Add), 1_000);
    }

    #[test]
    fn the_same_seed_hits_the_same_requests() {
        let faults: Faults = "http500=0.5,order-null=0.5".parse().unwrap();
        let run = |seed| {
            (0..64)
                .map(|n| faults.hitting(Action::Add, seed, n).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn rules_survive_being_written_and_read_again() {
        let faults: Faults = "http500=0.3 add:slow\npartial:30=0.1".parse().unwrap();
        assert_eq!(faults.to_string(), "http500=0.3,add:slow,partial:30=0.1");
        assert_eq!(faults.to_string().parse::<Faults>(), Ok(faults));
    }
}
