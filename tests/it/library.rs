//! The product inside another program, without HTTP.

use std::time::Duration;

use application::caller::Caller;
use application::orders::{OrderPlacement, PlaceOrderError};
use domain::identity::{Ban, User};
use domain::orders::{Order, OrderPolicy, OrderState, PlaceRefusal};
use domain::text::Link;
use domain::{Money, OrderId};
use sandbox::{Panel, PanelConfig};
use smm_guru::{AddressPolicy, EmbeddedOptions, System};

use crate::support::{PANEL_KEY, Servers, Shop, Way, distributed, eventually, prove_the_books, scenarios};

scenarios!(on both ways:
    an_idle_system_sends_an_order_within_a_tenth_of_a_second,
    a_program_that_embeds_us_cannot_order_for_a_banned_user,
);

fn policy() -> OrderPolicy {
    OrderPolicy {
        poll_percent: 1,
        ..OrderPolicy::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_embedded_process_left_undone_the_next_one_does() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let options = || EmbeddedOptions {
        policy: policy(),
        addresses: AddressPolicy::AllowPrivate,
        ..EmbeddedOptions::in_folder(folder.path())
    };
    let first = smm_guru::embedded(options()).await.expect("it opens");
    left_and_taken_up(first, async || {
        smm_guru::embedded(options()).await.expect("it opens again")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_distributed_node_left_undone_the_next_one_does() {
    let Some(servers) = Servers::fresh("work left by a node").await else {
        return;
    };
    let open = async || {
        let options = distributed(&servers, policy());
        smm_guru::distributed(options).await.expect("it opens")
    };
    left_and_taken_up(open().await, open).await;
}

/// Orders in a process that never works, and lets another one work.
async fn left_and_taken_up(first: System, open: impl AsyncFn() -> System) {
    let config = PanelConfig {
        key: PANEL_KEY.to_owned(),
        pace: Duration::from_millis(300),
        ..PanelConfig::default()
    };
    let panel = Panel::start(config).await.expect("the panel listens");
    let shop = Shop::open(&first, &panel.url(), "0.084").await;
    shop.fund(&first, Money::from_micros(1_000_000)).await;
    let mut placed = Vec::new();
    for script in ["complete", "partial:50", "reject:link"] {
        let wanted = OrderPlacement {
            service: shop.service,
            link: Link::parse(&format!("https://instagram.com/p/x?sandbox={script}")).expect("a link"),
            input: 1_000.into(),
            key: None,
            max_rate: None,
        };
        let order = first.services().orders.place.place(&shop.customer, wanted).await;
        placed.push(order.expect("it is placed").order.id);
    }
    let wallet = first
        .services()
        .wallets
        .browse
        .balance(&shop.customer)
        .await
        .expect("a wallet");
    assert_eq!(
        (wallet.available.micros(), wallet.held.micros()),
        (748_000, 252_000)
    );
    assert_eq!(panel.orders(), [], "nobody works yet");
    first.close().await;

    let second = open().await;
    let workers = second.start_workers();
    let mut ends = Vec::new();
    for id in placed {
        ends.push(ended(&second, &shop.customer, id).await.state);
    }
    assert_eq!(
        ends,
        [OrderState::Completed, OrderState::Partial, OrderState::Voided]
    );
    let wallet = second
        .services()
        .wallets
        .browse
        .balance(&shop.customer)
        .await
        .expect("a wallet");
    assert_eq!(
        (wallet.available.micros(), wallet.held.micros()),
        (1_000_000 - 84_000 - 42_000, 0)
    );
    assert_eq!(panel.orders().len(), 2);
    prove_the_books(&second).await;
    workers.stop().await;
    second.close().await;
    panel.stop().await;
}

async fn ended(system: &System, customer: &Caller, id: OrderId) -> Order {
    eventually(
        || format!("order {id} ends"),
        async || {
            let detail = system.services().orders.browse.own_detail(customer, id).await;
            let order = detail.expect("it can be read").expect("it is there").view.order;
            order.state.is_terminal().then_some(order)
        },
    )
    .await
}

async fn an_idle_system_sends_an_order_within_a_tenth_of_a_second(way: Way) {
    let Some(world) = way.world().await else { return };
    let orders = &world.system().adapters().orders;
    let (mut waits, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let id = OrderId(world.place("complete").await);
        let begun = eventually(
            || format!("order {id} is sent"),
            async || {
                let attempts = orders.attempts(id).await.expect("attempts can be read");
                attempts.first().map(|attempt| attempt.started_at)
            },
        );
        let begun = begun.await;
        let order = orders.find(id).await.expect("it can be read");
        waits.push(begun.since(order.expect("it is there").order.created_at));
        ids.push(id);
    }
    for id in ids {
        world.until(id.0, "completed").await;
    }
    waits.sort_unstable();
    // The machine may be busy with other tests; a system that looks for work at intervals is never that fast.
    assert!(waits[0] < Duration::from_millis(100), "{waits:?}");
    world.close().await;
}

async fn a_program_that_embeds_us_cannot_order_for_a_banned_user(way: Way) {
    let Some(world) = way.world().await else { return };
    let services = world.system().services();
    let ban = Ban {
        reason: None,
        until: None,
    };
    let banned = Caller::new(User {
        ban: Some(ban),
        ..world.user.clone()
    });
    let wanted = OrderPlacement {
        service: domain::ServiceId(world.service("1012")),
        link: Link::parse("https://instagram.com/p/x").expect("a link"),
        input: 100.into(),
        key: None,
        max_rate: None,
    };
    let refused = services.orders.place.place(&banned, wanted).await;
    assert!(
        matches!(refused, Err(PlaceOrderError::Refused(PlaceRefusal::Banned))),
        "{refused:?}"
    );
    assert_eq!(world.wallet().await, (100_000_000, 0));
    world.close().await;
}
