//! The web application's own server asks its own port who is signed in; what its process loads leads that question here.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Way, World, is_required, program, scenarios};

scenarios!(on one way: the_pages_own_server_learns_here_who_is_signed_in,);

const SHIM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/next-shim.cjs");
/// What Next listens at. Nobody does here.
const SELF_PORT: &str = "3000";
/// As the middleware asks: with the visitor's cookie, a type although there is no body, and no word about the client.
const ASK: &str = r#"
    const headers = { cookie: process.env.COOKIE, "user-agent": "a browser", "content-type": "application/json" };
    fetch("http://localhost:3000/api/auth/get-session", { headers })
        .then(async (answer) => console.log(JSON.stringify([answer.status, await answer.json()])))
        .catch((error) => { console.error(error); process.exitCode = 1; });
"#;

async fn the_pages_own_server_learns_here_who_is_signed_in(way: Way) {
    if program("node").is_none() {
        assert!(!is_required(), "node is not installed");
        println!("skipped the shim of the web application: node is not installed");
        return;
    }
    let Some(world) = way.world().await else { return };
    let cookie = world.customer.cookie.clone().expect("the customer is signed in");
    let session = told(&asked(&world, SELF_PORT, &cookie).await);
    assert_eq!(session[0], 200);
    assert_eq!(session[1]["user"]["email"], "customer@example.com");
    let nobodys = told(&asked(&world, SELF_PORT, "theme=dark").await);
    assert_eq!(nobodys, json!([200, null]));
    // A forgotten port is said at once.
    let forgotten = asked(&world, "", &cookie).await;
    let words = String::from_utf8_lossy(&forgotten.stderr);
    assert!(words.contains("SELF_PORT must be a port"), "{words}");
    world.close().await;
}

/// What a process says that has loaded the shim, and listens at `own`.
async fn asked(world: &World, own: &str, cookie: &str) -> Output {
    let address = world.addresses().remove(0);
    let (_, port) = address.rsplit_once(':').expect("an address has a port");
    let mut node = Command::new("node");
    node.args(["--require", SHIM, "--eval", ASK])
        .env("SELF_PORT", own)
        .env("API_PORT", port)
        .env("COOKIE", cookie);
    let ran = tokio::task::spawn_blocking(move || node.output()).await;
    ran.expect("node is waited for").expect("node starts")
}

#[track_caller]
fn told(output: &Output) -> Value {
    let words = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&words).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
