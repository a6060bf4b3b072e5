//! Faults by name: what can go wrong, how often, and for which action.

use std::fmt;
use std::str::FromStr;

use crate::action::Action;
use crate::delivery::Delivery;
use crate::fate::Course;
use crate::random;
use crate::wording::{Refusal, Wording};

/// Rules one panel accepts at a time.
const MAX_RULES: usize = 64;

/// One way the panel misbehaves.
///
/// The same names work for the whole server ([`Faults`]) and for one link ([`Script`](crate::Script)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is misdelivered. An `add` places nothing, unless the delivery
    /// [is genuine](Delivery::is_genuine).
    Deliver(Delivery),
    /// An `add` is placed first and its answer is misdelivered then (`accept-…`).
    Accept(Delivery),
    /// An `add` is placed and answered only after [`Delays::late_after`](crate::Delays::late_after), even if
    /// the caller has gone.
    AcceptLate,
    /// The answer to `add` is worded wrongly; whether it places follows [`Wording::places`].
    Say(Wording),
    /// An `add` is placed and its answer is worded wrongly (`accept-…`).
    AcceptSay(Wording),
    /// An `add` is refused cleanly.
    Refuse(Refusal),
    /// An `add` is placed, answered with an unknown error and never listed: only a human can tell.
    Review,
    /// A placed order takes this course.
    End(Course),
    /// Refills of the order are rejected.
    RefillRejected,
    /// The order is left out of answers to `status` with several ids.
    MissingInBatch,
    /// The order is left out of the answers to `orders`.
    Unlisted,
    /// New connections are accepted and closed at once.
    Close,
    /// The panel does not listen: connections are refused and open ones are cut.
    Down,
}

impl Fault {
    /// Every fault with its name and a one-line description, for help texts.
    ///
    /// `accept-` before a misdelivery or an untrue answer that places nothing makes it place the order first.
    pub fn all() -> Vec<(String, &'static str)> {
        let deliveries = Delivery::ALL
            .iter()
            .map(|(_, name, text)| ((*name).to_owned(), *text));
        let accepting = [
            ("accept-then-hang", "places the order and never answers"),
            (
                "accept-after-timeout",
                "places and answers only after the caller gave up",
            ),
            (
                "accept-NAME",
                "places the order, then NAME, for example accept-http500",
            ),
        ];
        let wordings = Wording::ALL
            .iter()
            .map(|(_, name, text)| ((*name).to_owned(), *text));
        let rest = [
            (
                "rejected",
                "refuses the order (rejected:link|service|disabled|min|max|funds|active|key)",
            ),
            (
                "review",
                "places the order, answers an unknown error and never lists it",
            ),
            (
                "partial",
                "the order ends Partial; partial:30 leaves 30 % undelivered",
            ),
            ("canceled", "the order ends Canceled"),
            ("stuck", "the order stays In progress"),
            (
                "unknown-status",
                "the order ends in a status word nobody knows (word:TEXT chooses it)",
            ),
            ("refill-rejected", "refills are rejected"),
            (
                "missing-in-batch",
                "orders are left out of batched status answers",
            ),
            ("unlisted", "the order is left out of the order list"),
            ("close", "closes new connections at once"),
            ("down", "does not listen at all"),
        ];
        let owned = |(name, text): (&str, &'static str)| (name.to_owned(), text);
        deliveries
            .chain(accepting.into_iter().map(owned))
            .chain(wordings)
            .chain(rest.into_iter().map(owned))
            .collect()
    }

    /// Whether the fault concerns `action` when its rule names none.
    fn concerns(&self, action: Action) -> bool {
        match self {
            Self::Deliver(_) => true,
            Self::RefillRejected => action == Action::Refill,
            Self::MissingInBatch => action == Action::Status,
            Self::Unlisted => action == Action::Orders,
            Self::Close | Self::Down => false,
            _ => action == Action::Add,
        }
    }
}

/// A fault, rule or link script that could not be read; displays what was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError(pub(crate) String);

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseFaultError {}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let unknown = || ParseFaultError(format!("unknown fault {text:?}"));
        let name = text.trim();
        let fault = match name {
            "accept-after-timeout" | "accept-late" => Self::AcceptLate,
            "accept-then-hang" => Self::Accept(Delivery::Hang),
            "duplicate-id" => Self::Say(Wording::DuplicateId),
            "rst" => Self::Deliver(Delivery::Reset),
            "review" => Self::Review,
            "refill-rejected" => Self::RefillRejected,
            "missing-in-batch" => Self::MissingInBatch,
            "unlisted" => Self::Unlisted,
            "close" => Self::Close,
            "down" => Self::Down,
            _ => {
                let plain = |name: &str| {
                    delivery(name)
                        .map(Self::Deliver)
                        .or_else(|| wording(name).map(Self::Say))
                };
                let accepted = |name: &str| {
                    let name = name.strip_prefix("accept-")?;
                    let misdelivered = delivery(name).filter(|delivery| !delivery.is_genuine());
                    let misworded = || wording(name).filter(|wording| !wording.places());
                    misdelivered
                        .map(Self::Accept)
                        .or_else(|| misworded().map(Self::AcceptSay))
                };
                plain(name)
                    .or_else(|| accepted(name))
                    .or_else(|| refusal(name).map(Self::Refuse))
                    .or_else(|| name.parse().ok().map(Self::End))
                    .ok_or_else(unknown)?
            }
        };
        Ok(fault)
    }
}

fn delivery(name: &str) -> Option<Delivery> {
    Delivery::ALL
        .iter()
        .find(|(_, known, _)| *known == name)
        .map(|(delivery, _, _)| *delivery)
}

fn wording(name: &str) -> Option<Wording> {
    Wording::ALL
        .iter()
        .find(|(_, known, _)| *known == name)
        .map(|(wording, _, _)| *wording)
}

fn refusal(name: &str) -> Option<Refusal> {
    let (word, argument) = name.split_once(':').unwrap_or((name, "link"));
    if word != "reject" && word != "rejected" {
        return None;
    }
    Refusal::ALL
        .iter()
        .find(|(_, known)| *known == argument)
        .map(|(refusal, _)| *refusal)
}

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

    fn hits(text: &str, action: Action) -> usize {
        let faults: Faults = text.parse().unwrap();
        (0..1_000)
            .filter(|n| faults.hitting(action, 5, *n).next().is_some())
            .count()
    }

    #[test]
    fn every_listed_name_can_be_parsed() {
        for (name, _) in Fault::all() {
            if name != "accept-NAME" {
                assert!(name.parse::<Fault>().is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn the_prefix_accept_places_what_would_not_be_placed() {
        assert_eq!("accept-http500".parse(), Ok(Fault::Accept(Delivery::Http500)));
        assert_eq!(
            "accept-order-null".parse(),
            Ok(Fault::AcceptSay(Wording::OrderNull))
        );
        assert_eq!("accept-hang".parse(), Ok(Fault::Accept(Delivery::Hang)));
        assert!("accept-slow".parse::<Fault>().is_err());
        assert!("accept-both".parse::<Fault>().is_err());
        assert!("accept-down".parse::<Fault>().is_err());
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
