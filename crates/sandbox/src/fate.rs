//! What becomes of an order: the course it takes, and the script a link carries.

use std::str::FromStr;

use crate::book::Book;
use crate::delivery::Delivery;
use crate::faults::{Fault, ParseFaultError};
use crate::wording::{Refusal, Wording};

/// Word that introduces a script in a link, followed by `=`.
const MARKER: &str = "sandbox=";

/// Words one link may carry.
const MAX_WORDS: usize = 8;

/// Longest status word a script may choose, in bytes.
const MAX_STATUS: usize = 64;

/// Undelivered share of `partial` without a figure, in percent.
const USUAL_UNDELIVERED: u8 = 50;

/// The course a placed order takes until it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Course {
    /// Ends Completed.
    #[default]
    Complete,
    /// Ends Partial.
    Partial {
        /// Share of the quantity that remains, in percent, 1 to 99.
        undelivered_percent: u8,
    },
    /// Ends Canceled with nothing delivered.
    Cancel,
    /// Stays In progress at half of the quantity.
    Stuck,
    /// Ends with nothing delivered in this status word.
    Word(String),
}

impl FromStr for Course {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let unknown = || ParseFaultError(format!("unknown course {text:?}"));
        match text.split_once(':') {
            None => match text {
                "complete" => Ok(Self::Complete),
                "partial" => Ok(Self::Partial {
                    undelivered_percent: USUAL_UNDELIVERED,
                }),
                "cancel" | "canceled" | "cancelled" => Ok(Self::Cancel),
                "stuck" => Ok(Self::Stuck),
                "unknown-status" => Ok(Self::Word("Awaiting moderation".to_owned())),
                _ => Err(unknown()),
            },
            Some(("partial", percent)) => percent
                .parse()
                .ok()
                .filter(|percent| (1..=99).contains(percent))
                .map(|undelivered_percent| Self::Partial { undelivered_percent })
                .ok_or_else(unknown),
            Some(("word", word)) if !word.is_empty() && word.len() <= MAX_STATUS => {
                Ok(Self::Word(word.to_owned()))
            }
            Some(_) => Err(unknown()),
        }
    }
}

/// The script a link carries, so that whoever places an order decides its fate.
///
/// It stands anywhere in the link as `sandbox=WORD,WORD…`, in the query (`?sandbox=partial:30`), the fragment or
/// the path (`/sandbox=cancel/`), and ends at the next `&`, `/` or `#`. Percent-encoding is undone. A word is a
/// course (`complete`, `partial:N`, `canceled`, `stuck`, `word:TEXT`) or any fault name that concerns `add` or
/// the order's life; `accept-hang,partial:30` combines both. While a link carries a script, faults of the whole
/// panel do not touch its `add`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    faults: Vec<Fault>,
}

impl Script {
    /// The script in `link`; `None` without one, an error when it cannot be read.
    pub fn in_link(link: &str) -> Option<Result<Self, ParseFaultError>> {
        let (start, _) = link.match_indices(MARKER).find(|(position, _)| {
            let before = link.get(..*position).and_then(|head| head.chars().next_back());
            matches!(before, Some('?' | '&' | '/' | '#'))
        })?;
        let text = link.get(start..)?.split(['&', '/', '#']).next()?;
        Some(Self::parse(text))
    }

    fn parse(pair: &str) -> Result<Self, ParseFaultError> {
        let decoded: Vec<(String, String)> =
            serde_urlencoded::from_str(pair).map_err(|error| ParseFaultError(error.to_string()))?;
        let words = decoded.first().map_or("", |(_, words)| words.as_str());
        if words.split(',').count() > MAX_WORDS {
            return Err(ParseFaultError(format!("more than {MAX_WORDS} words")));
        }
        let faults = words
            .split(',')
            .map(str::parse)
            .collect::<Result<Vec<Fault>, _>>()?;
        if faults
            .iter()
            .any(|fault| matches!(fault, Fault::Close | Fault::Down))
        {
            return Err(ParseFaultError("a link cannot take the panel down".to_owned()));
        }
        Ok(Self { faults })
    }

    /// The faults, the weightiest last.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().rev()
    }
}

/// Whether and when an `add` creates an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placing {
    /// At once, when the request is valid.
    #[default]
    Now,
    /// After the delay that outlasts the caller.
    Late,
    /// Never.
    Never,
    /// Never, and the caller is told so.
    Refused(Refusal),
}

/// Everything decided about one `add` before it is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whether an order comes to exist.
    pub placing: Placing,
    /// What the answer says.
    pub wording: Wording,
    /// How the answer travels.
    pub delivery: Delivery,
    /// What becomes of the order.
    pub course: Course,
    /// Exceptions in how the order is treated later.
    pub quirks: Quirks,
    /// Whether it is refused while an order for its link runs.
    pub one_per_link: bool,
}

/// Exceptions in how a placed order is treated later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Its refills are rejected.
    pub refill_rejected: bool,
    /// Batched status answers leave it out.
    pub missing_in_batch: bool,
    /// The order list leaves it out.
    pub unlisted: bool,
}

impl Plan {
    /// The plan that `faults` make of an order that would otherwise take `course`.
    pub fn new<'a>(course: Course, faults: impl Iterator<Item = &'a Fault>) -> Self {
        let mut plan = Self {
            course,
            ..Self::default()
        };
        faults.for_each(|fault| plan.apply(fault));
        plan
    }

    /// Whether and when the `add` creates an order for `link`.
    pub fn placing_for(&self, link: Option<&str>, book: &Book, now: u64) -> Placing {
        let runs = |link: &str| {
            let mut orders = book.orders().iter();
            orders.any(|order| *order.link == *link && book.view(order, now).is_running())
        };
        if self.one_per_link && link.is_some_and(runs) {
            Placing::Refused(Refusal::Active)
        } else {
            self.placing
        }
    }

    fn apply(&mut self, fault: &Fault) {
        match fault {
            Fault::Deliver(delivery) => {
                self.delivery = *delivery;
                if !delivery.is_genuine() {
                    self.placing = Placing::Never;
                }
            }
            Fault::Accept(delivery) => {
                self.delivery = *delivery;
                self.placing = Placing::Now;
            }
            Fault::AcceptLate => self.placing = Placing::Late,
            Fault::Say(wording) => {
                self.wording = *wording;
                self.placing = if wording.places() {
                    Placing::Now
                } else {
                    Placing::Never
                };
            }
            Fault::AcceptSay(wording) => {
                self.wording = *wording;
                self.placing = Placing::Now;
            }
            Fault::Refuse(refusal) => self.placing = Placing::Refused(*refusal),
            Fault::OnePerLink => self.one_per_link = true,
            Fault::Review => {
                self.wording = Wording::UnknownError;
                self.placing = Placing::Now;
                self.quirks.unlisted = true;
            }
            Fault::End(course) => self.course = course.clone(),
            Fault::RefillRejected => self.quirks.refill_rejected = true,
            Fault::MissingInBatch => self.quirks.missing_in_batch = true,
            Fault::Unlisted => self.quirks.unlisted = true,
            Fault::Close | Fault::Down => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(link: &str) -> Plan {
        let script = Script::in_link(link).unwrap().unwrap();
        Plan::new(Course::Complete, script.faults())
    }

    #[test]
    fn a_link_without_a_marker_has_no_script() {
        for link in [
            "",
            "https://a.test/p/1",
            "https://a.test/?notsandbox=hang",
            "sandbox=hang",
        ] {
            assert_eq!(Script::in_link(link), None, "{link}");
        }
    }

    #[test]
    fn the_marker_is_found_in_query_path_and_fragment() {
        for link in [
            "https://a.test/p?sandbox=cancel",
            "https://a.test/p?x=1&sandbox=cancel&y=2",
            "https://a.test/sandbox=cancel/p",
            "https://a.test/p#sandbox=cancel",
        ] {
            assert_eq!(plan(link).course, Course::Cancel, "{link}");
        }
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(
            plan("https://a.test/?sandbox=partial%3A30%2Cmissing-in-batch").course,
            Course::Partial {
                undelivered_percent: 30
            }
        );
        assert_eq!(
            plan("https://a.test/?sandbox=word:On%20hold").course,
            Course::Word("On hold".to_owned())
        );
    }

    #[test]
    fn hang_places_nothing_and_accept_hang_places() {
        let hang = plan("https://a.test/?sandbox=hang");
        assert_eq!((hang.placing, hang.delivery), (Placing::Never, Delivery::Hang));
        let accepted = plan("https://a.test/?sandbox=accept-hang,partial:30");
        assert_eq!(
            (accepted.placing, accepted.delivery),
            (Placing::Now, Delivery::Hang)
        );
        assert_eq!(
            accepted.course,
            Course::Partial {
                undelivered_percent: 30
            }
        );
    }

    #[test]
    fn slow_and_drip_do_not_change_whether_an_order_is_placed() {
        assert_eq!(plan("https://a.test/?sandbox=slow").placing, Placing::Now);
        assert_eq!(
            plan("https://a.test/?sandbox=drip,order-null").placing,
            Placing::Never
        );
    }

    #[test]
    fn the_earlier_of_two_contradicting_words_wins() {
        assert_eq!(
            plan("https://a.test/?sandbox=cancel,complete").course,
            Course::Cancel
        );
        assert_eq!(
            plan("https://a.test/?sandbox=reset,accept-html").delivery,
            Delivery::Reset
        );
    }

    #[test]
    fn a_misspelt_script_is_an_error_and_not_a_success() {
        for words in [
            "",
            "compleet",
            "partial:0",
            "partial:100",
            "partial:x",
            "word:",
            "down",
            "close",
            "hang,,",
        ] {
            let link = format!("https://a.test/?sandbox={words}");
            assert!(Script::in_link(&link).unwrap().is_err(), "{words:?}");
        }
    }
}
