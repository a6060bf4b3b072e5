//! Finding a lost order in a provider's list, and proving that it is not there.

use std::time::Duration;

use domain::orders::Order;
use domain::providers::{KnownOrder, ListMatch, ListedOrder, LookupCapability, find_in_list};
use domain::text::Link;
use domain::{Money, ProviderOrderId, Timestamp};

use crate::model::held_order;

const SENT: Timestamp = Timestamp::from_micros(1_000_000_000_000);

fn order() -> Order {
    Order {
        link: Link::from_stored("https://a.b/x"),
        ..held_order(Money::MICRO, Money::ZERO, 100)
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

const DAYS: i64 = 2 * 24 * 60 * 60;

fn known(id: &str, after_sent: i64) -> KnownOrder {
    KnownOrder {
        id: ProviderOrderId::new(id),
        sent_at: Timestamp::from_micros(SENT.micros() + after_sent * 1_000_000),
    }
}

fn look(listed: &[ListedOrder], known: &[KnownOrder]) -> ListMatch {
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
        row("2", "https://a.b/x", 100, 3),
        row("1", "https://a.b/y", 50, -DAYS),
    ];
    assert_eq!(look(&listed, &[]), ListMatch::Found(ProviderOrderId::new("2")));
    assert!(matches!(
        look(&listed, &[known("2", 3)]),
        ListMatch::Inconclusive(_)
    ));
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
    let recent = row("2", "https://a.b/y", 50, 3);
    let back_to = |seconds| look(&[recent.clone(), row("1", "https://a.b/z", 50, seconds)], &[]);
    assert!(matches!(
        look(std::slice::from_ref(&recent), &[]),
        ListMatch::Inconclusive(_)
    ));
    assert_eq!(back_to(-DAYS), ListMatch::Absent);
    // Its clock may show the time of another place, and this one may have come after the order.
    assert!(matches!(back_to(-3 * 60 * 60), ListMatch::Inconclusive(_)));
    assert!(matches!(look(&[], &[]), ListMatch::Inconclusive(_)));
}

#[test]
fn an_older_order_of_ours_shows_how_far_back_a_list_reaches_whatever_time_it_shows() {
    let listed = |at| {
        [
            row("2", "https://a.b/y", 50, 3),
            row("1", "https://a.b/z", 50, at),
        ]
    };
    for shown in [-DAYS, -300, 0] {
        let ours = |sent_at| look(&listed(shown), &[known("1", sent_at), known("2", 300)]);
        assert_eq!(ours(-121), ListMatch::Absent, "{shown}");
        // Whichever of two requests began first may have arrived last.
        for sent_at in [-120, 0, 300] {
            assert!(
                matches!(ours(sent_at), ListMatch::Inconclusive(_)),
                "{shown} {sent_at}"
            );
        }
    }
}

#[test]
fn absence_needs_a_list_that_goes_from_new_to_old() {
    let rows = [
        row("3", "https://a.b/y", 50, 3),
        row("2", "https://a.b/y", 50, 2),
        row("1", "https://a.b/z", 50, -300),
    ];
    let ours = [known("1", -300), known("2", 2), known("3", 3)];
    assert_eq!(look(&rows, &ours), ListMatch::Absent);
    let upside_down: Vec<ListedOrder> = rows.iter().rev().cloned().collect();
    assert!(matches!(look(&upside_down, &ours), ListMatch::Inconclusive(_)));
    // Days instead of times tell nothing; the ids do.
    let of = |list: &[ListedOrder], change: &dyn Fn(&mut ListedOrder)| {
        let mut list = list.to_vec();
        list.iter_mut().for_each(change);
        list
    };
    for at in [None, Some(SENT)] {
        let undated = |row: &mut ListedOrder| row.created_at = at;
        assert_eq!(look(&of(&rows, &undated), &ours), ListMatch::Absent);
        let upside_down = of(&upside_down, &undated);
        assert!(matches!(look(&upside_down, &ours), ListMatch::Inconclusive(_)));
    }
    let lettered = |row: &mut ListedOrder| row.id = ProviderOrderId::new(format!("A{}", row.id));
    let ours: Vec<KnownOrder> = [("A1", -300), ("A2", 2), ("A3", 3)]
        .map(|(id, at)| known(id, at))
        .into();
    assert_eq!(look(&of(&rows, &lettered), &ours), ListMatch::Absent);
    let undated = of(&of(&rows, &lettered), &|row| row.created_at = Some(SENT));
    assert!(matches!(look(&undated, &ours), ListMatch::Inconclusive(_)));
}

#[test]
fn what_may_be_the_order_in_another_form_leaves_its_fate_open() {
    let old = row("1", "https://a.b/z", 50, -DAYS);
    let with = |row: ListedOrder| look(&[row, old.clone()], &[]);
    let ours = row("9", "https://a.b/x", 100, 3);
    let forms = [
        ListedOrder {
            quantity: Some(99),
            ..ours.clone()
        },
        ListedOrder {
            upstream_service: Some("56".to_owned()),
            ..ours.clone()
        },
        ListedOrder {
            link: Some("https://www.a.b/x/".to_owned()),
            reference: Some("77-1".to_owned()),
            ..ours.clone()
        },
        ListedOrder {
            link: None,
            quantity: Some(99),
            upstream_service: None,
            ..ours.clone()
        },
        ListedOrder {
            created_at: Some(SENT.minus(Duration::from_hours(14))),
            ..ours.clone()
        },
    ];
    for form in forms {
        assert!(
            matches!(with(form.clone()), ListMatch::Inconclusive(_)),
            "{form:?}"
        );
    }
    let others = [
        ListedOrder {
            link: Some("https://a.b/q".to_owned()),
            quantity: Some(99),
            ..ours.clone()
        },
        ListedOrder {
            link: Some("https://a.b/q".to_owned()),
            reference: Some("smmguru-8-1".to_owned()),
            ..ours
        },
    ];
    for other in others {
        assert_eq!(with(other.clone()), ListMatch::Absent, "{other:?}");
    }
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
    let known = [known("9", 3)];
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
