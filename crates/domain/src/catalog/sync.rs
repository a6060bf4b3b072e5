//! How a provider's list is followed, and what was found.

use std::collections::BTreeMap;

use super::Margin;
use crate::text::Name;
use crate::{ProviderId, ServiceId, Timestamp, UserId};

/// The rules for one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRules {
    /// How often its list is read, in minutes.
    pub every_minutes: u32,
    /// How the profit of each service is found whose price is not fixed; without it, profits stay as staff set them.
    pub margin: Option<Margin>,
    /// A price that is not fixed stays at least this far above the cost, in hundredths of a percent of it.
    pub floor_points: u32,
    /// Whether a service is not sold any more when its fixed price is below its cost.
    pub stop_at_loss: bool,
    /// Whether a service is not sold any more when the provider does not list it.
    pub stop_vanished: bool,
    /// If more than this share of our services there vanishes at once, in percent, the list is not believed.
    pub shrink_percent: u8,
    /// If a price falls by more than this share at once, in percent, it is not believed.
    pub drop_percent: u8,
    /// What becomes of services that the provider lists and we do not have.
    pub import_new: ImportNew,
    /// Our categories for those by the provider's names of them; others keep the provider's name.
    pub categories: BTreeMap<String, Name>,
}

/// What becomes of services that are new in a provider's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImportNew {
    /// Staff are told.
    #[default]
    Off,
    /// They are imported, and sold once staff say so.
    Inactive,
    /// They are imported and sold.
    Active,
}

impl ImportNew {
    /// Every word.
    pub const ALL: [Self; 3] = [Self::Off, Self::Inactive, Self::Active];

    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Inactive => "inactive",
            Self::Active => "active",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

impl SyncRules {
    /// The most frequent reading, in minutes.
    pub const EVERY_MIN: u32 = 5;
    /// The rarest, in minutes: a week.
    pub const EVERY_MAX: u32 = 7 * 24 * 60;
    /// The largest share that a margin or a floor may be, in hundredths of a percent.
    pub const POINTS_MAX: u32 = 10_000_000;
    /// New services that one reading imports at most; the next one goes on.
    pub const IMPORT_MAX: usize = 100;

    /// What becomes of new services. Without a margin nobody says what they are sold for, so staff are told.
    #[must_use]
    pub const fn importing(&self) -> ImportNew {
        if self.margin.is_some() {
            self.import_new
        } else {
            ImportNew::Off
        }
    }
}

impl Default for SyncRules {
    fn default() -> Self {
        Self {
            every_minutes: 60,
            margin: None,
            floor_points: 0,
            stop_at_loss: true,
            stop_vanished: true,
            shrink_percent: 20,
            drop_percent: 90,
            import_new: ImportNew::Off,
            categories: BTreeMap::new(),
        }
    }
}

/// What was found about one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// The provider offers it and we do not.
    New,
    /// The provider offers it, and so do we now.
    Imported,
    /// The provider does not list it any more.
    Vanished,
    /// It is listed again, and sold again.
    Returned,
    /// The provider calls it otherwise.
    Renamed,
    /// The provider's price changed.
    Cost,
    /// The provider's price fell so far that it is not believed; nothing was changed.
    Suspicious,
    /// The provider's price, or ours with it, does not fit; nothing was changed.
    TooLarge,
    /// Our price changed.
    Price,
    /// The smallest or largest quantity changed.
    Limits,
    /// The provider spreads, refills or cancels otherwise.
    Terms,
    /// It takes another kind of order.
    Type,
    /// It is not sold any more, because it would be sold below its cost.
    Loss,
    /// Its price covers its cost again, and it is sold again.
    Resumed,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::New,
        Self::Imported,
        Self::Vanished,
        Self::Returned,
        Self::Renamed,
        Self::Cost,
        Self::Suspicious,
        Self::TooLarge,
        Self::Price,
        Self::Limits,
        Self::Terms,
        Self::Type,
        Self::Loss,
        Self::Resumed,
    ];

    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Imported => "imported",
            Self::Vanished => "vanished",
            Self::Returned => "returned",
            Self::Renamed => "renamed",
            Self::Cost => "cost",
            Self::Suspicious => "suspicious",
            Self::TooLarge => "too_large",
            Self::Price => "price",
            Self::Limits => "limits",
            Self::Terms => "terms",
            Self::Type => "type",
            Self::Loss => "loss",
            Self::Resumed => "resumed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// Our service, if it is one.
    pub service: Option<ServiceId>,
    /// The provider's id of it.
    pub upstream_id: String,
    /// What was before, for people.
    pub was: String,
    /// What is now, for people.
    pub became: String,
}

/// How a synchronisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncResult {
    /// The whole list was followed.
    Done,
    /// The list was followed but for what vanished, because it is not believed to be whole.
    Distrusted,
    /// There was no list to follow.
    Failed,
}

impl SyncResult {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Done, Self::Distrusted, Self::Failed];

    /// The stored word, which is also the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Distrusted => "distrusted",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// What came of a synchronisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Why the list was not believed, or not to be had.
    pub reason: Option<String>,
    /// Rows of the list that could be read.
    pub listed: usize,
    /// How many findings there were of each kind.
    pub counts: Vec<(FindingKind, usize)>,
    /// The first of them.
    pub findings: Vec<Finding>,
}

impl SyncReport {
    /// Findings that are kept one by one.
    pub const FINDINGS_MAX: usize = 200;

    /// Adds a finding.
    pub fn add(&mut self, finding: Finding) {
        match self.counts.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((finding.kind, 1)),
        }
        if self.findings.len() < Self::FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// The last synchronisation that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub result: SyncResult,
    /// What came of it.
    pub report: SyncReport,
}

/// How one provider's list is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synchronisation {
    /// Whose list.
    pub provider: ProviderId,
    /// Who set the rules; what is imported by them is added in that name.
    pub set_by: Option<UserId>,
    /// The rules.
    pub rules: SyncRules,
    /// Whether staff paused it.
    pub paused: bool,
    /// Whether staff asked for a reading, paused or not.
    pub wanted: bool,
    /// When it is read next.
    pub due_at: Timestamp,
    /// How often it was begun. Whoever works on an earlier beginning records nothing any more.
    pub run: i64,
    /// When it was last begun.
    pub begun_at: Option<Timestamp>,
    /// What came of the last one that ended.
    pub last: Option<SyncRun>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_and_result_has_a_word_of_its_own() {
        for kind in FindingKind::ALL {
            assert_eq!(FindingKind::from_stored(kind.as_str()), Some(kind));
        }
        for result in SyncResult::ALL {
            assert_eq!(SyncResult::from_stored(result.as_str()), Some(result));
        }
        for word in ImportNew::ALL {
            assert_eq!(ImportNew::from_stored(word.as_str()), Some(word));
        }
        assert_eq!(FindingKind::from_stored("?"), None);
        assert_eq!(SyncResult::from_stored("?"), None);
    }

    #[test]
    fn every_finding_is_counted_and_the_first_are_kept() {
        let mut report = SyncReport::default();
        for number in 0..1_000 {
            report.add(Finding {
                kind: FindingKind::New,
                service: None,
                upstream_id: number.to_string(),
                was: String::new(),
                became: String::new(),
            });
        }
        assert_eq!(report.counts, [(FindingKind::New, 1_000)]);
        assert_eq!(report.findings.len(), SyncReport::FINDINGS_MAX);
    }
}
