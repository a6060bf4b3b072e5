//! Staff edit a provider.

use domain::catalog::Availability;
use domain::currency::Currency;
use domain::identity::right::ProvidersWrite;
use domain::providers::{LookupCapability, PackageRate, Provider, ProviderSettings, SealedSecret};
use domain::text::Name;
use domain::{Money, ProviderId, Secret};
use ports::StoreError;
use ports::catalog::Unique;
use ports::crypto::SealError;
use ports::gateway::PanelError;

use super::admin::Providers;
use super::panels::key_context;
use crate::caller::{Member, Staff};
use crate::retry::{MaybeContended, retry_contended};

/// The provider as it is to be.
#[derive(Debug, Clone)]
pub struct EditProvider {
    /// Display name.
    pub name: Name,
    /// Where its panel API listens.
    pub api_url: String,
    /// Our key there; `None` leaves it as it is, where the address stays.
    pub api_key: Option<Secret>,
    /// Whether another address is one of the same account, so that orders which went to the old one are found there.
    pub same_account: bool,
    /// What else is to change.
    pub knobs: ProviderEdit,
}

/// Knobs that staff may leave alone.
#[derive(Debug, Clone, Default)]
pub struct ProviderEdit {
    /// Whether it is used.
    pub availability: Option<Availability>,
    /// How a lost order is found.
    pub lookup: Option<LookupCapability>,
    /// How many requests a second it allows us.
    pub requests_per_second: Option<u32>,
    /// How much may be of unknown fate there.
    pub exposure_cap: Option<Money>,
    /// What its rates of packages are the price of.
    pub package_rate: Option<PackageRate>,
    /// What its prices are in.
    pub currency: Option<Currency>,
}

impl ProviderEdit {
    /// `settings` with what is to change.
    #[must_use]
    pub fn apply(self, settings: ProviderSettings) -> ProviderSettings {
        ProviderSettings {
            lookup: self.lookup.unwrap_or(settings.lookup),
            requests_per_second: self.requests_per_second.unwrap_or(settings.requests_per_second),
            exposure_cap: self.exposure_cap.unwrap_or(settings.exposure_cap),
            package_rate: self.package_rate.unwrap_or(settings.package_rate),
            currency: self.currency.unwrap_or(settings.currency),
        }
    }
}

/// Why a provider was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditProviderError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Missing,
    /// The address must not be called.
    #[error(transparent)]
    Address(PanelError),
    /// Another provider has the name.
    #[error("a provider with this name exists already")]
    NameTaken,
    /// Its services have their costs from prices in the currency that is to change.
    #[error("the provider has services, whose costs were read in {0}")]
    HasServices(Currency),
    /// The address is another one, where nobody may send a key that they do not have.
    #[error("another address needs the key")]
    KeyNeeded,
    /// It would be asked about orders that another panel has.
    #[error("the provider has orders that have not ended")]
    HasOrders,
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MaybeContended for EditProviderError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl Providers {
    /// Changes a provider. Orders that it has stay with it.
    ///
    /// # Errors
    /// [`EditProviderError`] if it was not changed, or nobody knows.
    pub async fn edit(
        &self,
        staff: &Staff<ProvidersWrite>,
        id: ProviderId,
        edit: &EditProvider,
    ) -> Result<(), EditProviderError> {
        self.gateway
            .check_address(&edit.api_url)
            .map_err(EditProviderError::Address)?;
        let key = match &edit.api_key {
            Some(key) => Some(self.sealer.seal(key, &key_context(id))?),
            None => None,
        };
        retry_contended(|| self.record_edited(staff, id, edit, key.as_ref())).await
    }

    async fn record_edited(
        &self,
        staff: &Member,
        id: ProviderId,
        edit: &EditProvider,
        key: Option<&SealedSecret>,
    ) -> Result<(), EditProviderError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let before = tx.providers().lock(id).await?.ok_or(EditProviderError::Missing)?;
        let after = Provider {
            name: edit.name.clone(),
            api_url: edit.api_url.clone(),
            availability: edit.knobs.availability.unwrap_or(before.availability),
            settings: edit.knobs.clone().apply(before.settings.clone()),
            updated_at: now,
            ..before.clone()
        };
        // Whoever imports keeps the provider's row, so no service comes between.
        if after.settings.currency != before.settings.currency && tx.providers().has_services(id).await? {
            return Err(EditProviderError::HasServices(before.settings.currency));
        }
        if after.api_url != before.api_url && key.is_none() {
            return Err(EditProviderError::KeyNeeded);
        }
        // Another panel knows nothing of these orders, which would then pass for lost, or has others of the same ids.
        if after.api_url != before.api_url && !edit.same_account && tx.providers().has_orders(id).await? {
            return Err(EditProviderError::HasOrders);
        }
        match tx.providers().update(&after).await? {
            Unique::Saved(()) => {}
            Unique::Taken => return Err(EditProviderError::NameTaken),
            Unique::Missing => return Err(EditProviderError::Missing),
        }
        let package_rate = after.settings.package_rate;
        if package_rate != before.settings.package_rate {
            // At once, so that nothing is sold at what was read otherwise. Profits follow with the next synchronisation.
            tx.catalog().reprice_packages(id, package_rate, now).await?;
        }
        if let Some(key) = key {
            tx.providers().set_key(id, key, now).await?;
        }
        let details = edit_details(&before, &after, key.is_some());
        tx.audit()
            .append(&self.entry(staff, "provider.edit", id, details))
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What an edit may change, and what it was before, by the names in the audit log.
const EDITED: [(&str, &str); 8] = [
    ("name", "name_before"),
    ("api_url", "api_url_before"),
    ("availability", "availability_before"),
    ("currency", "currency_before"),
    ("lookup", "lookup_before"),
    ("requests_per_second", "requests_per_second_before"),
    ("exposure_cap", "exposure_cap_before"),
    ("package_rate", "package_rate_before"),
];

fn edit_details(before: &Provider, after: &Provider, key_changed: bool) -> Vec<(&'static str, String)> {
    let named = |provider: &Provider| {
        [
            provider.name.to_string(),
            provider.api_url.clone(),
            provider.availability.as_str().to_owned(),
            provider.settings.currency.to_string(),
            provider.settings.lookup.as_str().to_owned(),
            provider.settings.requests_per_second.to_string(),
            provider.settings.exposure_cap.to_string(),
            provider.settings.package_rate.as_str().to_owned(),
        ]
    };
    let mut details = Vec::with_capacity(2 * EDITED.len() + 1);
    for ((name, name_before), (is, was)) in EDITED
        .into_iter()
        .zip(named(after).into_iter().zip(named(before)))
    {
        details.push((name_before, was));
        details.push((name, is));
    }
    if key_changed {
        details.push(("key", "changed".to_owned()));
    }
    details
}
