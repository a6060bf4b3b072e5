//! Provider panels as we call them: the panel API v2 as a client.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use domain::catalog::{QuantityRange, ServiceType};
use domain::currency::Currency;
pub use domain::providers::ListedOrder;
use domain::providers::{AddAnswer, UpstreamOrder, is_passing};
use domain::{ProviderId, ProviderOrderId, Rate, Secret};

/// Where and as whom a panel is called.
#[derive(Debug, Clone)]
pub struct PanelTarget {
    /// For logs and metrics.
    pub provider: ProviderId,
    /// Where the panel API listens.
    pub api_url: String,
    /// Our key there.
    pub api_key: Secret,
}

/// Why a call that may be repeated gave nothing. Texts have the key removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PanelError {
    /// The address is not one that may be called.
    #[error("the address is not allowed: {0}")]
    Forbidden(String),
    /// It could not be reached.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// It did not answer in time, or broke off.
    #[error("no complete answer: {0}")]
    Broken(String),
    /// It answered something that is not the panel protocol.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// It answered with an error of the panel protocol.
    #[error("refused: {0}")]
    Refused(String),
    /// It answered so, with a status that says that it is the moment and not the question: 429, or one of a server that
    /// fails.
    #[error("refused for now: {0}")]
    RefusedForNow(String),
}

impl PanelError {
    /// Whether the same question may be answered later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Forbidden(_) => false,
            Self::Unreachable(_) | Self::Broken(_) | Self::Unreadable(_) | Self::RefusedForNow(_) => true,
            Self::Refused(error) => is_passing(error),
        }
    }
}

/// A service as the panel offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelService {
    /// The panel's id of it, as text.
    pub upstream_id: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub service_type: ServiceType,
    /// Its category's name.
    pub category: String,
    /// Its price of 1000 in the panel's currency, rounded up to nine decimals.
    pub rate: Rate,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
    /// Whether deliveries can be spread.
    pub dripfeed: bool,
    /// Whether drops are refilled.
    pub refill: bool,
    /// Whether orders can be canceled.
    pub cancel: bool,
    /// Text.
    pub description: Option<String>,
}

/// A panel's whole offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelCatalogue {
    /// Rows that could be read.
    pub services: Vec<PanelService>,
    /// Rows that could not, with the reason; at most 100 are kept.
    pub unreadable: Vec<String>,
    /// What the rows say that their prices are in, as far as they do.
    pub currencies: BTreeSet<Currency>,
}

/// An order to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelOrder {
    /// The panel's id of the service.
    pub upstream_service: String,
    /// Where it is to be delivered.
    pub link: String,
    /// How much, if the service's type asks for it.
    pub quantity: Option<u64>,
    /// What is to be written, one comment a line, if the service's type asks for it.
    pub comments: Option<String>,
    /// Our reference, sent as `request_id` to panels that keep one.
    pub reference: Option<String>,
}

/// A panel's answer about one of several orders. An order that is not in the answer got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusAnswer {
    /// Its state.
    Reported(UpstreamOrder),
    /// The panel's error about this order.
    Refused(String),
}

/// Our balance at a panel, as written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelBalance {
    /// The amount.
    pub amount: String,
    /// The currency.
    pub currency: String,
}

/// Orders asked for in one status request at most.
pub const STATUS_BATCH_MAX: u16 = 100;
/// Rows asked for in one list of recent orders.
pub const LIST_MAX: u16 = 100;

/// Calls panels.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PanelGateway: Send + Sync {
    /// Sends an order, **once**: no retry, no redirect, no reused connection. The answer is what was observed, whatever
    /// it was.
    async fn add(&self, target: &PanelTarget, order: &PanelOrder) -> AddAnswer;

    /// Asks about up to [`STATUS_BATCH_MAX`] orders. Only ids that were asked for are in the answer.
    async fn statuses(
        &self,
        target: &PanelTarget,
        ids: &[ProviderOrderId],
    ) -> Result<HashMap<ProviderOrderId, StatusAnswer>, PanelError>;

    /// Lists recent orders, newest first, or those with a reference of ours. Few panels know this action.
    async fn recent_orders(
        &self,
        target: &PanelTarget,
        reference: Option<String>,
    ) -> Result<Vec<ListedOrder>, PanelError>;

    /// Asks to cancel an order. `Ok` means asked, not canceled.
    async fn cancel(&self, target: &PanelTarget, id: &ProviderOrderId) -> Result<(), PanelError>;

    /// Asks to refill an order; the panel's id of the refill.
    async fn refill(&self, target: &PanelTarget, id: &ProviderOrderId) -> Result<String, PanelError>;

    /// Asks what became of a refill; the panel's word.
    async fn refill_status(&self, target: &PanelTarget, refill_id: &str) -> Result<String, PanelError>;

    /// Reads the whole offer.
    async fn services(&self, target: &PanelTarget) -> Result<PanelCatalogue, PanelError>;

    /// Reads our balance.
    async fn balance(&self, target: &PanelTarget) -> Result<PanelBalance, PanelError>;

    /// Says whether an address may be called at all (scheme, port, credentials, literal private addresses). Names are
    /// checked again when they are resolved for a call.
    fn check_address(&self, api_url: &str) -> Result<(), PanelError>;
}
