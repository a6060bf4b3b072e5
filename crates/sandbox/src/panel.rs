//! A running panel and its witness.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::config::PanelConfig;
use crate::desk::Desk;
use crate::journal::LogEntry;
use crate::orders::{PanelOrder, Status};
use crate::rules::Faults;
use crate::server;

/// A simulated provider panel that is listening.
///
/// Everything it knows lives in memory. Dropping it aborts open requests; [`stop`](Self::stop) lets them finish.
pub struct Panel {
    address: SocketAddr,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Panel {
    /// Starts a panel on the current Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(config: PanelConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((config.address, config.port)).await?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk::new(config));
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server::run(listener, address, Arc::clone(&desk), stopped));
        Ok(Self {
            address,
            desk,
            stop,
            server,
        })
    }

    /// Stops listening, gives open requests half a second and closes every connection.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A panic of the server task has been reported where it happened.
        let _ = (&mut self.server).await;
    }

    /// Waits until the panel has ended, which it does only when it is told to.
    pub async fn ended(&mut self) {
        let _ = (&mut self.server).await;
    }

    /// Where the panel API listens: `http://ADDRESS:PORT/api/v2`.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, server::API_PATH)
    }

    /// The address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key callers must send.
    pub fn key(&self) -> &str {
        &self.desk.config.key
    }

    /// The faults that are switched on.
    pub fn faults(&self) -> Faults {
        self.desk.faults()
    }

    /// Switches faults: those given replace those before. Going down and coming back take a moment.
    pub fn set_faults(&self, faults: Faults) {
        self.desk.set_faults(faults);
    }

    /// What `services` answers from now on, true or not; `None` is the catalogue again. What can be ordered stays the same.
    pub fn set_listing(&self, listing: Option<Value>) {
        self.desk.state().listing = listing;
    }

    /// Every order ever placed, the oldest first.
    pub fn orders(&self) -> Vec<PanelOrder> {
        let now = clock::now_millis();
        let state = self.desk.state();
        let pace = state.book.pace();
        state
            .book
            .orders()
            .iter()
            .map(|order| order.report(now, pace))
            .collect()
    }

    /// The order with this id.
    pub fn order(&self, id: u64) -> Option<PanelOrder> {
        let state = self.desk.state();
        let pace = state.book.pace();
        state
            .book
            .find(id)
            .map(|order| order.report(clock::now_millis(), pace))
    }

    /// How many orders were ever placed for the link.
    pub fn placed_count_for_link(&self, link: &str) -> u64 {
        self.desk.state().book.placed_for_link(link)
    }

    /// How often `add` was asked for the link, whatever became of it.
    pub fn asked_count_for_link(&self, link: &str) -> u64 {
        self.desk.state().journal.asked_for_link(link)
    }

    /// Answers so far by how they travelled; `prompt` is the healthy way.
    pub fn deliveries(&self) -> BTreeMap<&'static str, u64> {
        self.desk.state().journal.deliveries().clone()
    }

    /// Requests so far by action; `unknown` collects what is none.
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        self.desk.state().journal.counts().clone()
    }

    /// What is left of the panel's balance, in micro-units.
    pub fn balance_micros(&self) -> u64 {
        self.desk.state().book.balance(clock::now_millis())
    }

    /// The latest requests, at most a thousand, the oldest first and without the key.
    pub fn log(&self) -> Vec<LogEntry> {
        self.desk.state().journal.entries().cloned().collect()
    }

    /// Pushes an order into a state at once; `None` for an unknown id.
    ///
    /// `remains` is capped at the quantity. Canceled and Partial refund the balance.
    pub fn advance(&self, id: u64, status: Status, remains: u64) -> Option<()> {
        self.push(id, status.as_str(), Some(remains))
    }

    /// Makes an order answer any status word from now on, its remains unchanged; `None` for an unknown id.
    pub fn set_status_text(&self, id: u64, status: &str) -> Option<()> {
        self.push(id, status, None)
    }

    fn push(&self, id: u64, status: &str, remains: Option<u64>) -> Option<()> {
        self.desk
            .state()
            .book
            .push(id, status, remains, clock::now_millis())
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panel")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
