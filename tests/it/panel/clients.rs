//! Client packages that resellers install, unmodified, against the running server.

use std::process::Command;

use serde_json::json;

use super::Script;
use crate::support::{Way, python_with, scenarios};

scenarios!(on both ways:
    packages_of_pypi_list_order_and_follow_their_orders,
);

/// Four clients, of which one asks by addresses only, and what they need.
const PACKAGES: [&str; 6] = [
    "babismm==1.0.1",
    "safesmm==0.1.0",
    "smmpy==0.1.0",
    "optsmm==1.0.1",
    "requests==2.34.2",
    "aiohttp==3.14.5",
];
const SCRIPT: &str = include_str!("clients.py");

async fn packages_of_pypi_list_order_and_follow_their_orders(way: Way) {
    let what = "a test with client packages of resellers";
    let Some(python) = python_with("panel-clients", &PACKAGES, what) else {
        return;
    };
    let Some(world) = way.world().await else { return };
    let script = Script::of(&world, json!({ "ordersByGet": true })).await;
    let links: Vec<_> = (0..4).map(|_| world.link("complete")).collect();
    let arguments = json!({
        "url": format!("{}/api/v2", world.addresses()[0]), "key": script.key, "service": world.service("1012"),
        "links": links,
    });
    let run = move || {
        let output = Command::new(python)
            .args(["-c", SCRIPT, &arguments.to_string()])
            .output();
        let output = output.expect("python runs");
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), told.concat())
    };
    let (passed, told) = tokio::task::spawn_blocking(run)
        .await
        .expect("python is waited for");
    assert!(passed, "{told}");
    for order in told.lines().filter_map(|line| line.strip_prefix("ORDER ")) {
        world.until(order.parse().expect("an id"), "completed").await;
    }
    assert_eq!(world.spent().await, 4 * 1_170_000);
    world.close().await;
}
