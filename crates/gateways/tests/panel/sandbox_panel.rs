//! A whole order's life, and every fault that the simulated panel knows.

use std::time::Duration;

use domain::providers::{AddAnswer, AddOutcome, UpstreamCount, classify_add};
use domain::{ProviderId, ProviderOrderId, Secret};
use gateways::PanelHttpGateway;
use ports::gateway::{PanelError, PanelGateway, PanelOrder, PanelTarget, StatusAnswer};
use sandbox::{Delays, Lookup, Panel, PanelConfig, Service, ServiceType, Status};

use crate::support::gateway;

async fn panel(lookup: Lookup) -> Panel {
    let delays = Delays {
        slow_by: Duration::from_millis(100),
        late_after: Duration::from_secs(4),
        drip_every: Duration::from_millis(100),
    };
    Panel::start(PanelConfig {
        lookup,
        delays,
        first_id: Some(100),
        ..PanelConfig::default()
    })
    .await
    .unwrap()
}

fn target(panel: &Panel) -> PanelTarget {
    PanelTarget {
        provider: ProviderId(1),
        api_url: panel.url(),
        api_key: Secret::new(panel.key()),
    }
}

/// A service that takes a link and a quantity and allows everything.
fn service() -> String {
    let fits = |service: &&Service| service.kind == ServiceType::Default && service.refill && service.cancel;
    sandbox::catalogue().iter().find(fits).unwrap().id.to_string()
}

fn order(link: &str) -> PanelOrder {
    PanelOrder {
        upstream_service: service(),
        link: link.to_owned(),
        quantity: Some(1_000),
        comments: None,
        reference: None,
    }
}

async fn place(gateway: &PanelHttpGateway, panel: &Panel, link: &str) -> ProviderOrderId {
    let answer = gateway.add(&target(panel), &order(link)).await;
    match classify_add(&answer) {
        AddOutcome::Placed(id) => id,
        other => panic!("{other:?} of {answer:?}"),
    }
}

#[tokio::test]
async fn an_order_is_placed_followed_refilled_and_canceled() {
    let panel = panel(Lookup::None).await;
    let (gateway, target) = (gateway(), target(&panel));
    let catalogue = gateway.services(&target).await.unwrap();
    assert_eq!(
        (catalogue.services.len(), catalogue.unreadable.len()),
        (sandbox::catalogue().len(), 0)
    );
    assert!(gateway.balance(&target).await.unwrap().amount.starts_with("1000"));

    let first = place(&gateway, &panel, "https://a.test/1").await;
    let second = place(&gateway, &panel, "https://a.test/2?sandbox=missing-in-batch").await;
    let unknown = ProviderOrderId::new("7");
    panel
        .advance(first.as_str().parse().unwrap(), Status::Partial, 157)
        .unwrap();
    let answers = gateway
        .statuses(&target, &[first.clone(), second.clone(), unknown.clone()])
        .await
        .unwrap();
    let StatusAnswer::Reported(state) = &answers[&first] else {
        panic!("{answers:?}")
    };
    assert_eq!(
        (state.status.as_str(), &state.remains),
        ("Partial", &UpstreamCount::Known(157))
    );
    assert!(matches!(&answers[&unknown], StatusAnswer::Refused(_)));
    assert!(!answers.contains_key(&second));
    let single = gateway
        .statuses(&target, std::slice::from_ref(&second))
        .await
        .unwrap();
    assert!(matches!(&single[&second], StatusAnswer::Reported(_)));

    assert_eq!(gateway.cancel(&target, &second).await, Ok(()));
    assert!(matches!(
        gateway.cancel(&target, &unknown).await,
        Err(PanelError::Refused(_))
    ));
    panel
        .advance(first.as_str().parse().unwrap(), Status::Completed, 0)
        .unwrap();
    let refill = gateway.refill(&target, &first).await.unwrap();
    assert!(!gateway.refill_status(&target, &refill).await.unwrap().is_empty());
    assert!(matches!(
        gateway.refill(&target, &unknown).await,
        Err(PanelError::Refused(_))
    ));
    assert!(matches!(
        gateway.refill_status(&target, "99").await,
        Err(PanelError::Refused(_))
    ));
    panel.stop().await;
}

#[tokio::test]
async fn a_lost_order_is_found_by_its_link_or_by_our_reference() {
    let by_link = panel(Lookup::LinkAndTime).await;
    let gateway = gateway();
    let lost = gateway
        .add(&target(&by_link), &order("https://a.test/x?sandbox=accept-reset"))
        .await;
    assert!(matches!(lost, AddAnswer::Broken { .. }), "{lost:?}");
    let listed = gateway.recent_orders(&target(&by_link), None).await.unwrap();
    assert_eq!(
        listed[0].link.as_deref(),
        Some("https://a.test/x?sandbox=accept-reset")
    );
    assert_eq!(
        (listed[0].quantity, listed[0].upstream_service.as_deref()),
        (Some(1_000), Some(service().as_str()))
    );
    assert!(listed[0].created_at.is_some());

    let by_reference = panel(Lookup::Reference).await;
    let target = target(&by_reference);
    let lost = PanelOrder {
        reference: Some("ref-1".to_owned()),
        ..order("https://a.test/x?sandbox=accept-reset")
    };
    assert!(matches!(
        gateway.add(&target, &lost).await,
        AddAnswer::Broken { .. }
    ));
    let found = gateway
        .recent_orders(&target, Some("ref-1".to_owned()))
        .await
        .unwrap();
    assert_eq!((found.len(), found[0].reference.as_deref()), (1, Some("ref-1")));
    assert_eq!(
        gateway.recent_orders(&target, Some("ref-2".to_owned())).await,
        Ok(Vec::new())
    );
    let error = gateway.recent_orders(&target, None).await.unwrap_err();
    assert!(matches!(error, PanelError::Refused(_)), "{error:?}");
}

/// What the panel can do to one order.
const FAULTS: [&str; 45] = [
    "complete",
    "rejected:link",
    "rejected:service",
    "rejected:funds",
    "rejected:key",
    "rejected:active",
    "http500",
    "html",
    "garbage",
    "empty",
    "cut-json",
    "truncated",
    "huge",
    "gzip-bomb",
    "redirect",
    "429",
    "403",
    "reset",
    "half-close",
    "hang",
    "order-null",
    "order-zero",
    "no-order",
    "unknown-error",
    "key-echo",
    "review",
    "both",
    "string-id",
    "slow",
    "drip",
    "accept-after-timeout",
    "accept-hang",
    "accept-http500",
    "accept-html",
    "accept-garbage",
    "accept-empty",
    "accept-cut-json",
    "accept-truncated",
    "accept-huge",
    "accept-gzip-bomb",
    "accept-redirect",
    "accept-reset",
    "accept-half-close",
    "accept-order-null",
    "accept-no-order",
];

/// Whatever the panel does: what is taken for placed was placed, and what is taken for free to send again was not.
#[tokio::test]
async fn no_fault_is_mistaken_for_proof() {
    let panel = panel(Lookup::None).await;
    let (gateway, target) = (gateway(), target(&panel));
    let (mut proved, mut refused, mut unknown) = (0, 0, 0);
    for fault in FAULTS {
        let link = format!("https://a.test/{fault}?sandbox={fault}");
        let answer = gateway.add(&target, &order(&link)).await;
        assert!(
            !format!("{answer:?}").contains(panel.key()),
            "{fault}: {answer:?}"
        );
        let placed = panel.placed_count_for_link(&link);
        match classify_add(&answer) {
            AddOutcome::Placed(id) => {
                proved += 1;
                assert_eq!(placed, 1, "{fault}: {answer:?}");
                assert_eq!(
                    panel.order(id.as_str().parse().unwrap()).unwrap().link,
                    link,
                    "{fault}"
                );
            }
            AddOutcome::Refused { .. } => {
                refused += 1;
                assert_eq!(placed, 0, "{fault}: {answer:?}");
            }
            AddOutcome::NotSent { .. } => {
                assert_eq!(placed, 0, "{fault}: {answer:?}");
            }
            AddOutcome::Unknown { .. } => {
                unknown += 1;
                assert!(placed <= 1, "{fault}: sent more than once");
            }
        }
    }
    assert_eq!(
        panel.requests().get("add").copied(),
        Some(FAULTS.len().try_into().unwrap()),
        "every order was sent exactly once"
    );
    assert!(
        proved >= 3 && refused >= 5 && unknown >= 30,
        "{proved} {refused} {unknown}"
    );
    let down = "down".parse().unwrap();
    panel.set_faults(down);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = gateway.add(&target, &order("https://a.test/down")).await;
    assert!(
        matches!(classify_add(&answer), AddOutcome::NotSent { .. }),
        "{answer:?}"
    );
    panel.stop().await;
}
