//! One placed order and its state as a pure function of time.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::catalogue::Service;
use crate::fate::{Course, Quirks};
use crate::money;

/// Share of the pace an order stays Pending: one sixth.
const PENDING_SHARE: u64 = 6;

/// The states every panel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not begun.
    Pending,
    /// Being delivered.
    InProgress,
    /// Being prepared; the panel reaches it only when it is pushed there.
    Processing,
    /// Delivered in full.
    Completed,
    /// Delivered in part, the rest was refunded.
    Partial,
    /// Not delivered, refunded.
    Canceled,
}

impl Status {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "In progress",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
            Self::Partial => "Partial",
            Self::Canceled => "Canceled",
        }
    }
}

/// An order as the panel's witness reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PanelOrder {
    /// Id on the wire.
    pub id: u64,
    /// Id of the service.
    pub service: u32,
    /// Link as it was sent.
    pub link: String,
    /// Units billed.
    pub quantity: u64,
    /// What the panel took when the order was placed, in micro-units.
    pub billed_micros: u64,
    /// What the panel keeps after refunds, in micro-units; `charge` on the wire.
    pub charge_micros: u64,
    /// When the order was placed, in Unix seconds.
    pub created: u64,
    /// Status word as it is sent.
    pub status: String,
    /// Units not delivered.
    pub remains: u64,
    /// The caller's own reference, if it sent one.
    pub request_id: Option<String>,
    /// What is to be written, as it was sent, if the service takes it.
    pub comments: Option<String>,
}

/// An order as the panel keeps it. Progress is not stored: see [`Order::view`].
#[derive(Debug)]
pub struct Order {
    pub id: u64,
    pub service: &'static Service,
    pub link: Arc<str>,
    pub request_id: Option<Arc<str>>,
    pub comments: Option<Arc<str>>,
    pub quantity: u64,
    /// Micro-units taken when it was placed.
    pub billed: u64,
    /// Micro-units given back so far.
    pub refunded: u64,
    /// Units the link had before, as the panel claims.
    pub start_count: u64,
    pub created_millis: u64,
    pub course: Course,
    pub quirks: Quirks,
    /// State pushed from outside, which ends the course.
    pub forced: Option<Box<Forced>>,
}

/// A state an order was pushed to.
#[derive(Debug)]
pub struct Forced {
    pub status: String,
    pub remains: u64,
}

/// The state of an order at one moment.
#[derive(Debug, PartialEq, Eq)]
pub struct View<'a> {
    pub status: Cow<'a, str>,
    pub remains: u64,
    /// Micro-units the panel keeps.
    pub charge: u64,
}

impl View<'_> {
    pub fn is(&self, status: Status) -> bool {
        self.status == status.as_str()
    }

    /// Whether delivery has not ended.
    pub fn is_running(&self) -> bool {
        self.is(Status::Pending) || self.is(Status::InProgress) || self.is(Status::Processing)
    }
}

impl Order {
    /// The state at `now`, when an order takes `pace` to end (both in milliseconds).
    pub fn view(&self, now: u64, pace: u64) -> View<'_> {
        let (status, remains) = match &self.forced {
            Some(forced) => (Cow::Borrowed(forced.status.as_str()), forced.remains),
            None => self.progress(now.saturating_sub(self.created_millis), pace),
        };
        let returned = match status.as_ref() {
            "Canceled" => self.billed,
            "Partial" => money::refund(self.billed, remains, self.quantity),
            _ => 0,
        };
        View {
            status,
            remains,
            charge: self.billed.saturating_sub(returned),
        }
    }

    fn progress(&self, elapsed: u64, pace: u64) -> (Cow<'_, str>, u64) {
        let remains_at_end = match self.course {
            Course::Complete => 0,
            Course::Partial { undelivered_percent } => {
                share(self.quantity, u64::from(undelivered_percent), 100)
            }
            Course::Stuck => share(self.quantity, 1, 2),
            Course::Cancel | Course::Word(_) => self.quantity,
        };
        if elapsed >= pace {
            let word = match &self.course {
                Course::Complete => Status::Completed.as_str(),
                Course::Partial { .. } => Status::Partial.as_str(),
                Course::Cancel => Status::Canceled.as_str(),
                Course::Stuck => Status::InProgress.as_str(),
                Course::Word(word) => word,
            };
            return (Cow::Borrowed(word), remains_at_end);
        }
        let pending = pace / PENDING_SHARE;
        if elapsed < pending {
            return (Cow::Borrowed(Status::Pending.as_str()), self.quantity);
        }
        let deliverable = self.quantity.saturating_sub(remains_at_end);
        let left = share(
            deliverable,
            pace.saturating_sub(elapsed),
            pace.saturating_sub(pending),
        );
        (
            Cow::Borrowed(Status::InProgress.as_str()),
            remains_at_end.saturating_add(left),
        )
    }

    /// The order as the witness reports it.
    pub fn report(&self, now: u64, pace: u64) -> PanelOrder {
        let view = self.view(now, pace);
        PanelOrder {
            id: self.id,
            service: self.service.id,
            link: self.link.to_string(),
            quantity: self.quantity,
            billed_micros: self.billed,
            charge_micros: view.charge,
            created: self.created_millis / 1_000,
            remains: view.remains,
            status: view.status.into_owned(),
            request_id: self.request_id.as_deref().map(str::to_owned),
            comments: self.comments.as_deref().map(str::to_owned),
        }
    }
}

/// `whole * part / of`, rounded up, `whole` at most.
fn share(whole: u64, part: u64, of: u64) -> u64 {
    let product = u128::from(whole) * u128::from(part.min(of));
    u64::try_from(product.div_ceil(u128::from(of.max(1)))).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn order(course: Course) -> Order {
        Order {
            id: 7,
            service: catalogue::find(1012).unwrap(),
            link: "https://a.test/p".into(),
            request_id: None,
            comments: None,
            quantity: 1_000,
            billed: 900_001,
            refunded: 0,
            start_count: 3,
            created_millis: 10_000,
            course,
            quirks: Quirks::default(),
            forced: None,
        }
    }

    fn seen(order: &Order, now: u64) -> (String, u64, u64) {
        let view = order.view(now, 6_000);
        (view.status.into_owned(), view.remains, view.charge)
    }

    #[test]
    fn an_order_is_pending_then_in_progress_then_completed() {
        let order = order(Course::Complete);
        assert_eq!(seen(&order, 10_000), ("Pending".into(), 1_000, 900_001));
        assert_eq!(seen(&order, 10_999), ("Pending".into(), 1_000, 900_001));
        assert_eq!(seen(&order, 11_000), ("In progress".into(), 1_000, 900_001));
        assert_eq!(seen(&order, 13_500), ("In progress".into(), 500, 900_001));
        assert_eq!(seen(&order, 15_999), ("In progress".into(), 1, 900_001));
        assert_eq!(seen(&order, 16_000), ("Completed".into(), 0, 900_001));
    }

    #[test]
    fn a_partial_order_keeps_and_refunds_exactly_what_was_billed() {
        let order = order(Course::Partial {
            undelivered_percent: 30,
        });
        assert_eq!(seen(&order, 16_000), ("Partial".into(), 300, 900_001 - 270_000));
    }

    #[test]
    fn a_canceled_order_keeps_nothing() {
        assert_eq!(
            seen(&order(Course::Cancel), 16_000),
            ("Canceled".into(), 1_000, 0)
        );
    }

    #[test]
    fn a_stuck_order_never_ends() {
        assert_eq!(
            seen(&order(Course::Stuck), u64::MAX),
            ("In progress".into(), 500, 900_001)
        );
    }

    #[test]
    fn without_a_pace_orders_end_at_once() {
        let order = order(Course::Complete);
        assert!(order.view(10_000, 0).is(Status::Completed));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_end_an_order() {
        assert_eq!(seen(&order(Course::Complete), 0).0, "Pending");
    }

    #[test]
    fn a_pushed_state_ends_the_course() {
        let mut order = order(Course::Complete);
        order.forced = Some(Box::new(Forced {
            status: "Partial".into(),
            remains: 1,
        }));
        assert_eq!(seen(&order, 99_000), ("Partial".into(), 1, 900_001 - 900));
    }
}
