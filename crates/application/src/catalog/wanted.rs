//! Which of a provider's services an import takes, and what is said about each of them.

use std::collections::HashSet;

use domain::text::Name;
use domain::{ProviderId, Rate, ServiceId};
use ports::gateway::PanelService;

use super::profit::ProfitRule;

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
}

/// What to import and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// Whose services.
    pub provider: ProviderId,
    /// Which of them.
    pub selection: Selection,
    /// What is added to their price.
    pub profit: Option<ProfitRule>,
    /// Where they are listed.
    pub category: CategoryRule,
}

/// What became of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
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
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// One row for each service that was wanted, in the provider's order; those not offered come last.
    pub rows: Vec<ImportedRow>,
    /// The provider's rows that could not be read, and why.
    pub unreadable: Vec<String>,
}

/// The profit on a rate; `None` if profit or price do not fit.
pub(super) fn profit_on(rate: Rate, rule: Option<ProfitRule>) -> Option<Option<Rate>> {
    match rule {
        None => Some(None),
        Some(rule) => {
            let profit = rule.profit(rate)?;
            rate.checked_add(profit).map(|_| Some(profit))
        }
    }
}

/// Splits an offer into what is wanted and what is wanted in vain. A service that the provider lists twice counts once.
pub(super) fn select(
    offered: Vec<PanelService>,
    selection: &Selection,
) -> (Vec<PanelService>, Vec<ImportedRow>) {
    let mut seen = HashSet::new();
    let wanted: Vec<_> = offered
        .into_iter()
        .filter(|service| match selection {
            Selection::All => true,
            Selection::Only(ids) => ids.contains(&service.upstream_id),
        })
        .filter(|service| seen.insert(service.upstream_id.clone()))
        .collect();
    let mut missing: Vec<_> = match selection {
        Selection::All => Vec::new(),
        Selection::Only(ids) => ids.difference(&seen).cloned().collect(),
    };
    missing.sort();
    let not_offered = missing
        .into_iter()
        .map(|upstream_id| ImportedRow {
            upstream_id,
            name: None,
            outcome: ImportOutcome::NotOffered,
        })
        .collect();
    (wanted, not_offered)
}

/// The service and its fate.
pub(super) fn row(service: &PanelService, outcome: ImportOutcome) -> ImportedRow {
    ImportedRow {
        upstream_id: service.upstream_id.clone(),
        name: Some(service.name.clone()),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use domain::catalog::{QuantityRange, ServiceType};

    use super::*;

    fn offered(id: &str) -> PanelService {
        PanelService {
            upstream_id: id.to_owned(),
            name: format!("Service {id}"),
            service_type: ServiceType::Default,
            category: "Cat".to_owned(),
            rate: Rate::parse("0.9").unwrap(),
            quantity: QuantityRange::new(1, 10).unwrap(),
            dripfeed: false,
            refill: false,
            cancel: false,
            description: None,
        }
    }

    #[test]
    fn what_is_not_offered_is_reported_and_what_is_listed_twice_counts_once() {
        let only = Selection::Only(["2", "9"].map(str::to_owned).into());
        let (wanted, missing) = select(vec![offered("1"), offered("2"), offered("2")], &only);
        assert_eq!(wanted.len(), 1);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].upstream_id, "9");
        assert_eq!(missing[0].outcome, ImportOutcome::NotOffered);

        let (wanted, missing) = select(vec![offered("1"), offered("2")], &Selection::All);
        assert_eq!((wanted.len(), missing.len()), (2, 0));
    }

    #[test]
    fn a_price_that_does_not_fit_is_no_price() {
        let huge = Rate::from_nanos(i64::MAX).unwrap();
        assert_eq!(profit_on(huge, Some(ProfitRule::BasisPoints(1))), None);
        assert_eq!(profit_on(huge, None), Some(None));
    }
}
