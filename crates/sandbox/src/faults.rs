//! Faults by name: what can go wrong.

use std::fmt;
use std::str::FromStr;

use crate::action::Action;
use crate::delivery::Delivery;
use crate::fate::Course;
use crate::wording::{Refusal, Wording};

/// One way the panel misbehaves.
///
/// The same names work for the whole server ([`Faults`](crate::Faults)) and for one link ([`Script`](crate::Script)).
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
    /// An `add` is refused while an order for its link runs, as most panels do.
    OnePerLink,
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
                "one-per-link",
                "refuses the order while another one for its link runs",
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
    pub(crate) fn concerns(&self, action: Action) -> bool {
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
            "one-per-link" => Self::OnePerLink,
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
