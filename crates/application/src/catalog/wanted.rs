//! Which of a provider's services an import takes, and what is said about each of them.

use std::collections::{BTreeMap, HashSet};

use domain::catalog::{Margin, QuantityRange, ServiceType};
use domain::text::Name;
use domain::{ProviderId, Rate, ServiceId};

/// Which of the provider's services are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that it offers.
    All,
    /// Those with these upstream ids.
    Only(HashSet<String>),
}

/// Where imported services are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRule {
    /// All in this category of ours, created if need be.
    Own(Name),
    /// Each in a category that is named as the provider's, created if need be.
    AsProvider,
    /// Those of the provider's categories that are named here in ours, the others as [`CategoryRule::AsProvider`].
    Mapped(BTreeMap<String, Name>),
}

/// What to import and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// Whose services.
    pub provider: ProviderId,
    /// Which of them.
    pub selection: Selection,
    /// What is added to their price.
    pub profit: Option<Margin>,
    /// Where they are listed.
    pub category: CategoryRule,
}

/// A service as it is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: Name,
    /// Its category's name.
    pub category: Name,
    /// What kind of order it takes.
    pub service_type: ServiceType,
    /// The provider's price of 1000.
    pub cost: Rate,
    /// What is added to it.
    pub profit: Option<Rate>,
    /// How much one order may ask for.
    pub quantity: QuantityRange,
}

/// What became of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It would be added.
    WouldAdd,
    /// It is a service of ours now.
    Added(ServiceId),
    /// It was one before, and was left alone.
    AlreadyThere,
    /// It was asked for, but the provider does not offer it.
    NotOffered,
    /// It cannot be kept, and why.
    Refused(String),
}

/// One service and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRow {
    /// The provider's id of it.
    pub upstream_id: String,
    /// Its name there, if the provider offers it.
    pub name: Option<String>,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// How it is added, if it is.
    pub planned: Option<Planned>,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// One row for each service that was wanted, in the provider's order; those not offered come last.
    pub rows: Vec<ImportedRow>,
    /// The provider's rows that could not be read, and why.
    pub unreadable: Vec<String>,
    /// Categories that have to be created for it.
    pub new_categories: Vec<String>,
    /// Names exactly this plan: an import with it does what was shown, or nothing.
    pub plan: String,
}
