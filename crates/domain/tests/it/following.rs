//! How our services follow a provider's list.

use domain::catalog::{
    Availability, FindingKind, Margin, Offered, QuantityRange, Service, ServiceType, Stopped, SyncRules,
    distrust, follow, vanish,
};
use domain::text::Name;
use domain::{Rate, Timestamp};

use crate::money::service;

const NOW: Timestamp = Timestamp::from_micros(7);

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

/// Sold for 0.9 plus 0.1, by the provider's name.
fn ours() -> Service {
    Service {
        upstream_name: Some("Likes".to_owned()),
        ..service(rate("0.9"), Some(rate("0.1")))
    }
}

fn fixed(price: &str) -> Service {
    Service {
        fixed_price: Some(rate(price)),
        ..ours()
    }
}

fn offered(cost: &str) -> Offered {
    let ours = ours();
    Offered {
        upstream_id: ours.upstream_id,
        name: ours.name,
        service_type: ours.service_type,
        rate: rate(cost),
        quantity: ours.quantity,
        dripfeed: ours.dripfeed,
        refill: ours.refill,
        cancel: ours.cancel,
    }
}

fn followed(service: &Service, offered: &Offered, rules: &SyncRules) -> (Service, Vec<FindingKind>) {
    let (after, findings) = follow(service, offered, rules, NOW);
    let kinds = findings.iter().map(|finding| finding.kind).collect();
    (after.unwrap_or_else(|| service.clone()), kinds)
}

#[test]
fn a_list_that_says_what_we_know_changes_nothing() {
    let (after, findings) = follow(&ours(), &offered("0.9"), &SyncRules::default(), NOW);
    assert_eq!((after, findings.len()), (None, 0));
}

#[test]
fn the_price_follows_the_cost_and_the_profit_stays() {
    let (after, found) = followed(&ours(), &offered("1.2"), &SyncRules::default());
    assert_eq!((after.rate, after.profit), (rate("1.2"), Some(rate("0.1"))));
    assert_eq!(found, [FindingKind::Cost, FindingKind::Price]);
    assert_eq!(after.updated_at, NOW);
}

#[test]
fn a_margin_prices_every_service_whose_price_is_not_fixed() {
    let rules = SyncRules {
        margin: Some(Margin {
            points: 5_000,
            fixed: rate("0.01"),
            rounding: rate("0.05"),
        }),
        ..SyncRules::default()
    };
    let (after, found) = followed(&ours(), &offered("0.9"), &rules);
    assert_eq!(after.selling_rate(), Some(rate("1.4")));
    assert_eq!(found, [FindingKind::Price]);
    let (after, found) = followed(&fixed("3"), &offered("0.8"), &rules);
    assert_eq!(after.selling_rate(), Some(rate("3")));
    assert_eq!(found, [FindingKind::Cost]);
}

#[test]
fn a_price_stays_above_the_floor() {
    let rules = SyncRules {
        floor_points: 2_000,
        ..SyncRules::default()
    };
    let (after, _) = followed(&ours(), &offered("10"), &rules);
    assert_eq!(after.selling_rate(), Some(rate("12")));
    let (after, _) = followed(&ours(), &offered("0.2"), &rules);
    assert_eq!(after.profit, Some(rate("0.1")), "the profit is above the floor");
}

#[test]
fn a_fixed_price_below_the_cost_stops_the_sale_until_it_covers_it_again() {
    let rules = SyncRules::default();
    let (stopped, found) = followed(&fixed("1"), &offered("1.1"), &rules);
    assert_eq!(found, [FindingKind::Cost, FindingKind::Loss]);
    assert_eq!(stopped.availability, Availability::Disabled);
    assert_eq!(stopped.stopped, Some(Stopped::Loss));
    let (still, found) = followed(&stopped, &offered("1.2"), &rules);
    assert_eq!(
        (still.availability, found),
        (Availability::Disabled, vec![FindingKind::Cost])
    );
    let (sold, found) = followed(&stopped, &offered("1"), &rules);
    assert_eq!((sold.availability, sold.stopped), (Availability::Active, None));
    assert_eq!(found, [FindingKind::Cost, FindingKind::Resumed]);

    let allowed = Service {
        sell_at_loss: true,
        ..fixed("1")
    };
    assert_eq!(
        followed(&allowed, &offered("1.1"), &rules).0.availability,
        Availability::Active
    );
    let lax = SyncRules {
        stop_at_loss: false,
        ..rules
    };
    assert_eq!(
        followed(&fixed("1"), &offered("1.1"), &lax).0.availability,
        Availability::Active
    );
}

#[test]
fn a_price_that_falls_too_far_is_not_believed_and_one_that_rises_is() {
    let rules = SyncRules::default();
    for absurd in ["0", "0.0899"] {
        let (after, found) = followed(&ours(), &offered(absurd), &rules);
        assert_eq!(
            (after, found),
            (ours(), vec![FindingKind::Suspicious]),
            "{absurd}"
        );
    }
    assert_eq!(followed(&ours(), &offered("0.09"), &rules).0.rate, rate("0.09"));
    assert_eq!(followed(&ours(), &offered("90000"), &rules).0.rate, rate("90000"));
    let gullible = SyncRules {
        drop_percent: 100,
        ..rules
    };
    assert_eq!(followed(&ours(), &offered("0"), &gullible).0.rate, Rate::ZERO);
}

#[test]
fn a_price_that_does_not_fit_is_left_as_it_was() {
    let huge = Offered {
        rate: Rate::from_nanos(i64::MAX).unwrap(),
        ..offered("1")
    };
    let (after, found) = followed(&ours(), &huge, &SyncRules::default());
    assert_eq!((after, found), (ours(), vec![FindingKind::TooLarge]));
}

#[test]
fn limits_terms_and_type_are_the_providers() {
    let offer = Offered {
        service_type: ServiceType::Other("Poll".to_owned()),
        quantity: QuantityRange::new(5, 6).unwrap(),
        refill: true,
        ..offered("0.9")
    };
    let (after, found) = followed(&ours(), &offer, &SyncRules::default());
    assert_eq!(
        found,
        [FindingKind::Limits, FindingKind::Terms, FindingKind::Type]
    );
    assert_eq!(
        (after.service_type, after.quantity, after.refill),
        (offer.service_type, offer.quantity, true)
    );
}

#[test]
fn a_name_follows_unless_staff_chose_another() {
    let rules = SyncRules::default();
    let renamed = Offered {
        name: Name::from_stored("Real likes"),
        ..offered("0.9")
    };
    let (after, found) = followed(&ours(), &renamed, &rules);
    assert_eq!(
        (after.name.as_str(), found),
        ("Real likes", vec![FindingKind::Renamed])
    );
    let chosen = Service {
        name: Name::from_stored("Our likes"),
        ..ours()
    };
    let (after, found) = followed(&chosen, &renamed, &rules);
    assert_eq!(
        (after.name.as_str(), found),
        ("Our likes", vec![FindingKind::Renamed])
    );
    assert_eq!(after.upstream_name.as_deref(), Some("Real likes"));
    let unknown = Service {
        upstream_name: None,
        ..chosen
    };
    let (after, found) = followed(&unknown, &renamed, &rules);
    assert_eq!((after.name.as_str(), found), ("Our likes", vec![]));
    assert_eq!(after.upstream_name.as_deref(), Some("Real likes"));
}

#[test]
fn what_vanished_is_stopped_and_comes_back_but_what_staff_disabled_does_not() {
    let rules = SyncRules::default();
    let (stopped, _) = vanish(&ours(), &rules, NOW);
    let stopped = stopped.unwrap();
    assert_eq!(
        (stopped.availability, stopped.stopped),
        (Availability::Disabled, Some(Stopped::Vanished))
    );
    assert_eq!(vanish(&stopped, &rules, NOW), (None, vec![]));
    let (back, found) = followed(&stopped, &offered("0.9"), &rules);
    assert_eq!((back.availability, back.stopped), (Availability::Active, None));
    assert_eq!(found, [FindingKind::Returned]);

    let told_only = SyncRules {
        stop_vanished: false,
        ..rules.clone()
    };
    let (after, findings) = vanish(&ours(), &told_only, NOW);
    assert_eq!((after, findings[0].kind), (None, FindingKind::Vanished));
    let disabled = Service {
        availability: Availability::Disabled,
        ..ours()
    };
    assert_eq!(
        followed(&disabled, &offered("0.9"), &rules),
        (disabled.clone(), vec![])
    );
    assert_eq!(vanish(&disabled, &rules, NOW), (None, vec![]));
}

#[test]
fn a_list_is_believed_only_if_it_is_whole() {
    let rules = SyncRules::default();
    let why = |listed, unreadable, vanished, ours| {
        distrust(listed, unreadable, vanished, ours, &rules).map(|why| why.to_string())
    };
    assert_eq!(why(5, 0, 0, 5), None);
    assert_eq!(why(5, 0, 1, 5), None);
    assert_eq!(why(0, 0, 0, 0), Some("the list is empty".to_owned()));
    assert_eq!(
        why(5, 1, 0, 5),
        Some("1 rows of the list could not be read".to_owned())
    );
    assert!(why(5, 0, 2, 9).is_some());
    assert!(why(1, 0, 1, 1).is_some());
}
