//! A provider's list of recent orders, and finding a lost order in it.

use std::time::Duration;

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

/// An order of ours that a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    /// The panel's id.
    pub id: ProviderOrderId,
    /// When the intent to send it was recorded.
    pub sent_at: Timestamp,
}

/// How much a provider's clock may differ from ours for its times to tell two orders of one link apart, and how much longer one
/// request may be under way than another.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(2);
/// How much it may differ at most: it may show the time of any place, without saying so.
const ZONE_TOLERANCE: Duration = Duration::from_hours(24);

/// Looks for an order among `listed`, of which `known` belong to other orders of ours. `sent_after` is when the intent
/// to send it was recorded. `pieces` is how much of it the panel lists, where that is certain: panels count packages and
/// comments in ways of their own. Panels cut their lists at limits of their own, so a list proves absence only if it shows
/// something older than the order, behind everything that is newer.
#[must_use]
pub fn find_in_list(
    order: &Order,
    pieces: Option<u64>,
    capability: LookupCapability,
    listed: &[ListedOrder],
    known: &[KnownOrder],
    sent_after: Timestamp,
) -> ListMatch {
    let wanted = Wanted {
        order,
        pieces,
        sent_after,
    };
    let fits = |row: &&ListedOrder| match capability {
        LookupCapability::None => false,
        LookupCapability::Reference => row.reference.as_deref() == Some(order.reference().as_str()),
        LookupCapability::LinkAndTime => wanted.is(row),
    };
    let is_known = |row: &ListedOrder| known.iter().any(|it| it.id == row.id);
    let mut strangers = listed.iter().filter(|row| !is_known(row));
    let mut found = strangers.clone().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => ListMatch::Found(only.id.clone()),
        (Some(_), Some(_)) => ListMatch::Inconclusive("several orders fit".to_owned()),
        (None, _) if strangers.any(|row| wanted.resembles(row)) => {
            ListMatch::Inconclusive("an order that may be this one is listed in another form".to_owned())
        }
        // A provider that answered another order of ours with this one's id would look just like that.
        (None, _) if listed.iter().any(|row| fits(&row)) => {
            ListMatch::Inconclusive("what fits has an id that another order has".to_owned())
        }
        (None, _) if capability == LookupCapability::Reference => ListMatch::Absent,
        (None, _) if !is_newest_first(listed) => {
            ListMatch::Inconclusive("the list does not go from new to old".to_owned())
        }
        (None, _) if listed.iter().any(|row| wanted.is_younger_than(row, known)) => ListMatch::Absent,
        (None, _) => ListMatch::Inconclusive("the list does not reach back far enough".to_owned()),
    }
}

/// What is looked for.
struct Wanted<'a> {
    order: &'a Order,
    pieces: Option<u64>,
    sent_after: Timestamp,
}

impl Wanted<'_> {
    /// Whether a row is the order, by all that it says.
    fn is(&self, row: &ListedOrder) -> bool {
        row.link.as_deref() == Some(self.order.link.as_str())
            && self.differences(row) == 0
            && row
                .created_at
                .is_some_and(|created| created >= self.sent_after.minus(CLOCK_TOLERANCE))
    }

    /// Whether a row that nobody claims may be the order all the same: providers rewrite links or quantities, give references of
    /// their own, leave columns out, and show the time of another place. As long as there is one, not finding the order
    /// proves nothing.
    fn resembles(&self, row: &ListedOrder) -> bool {
        let in_time = row
            .created_at
            .is_none_or(|created| created >= self.sent_after.minus(ZONE_TOLERANCE));
        let is_named = row.reference.as_deref().is_some_and(Order::is_reference);
        in_time && !is_named && self.differences(row) < 2
    }

    /// In how much of what is listed a row differs.
    fn differences(&self, row: &ListedOrder) -> usize {
        let quantity = row.quantity.zip(self.pieces);
        let service = row.upstream_service.as_ref();
        let differs = [
            row.link
                .as_deref()
                .is_some_and(|link| link != self.order.link.as_str()),
            quantity.is_some_and(|(listed, pieces)| listed != pieces),
            service.is_some_and(|service| *service != self.order.service.upstream_id),
        ];
        differs.into_iter().filter(|differs| *differs).count()
    }

    /// Whether a row is older than the order: by our own clock if it is ours, else by the provider's, whatever time that shows.
    fn is_younger_than(&self, row: &ListedOrder, known: &[KnownOrder]) -> bool {
        match known.iter().find(|it| it.id == row.id) {
            Some(known) => known.sent_at < self.sent_after.minus(CLOCK_TOLERANCE),
            None => row
                .created_at
                .is_some_and(|created| created < self.sent_after.minus(ZONE_TOLERANCE)),
        }
    }
}

/// Whether the newest rows are the first ones, so that what a cut list lacks is older than all it shows. Times may be as coarse as
/// days.
fn is_newest_first(listed: &[ListedOrder]) -> bool {
    let times: Option<Vec<Timestamp>> = listed.iter().map(|row| row.created_at).collect();
    let numbers: Option<Vec<u64>> = listed.iter().map(|row| row.id.as_str().parse().ok()).collect();
    let falls = times
        .as_ref()
        .is_none_or(|times| times.is_sorted_by(|newer, older| newer >= older));
    match (times, numbers) {
        (_, Some(numbers)) => falls && numbers.is_sorted_by(|newer, older| newer > older),
        (Some(times), None) => falls && (times.len() < 2 || times.first() > times.last()),
        (None, None) => false,
    }
}
