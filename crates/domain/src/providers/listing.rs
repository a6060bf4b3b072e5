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
/// to send it was recorded. `pieces` is how much of it the panel lists, where that is certain: panels count packages and
/// comments in ways of their own. Panels cut their lists at limits of their own, so a list proves absence only if it shows
/// something older than the order.
#[must_use]
pub fn find_in_list(
    order: &Order,
    pieces: Option<u64>,
    capability: LookupCapability,
    listed: &[ListedOrder],
    known: &[ProviderOrderId],
    sent_after: Timestamp,
) -> ListMatch {
    let counts = |row: &ListedOrder| match (row.quantity, pieces) {
        (Some(listed), Some(pieces)) => listed == pieces,
        _ => true,
    };
    let fits = |row: &&ListedOrder| match capability {
        LookupCapability::None => false,
        LookupCapability::Reference => row.reference.as_deref() == Some(order.reference().as_str()),
        LookupCapability::LinkAndTime => counts(row) && same_order(order, row, sent_after),
    };
    let mut strangers = listed.iter().filter(|row| !known.contains(&row.id));
    let mut found = strangers.clone().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => ListMatch::Found(only.id.clone()),
        (Some(_), Some(_)) => ListMatch::Inconclusive("several orders fit".to_owned()),
        (None, _) if strangers.any(|row| counts(row) && resembles(row, sent_after)) => {
            ListMatch::Inconclusive("an order that may be this one is listed in another form".to_owned())
        }
        // A provider that answered another order of ours with this one's id would look just like that.
        (None, _) if listed.iter().any(|row| fits(&row)) => {
            ListMatch::Inconclusive("what fits has an id that another order has".to_owned())
        }
        (None, _) if capability == LookupCapability::Reference => ListMatch::Absent,
        (None, _) if reaches_back(listed, sent_after) => ListMatch::Absent,
        (None, _) => ListMatch::Inconclusive("the list does not reach back far enough".to_owned()),
    }
}

/// Whether a row that nobody claims may be the order all the same: providers rewrite links and leave columns out. As
/// long as there is one, not finding the order proves nothing.
fn resembles(row: &ListedOrder, sent_after: Timestamp) -> bool {
    let in_time = row
        .created_at
        .is_none_or(|created| created >= sent_after.minus(CLOCK_TOLERANCE));
    let unnamed = row.reference.is_none();
    in_time && unnamed
}

fn same_order(order: &Order, row: &ListedOrder, sent_after: Timestamp) -> bool {
    row.link.as_deref() == Some(order.link.as_str())
        && row
            .upstream_service
            .as_ref()
            .is_none_or(|service| *service == order.service.upstream_id)
        && row
            .created_at
            .is_some_and(|created| created >= sent_after.minus(CLOCK_TOLERANCE))
}

fn reaches_back(listed: &[ListedOrder], sent_after: Timestamp) -> bool {
    let limit = sent_after.minus(CLOCK_TOLERANCE);
    listed
        .iter()
        .any(|row| row.created_at.is_some_and(|created| created < limit))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::orders::{Hold, OrderState, ServiceSnapshot};
    use crate::text::{Link, Name};
    use crate::{Money, OrderId, ProviderId, Rate, ServiceId, UserId};

    const SENT: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn order() -> Order {
        Order {
            id: OrderId(7),
            user: UserId::new("u"),
            service: ServiceSnapshot {
                id: ServiceId(1),
                name: Name::from_stored("s"),
                provider: ProviderId(1),
                upstream_id: "55".to_owned(),
                rate: Rate::ZERO,
                selling_rate: Rate::ZERO,
                refill: false,
                cancel: false,
            },
            link: Link::from_stored("https://a.b/x"),
            quantity: 100,
            price: Money::MICRO,
            cost: Money::ZERO,
            state: OrderState::Unknown,
            hold: Hold::Pending,
            refunded: Money::ZERO,
            recognised: Money::ZERO,
            provider_order_id: None,
            provider_status: None,
            start_count: None,
            remains: None,
            attempts: 1,
            lease_until: None,
            unknown_since: None,
            due_at: None,
            lookups: 0,
            review: None,
            cancel_requested_at: None,
            observed_at: None,
            submitted_at: None,
            ended_at: None,
            created_at: SENT,
            updated_at: SENT,
            revision: 0,
            rates: None,
        }
    }

    fn row(id: &str, link: &str, quantity: u64, after_sent: i64) -> ListedOrder {
        ListedOrder {
            id: ProviderOrderId::new(id),
            upstream_service: Some("55".to_owned()),
            link: Some(link.to_owned()),
            quantity: Some(quantity),
            created_at: Some(Timestamp::from_micros(SENT.micros() + after_sent * 1_000_000)),
            reference: None,
        }
    }

    fn look(listed: &[ListedOrder], known: &[ProviderOrderId]) -> ListMatch {
        find_in_list(
            &order(),
            Some(100),
            LookupCapability::LinkAndTime,
            listed,
            known,
            SENT,
        )
    }

    #[test]
    fn what_panels_count_in_ways_of_their_own_is_not_compared() {
        let listed = [row("9", "https://a.b/x", 20, 5)];
        let found = |pieces| {
            let capability = LookupCapability::LinkAndTime;
            find_in_list(&order(), pieces, capability, &listed, &[], SENT)
        };
        assert_ne!(found(Some(1)), ListMatch::Found(ProviderOrderId::new("9")));
        assert_eq!(found(None), ListMatch::Found(ProviderOrderId::new("9")));
    }

    #[test]
    fn the_only_stranger_with_link_quantity_and_time_is_the_order() {
        let listed = [
            row("1", "https://a.b/x", 100, 3),
            row("2", "https://a.b/y", 50, -300),
        ];
        assert_eq!(look(&listed, &[]), ListMatch::Found(ProviderOrderId::new("1")));
        let known = [ProviderOrderId::new("1")];
        assert!(matches!(look(&listed, &known), ListMatch::Inconclusive(_)));
    }

    #[test]
    fn two_that_fit_and_one_in_another_form_are_for_people() {
        let twins = [
            row("1", "https://a.b/x", 100, 3),
            row("2", "https://a.b/x", 100, 4),
        ];
        assert!(matches!(look(&twins, &[]), ListMatch::Inconclusive(_)));
        let rewritten = [row("1", "https://www.a.b/x/", 100, 3)];
        assert!(matches!(look(&rewritten, &[]), ListMatch::Inconclusive(_)));
    }

    #[test]
    fn absence_needs_a_list_that_reaches_back() {
        let recent = [row("2", "https://a.b/y", 50, 3)];
        assert!(matches!(look(&recent, &[]), ListMatch::Inconclusive(_)));
        let minutes = i64::try_from(Duration::from_mins(5).as_secs()).unwrap();
        let deep = [
            row("2", "https://a.b/y", 50, 3),
            row("1", "https://a.b/z", 50, -minutes),
        ];
        assert_eq!(look(&deep, &[]), ListMatch::Absent);
        assert!(matches!(look(&[], &[]), ListMatch::Inconclusive(_)));
    }

    #[test]
    fn a_panel_that_ignores_the_reference_proves_nothing() {
        let by_reference = |listed: &[ListedOrder]| {
            find_in_list(
                &order(),
                Some(100),
                LookupCapability::Reference,
                listed,
                &[],
                SENT,
            )
        };
        assert_eq!(by_reference(&[]), ListMatch::Absent);
        assert!(matches!(
            by_reference(&[row("1", "https://a.b/q", 100, 3)]),
            ListMatch::Inconclusive(_)
        ));
        let ours = ListedOrder {
            reference: Some(order().reference()),
            ..row("9", "https://a.b/x", 100, 3)
        };
        assert_eq!(by_reference(&[ours]), ListMatch::Found(ProviderOrderId::new("9")));
    }

    #[test]
    fn our_reference_under_an_id_that_another_order_has_is_no_absence() {
        let ours = ListedOrder {
            reference: Some(order().reference()),
            ..row("9", "https://a.b/x", 100, 3)
        };
        let known = [ours.id.clone()];
        let found = find_in_list(
            &order(),
            Some(100),
            LookupCapability::Reference,
            &[ours],
            &known,
            SENT,
        );
        assert!(matches!(found, ListMatch::Inconclusive(_)), "{found:?}");
    }
}
