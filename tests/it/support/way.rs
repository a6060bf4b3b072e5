//! The ways to run the product.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use domain::Secret;
use domain::orders::OrderPolicy;
use smm_guru::{AddressPolicy, DistributedOptions, EmbeddedOptions, FundsSetup, MailSetup, Running, System};
use tempfile::TempDir;

use super::servers::Servers;

/// How a system runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One process with SQLite.
    Embedded,
    /// PostgreSQL and Redis, one node.
    Distributed,
    /// PostgreSQL and Redis, two nodes, each with API and workers.
    TwoNodes,
}

/// A system and what it does in the background.
pub struct Node {
    pub system: System,
    pub running: Vec<Running>,
}

/// What a way needs to live on.
pub enum Ground {
    Folder { folder: TempDir },
    Servers { servers: Box<Servers> },
}

impl Way {
    /// Running nodes, or `None` where the servers for them are not to be had.
    pub async fn nodes(self, policy: OrderPolicy, funds: FundsSetup) -> Option<(Vec<Node>, Ground)> {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        if self == Self::Embedded {
            let folder = tempfile::tempdir().expect("there is room for a folder");
            let options = EmbeddedOptions {
                policy,
                addresses: AddressPolicy::AllowPrivate,
                funds,
                ..EmbeddedOptions::in_folder(folder.path())
            };
            let system = smm_guru::embedded(options)
                .await
                .expect("an embedded system opens");
            return Some((vec![node(system, false)], Ground::Folder { folder }));
        }
        let servers = Servers::fresh(&test).await?;
        let mut nodes = Vec::new();
        for _ in 0..self.count() {
            let options = DistributedOptions {
                funds: funds.clone(),
                ..distributed(&servers, policy)
            };
            let system = smm_guru::distributed(options).await;
            nodes.push(node(system.expect("a distributed system opens"), true));
        }
        let servers = Box::new(servers);
        Some((nodes, Ground::Servers { servers }))
    }

    const fn count(self) -> usize {
        match self {
            Self::Embedded | Self::Distributed => 1,
            Self::TwoNodes => 2,
        }
    }
}

fn node(system: System, workers_are_apart: bool) -> Node {
    let mut running = vec![system.start().expect("the API listens")];
    if workers_are_apart {
        running.push(system.start_workers());
    }
    Node { system, running }
}

/// Options for one more node on the servers.
pub fn distributed(servers: &Servers, policy: OrderPolicy) -> DistributedOptions {
    DistributedOptions {
        database_url: Secret::new(servers.database.url()),
        redis_url: Secret::new(servers.redis.url.clone()),
        cookie_secret: Secret::new("the cookie secret of every acceptance test"),
        sealing_secret: Secret::new("the sealing secret of every acceptance test"),
        policy,
        addresses: AddressPolicy::AllowPrivate,
        mail: MailSetup::none(),
        funds: FundsSetup::none(),
        connections: 8,
        concurrency: 8,
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    }
}
