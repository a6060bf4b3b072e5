//! A provider's list of recent orders, and finding a lost order in it.

use crate::orders::Order;
use crate::{ProviderOrderId, Timestamp};

use super::LookupCapability;

/// A row of a panel's list of recent orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The panel's id.
    pub id: ProviderOrderId,
    /// The panel's id of the service, if listed.
    pub upstream_service: Option<String>,
    /// The link, if listed.
    pub link: Option<String>,
    /// The quantity, if listed.
    pub quantity: Option<u64>,
    /// When the panel created it, if listed.
    pub created_at: Option<Timestamp>,
    /// Our reference, if kept.
    pub reference: Option<String>,
}

/// What a list says about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListMatch {
    /// It is there, under this id.
    Found(ProviderOrderId),
    /// It is not there, and the list reaches back far enough to say so.
    Absent,
    /// The list does not tell; why, for staff.
    Inconclusive(String),
}

/// How much a provider's clock may differ from ours.
const CLOCK_TOLERANCE: std::time::Duration = std::time::Duration::from_mins(2);

/// Looks for an order among `listed`, of which `known` belong to other orders of ours. `sent_after` is when the intent
/// to send it was recorded; `full` says that the list was cut at its limit.
#[must_use]
pub fn find_in_list(
    order: &Order,
    capability: LookupCapability,
    listed: &[ListedOrder],
    known: &[ProviderOrderId],
    sent_after: Timestamp,
    full: bool,
) -> ListMatch {
    let fits = |row: &&ListedOrder| match capability {
        LookupCapability::None => false,
        LookupCapability::Reference => row.reference.as_deref() == Some(order.reference().as_str()),
        LookupCapability::LinkAndTime => same_order(order, row, sent_after),
    };
    let mut found = listed.iter().filter(fits).filter(|row| !known.contains(&row.id));
    match (found.next(), found.next()) {
        (Some(only), None) => ListMatch::Found(only.id.clone()),
        (Some(_), Some(_)) => ListMatch::Inconclusive("several orders fit".to_owned()),
        (None, _) if capability == LookupCapability::Reference => ListMatch::Absent,
        (None, _) if reaches_back(listed, sent_after, full) => ListMatch::Absent,
        (None, _) => ListMatch::Inconclusive("the list does not reach back far enough".to_owned()),
    }
}

fn same_order(order: &Order, row: &ListedOrder, sent_after: Timestamp) -> bool {
    row.link.as_deref() == Some(order.link.as_str())
        && row.quantity.is_none_or(|quantity| quantity == order.quantity)
        && row
            .upstream_service
            .as_ref()
            .is_none_or(|service| *service == order.service.upstream_id)
        && row
            .created_at
            .is_some_and(|created| created >= sent_after.minus(CLOCK_TOLERANCE))
}

/// A list that was not cut holds everything; one that was cut reaches back to its oldest row.
fn reaches_back(listed: &[ListedOrder], sent_after: Timestamp, full: bool) -> bool {
    let limit = sent_after.minus(CLOCK_TOLERANCE);
    !full
        || listed
            .iter()
            .any(|row| row.created_at.is_some_and(|created| created < limit))
}
