//! Looking for what does not belong into a chain, or is missing from it.

use std::fmt;
use std::time::Duration;

use super::{Head, Line, Link};
use crate::Timestamp;

/// A line that was begun later may be recorded earlier, but not by so much.
const DISORDER: Duration = Duration::from_hours(1);
/// So many findings are kept; the others are counted.
const FINDINGS_MAX: usize = 1_000;

/// Something that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A link is missing.
    LinkMissing {
        /// Its number.
        sequence: i64,
    },
    /// A sealed line is missing.
    LineMissing {
        /// Its id.
        line: i64,
    },
    /// A line, its link or its place is not what was sealed.
    Changed {
        /// The line's id.
        line: i64,
    },
    /// A line says that it is much older than lines sealed before it.
    Backdated {
        /// The line's id.
        line: i64,
    },
    /// A line was never handed over to be sealed: the program did not write it.
    Inserted {
        /// The line's id.
        line: i64,
    },
    /// A line waits to be sealed and is not there.
    Lost {
        /// The line's id.
        line: i64,
    },
    /// The chain ends before the head that was given.
    Truncated {
        /// The number of the head.
        head: i64,
        /// The number of the last link.
        end: i64,
    },
    /// The head that was given is not in the chain: it was made anew.
    OtherChain {
        /// The number of the head.
        head: i64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkMissing { sequence } => write!(f, "link {sequence} is missing"),
            Self::LineMissing { line } => write!(f, "line {line} was sealed and is missing"),
            Self::Changed { line } => write!(f, "line {line} or its link is not what was sealed"),
            Self::Backdated { line } => write!(f, "line {line} is dated long before lines sealed earlier"),
            Self::Inserted { line } => write!(f, "line {line} was not written by the program"),
            Self::Lost { line } => write!(f, "line {line} was to be sealed and is missing"),
            Self::Truncated { head, end } => {
                write!(
                    f,
                    "the chain ends at {end}, before the head {head} that was given"
                )
            }
            Self::OtherChain { head } => {
                write!(f, "the chain has another hash at the head {head} that was given")
            }
        }
    }
}

/// A walk along a chain, from its first link to its last.
#[derive(Debug, Clone)]
pub struct Verification {
    given: Vec<Head>,
    end: Head,
    newest: Timestamp,
    findings: Vec<Finding>,
    more: usize,
}

impl Verification {
    /// A walk that has to pass the heads that are kept elsewhere.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = Head>) -> Self {
        let mut given: Vec<Head> = given.into_iter().collect();
        given.sort_unstable_by_key(|head| head.sequence);
        Self {
            given,
            end: Head::nothing(),
            newest: Timestamp::EPOCH,
            findings: Vec::new(),
            more: 0,
        }
    }

    /// Where the walk has arrived.
    #[must_use]
    pub const fn end(&self) -> &Head {
        &self.end
    }

    /// Passes the next link, and its line, if that is there. What follows is compared with the link as it is, so that
    /// one change is one finding.
    pub fn pass(&mut self, link: &Link, line: Option<&Line>) {
        let next = self.end.sequence.saturating_add(1);
        let follows = link.sequence == next;
        for sequence in (next..link.sequence).take(FINDINGS_MAX) {
            self.note(Finding::LinkMissing { sequence });
        }
        match line {
            None => self.note(Finding::LineMissing { line: link.line }),
            Some(line) => {
                if follows && self.end.seal(line, link.sealed_at) != *link {
                    self.note(Finding::Changed { line: link.line });
                }
                if line.at.plus(DISORDER) < self.newest {
                    self.note(Finding::Backdated { line: link.line });
                }
                self.newest = self.newest.max(line.at);
            }
        }
        self.end = Head::from(link);
        self.compare();
    }

    /// A line that is neither sealed nor handed over to be.
    pub fn inserted(&mut self, line: i64) {
        self.note(Finding::Inserted { line });
    }

    /// A line that was handed over to be sealed and is not there.
    pub fn lost(&mut self, line: i64) {
        self.note(Finding::Lost { line });
    }

    /// What was found, and how much more than that.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Finding>, usize) {
        let beyond = |given: &Head| given.sequence > self.end.sequence;
        if let Some(given) = self.given.last().filter(|given| beyond(given)).cloned() {
            self.note(Finding::Truncated {
                head: given.sequence,
                end: self.end.sequence,
            });
        }
        (self.findings, self.more)
    }

    fn compare(&mut self) {
        let head = self.end.sequence;
        let from = self.given.partition_point(|given| given.sequence < head);
        let given = self.given.iter().skip(from);
        let differs = given
            .take_while(|given| given.sequence == head)
            .any(|given| given.hash != self.end.hash);
        if differs {
            self.note(Finding::OtherChain { head });
        }
    }

    fn note(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    type Chain = Vec<(Link, Option<Line>)>;

    fn chain(lines: i64) -> Chain {
        let mut head = Head::nothing();
        let mut chain = Vec::new();
        for id in 1..=lines {
            let link = head.seal(&line(id), Timestamp::from_micros(500));
            head = Head::from(&link);
            chain.push((link, Some(line(id))));
        }
        chain
    }

    fn found(chain: &Chain, given: Option<Head>) -> Vec<Finding> {
        let mut walk = Verification::new(given);
        for (link, line) in chain {
            walk.pass(link, line.as_ref());
        }
        walk.finish().0
    }

    fn head(chain: &Chain) -> Option<Head> {
        chain.last().map(|(link, _)| Head::from(link))
    }

    #[test]
    fn an_honest_chain_passes_every_head_that_it_ever_had() {
        let honest = chain(5);
        for length in 0..=5 {
            let part: Chain = honest.iter().take(length).cloned().collect();
            assert_eq!(found(&honest, head(&part)), []);
        }
    }

    #[test]
    fn of_many_heads_each_that_is_not_in_the_chain_is_found() {
        let honest = chain(5);
        let heads = |chain: &Chain| -> Vec<Head> { chain.iter().map(|(link, _)| Head::from(link)).collect() };
        let mut walk = Verification::new(heads(&honest).into_iter().rev().chain(heads(&honest)));
        for (link, line) in &honest {
            walk.pass(link, line.as_ref());
        }
        assert_eq!(walk.finish().0, []);
        let mut given = heads(&honest);
        given[1].hash = given[0].hash.clone();
        given[4].sequence = 9;
        let mut walk = Verification::new(given);
        for (link, line) in &honest {
            walk.pass(link, line.as_ref());
        }
        let expected = [
            Finding::OtherChain { head: 2 },
            Finding::Truncated { head: 9, end: 5 },
        ];
        assert_eq!(walk.finish().0, expected);
    }

    #[test]
    fn an_edit_and_a_deletion_are_found_where_they_are() {
        let mut edited = chain(5);
        edited[2].1.as_mut().unwrap().details.push(' ');
        assert_eq!(found(&edited, None), [Finding::Changed { line: 3 }]);
        let mut deleted = chain(5);
        deleted[2].1 = None;
        assert_eq!(found(&deleted, None), [Finding::LineMissing { line: 3 }]);
        let mut both = chain(5);
        both.remove(2);
        assert_eq!(found(&both, None), [Finding::LinkMissing { sequence: 3 }]);
    }

    #[test]
    fn a_link_that_was_made_to_fit_does_not_fit_the_next() {
        let mut forged = chain(5);
        let mut line = line(3);
        line.target = "user:else".to_owned();
        let before = Head::from(&forged[1].0);
        forged[2] = (before.seal(&line, Timestamp::from_micros(500)), Some(line));
        assert_eq!(found(&forged, None), [Finding::Changed { line: 4 }]);
    }

    #[test]
    fn lines_that_changed_places_are_found() {
        let mut reordered = chain(5);
        let (one, other) = (reordered[1].1.clone(), reordered[3].1.clone());
        (reordered[1].1, reordered[3].1) = (other, one);
        let expected = [Finding::Changed { line: 2 }, Finding::Changed { line: 4 }];
        assert_eq!(found(&reordered, None), expected);
    }

    #[test]
    fn a_chain_that_was_cut_or_made_anew_misses_the_head_that_was_kept() {
        let honest = chain(5);
        let mut cut = honest.clone();
        cut.truncate(3);
        assert_eq!(found(&cut, None), [], "nobody can tell without a head");
        let expected = [Finding::Truncated { head: 5, end: 3 }];
        assert_eq!(found(&cut, head(&honest)), expected);

        let mut anew = Chain::new();
        let mut end = Head::nothing();
        for id in 1..=6 {
            let mut line = line(id);
            line.details.clear();
            let link = end.seal(&line, Timestamp::from_micros(500));
            end = Head::from(&link);
            anew.push((link, Some(line)));
        }
        assert_eq!(found(&anew, None), []);
        assert_eq!(found(&anew, head(&honest)), [Finding::OtherChain { head: 5 }]);
    }

    #[test]
    fn a_line_of_last_week_that_is_sealed_today_is_found() {
        let mut backdated = chain(2);
        let mut late = line(90_000);
        late.at = Timestamp::from_micros(90_000_000_000);
        let end = head(&backdated).unwrap();
        let link = end.seal(&late, late.at);
        let mut forged = line(90_001);
        forged.at = Timestamp::from_micros(5);
        let last = Head::from(&link).seal(&forged, late.at);
        backdated.push((link, Some(late)));
        backdated.push((last, Some(forged)));
        assert_eq!(found(&backdated, None), [Finding::Backdated { line: 90_001 }]);
    }

    #[test]
    fn of_countless_findings_the_first_are_kept() {
        let mut walk = Verification::new(None);
        for line in 0..1_500 {
            walk.inserted(line);
        }
        let (findings, more) = walk.finish();
        assert_eq!((findings.len(), more), (1_000, 500));
    }
}
