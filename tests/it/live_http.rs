//! Live updates: nothing is missed, nothing is told twice, and nobody is told what is not theirs.

use std::collections::HashSet;

use domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{Event, EventStream, Way, World, eventually, scenarios};

scenarios!(on both ways:
    a_customer_sees_orders_and_wallet_as_they_change,
    staff_see_everybodys_and_customers_only_their_own,
    whoever_comes_back_is_told_what_happened_meanwhile_once,
    what_is_no_position_of_ours_means_to_load_anew,
    a_stream_ends_with_the_session_the_ban_and_the_server,
    a_user_has_so_many_streams_and_no_more,
    pages_of_other_sites_get_no_stream,
);
scenarios!(on two nodes:
    what_happens_on_one_node_is_seen_on_the_other,
);

/// One node of the world, so that a test knows whom it asks.
fn node(world: &World, number: usize) -> String {
    let addresses = world.addresses();
    addresses[number % addresses.len()].clone()
}

async fn watch(world: &World) -> EventStream {
    let mut stream = EventStream::open(&world.customer, &node(world, 0), "", None).await;
    assert_eq!(stream.expect("ready").await.data, json!({ "resumed": false }));
    stream
}

fn has_ended(order: i64) -> impl Fn(&Event) -> bool {
    move |event| event.name == "order" && event.data["id"] == order && event.data["status"] == "Completed"
}

/// The rows that events are about: lines of histories, and rows of the ledger.
fn rows(events: &[Event]) -> Vec<(String, i64)> {
    let row = |event: &Event| {
        let (orders, wallets) = event.id.split_once('-').expect("an id");
        let id = if event.name == "order" { orders } else { wallets };
        (event.name.clone(), id.parse().expect("a number"))
    };
    events.iter().map(row).collect()
}

async fn a_customer_sees_orders_and_wallet_as_they_change(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut stream = watch(&world).await;
    let order = world.place("complete").await;
    let events = stream.until(has_ended(order)).await;
    let told: HashSet<_> = rows(&events).into_iter().collect();
    assert_eq!(told.len(), events.len(), "nothing is told twice: {events:#?}");
    let of_order: Vec<_> = events.iter().filter(|event| event.name == "order").collect();
    assert!(of_order.iter().all(|event| event.data["id"] == order));
    let first = &of_order[0].data;
    assert_eq!(
        first["serviceName"],
        "Instagram Followers | Mixed quality | 50K/day"
    );
    assert_eq!(
        (&first["quantity"], &first["currency"]),
        (&json!(1_000), &json!("USD"))
    );
    for secret in ["userId", "providerId", "kind", "actor", "state"] {
        assert!(first.get(secret).is_none(), "customers are not told {secret}");
    }
    let hold = events
        .iter()
        .find(|event| event.data["kind"] == "hold")
        .expect("money was held");
    assert_eq!(
        (&hold.data["orderId"], &hold.data["amount"]),
        (&json!(order), &json!("-1.17"))
    );
    assert!(hold.data.get("userId").is_none());
    let wallet = world
        .customer
        .get("/api/v1/dashboard/wallet")
        .await
        .success(200, "USER_BALANCE");
    // The post comes with the provider's answer, and the wallet does not change after it.
    let last = events
        .iter()
        .rev()
        .find(|event| event.name == "wallet")
        .expect("money moved");
    assert_eq!(
        (&last.data["balance"], &last.data["held"]),
        (&wallet["balance"], &wallet["held"])
    );
    world.close().await;
}

async fn staff_see_everybodys_and_customers_only_their_own(way: Way) {
    let Some(world) = way.world().await else { return };
    let (_, stranger) = world.join("stranger", Role::User).await;
    let (moderator, watching) = world.join("moderator", Role::Moderator).await;
    let mut all = EventStream::open(&world.admin, &node(&world, 0), "?scope=all", None).await;
    all.expect("ready").await;
    for browser in [&world.customer, &stranger, &watching] {
        let answer = browser.get("/api/v1/dashboard/events?scope=all").await;
        answer.failure(403, "FORBIDDEN");
    }
    let mut own = EventStream::open(&stranger, &node(&world, 0), "", None).await;
    own.expect("ready").await;
    let rights = json!({ "rights": ["orders.read"] });
    let path = format!("/api/v1/admin/users/{}/rights", moderator.id);
    let put = world
        .admin
        .send(reqwest::Method::PUT, &path, |request| request.json(&rights))
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    let mut orders = EventStream::open(&watching, &node(&world, 0), "?scope=all", None).await;
    orders.expect("ready").await;
    let order = world.place("complete").await;
    let events = all.until(|event| event.data["kind"] == "completed").await;
    let kinds: Vec<_> = events
        .iter()
        .filter_map(|event| event.data["kind"].as_str())
        .collect();
    for kind in ["placed", "claimed", "submitted", "completed", "hold", "post"] {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    assert!(
        events
            .iter()
            .all(|event| event.data["userId"] == world.user.id.as_str())
    );
    let seen = orders.until(has_ended(order)).await;
    assert!(
        seen.iter().all(|event| event.name == "order"),
        "wallets need another right"
    );
    world.fund(&stranger_id(&world).await, "3").await;
    let wallet = own.expect("wallet").await;
    assert_eq!(
        (&wallet.data["kind"], &wallet.data["amount"]),
        (&json!("adjustment"), &json!("3.00"))
    );
    world.close().await;
}

async fn stranger_id(world: &World) -> String {
    let answer = world
        .admin
        .get("/api/auth/admin/list-users?limit=10")
        .await
        .json();
    let users = answer["users"].as_array().expect("users");
    let stranger = users.iter().find(|user| user["email"] == "stranger@example.com");
    stranger.expect("the stranger is listed")["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

async fn whoever_comes_back_is_told_what_happened_meanwhile_once(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut all = watch(&world).await;
    let mut stream = watch(&world).await;
    let first = world.place("complete").await;
    let mut told = stream.until(|event| event.name == "wallet").await;
    let last_id = stream.last_id.clone();
    drop(stream);
    world.until(first, "completed").await;
    let second = world.place("complete").await;
    world.until(second, "completed").await;
    let mut again = EventStream::open(&world.customer, &node(&world, 1), "", Some(&last_id)).await;
    assert_eq!(again.expect("ready").await.data, json!({ "resumed": true }));
    told.extend(again.until(has_ended(second)).await);
    let everything = all.until(has_ended(second)).await;
    let sorted = |events: &[Event]| {
        let mut rows = rows(events);
        rows.sort();
        rows
    };
    assert_eq!(
        sorted(&told),
        sorted(&everything),
        "as if the stream had never been left"
    );
    let address = format!("{}/api/v1/dashboard/events?follow=false", node(&world, 0));
    let since = |request: reqwest::RequestBuilder| request.header("last-event-id", &last_id);
    let ended = world.customer.open(&address, since).await;
    let text = ended.text().await.expect("it ends");
    assert!(
        text.contains("event: ready") && text.contains("\"Completed\""),
        "{text}"
    );
    after_a_restart(&world, &last_id, &everything).await;
    world.close().await;
}

/// A process that has just begun knows what happened before it did.
async fn after_a_restart(world: &World, last_id: &str, everything: &[Event]) {
    let restarted = world.system().start().expect("another API listens");
    let mut stream = EventStream::open(&world.customer, &restarted.base_url(), "", Some(last_id)).await;
    assert_eq!(stream.expect("ready").await.data, json!({ "resumed": true }));
    let (events, transfers) = last_id.split_once('-').expect("an id");
    let passed = |(name, id): &(String, i64)| {
        let last = if name == "order" { events } else { transfers };
        *id <= last.parse().expect("a number")
    };
    let mut missed = rows(everything);
    missed.retain(|row| !passed(row));
    // Another process reads in other steps, so other rows may come between.
    let mut told = Vec::new();
    while !missed.iter().all(|row| rows(&told).contains(row)) {
        told.push(stream.next().await.expect("there is more"));
    }
    let once: HashSet<_> = rows(&told).into_iter().collect();
    assert_eq!(once.len(), told.len(), "nothing is told twice: {told:#?}");
    assert!(!once.iter().any(passed), "nor what was told before: {told:#?}");
    drop(stream);
    restarted.stop().await;
}

async fn what_is_no_position_of_ours_means_to_load_anew(way: Way) {
    let Some(world) = way.world().await else { return };
    for (id, reason) in [
        ("999999-999999", "unknown_id"),
        ("1", "unknown_id"),
        ("x-y", "unknown_id"),
    ] {
        let mut stream = EventStream::open(&world.customer, &node(&world, 0), "", Some(id)).await;
        assert_eq!(
            stream.expect("reload").await.data,
            json!({ "reason": reason }),
            "{id:?}"
        );
        let order = world.place("complete").await;
        stream.until(has_ended(order)).await;
    }
    let answer = world.customer.get("/api/v1/dashboard/events?scope=mine").await;
    answer.failure(400, "VALIDATION_ERROR");
    world.close().await;
}

async fn a_stream_ends_with_the_session_the_ban_and_the_server(way: Way) {
    let Some(world) = way.world().await else { return };
    let (bad, banned) = world.join("bad", Role::User).await;
    let (_, leaving) = world.join("leaving", Role::User).await;
    let at = node(&world, 0);
    let mut of_banned = EventStream::open(&banned, &at, "", None).await;
    let mut of_leaving = EventStream::open(&leaving, &at, "", None).await;
    for stream in [&mut of_banned, &mut of_leaving] {
        stream.expect("ready").await;
    }
    let form = json!({ "userId": bad.id.as_str() });
    let ban = world.admin.post("/api/auth/admin/ban-user", form).await;
    assert_eq!(ban.status, 200, "{}", ban.text);
    let out = leaving.post("/api/auth/sign-out", json!({})).await;
    assert_eq!(out.status, 200, "{}", out.text);
    for mut stream in [of_banned, of_leaving] {
        assert_eq!(
            stream.expect("closed").await.data,
            json!({ "reason": "signed_out" })
        );
        assert_eq!(stream.next().await, None);
    }
    let mut stream = watch(&world).await;
    let ends = tokio::spawn(async move {
        let last = stream.expect("closed").await;
        (last.data, stream.next().await)
    });
    world.close().await;
    let (last, after): (Value, _) = ends.await.expect("the stream is read");
    assert_eq!((last, after), (json!({ "reason": "stopping" }), None));
}

async fn a_user_has_so_many_streams_and_no_more(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(watch(&world).await);
    }
    let path = "/api/v1/dashboard/events";
    world.customer.get(path).await.failure(429, "TOO_MANY_STREAMS");
    let mut other = EventStream::open(&world.admin, &node(&world, 0), "", None).await;
    other.expect("ready").await;
    streams.truncate(4);
    // The server notices with the next sign of life at the latest; an event is one too.
    world.fund(&world.user.id.to_string(), "1").await;
    eventually(
        || "a place is free".to_owned(),
        async || {
            let answer = world.customer.get(&format!("{path}?follow=false")).await;
            (answer.status == 200).then_some(())
        },
    )
    .await;
    drop(streams);
    world.close().await;
}

async fn pages_of_other_sites_get_no_stream(way: Way) {
    let Some(world) = way.world().await else { return };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let send = |request: reqwest::RequestBuilder| request.header(name, value);
        let path = "/api/v1/dashboard/events?follow=false";
        let answer = world.customer.send(reqwest::Method::GET, path, send).await;
        answer.failure(403, "INVALID_ORIGIN");
    }
    world.close().await;
}

async fn what_happens_on_one_node_is_seen_on_the_other(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut streams = Vec::new();
    for number in 0..2 {
        let mut stream = EventStream::open(&world.customer, &node(&world, number), "", None).await;
        stream.expect("ready").await;
        streams.push(stream);
    }
    // Requests go to the nodes in turn, and jobs to either.
    let mut order = 0;
    for _ in 0..6 {
        order = world.place("complete").await;
    }
    world.until(order, "completed").await;
    let mut told = Vec::new();
    for stream in &mut streams {
        let mut seen = stream.until(has_ended(order)).await;
        let last = world.customer.get("/api/v1/dashboard/orders").await;
        assert_eq!(last.status, 200);
        seen.retain(|event| event.name == "order" && event.data["id"] == order);
        told.push(seen.len());
    }
    assert!(told.iter().all(|seen| *seen >= 3), "{told:?}");
    // Whoever moves from one node to the other goes on where they were.
    let [first, second] = <[EventStream; 2]>::try_from(streams).ok().expect("two streams");
    let mut moved = EventStream::open(&world.customer, &node(&world, 1), "", Some(&first.last_id)).await;
    moved.expect("ready").await;
    let next = world.place("complete").await;
    moved.until(has_ended(next)).await;
    drop(second);
    world.close().await;
}

/// Streams of the crowd.
const CROWD: usize = 1_000;
/// What a stream may cost, in kilobytes, on both of its ends: they are in this process.
const EACH_MAX: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "half a minute and 2,500 open files; see \"What is run on request\" in docs/TESTING.md"]
async fn a_thousand_streams_cost_little_and_all_of_them_are_told() {
    let Some(world) = Way::Embedded.world().await else {
        return;
    };
    let mut crowd = Vec::new();
    for number in 0..CROWD / 10 {
        crowd.push(world.join(&format!("watcher{number}"), Role::User).await);
    }
    let mut streams = Vec::new();
    for (_, browser) in &crowd {
        let mut stream = EventStream::open(browser, &node(&world, 0), "", None).await;
        stream.expect("ready").await;
        streams.push(stream);
    }
    let before = resident();
    for _ in 1..10 {
        for (_, browser) in &crowd {
            let mut stream = EventStream::open(browser, &node(&world, 0), "", None).await;
            stream.expect("ready").await;
            streams.push(stream);
        }
    }
    assert_eq!(streams.len(), CROWD);
    for (user, _) in &crowd {
        world.fund(&user.id.to_string(), "1").await;
    }
    for stream in &mut streams {
        assert_eq!(stream.expect("wallet").await.data["amount"], "1.00");
    }
    let grown = resident().saturating_sub(before);
    let more = CROWD - CROWD / 10;
    println!(
        "{grown} kB for {more} streams: {} kB each, with the reader",
        grown / more
    );
    assert!(grown <= more * EACH_MAX, "{grown} kB for {more} streams");
    drop(streams);
    world.close().await;
}

/// Memory of this process, in kilobytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let line = line.expect("a size").trim().trim_end_matches(" kB");
    line.parse().expect("a number")
}
