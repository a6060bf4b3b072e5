//! A provider's offer becomes a service of ours.

use std::collections::BTreeMap;

use domain::text::{Name, TextError};
use domain::{CategoryId, ProviderId, Rate, UserId};
use ports::catalog::NewService;
use ports::gateway::PanelService;

use super::categories::uncategorized;

/// The longest upstream id in characters.
const UPSTREAM_ID_MAX_CHARS: usize = 64;
/// The longest description that is kept, in characters.
const DESCRIPTION_MAX_CHARS: usize = 4000;

/// Where a new service goes and what it earns.
pub(super) struct Placement {
    pub provider: ProviderId,
    pub category: CategoryId,
    pub profit: Option<Rate>,
    pub created_by: UserId,
}

/// The service to be added for `offer`.
///
/// # Errors
/// [`TextError`] if its name or id cannot be kept.
pub(super) fn new_service(offer: &PanelService, placement: Placement) -> Result<NewService, TextError> {
    let upstream_id = domain::text::plain(&offer.upstream_id, UPSTREAM_ID_MAX_CHARS)?;
    Ok(NewService {
        provider: placement.provider,
        upstream_id: upstream_id.to_owned(),
        name: offered_name(&offer.name)?,
        service_type: offer.service_type.clone(),
        rate: offer.rate,
        profit: placement.profit,
        quantity: offer.quantity,
        dripfeed: offer.dripfeed,
        refill: offer.refill,
        cancel: offer.cancel,
        category: placement.category,
        description: offer.description.as_deref().map(cut_description),
        created_by: placement.created_by,
    })
}

/// A name as providers write them: control characters become spaces and what is too long is cut, because a name that
/// somebody else chose is no reason to refuse a service.
pub(super) fn offered_name(text: &str) -> Result<Name, TextError> {
    let calm: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(Name::MAX_CHARS)
        .collect();
    Name::parse(&calm)
}

/// Our category for a provider's: the one that staff named for it, else one of the same name.
pub(super) fn our_category(named: &BTreeMap<String, Name>, theirs: &str) -> Name {
    let as_theirs = || offered_name(theirs).unwrap_or_else(|_| uncategorized());
    named.get(theirs.trim()).cloned().unwrap_or_else(as_theirs)
}

fn cut_description(text: &str) -> String {
    text.chars().take(DESCRIPTION_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_name_is_tamed_and_only_an_empty_one_is_refused() {
        assert_eq!(
            offered_name(" IG\tFollowers ").map(|name| name.to_string()),
            Ok("IG Followers".to_owned())
        );
        assert_eq!(
            offered_name(&"x".repeat(999)).map(|name| name.as_str().len()),
            Ok(Name::MAX_CHARS)
        );
        assert_eq!(offered_name(" \n "), Err(TextError::Empty));
    }
}
