//! The document is good enough to write programs against: its types compile strictly, and what they promise comes back.

use std::path::Path;
use std::process::Command;

use crate::support::{PASSWORD, Way, install_package, scenarios};

scenarios!(on both ways:
    a_client_with_the_types_of_the_document_orders_and_watches,
);

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/typed-client");
/// As strict as the compiler gets, for what node runs.
const COMPILER: [&str; 10] = [
    "--strict",
    "--noUncheckedIndexedAccess",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--moduleResolution",
    "nodenext",
    "--lib",
    "es2022,dom,dom.iterable",
];

async fn a_client_with_the_types_of_the_document_orders_and_watches(way: Way) {
    let Some(folder) = install_package(Path::new(PROJECT), "the typed client") else {
        return;
    };
    let Some(world) = way.world().await else { return };
    // The server's own document, in a folder of this test's own: others may compile at the same time.
    let own = tempfile::tempdir_in(&folder).expect("there is room for a folder");
    let document = world.customer.get("/api/openapi.json").await;
    std::fs::write(own.path().join("openapi.json"), &document.text).expect("the document is written");
    std::fs::write(own.path().join("package.json"), r#"{"type":"module"}"#).expect("a file is written");
    std::fs::copy(folder.join("client.ts"), own.path().join("client.ts")).expect("the client is copied");
    let tools = folder.join("../node_modules/.bin");
    let variables = [
        ("SERVER_URL", world.addresses().remove(0)),
        ("EMAIL", "customer@example.com".to_owned()),
        ("PASSWORD", PASSWORD.to_owned()),
        ("SERVICE", world.service("1012").to_string()),
        ("LINK", world.link("complete")),
    ];
    let place = own.path().to_owned();
    let run = move |program: &Path, arguments: &[&str]| {
        let done = Command::new(program)
            .args(arguments)
            .current_dir(&place)
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .output()
            .expect("it starts");
        let told = [done.stdout, done.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(done.status.success(), "{}: {told}", program.display());
        told
    };
    let driven = tokio::task::spawn_blocking(move || {
        run(
            &tools.join("openapi-typescript"),
            &["openapi.json", "-o", "schema.ts"],
        );
        run(&tools.join("tsc"), &[&COMPILER[..], &["client.ts"]].concat());
        run(Path::new("node"), &["client.js"])
    });
    let told = driven.await.expect("node is waited for");
    assert!(told.contains("is Completed"), "{told}");
    world.close().await;
}
