//! `smm-guru figures`: a sum that somebody changed is found, and mended while the shop goes on.

use domain::OrderId;
use domain::orders::OrderState;
use domain::providers::LookupCapability;
use persistence::testing::TestDatabase;
use serde_json::Value;

use super::installation::{Address, Installation, PATIENT};
use super::panel::PanelProcess;
use super::shop::Shop;
use crate::support::Browser;

const TRUE: &str = "The figures are what happened.";
/// A hundred units too much was earned, and customers placed seven orders more.
const TAMPER: [&str; 2] = [
    "UPDATE figures SET amount = amount + 100000000 WHERE measure = 'recognise' AND scope = 'shop_day'",
    "UPDATE user_figures SET counted = counted + 7 WHERE measure = 'hold'",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_was_changed_is_found_and_mended_while_the_server_runs_on_sqlite() {
    mended(&Installation::embedded(PATIENT)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_was_changed_is_found_and_mended_while_the_server_runs_on_postgres() {
    if let Some(installation) = Installation::distributed(PATIENT, "figures mended beside servers").await {
        mended(&installation).await;
    }
}

async fn mended(installation: &Installation) {
    let panel = PanelProcess::start(&[]).await;
    let shop = Shop::open(installation, &panel, LookupCapability::None).await;
    let (_node, address) = installation.serve().await;
    let _worker = match installation.is_embedded() {
        true => None,
        false => Some(installation.work().await),
    };
    let (customer, staff) = (shop.customer(&address).await, shop.staff(&address).await);
    complete(&shop, &customer, 3).await;
    assert!(installation.run(&["figures", "verify"]).good().contains(TRUE));
    let honest = revenue(&staff).await;
    assert!(honest > 0.0);

    let database = open(installation).await;
    for tamper in TAMPER {
        database.execute(tamper).await.unwrap();
    }
    assert!(revenue(&staff).await > honest + 99.0, "the lie is shown");
    let found = installation.run(&["figures", "verify"]);
    assert_eq!(found.status.code(), Some(1), "{found:#?}");
    assert!(
        found.stdout.contains("`smm-guru figures rebuild` mends them"),
        "{found:#?}"
    );
    let count: u32 = found.stdout.split(' ').next().unwrap().parse().unwrap();
    assert!(count >= 2, "{found:#?}");
    assert!(revenue(&staff).await > honest + 99.0, "looking changes nothing");

    // Customers go on ordering meanwhile.
    let order = complete(&shop, &customer, 4);
    let mend = tokio::task::block_in_place(|| installation.run(&["figures", "rebuild"]).good());
    assert!(
        mend.contains(&format!(
            "{count} figures were not what happened. They are mended."
        )),
        "{mend}"
    );
    order.await;
    assert!(installation.run(&["figures", "verify"]).good().contains(TRUE));
    let each = honest / 3.0;
    assert!((revenue(&staff).await - each * 7.0).abs() < 0.000_001);
    assert!(installation.run(&["figures", "rebuild"]).good().contains(TRUE));
    installation.books_are_right();
}

async fn complete(shop: &Shop, customer: &Browser, count: u32) {
    let mut orders: Vec<OrderId> = Vec::new();
    for number in 0..count {
        let link = format!("https://instagram.com/p/{count}-{number}");
        orders.push(shop.place(customer, &link).await);
    }
    for order in orders {
        shop.becomes(order, OrderState::Completed).await;
    }
}

/// What the page of metrics says was earned, ever.
async fn revenue(staff: &Browser) -> f64 {
    let answer = staff.get("/api/v1/admin/dashboard-metrics").await;
    let shop: Value = answer.success(200, "DASHBOARD_METRICS_RETRIEVED");
    shop["overview"]["totalRevenue"].as_f64().unwrap()
}

async fn open(installation: &Installation) -> TestDatabase {
    let url = match installation.address() {
        Address::Folder(folder) => format!("sqlite://{}", folder.join("smm-guru.db").display()),
        Address::Servers { database, .. } => database,
    };
    TestDatabase::existing(&url).await.unwrap()
}
