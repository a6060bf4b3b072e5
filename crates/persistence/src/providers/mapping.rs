//! Provider rows as the domain's values.

use domain::catalog::Availability;
use domain::currency::Currency;
use domain::providers::{
    LookupCapability, PackageRate, Provider, ProviderBalance, ProviderSettings, SealedSecret,
};
use domain::text::Name;
use domain::{ProviderId, Timestamp, UserId};
use entities::providers;
use ports::StoreError;

use crate::decode::{money, number, time, unreadable, word};

pub(super) fn provider(row: providers::Model) -> Result<Provider, StoreError> {
    let settings = ProviderSettings {
        lookup: word("providers.lookup", &row.lookup, LookupCapability::from_stored)?,
        requests_per_second: number("providers.requests_per_second", row.requests_per_second)?,
        exposure_cap: money(row.exposure_cap),
        package_rate: word(
            "providers.package_rate",
            &row.package_rate,
            PackageRate::from_stored,
        )?,
        currency: Currency::from_stored(row.currency),
    };
    let balance = match (row.balance_amount, row.balance_currency, time(row.balance_at)) {
        (Some(amount), Some(currency), Some(at)) => Some(ProviderBalance { amount, currency, at }),
        _ => None,
    };
    Ok(Provider {
        id: ProviderId(row.id),
        name: Name::from_stored(row.name),
        api_url: row.api_url,
        availability: word(
            "providers.availability",
            &row.availability,
            Availability::from_stored,
        )?,
        settings,
        balance,
        created_by: UserId::new(row.created_by),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// The provider and its key. A provider whose key was never set was not added completely.
pub(super) fn provider_and_key(mut row: providers::Model) -> Result<(Provider, SealedSecret), StoreError> {
    let key = (
        row.key_version.take(),
        row.key_nonce.take(),
        row.key_ciphertext.take(),
    );
    let (Some(key_version), Some(nonce), Some(ciphertext)) = key else {
        return Err(unreadable("providers.key_version", "NULL"));
    };
    let key = SealedSecret {
        key_version,
        nonce,
        ciphertext,
    };
    Ok((provider(row)?, key))
}
