//! The shared state of a panel: its ledger and journal behind one lock, its faults behind a switch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::actions::{self, Exchange, Request};
use crate::book::{Book, Draft};
use crate::clock;
use crate::config::PanelConfig;
use crate::journal::Journal;
use crate::params::Params;
use crate::rules::Faults;
use crate::wording::Wording;

/// Ids derived from the clock count from this second (2020-01-01).
const ID_EPOCH_SECONDS: u64 = 1_577_836_800;

/// Ids derived from the clock advance this much a second, faster than orders come.
const IDS_PER_SECOND: u64 = 100;

/// Everything the connections of one panel share.
#[derive(Debug)]
pub struct Desk {
    pub config: PanelConfig,
    faults: watch::Sender<Faults>,
    state: Mutex<State>,
}

/// What the lock protects.
#[derive(Debug)]
pub struct State {
    pub book: Book,
    pub journal: Journal,
    /// What `services` answers instead of the catalogue.
    pub listing: Option<Value>,
    requests: u64,
}

impl Desk {
    pub fn new(config: PanelConfig) -> Self {
        let first_id = config.first_id.unwrap_or_else(|| {
            (clock::now_millis() / 1_000)
                .saturating_sub(ID_EPOCH_SECONDS)
                .saturating_mul(IDS_PER_SECOND)
        });
        let pace = clock::millis(config.pace);
        Self {
            faults: watch::Sender::new(config.faults.clone()),
            state: Mutex::new(State {
                book: Book::new(config.seed, pace, config.balance_micros, first_id),
                journal: Journal::default(),
                listing: None,
                requests: 0,
            }),
            config,
        }
    }

    /// The state, also after a panic elsewhere: every change to it is complete before the lock is released.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn faults(&self) -> Faults {
        self.faults.borrow().clone()
    }

    pub fn set_faults(&self, faults: Faults) {
        self.faults.send_replace(faults);
    }

    pub fn watch_faults(&self) -> watch::Receiver<Faults> {
        self.faults.subscribe()
    }

    /// Carries out one request and notes it.
    pub fn handle(&self, params: &Params) -> Exchange {
        let faults = self.faults();
        let now = clock::now_millis();
        let mut guard = self.state();
        let state = &mut *guard;
        let ordinal = state.requests;
        state.requests = ordinal.saturating_add(1);
        let request = Request {
            params,
            config: &self.config,
            faults: &faults,
            listing: state.listing.as_ref(),
            ordinal,
            now,
        };
        let exchange = request.perform(&mut state.book);
        let (answer, delivery) = match &exchange {
            Exchange::Answer(value, delivery) => (Some(value), *delivery),
            Exchange::Later(_, _, delivery) => (None, *delivery),
        };
        state
            .journal
            .note(params, answer, delivery, &self.config.key, now);
        exchange
    }

    /// Places an order that was held back.
    pub fn place(&self, draft: Draft, wording: Wording) -> Value {
        let now = clock::now_millis();
        actions::place(draft, wording, &self.config.key, &mut self.state().book, now)
    }
}
