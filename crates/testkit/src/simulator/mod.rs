//! A deterministic simulator of the order protocol: the decisions of `domain` and its ledger run under a scheduler that
//! follows from a seed, while everything around them goes wrong, and after every step it is asked whether money and
//! orders are still what they should be.
//!
//! What is real: every function of `domain::orders`, `domain::wallets::Movement`, and how `domain::providers` reads an
//! answer and a list. What is simulated:
//!
//! - the database: transactions are atomic steps with the constraints of the schema (one live attempt, unique order id
//!   of the provider, unique kind and reference of a transfer, conditional wallet changes, revision and outcome
//!   guards). A commit works, fails, or works without saying so; a reader may see a row as it was before;
//! - restores: the database is what it was at an earlier moment, because a backup was put back or a replica promoted that
//!   lagged behind. Everything outside goes on: the provider, requests under way, workers with a claim, an answer or a
//!   list in their hands, Redis. An order that is gone is another order than the one that gets its id;
//! - processes: killed at any step, standing still for longer than a lease, before and after they send;
//! - the queue: jobs are lost, repeated, and come about orders that have none;
//! - the network: requests are refused, lost, or arrive late, also after their sender has died, but not after the time
//!   limit plus TCP_USER_TIMEOUT; answers are lost;
//! - the provider, which is also the witness: it fails after it took an order, answers pages, vague words and ids of
//!   other orders, cuts its lists, leaves columns out, rewrites links, and reports nonsense; asked about several orders,
//!   it leaves some out, one of them always, and reports about orders that nobody asked about;
//! - clocks that are off, and are set while everything runs.
//!
//! What it takes for granted, because the protocol does: a provider that refuses with a listed reason does not have the
//! order, one that answers an id with a success status does; a search by reference finds what is there; a provider that
//! is looked up by link and time never answers the id of an order whose own answer was lost; no two orders have the
//! same link; clocks are less than two minutes apart; no process stands still between the check of its claim and its first byte for as long as
//! lease and quarantine together; staff act on what they saw within minutes, and look again after a restore. A copy of the
//! database that is put back under the same server is older than the last raise of its epoch, and then Redis remembers it.
//!
//! After a restore the books know less than the provider. What must hold then is what they can know: an order that is in
//! them was sent once at most, in whichever of its histories; one that was given back as not placed is not at the
//! provider; what was charged is delivered, be it under the name of the same request that was forgotten.
//!
//! Transactions on SQLite share a commit (ADR 0013), which is no step here: members are told after the commit of all, and if
//! it fails all of them failed, which is what [`store::Commit`] draws for each. That they read each other's writes before
//! that shows only if the commit fails; and what a member read decides nothing before its own commit, which is the same one.
//!
//! The steps of the simulated processes mirror the use cases of `application`, call by call: `submit` is
//! `SubmitOrder`, `lookup` is `ReconcileOrder`, `schedules` is `RescueOrders` and `Schedules`, `track` is `TrackOrders`
//! and `CancelUpstream`, `restore` is `SubmissionGuard`, `people` is `PlaceOrder`, `CancelOrder` and `DecideOrder`, `store` is `amend` and `record`. A
//! change of the protocol there is made here too, or the simulator proves something else than what runs.

mod books;
mod calm;
mod dice;
mod jobs;
mod lookup;
mod panel;
mod people;
mod plan;
mod polls;
mod restore;
mod run;
mod schedules;
mod search;
mod store;
mod submit;
mod track;
mod worker;
mod world;

pub use run::{Failure, Mode, Summary, replay, run};
pub use search::search;

/// A rule of the protocol left out, to see that the simulator notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Not finding an order proves its absence as soon as its lease has ended.
    NoQuarantine,
    /// The request is sent before the claim is recorded.
    NoDurableIntent,
    /// An order whose lease has ended waits to be sent again, as at-least-once queues have it, and no unique index stands
    /// in the way of its second attempt.
    NoUniqueAttempt,
    /// The wallet is only looked at when an order is placed; the price is taken when the provider has it.
    NoHold,
    /// The quarantine is measured when the result of a look-up is recorded, not when the provider was asked.
    AbsenceAsOfRecording,
    /// A worker whose own claim was not recorded takes back the claim that somebody else made meanwhile.
    AnyClaimTakenBack,
    /// Nobody notices that the database is an earlier one.
    NoRestoreGuard,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 7] = [
        Self::NoQuarantine,
        Self::NoDurableIntent,
        Self::NoUniqueAttempt,
        Self::NoHold,
        Self::AbsenceAsOfRecording,
        Self::AnyClaimTakenBack,
        Self::NoRestoreGuard,
    ];

    /// The word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoQuarantine => "no-quarantine",
            Self::NoDurableIntent => "no-durable-intent",
            Self::NoUniqueAttempt => "no-unique-attempt",
            Self::NoHold => "no-hold",
            Self::AbsenceAsOfRecording => "absence-as-of-recording",
            Self::AnyClaimTakenBack => "any-claim-taken-back",
            Self::NoRestoreGuard => "no-restore-guard",
        }
    }
}

/// Which rules the simulated product keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    quarantine: bool,
    durable_intent: bool,
    one_live_attempt: bool,
    requeue: bool,
    hold: bool,
    absence_as_of_asking: bool,
    own_claim: bool,
    restore_guard: bool,
}

impl Rules {
    /// All of them, as the product does.
    pub const PRODUCT: Self = Self {
        quarantine: true,
        durable_intent: true,
        one_live_attempt: true,
        requeue: false,
        hold: true,
        absence_as_of_asking: true,
        own_claim: true,
        restore_guard: true,
    };

    /// All but one.
    #[must_use]
    pub const fn without(mutant: Mutant) -> Self {
        let mut rules = Self::PRODUCT;
        match mutant {
            Mutant::NoQuarantine => rules.quarantine = false,
            Mutant::NoDurableIntent => rules.durable_intent = false,
            Mutant::NoUniqueAttempt => {
                rules.requeue = true;
                rules.one_live_attempt = false;
            }
            Mutant::NoHold => rules.hold = false,
            Mutant::AbsenceAsOfRecording => rules.absence_as_of_asking = false,
            Mutant::AnyClaimTakenBack => rules.own_claim = false,
            Mutant::NoRestoreGuard => rules.restore_guard = false,
        }
        rules
    }

    /// A rescue that sends orders again, with the unique index still in place.
    pub const REQUEUE: Self = Self {
        requeue: true,
        ..Self::PRODUCT
    };

    const fn is_product(self) -> bool {
        self.quarantine && self.durable_intent && self.one_live_attempt && !self.requeue && self.hold
    }
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// The provider has an order twice.
    PlacedTwice,
    /// An order was given back as not placed, and the provider has it.
    FreeGoods,
    /// An order was charged, and the provider does not have it.
    ChargedForNothing,
    /// A wallet is below zero.
    Overdrawn,
    /// The books do not balance.
    Books,
    /// An order does not come to an end.
    Stuck,
}

/// What went wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The kind.
    pub kind: Breach,
    /// The words.
    pub text: String,
}
