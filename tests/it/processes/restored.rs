//! An older copy of the database is put back: what was sent since then is not sent again.

use std::fs;
use std::path::{Path, PathBuf};

use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::LookupCapability;

use super::installation::{HURRIED, Installation};
use super::panel::PanelProcess;
use super::shop::Shop;
use crate::support::eventually;

const DATABASE: &str = "smm-guru.db";
const MEMORY: &str = "smm-guru.db-guard";

fn link(name: &str) -> String {
    format!("https://instagram.com/p/{name}")
}

fn copy(from: &Path, to: &Path, files: &[&str]) {
    for file in files {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

/// What somebody does who restores a backup.
fn put_back(backup: &Path, data: &Path, files: &[&str]) {
    for leftover in ["smm-guru.db-wal", "smm-guru.db-shm"] {
        let _ = fs::remove_file(data.join(leftover));
    }
    for file in files {
        fs::remove_file(data.join(file)).unwrap();
    }
    copy(backup, data, files);
}

fn says(installation: &Installation, arguments: &[&str]) -> String {
    installation.run(&[&["submission"], arguments].concat()).good()
}

/// An embedded shop whose backup believes three orders to be unsent that the panel has by now.
async fn an_old_backup_is_put_back(files: &[&str], why: &str) {
    let panel = PanelProcess::start(&["--lookup", "reference"]).await;
    let installation = Installation::embedded(HURRIED);
    let mut shop = Shop::open(&installation, &panel, LookupCapability::Reference).await;
    let backup = tempfile::tempdir().unwrap();
    let data: PathBuf = installation.folder().join("data");

    says(
        &installation,
        &["pause", "--reason", "to have held orders in the backup"],
    );
    let (server, address) = installation.serve().await;
    let customer = shop.customer(&address).await;
    let links = ["one", "two", "three"].map(link);
    let mut orders = Vec::new();
    for link in &links {
        orders.push(shop.place(&customer, link).await);
    }
    server.terminate().await;
    shop = shop
        .reopened(&installation, || copy(&data, backup.path(), files))
        .await;
    installation.release("go").await;
    let (server, address) = installation.serve().await;
    for order in &orders {
        shop.becomes(*order, OrderState::Completed).await;
    }
    let customer = shop.customer(&address).await;
    let forgotten = shop.place(&customer, &link("forgotten")).await;
    shop.becomes(forgotten, OrderState::Completed).await;
    server.kill();

    shop = shop
        .reopened(&installation, || put_back(backup.path(), &data, files))
        .await;
    assert_eq!(shop.order(orders[0]).await.order.state, OrderState::Held);
    let (mut server, address) = installation.serve().await;
    server.says("nothing is sent to providers").await;
    let status = says(&installation, &["status"]);
    assert!(status.contains("PAUSED") && status.contains(why), "{status}");
    for order in &orders {
        shop.becomes(*order, OrderState::Completed).await;
        let attempts = shop.attempts(*order).await;
        assert!(attempts[0].worker == domain::orders::IN_DOUBT, "{attempts:?}");
    }

    let customer = shop.customer(&address).await;
    let after = shop.place(&customer, &link("after")).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(shop.order(after).await.order.state, OrderState::Held);
    installation.release("compared").await;
    shop.becomes(after, OrderState::Completed).await;
    let forgotten = link("forgotten");
    for link in links.iter().chain([&forgotten, &link("after")]) {
        assert_eq!(
            (panel.has(link).await, panel.asked_for(link).await),
            (1, 1),
            "{link}"
        );
    }
    installation.books_are_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_is_noticed_and_nothing_of_it_is_sent_twice() {
    an_old_backup_is_put_back(&[DATABASE], "it is older than when it was last used").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_folder_from_a_backup_is_noticed_and_nothing_of_it_is_sent_twice() {
    an_old_backup_is_put_back(&[DATABASE, MEMORY], "it was copied here").await;
}

async fn works(installation: &Installation, shop: &Shop, address: &str, name: &str) -> OrderId {
    let customer = shop.customer(address).await;
    let order = shop.place(&customer, &link(name)).await;
    shop.becomes(order, OrderState::Completed).await;
    let status = says(installation, &["status"]);
    assert!(status.contains("Orders are sent"), "{status}");
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_again_and_again_pauses_nothing() {
    let panel = PanelProcess::start(&["--lookup", "reference"]).await;
    let installation = Installation::embedded(HURRIED);
    let shop = Shop::open(&installation, &panel, LookupCapability::Reference).await;
    let (server, address) = installation.serve().await;
    works(&installation, &shop, &address, "first").await;
    server.kill();
    let (server, address) = installation.serve().await;
    works(&installation, &shop, &address, "killed").await;
    server.terminate().await;
    let (_server, address) = installation.serve().await;
    works(&installation, &shop, &address, "stopped").await;
    eventually(
        || "the doctor finds nothing".to_owned(),
        async || {
            let doctor = installation.run(&["doctor"]);
            doctor
                .stdout
                .contains("orders are sent to providers")
                .then_some(())
        },
    )
    .await;
}
