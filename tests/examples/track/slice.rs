//! A few hundred orders over real HTTP: the provider counts the requests, too, and knows what became of each order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use domain::orders::POLL_GROUP_MAX;
use domain::providers::{AddOutcome, classify_add};
use domain::{ProviderOrderId, Secret};
use gateways::{AddressPolicy, GatewayConfig, PanelHttpGateway};
use persistence::testing::{CopySchedule, OrderCopy};
use ports::Clock;
use ports::gateway::{PanelGateway, PanelOrder, PanelTarget};
use sandbox::{Panel, PanelConfig, ServiceType};
use testkit::fake::FakeClock;

use crate::ground::{self, Ground, KEY};

/// A third of them does not end.
const ORDERS: u64 = 300;
const STUCK: u64 = ORDERS / 3;

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    pub requests: u64,
    /// By the provider's own count.
    pub served: u64,
    /// Whether every order is here what it is there, and those that go on are asked about in groups.
    pub is_right: bool,
}

impl Slice {
    pub const ORDERS: u64 = ORDERS;
    /// The first time about all, then about those that go on.
    pub const REQUESTS: u64 = ORDERS.div_ceil(100) + STUCK.div_ceil(100);

    pub async fn measure(on_postgres: bool) -> anyhow::Result<Self> {
        let panel = Panel::start(PanelConfig {
            pace: Duration::from_millis(1),
            key: KEY.to_owned(),
            balance_micros: u64::from(u32::MAX) * 1_000,
            ..PanelConfig::default()
        });
        let panel = panel.await?;
        let gateway = Arc::new(PanelHttpGateway::new(&GatewayConfig {
            addresses: AddressPolicy::AllowPrivate,
            ..GatewayConfig::default()
        })?);
        let clock = Arc::new(FakeClock::default());
        let database = ground::database(on_postgres).await?;
        let ground = Ground::prepare(database, 1, clock.clone(), gateway.clone()).await?;
        let provider = *ground.providers.first().context("a provider")?;
        let target = PanelTarget {
            provider,
            api_url: panel.url(),
            api_key: Secret::new(KEY),
        };
        let sql = format!("UPDATE providers SET api_url = '{}'", target.api_url);
        ground.database.execute(&sql).await?;
        let mut copies = Vec::new();
        for n in 0..ORDERS {
            copies.push(OrderCopy {
                provider,
                upstream: order(&gateway, &target, n).await?,
                submitted_at: clock.now(),
                schedule: CopySchedule::Due(clock.now()),
            });
        }
        ground.database.copy_orders(ground.template, &copies).await?;

        ground.tracking.poll(provider).await?;
        clock.advance(Duration::from_mins(3));
        ground.tracking.poll(provider).await?;
        let ended = ground.count("state = 'completed'").await?;
        let go_on = ground
            .count("state = 'in_progress' AND poll_group IS NOT NULL")
            .await?;
        let groups = ground.database.number("SELECT COUNT(*) FROM poll_groups").await?;
        let expected = [
            ORDERS - STUCK,
            STUCK,
            STUCK.div_ceil(u64::try_from(POLL_GROUP_MAX)?),
        ];
        Ok(Self {
            requests: ground.tally.requests(None),
            served: panel.requests().get("status").copied().unwrap_or_default(),
            is_right: [ended, go_on, groups].map(i64::unsigned_abs) == expected,
        })
    }
}

async fn order(gateway: &PanelHttpGateway, target: &PanelTarget, n: u64) -> anyhow::Result<ProviderOrderId> {
    let plain = sandbox::catalogue()
        .iter()
        .find(|service| service.kind == ServiceType::Default);
    let fate = if n < STUCK { "stuck" } else { "complete" };
    let order = PanelOrder {
        upstream_service: plain.context("a service")?.id.to_string(),
        link: format!("https://instagram.com/p/{n}?sandbox={fate}"),
        quantity: Some(1_000),
        comments: None,
        reference: None,
    };
    match classify_add(&gateway.add(target, &order).await) {
        AddOutcome::Placed(id) => Ok(id),
        other => bail!("an order was not placed: {other:?}"),
    }
}
