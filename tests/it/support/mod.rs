//! A whole system with everything around it, and the questions that every test ends with.

mod auth;
mod client;
mod dying;
mod events;
mod npm;
mod oracle;
mod postgres;
mod python;
mod redis;
mod servers;
mod sessions;
mod shop;
mod tables;
mod values;
mod wait;
mod way;
mod world;

pub use auth::{ADMIN, GET_SESSION, SIGN_IN, SIGN_OUT, SIGN_UP, WALLET, act, ask, sign_in};
pub use client::{Answer, Browser, PANEL_KEY, SESSION};
pub use dying::{DyingStore, survives};
pub use events::{Event, EventStream};
pub use npm::install as install_package;
pub use oracle::{prove_the_books, the_panel_agrees};
pub use postgres::{PrivatePostgres, has_servers};
pub use python::python_with;
pub use redis::{Connection, PrivateRedis};
pub use servers::{RedisDatabase, Servers, is_required, program, variable};
pub use sessions::{Pass, open_session};
pub use shop::{PASSWORD, Shop, enlist};
pub use tables::{changes, snapshot};
pub use values::{fields, is_date, millis, money, undated};
pub use wait::eventually;
pub use way::{Ground, Node, Way, distributed};
pub use world::{Scene, World};

/// One test for each scenario and way to run: `embedded::NAME`, `distributed::NAME`, `two_nodes::NAME`. A scenario is an
/// `async fn(Way)`.
macro_rules! scenarios {
    (@way $way:ident, $variant:ident, $($name:ident),+) => {
        mod $way {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::support::Way::$variant).await;
                }
            )+
        }
    };
    (on both ways: $($both:ident),+ $(,)?) => {
        crate::support::scenarios!(@way embedded, Embedded, $($both),+);
        crate::support::scenarios!(@way distributed, Distributed, $($both),+);
    };
    (on one way: $($one:ident),+ $(,)?) => {
        crate::support::scenarios!(@way embedded, Embedded, $($one),+);
    };
    (on two nodes: $($two:ident),+ $(,)?) => {
        crate::support::scenarios!(@way two_nodes, TwoNodes, $($two),+);
    };
}
pub(crate) use scenarios;
