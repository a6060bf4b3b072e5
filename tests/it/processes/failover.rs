//! PostgreSQL crashes, is restored from a copy of its files, or fails over to a replica that lacks commits, under the
//! feet of running nodes.

use domain::OrderId;
use domain::orders::{IN_DOUBT, OrderState};
use domain::providers::LookupCapability;

use super::installation::{HURRIED, Installation};
use super::panel::PanelProcess;
use super::program::Program;
use super::shop::Shop;
use crate::support::{Browser, PrivatePostgres, eventually};

const BACKUP: &str = "backup";
const DUMP: &str = "dump";

fn link(name: &str) -> String {
    format!("https://instagram.com/p/{name}")
}

fn says(installation: &Installation, arguments: &[&str]) -> String {
    installation.run(&[&["submission"], arguments].concat()).good()
}

/// Nodes at work on a server whose backup believes orders to be unsent that the panel has by now.
struct Scene {
    postgres: PrivatePostgres,
    panel: PanelProcess,
    installation: Installation,
    shop: Shop,
    address: String,
    nodes: Vec<Program>,
    orders: Vec<OrderId>,
    links: Vec<String>,
}

impl Scene {
    async fn set(test: &str) -> Option<Self> {
        let postgres = PrivatePostgres::start(test)?;
        let installation = Installation::on(HURRIED, &postgres.url(), test).await?;
        let panel = PanelProcess::start(&["--lookup", "reference"]).await;
        let shop = Shop::open(&installation, &panel, LookupCapability::Reference).await;
        says(
            &installation,
            &["pause", "--reason", "to have held orders in the backup"],
        );
        let (node, address) = installation.serve().await;
        let nodes = vec![node, installation.work().await, installation.work().await];
        let customer = shop.customer(&address).await;
        let (mut orders, mut links) = (Vec::new(), Vec::new());
        for name in ["one", "two", "three"] {
            links.push(link(name));
            orders.push(shop.place(&customer, &link(name)).await);
        }
        postgres.back_up(BACKUP);
        postgres.dump(DUMP);
        installation.release("go").await;
        for order in &orders {
            shop.becomes(*order, OrderState::Completed).await;
        }
        links.push(link("forgotten"));
        let forgotten = shop.place(&customer, &link("forgotten")).await;
        shop.becomes(forgotten, OrderState::Completed).await;
        Some(Self {
            postgres,
            panel,
            installation,
            shop,
            address,
            nodes,
            orders,
            links,
        })
    }

    /// Something happens to the server while the test itself does not look.
    async fn server(mut self, happens: impl FnOnce(&mut PrivatePostgres)) -> Self {
        let exchange = || happens(&mut self.postgres);
        let shop = self.shop.reopened(&self.installation, exchange).await;
        Self { shop, ..self }
    }

    /// Every node is killed, and new ones start on another server, which has what was dumped.
    async fn move_to(mut self, server: PrivatePostgres) -> Self {
        self.kill_nodes();
        server.restore_dump_of(&self.postgres, DUMP);
        self.installation.move_to(&server.url());
        let old = std::mem::replace(&mut self.postgres, server);
        let shop = self.shop.reopened(&self.installation, || drop(old)).await;
        let mut scene = Self { shop, ..self };
        scene.start_nodes().await;
        scene.nodes[0].says("nothing is sent to providers").await;
        scene
    }

    /// Every node is killed.
    fn kill_nodes(&mut self) {
        self.nodes.drain(..).for_each(Program::kill);
    }

    /// New nodes start.
    async fn start_nodes(&mut self) {
        let (node, address) = self.installation.serve().await;
        self.address = address;
        self.nodes = vec![node, self.installation.work().await];
    }

    /// The nodes notice by themselves, look up, and send nothing before somebody says so.
    async fn expect_notice(mut self, why: &str) {
        eventually(
            || format!("submission is paused because {why}"),
            async || {
                let status = self.installation.run(&["submission", "status"]);
                (status.stdout.contains("PAUSED") && status.stdout.contains(why)).then_some(())
            },
        )
        .await;
        for order in &self.orders {
            self.shop.becomes(*order, OrderState::Completed).await;
            assert_eq!(self.shop.attempts(*order).await[0].worker, IN_DOUBT);
        }
        let customer = self.shop.customer(&self.address).await;
        let after = self.shop.place(&customer, &link("after")).await;
        self.installation.release("compared").await;
        self.shop.becomes(after, OrderState::Completed).await;
        self.links.push(link("after"));
        for link in &self.links {
            let seen = (self.panel.has(link).await, self.panel.asked_for(link).await);
            assert_eq!(seen, (1, 1), "{link}");
        }
        self.installation.books_are_right();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lacks_commits_is_noticed_and_nothing_of_it_is_sent_twice() {
    let Some(scene) = Scene::set("failing over").await else {
        return;
    };
    let scene = scene.server(|postgres| {
        postgres.crash();
        postgres.fail_over_to(BACKUP);
    });
    scene.await.expect_notice("older").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_noticed_by_new_nodes_though_redis_was_wiped() {
    let Some(mut scene) = Scene::set("failing over with a wiped Redis").await else {
        return;
    };
    scene.kill_nodes();
    scene.installation.wipe_redis();
    let scene = scene.server(|postgres| {
        postgres.crash();
        postgres.fail_over_to(BACKUP);
    });
    let mut scene = scene.await;
    scene.start_nodes().await;
    scene.expect_notice("timeline").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_put_back_are_noticed_and_nothing_of_them_is_sent_twice() {
    let Some(scene) = Scene::set("restoring files").await else {
        return;
    };
    let scene = scene.server(|postgres| {
        postgres.crash();
        postgres.restore_files_of(BACKUP);
    });
    scene.await.expect_notice("older").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_a_new_cluster_is_noticed_and_nothing_of_it_is_sent_twice() {
    const TEST: &str = "restoring a dump";
    let (Some(scene), Some(server)) = (Scene::set(TEST).await, PrivatePostgres::start(TEST)) else {
        return;
    };
    Box::pin(scene.move_to(server)).await.expect_notice("older").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_in_a_new_cluster_is_noticed_though_redis_is_new_too() {
    const TEST: &str = "restoring a dump beside a new Redis";
    let (Some(mut scene), Some(server)) = (Scene::set(TEST).await, PrivatePostgres::start(TEST)) else {
        return;
    };
    scene.kill_nodes();
    scene.installation.wipe_redis();
    Box::pin(scene.move_to(server))
        .await
        .expect_notice("another database cluster")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_postgres_pauses_nothing() {
    let Some(scene) = Scene::set("crashing").await else {
        return;
    };
    let scene = scene.server(|postgres| {
        postgres.crash();
        postgres.go_on();
    });
    let scene = scene.await;
    eventually(
        || "somebody can sign in again".to_owned(),
        async || {
            let node = Browser::anonymous(std::slice::from_ref(&scene.address));
            let ready = node.get("/ready").await;
            (ready.status == 200).then_some(())
        },
    )
    .await;
    let customer = scene.shop.customer(&scene.address).await;
    let order = scene.shop.place(&customer, &link("after")).await;
    scene.shop.becomes(order, OrderState::Completed).await;
    let status = says(&scene.installation, &["status"]);
    assert!(status.contains("Orders are sent"), "{status}");
    scene.installation.books_are_right();
}
