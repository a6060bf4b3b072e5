//! What an import would do, and the token that names exactly that.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::catalog::{Margin, Service};
use domain::fingerprint::Fingerprint;
use domain::providers::PriceReading;
use domain::text::Name;
use domain::{CategoryId, ProviderId, Rate, UserId};
use ports::catalog::CategoryView;
use ports::gateway::PanelService;

use super::offer::{Placement, new_service, our_category};
use super::wanted::{
    CategoryRule, ImportOutcome, ImportReport, ImportRequest, ImportedRow, Planned, Selection,
};
use crate::providers::ProviderList;

/// One service that is wanted, and what is decided about it.
pub(super) struct Wanted {
    pub service: PanelService,
    /// How it would be added, or why not.
    pub decided: Result<Planned, ImportOutcome>,
}

/// What an import would do.
pub(super) struct Plan {
    pub wanted: Vec<Wanted>,
    pub token: String,
    /// How the provider's prices were read.
    pub read_as: PriceReading,
    not_offered: Vec<ImportedRow>,
    new_categories: Vec<String>,
    unreadable: Vec<String>,
}

impl Wanted {
    pub(super) fn row(&self, outcome: ImportOutcome) -> ImportedRow {
        ImportedRow {
            upstream_id: self.service.upstream_id.clone(),
            name: Some(self.service.name.clone()),
            outcome,
            planned: self.decided.as_ref().ok().cloned(),
        }
    }

    pub(super) fn would_be(&self) -> ImportedRow {
        self.row(match &self.decided {
            Ok(_) => ImportOutcome::WouldAdd,
            Err(outcome) => outcome.clone(),
        })
    }
}

impl Plan {
    /// How many services would be added.
    pub(super) fn additions(&self) -> usize {
        self.wanted.iter().filter(|wanted| wanted.decided.is_ok()).count()
    }

    /// What became of it, with what was wanted in vain.
    pub(super) fn report(self, mut rows: Vec<ImportedRow>) -> ImportReport {
        rows.extend(self.not_offered);
        ImportReport {
            rows,
            unreadable: self.unreadable,
            new_categories: self.new_categories,
            plan: self.token,
        }
    }
}

/// Decides about everything that `request` wants.
pub(super) fn plan(
    request: &ImportRequest,
    list: ProviderList,
    ours: &[Service],
    categories: &[CategoryView],
) -> Plan {
    let ProviderList { offer, read_as } = list;
    let known: HashSet<&str> = ours.iter().map(|service| service.upstream_id.as_str()).collect();
    let (services, not_offered) = select(offer.services, &request.selection);
    let wanted: Vec<Wanted> = services
        .into_iter()
        .map(|service| Wanted {
            decided: decide(request, &service, &known),
            service,
        })
        .collect();
    let named: HashSet<&str> = categories
        .iter()
        .map(|view| view.category.name.as_str())
        .collect();
    let planned = wanted.iter().filter_map(|wanted| wanted.decided.as_ref().ok());
    let new_categories: BTreeSet<String> = planned
        .map(|planned| planned.category.to_string())
        .filter(|name| !named.contains(name.as_str()))
        .collect();
    Plan {
        token: token(request.provider, &wanted, &new_categories),
        read_as,
        wanted,
        not_offered,
        new_categories: new_categories.into_iter().collect(),
        unreadable: offer.unreadable,
    }
}

fn decide(
    request: &ImportRequest,
    service: &PanelService,
    known: &HashSet<&str>,
) -> Result<Planned, ImportOutcome> {
    if known.contains(service.upstream_id.as_str()) {
        return Err(ImportOutcome::AlreadyThere);
    }
    let refused = |why: String| ImportOutcome::Refused(why);
    let profit = profit_on(service.rate, request.profit)
        .ok_or_else(|| refused("the price is too large".to_owned()))?;
    let nowhere = Placement {
        provider: request.provider,
        category: CategoryId(0),
        profit,
        created_by: UserId::new(""),
    };
    let sound = new_service(service, nowhere).map_err(|error| refused(format!("its name or id {error}")))?;
    Ok(Planned {
        name: sound.name,
        category: category(&request.category, &service.category),
        service_type: sound.service_type,
        cost: service.rate,
        profit,
        quantity: service.quantity,
    })
}

fn category(rule: &CategoryRule, theirs: &str) -> Name {
    match rule {
        CategoryRule::Own(name) => name.clone(),
        CategoryRule::AsProvider => our_category(&BTreeMap::new(), theirs),
        CategoryRule::Mapped(named) => our_category(named, theirs),
    }
}

/// The profit on a rate; `None` if profit or price do not fit.
fn profit_on(rate: Rate, margin: Option<Margin>) -> Option<Option<Rate>> {
    match margin {
        None => Some(None),
        Some(margin) => margin.profit(rate).map(Some),
    }
}

/// The same for the same plan, and for no other.
fn token(provider: ProviderId, wanted: &[Wanted], new_categories: &BTreeSet<String>) -> String {
    let mut fields = vec![("provider", provider.to_string())];
    fields.extend(new_categories.iter().map(|name| ("category", name.clone())));
    for wanted in wanted {
        let PanelService {
            upstream_id,
            dripfeed,
            refill,
            cancel,
            description,
            ..
        } = &wanted.service;
        fields.push(("service", upstream_id.clone()));
        fields.push(("decided", format!("{:?}", wanted.decided)));
        fields.push(("terms", format!("{dripfeed} {refill} {cancel}")));
        fields.push(("description", description.clone().unwrap_or_default()));
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Fingerprint::of(&fields).as_str().to_owned()
}

/// Splits an offer into what is wanted and what is wanted in vain. A service that the provider lists twice counts once.
fn select(offered: Vec<PanelService>, selection: &Selection) -> (Vec<PanelService>, Vec<ImportedRow>) {
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
            planned: None,
        })
        .collect();
    (wanted, not_offered)
}

#[cfg(test)]
mod tests {
    use domain::catalog::{QuantityRange, ServiceType};
    use domain::currency::Currency;
    use domain::providers::PackageRate;
    use ports::gateway::PanelCatalogue;

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

    fn request(selection: Selection) -> ImportRequest {
        ImportRequest {
            provider: ProviderId(1),
            selection,
            profit: Some(Margin::share(5_000)),
            category: CategoryRule::AsProvider,
        }
    }

    fn planned(request: &ImportRequest, services: Vec<PanelService>) -> Plan {
        let offer = PanelCatalogue {
            services,
            unreadable: Vec::new(),
            currencies: BTreeSet::new(),
        };
        let read_as = PriceReading {
            currency: Currency::ledger(),
            package_rate: PackageRate::One,
        };
        plan(request, ProviderList { offer, read_as }, &[], &[])
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
        assert_eq!(profit_on(huge, Some(Margin::share(1))), None);
        assert_eq!(profit_on(huge, None), Some(None));
    }

    #[test]
    fn a_token_names_one_plan_and_no_other() {
        let request = request(Selection::All);
        let token = |services| planned(&request, services).token;
        let plain = token(vec![offered("1")]);
        assert_eq!(plain, token(vec![offered("1")]));
        let changed: [fn(&mut PanelService); 8] = [
            |it| it.rate = Rate::parse("0.91").unwrap(),
            |it| it.name = "Other".to_owned(),
            |it| it.category = "Other".to_owned(),
            |it| it.quantity = QuantityRange::new(2, 10).unwrap(),
            |it| it.refill = true,
            |it| it.description = Some("x".to_owned()),
            |it| it.service_type = ServiceType::Other("Poll".to_owned()),
            |it| it.upstream_id = "2".to_owned(),
        ];
        for change in changed {
            let mut service = offered("1");
            change(&mut service);
            assert_ne!(plain, token(vec![service]));
        }
        let cheaper = ImportRequest {
            profit: None,
            ..request.clone()
        };
        assert_ne!(plain, planned(&cheaper, vec![offered("1")]).token);
    }

    #[test]
    fn a_category_is_mapped_or_else_the_providers() {
        let mapping = [("Cat".to_owned(), Name::from_stored("Ours"))].into();
        let rule = CategoryRule::Mapped(mapping);
        assert_eq!(category(&rule, " Cat ").as_str(), "Ours");
        assert_eq!(category(&rule, "Dog").as_str(), "Dog");
        assert_eq!(category(&rule, " ").as_str(), "Uncategorized");
    }
}
