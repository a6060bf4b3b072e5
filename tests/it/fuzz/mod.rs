//! Whatever is sent to the server, it answers, and never with an error of its own.
//!
//! Requests are made up from what the document says about each route, and from what attackers send. The same ones are made
//! every time; `FUZZ_CASES` asks for more of each kind and `FUZZ_SEED` for others, see `docs/TESTING.md`.

mod garbage;
mod kinds;
mod routes;
mod wire;

use domain::identity::Role;
use futures::StreamExt;
use futures::stream::iter;
use proptest::prelude::Strategy;
use proptest::strategy::{BoxedStrategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::{Browser, GET_SESSION, Way, World, scenarios, variable};
use kinds::Kind;
use wire::{Reply, Request};

scenarios!(on both ways:
    no_cookie_breaks_the_server,
    no_bearer_breaks_the_server,
    no_body_breaks_the_server,
    no_query_breaks_the_server,
    no_path_breaks_the_server,
    no_mailed_token_breaks_the_server,
    no_way_back_from_a_provider_breaks_the_server,
    nothing_that_is_no_http_breaks_the_server,
);

/// Of each kind, unless `FUZZ_CASES` says otherwise.
const CASES: usize = 400;
/// Requests at the same time: fewer than passwords may wait to be hashed.
const AT_ONCE: usize = 6;
/// Requests that one member of staff makes, far below what one may make.
const PER_PERSON: usize = 1_000;

fn number(name: &str, default: usize) -> usize {
    let given = variable(name).map(|text| text.parse().expect("FUZZ_CASES and FUZZ_SEED are whole numbers"));
    given.unwrap_or(default)
}

/// Values of the strategy, the same ones every time.
fn made_up<T>(strategy: &BoxedStrategy<T>, count: usize) -> Vec<T>
where
    T: std::fmt::Debug,
{
    let mut seed = [0; 32];
    let given = u64::try_from(number("FUZZ_SEED", 1)).expect("a small number");
    seed[..8].copy_from_slice(&given.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let value = |_| strategy.new_tree(&mut runner).expect("a value").current();
    (0..count).map(value).collect()
}

/// What is wrong with a reply. Only a provider's failures are told as errors of a server.
fn complaint(request: &Request, reply: &Reply) -> Option<String> {
    let is_providers = reply.status == 502 && reply.text.contains("PROVIDER_ERROR")
        || reply.status == 503 && reply.text.contains("PROVIDER_BUSY");
    let leaks = ["panicked", "sqlx", "SQLSTATE", "src/"]
        .iter()
        .find(|word| reply.text.contains(**word));
    if reply.status >= 500 && !is_providers || leaks.is_some() {
        return Some(format!("{request:?}\n  -> {} {}", reply.status, reply.text));
    }
    None
}

/// Sends made-up requests of one kind as staff, who may do everything, and looks at every answer.
async fn throw(way: Way, kind: Kind) {
    let Some(world) = way.world().await else { return };
    let cases = number("FUZZ_CASES", CASES);
    let staff = staff(&world, cases / PER_PERSON + 1).await;
    let nodes = world.addresses();
    let requests = made_up(&kind.requests(world.user.id.as_str()), cases);
    let sent = iter(requests.into_iter().enumerate().map(|(index, request)| {
        let request = request.signed_in_as(&staff[index % staff.len()]);
        let node = nodes[index % nodes.len()].clone();
        async move {
            let reply = request.send(&node).await;
            match reply {
                Some(reply) => (Some(reply.status), complaint(&request, &reply)),
                None if kind == Kind::Garbage => (None, None),
                None => (None, Some(format!("{request:?}\n  -> no answer"))),
            }
        }
    }));
    let answers: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
    let complaints: Vec<_> = answers
        .iter()
        .filter_map(|(_, complaint)| complaint.as_deref())
        .collect();
    assert!(
        complaints.is_empty(),
        "{} of {cases}:\n{}",
        complaints.len(),
        complaints.iter().take(5).copied().collect::<Vec<_>>().join("\n")
    );
    kind.is_of_use(answers.iter().filter_map(|(status, _)| *status));
    let session = Browser::signed_in(&nodes, "customer@example.com", crate::support::PASSWORD).await;
    assert!(
        session.get(GET_SESSION).await.json().is_object(),
        "the server goes on"
    );
    world.leave().await;
}

async fn staff(world: &World, count: usize) -> Vec<String> {
    let mut cookies = Vec::new();
    for number in 0..count {
        let (_, browser) = world.join(&format!("fuzzer{number}"), Role::Admin).await;
        cookies.push(browser.cookie.expect("a session"));
    }
    cookies
}

async fn no_cookie_breaks_the_server(way: Way) {
    throw(way, Kind::Cookies).await;
}

async fn no_bearer_breaks_the_server(way: Way) {
    throw(way, Kind::Bearers).await;
}

async fn no_body_breaks_the_server(way: Way) {
    throw(way, Kind::Bodies).await;
}

async fn no_query_breaks_the_server(way: Way) {
    throw(way, Kind::Queries).await;
}

async fn no_path_breaks_the_server(way: Way) {
    throw(way, Kind::Paths).await;
}

async fn no_mailed_token_breaks_the_server(way: Way) {
    throw(way, Kind::MailedTokens).await;
}

async fn no_way_back_from_a_provider_breaks_the_server(way: Way) {
    throw(way, Kind::WaysBack).await;
}

async fn nothing_that_is_no_http_breaks_the_server(way: Way) {
    throw(way, Kind::Garbage).await;
}
