//! What is counted.

use std::borrow::Cow;

use super::delivery::Bucket;
use super::sums::Sum;
use crate::orders::EventKind;
use crate::wallets::TransferKind;
use crate::{ProviderId, ServiceId, Timestamp, UserId};

/// What a figure counts, as the word that is stored. Movements of an order's money have the word of their kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(Cow<'static, str>);

const TOOK: &str = "took:";
const FAILED: &str = "failed:";

impl Measure {
    /// Orders that ended delivered in full.
    pub const COMPLETED: Self = Self::word("completed");
    /// Orders that ended delivered in part.
    pub const PARTIAL: Self = Self::word("partial");
    /// Orders that their provider ended, refunded in full.
    pub const CANCELED: Self = Self::word("canceled");
    /// Orders that never reached a provider.
    pub const VOIDED: Self = Self::word("voided");
    /// Orders that were given up on.
    pub const WRITTEN_OFF: Self = Self::word("written_off");

    const fn word(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }

    /// A movement of an order's money.
    #[must_use]
    pub const fn money(kind: TransferKind) -> Self {
        Self::word(kind.as_str())
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a stored word.
    #[must_use]
    pub fn from_stored(word: impl Into<String>) -> Self {
        Self(Cow::Owned(word.into()))
    }

    fn took(bucket: Bucket) -> Self {
        Self::from_stored(format!("{TOOK}{}", bucket.number()))
    }

    fn failed(reason: &str) -> Self {
        Self::from_stored(format!("{FAILED}{reason}"))
    }

    /// How long the orders took that it counts.
    #[must_use]
    pub fn bucket(&self) -> Option<Bucket> {
        Bucket::numbered(self.0.strip_prefix(TOOK)?.parse().ok()?)
    }

    /// Why the orders failed that it counts.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.0.strip_prefix(FAILED)
    }
}

/// Something that happened, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// Whose order it was; `None` if nobody asks.
    pub user: Option<UserId>,
    /// What was ordered.
    pub service: ServiceId,
    /// Who delivers it.
    pub provider: ProviderId,
    /// What happened.
    pub measure: Measure,
    /// How often, and how much money it was about.
    pub sum: Sum,
}

/// Rows of the ledger that are about orders, alike, and of the same slot ([`SLOT_MICROS`](super::SLOT_MICROS)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferFact {
    /// Why money moved.
    pub kind: String,
    /// How many rows.
    pub count: i64,
    /// How much in all, in micro-units.
    pub amount: i64,
    /// When one of them was written.
    pub at: Timestamp,
    /// Whose order it was; `None` if nobody asks.
    pub user: Option<UserId>,
    /// What was ordered.
    pub service: ServiceId,
    /// Who delivers it.
    pub provider: ProviderId,
}

/// A row of an order's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFact {
    /// What happened.
    pub kind: EventKind,
    /// Who caused it, as the stored word.
    pub actor: String,
    /// Named details.
    pub details: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// Whose order it was; `None` if nobody asks.
    pub user: Option<UserId>,
    /// What was ordered.
    pub service: ServiceId,
    /// Who delivers it.
    pub provider: ProviderId,
}

impl TransferFact {
    /// What it adds to figures.
    #[must_use]
    pub fn facts(self) -> Fact {
        Fact {
            at: self.at,
            user: self.user,
            service: self.service,
            provider: self.provider,
            measure: Measure::from_stored(self.kind),
            sum: Sum {
                count: self.count,
                amount: self.amount,
            },
        }
    }
}

impl EventFact {
    /// The kinds that figures are made of. An order ends once, so it has one of them at most.
    pub const KINDS: [EventKind; 5] = [
        EventKind::Completed,
        EventKind::Partial,
        EventKind::Canceled,
        EventKind::Voided,
        EventKind::WrittenOff,
    ];

    /// What it adds to figures.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |measure| Fact {
            at: self.at,
            user: self.user.clone(),
            service: self.service,
            provider: self.provider,
            measure,
            sum: Sum { count: 1, amount: 0 },
        };
        let took = || Measure::took(Bucket::of(self.at.since(self.placed_at)));
        let measures = match self.kind {
            EventKind::Completed => vec![Measure::COMPLETED, took()],
            EventKind::Partial => vec![Measure::PARTIAL, took(), Measure::failed("partial")],
            EventKind::Canceled => vec![Measure::CANCELED, Measure::failed("canceled_by_provider")],
            EventKind::Voided => vec![Measure::VOIDED, Measure::failed(self.why_voided())],
            EventKind::WrittenOff => vec![Measure::WRITTEN_OFF, Measure::failed("unknown_fate")],
            _ => Vec::new(),
        };
        measures.into_iter().map(fact).collect()
    }

    fn why_voided(&self) -> &'static str {
        if self.actor == "customer" {
            return "canceled_by_customer";
        }
        let detail = |name: &str| self.details.iter().find(|(named, _)| named == name);
        match detail("proof") {
            Some((_, proof)) if proof.starts_with("refused:") => "refused_by_provider",
            Some((_, proof)) if proof.starts_with("local:") => "not_sent",
            Some(_) if self.actor == "system" => "not_sent",
            Some(_) => "not_at_provider",
            None => "withdrawn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, actor: &str, proof: Option<&str>) -> EventFact {
        let details = proof.map(|proof| ("proof".to_owned(), proof.to_owned()));
        EventFact {
            kind,
            actor: actor.to_owned(),
            details: details.into_iter().collect(),
            at: Timestamp::from_micros(20_000_000),
            placed_at: Timestamp::from_micros(10_000_000),
            user: Some(UserId::new("ann")),
            service: ServiceId(1),
            provider: ProviderId(2),
        }
    }

    #[test]
    fn an_end_counts_once_with_its_reason_or_its_time() {
        let words = |event: EventFact| {
            let facts = event.facts().into_iter();
            facts
                .map(|fact| fact.measure.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words(event(EventKind::Completed, "provider", None)),
            ["completed", "took:26"]
        );
        assert_eq!(
            words(event(EventKind::Voided, "provider", Some("refused:bad link"))),
            ["voided", "failed:refused_by_provider"]
        );
        for (actor, proof, reason) in [
            ("customer", None, "canceled_by_customer"),
            ("system", Some("local:not_sent"), "not_sent"),
            ("system", Some("connect"), "not_sent"),
            ("provider", Some("lookup"), "not_at_provider"),
            ("staff", Some("their word"), "not_at_provider"),
            ("system", None, "withdrawn"),
        ] {
            assert_eq!(
                words(event(EventKind::Voided, actor, proof)),
                ["voided".to_owned(), format!("failed:{reason}")]
            );
        }
        assert_eq!(words(event(EventKind::Claimed, "system", None)), [""; 0]);
        assert_eq!(
            Measure::took(Bucket::of(std::time::Duration::from_secs(10)))
                .bucket()
                .map(Bucket::number),
            Some(26)
        );
    }
}
