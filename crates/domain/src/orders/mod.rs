//! The order: its states, what moves it between them, and what each move does to money.
//!
//! Every decision takes the order as it is and returns a [`Change`]: the order as it must be afterwards, the attempt's
//! fate, the money movements, the events and the jobs that follow. Recording a change is one transaction.

mod cancel;
mod change;
mod doubt;
mod event;
mod groups;
mod input;
mod order;
mod place;
mod policy;
mod refund;
mod schedule;
mod settle;
mod state;
mod submit;
mod unknown;

pub use cancel::{CancelRefusal, cancel_by_customer, withdraw};
pub use change::{Attempt, AttemptChange, AttemptOutcome, Change, FollowUp};
pub use doubt::{IN_DOUBT, doubt};
pub use event::{Actor, EventKind, OrderEvent};
pub use groups::{Asked, GroupPlan, POLL_GROUP_MAX, Regrouping, regroup};
pub use input::OrderInput;
pub use order::{Order, ServiceSnapshot};
pub use place::{NewOrder, PRICE_MAX, PlaceRefusal, PlacementRequest, fingerprint_of_all, place};
pub use policy::{OrderPolicy, PolicyError};
pub use refund::{RefundPlan, refund_target};
pub use schedule::{
    GroupTime, PollPace, PollWindow, next_group_poll, next_poll, next_poll_turn, poll_interval,
};
pub use settle::{Observation, ReviewDecision, flag, observe, observe_refusal, settle_review};
pub(crate) use state::stored_words;
pub use state::{CustomerStatus, Hold, OrderState};
pub use submit::{Evidence, claim, expire_lease, resolve, take_back};
pub use unknown::{
    DecisionRefusal, absence_proves, await_decision, keeps_the_link, looked_up, refused_for_another,
    staff_decision_allowed, write_off,
};
