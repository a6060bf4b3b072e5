//! The show for newcomers.

use std::net::TcpListener;
use std::time::Instant;

use super::program::{Program, Variables, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_every_fate_of_an_order_and_ends_well() {
    let begun = Instant::now();
    let shown = run(&["demo", "--exit", "--port", "0"], &Variables::new()).good();
    println!("the demo took {:?}:\n{shown}", begun.elapsed());
    let lower = shown.to_lowercase();
    for word in [
        "completed",
        "partial",
        "refused",
        "unknown",
        "reconciled",
        "wallet",
        "v1",
        "v13",
    ] {
        assert!(lower.contains(word), "nothing in the demo is {word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_asked_to_stop_ends_well_too() {
    let mut program = Program::start(&["demo", "--port", "0"], &Variables::new());
    program.says("http://").await;
    let (status, took) = program.terminate().await;
    assert!(took.as_secs() < 30, "{took:?}");
    assert!(status.code().is_some(), "it was not killed: {status:?}");
}

#[test]
fn a_demo_on_an_occupied_port_says_so() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = run(&["demo", "--exit", "--port", &port], &Variables::new()).bad();
    assert!(
        said.contains(&port) && said.contains("in use") && said.contains("--port"),
        "{said}"
    );
}
