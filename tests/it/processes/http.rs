//! HTTP to processes of this machine.

use std::time::Duration;

use crate::support::Browser;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client for pages that are not the product's.
#[expect(clippy::disallowed_methods, reason = "it calls the panel of the test alone")]
pub fn client() -> reqwest::Client {
    choose_cryptography();
    let built = reqwest::Client::builder().timeout(PATIENCE).build();
    built.expect("a client can be built")
}

/// Somebody who has signed in at a node.
pub async fn signed_in(node: &str, email: &str, password: &str) -> Browser {
    choose_cryptography();
    Browser::signed_in(&[node.to_owned()], email, password).await
}

/// The same session at another node, or after a restart.
pub fn moved(browser: Browser, node: &str) -> Browser {
    let mut moved = Browser::anonymous(&[node.to_owned()]);
    moved.cookie = browser.cookie;
    moved
}

/// No library of the product is at work here that would have done it.
fn choose_cryptography() {
    // Somebody else in this process may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
