//! The page of the document, opened in a browser that people use.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Way, install_package, is_required, program, scenarios};

scenarios!(on one way: a_browser_shows_the_document_and_asks_nobody_else,);

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs-page");
/// Whoever changes the page looks at it here.
const SCREENSHOTS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/docs-page-screenshots");
const WHAT: &str = "the page of the document in a browser";

async fn a_browser_shows_the_document_and_asks_nobody_else(way: Way) {
    let Some(browser) = browser() else { return };
    let Some(folder) = install_package(Path::new(PROJECT), WHAT) else {
        return;
    };
    let Some(world) = way.world().await else { return };
    std::fs::create_dir_all(SCREENSHOTS).expect("there is room for a folder");
    let mut look = Command::new("node");
    look.arg("look.js")
        .current_dir(folder)
        .env("SERVER_URL", world.addresses().remove(0))
        .env("CHROMIUM", browser)
        .env("SCREENSHOTS", SCREENSHOTS);
    let looked = tokio::task::spawn_blocking(move || look.output()).await;
    let looked = looked.expect("node is waited for").expect("node starts");
    let told = String::from_utf8_lossy(&[looked.stdout, looked.stderr].concat()).into_owned();
    assert!(looked.status.success(), "{told}");
    println!("{told}see {SCREENSHOTS}");
    world.close().await;
}

fn browser() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(program);
    if found.is_none() {
        assert!(!is_required(), "chromium is not installed");
        println!("skipped {WHAT}: chromium is not installed");
    }
    found
}
