//! Providers that misbehave, fifty orders each: what is known of every order right after it was sent, and that all of
//! them end well.

mod kinds;
mod outage;
mod world;

use domain::Money;
use domain::orders::{Hold, OrderState};
use futures::future::join_all;

use crate::support::{eventually, prove_the_books, the_panel_agrees};
use kinds::{Class, DUPLICATE, Kind, LARGE, QUICK, SLOW};
use world::{Cage, FUNDS, Sent, Zoo};

/// Orders of each kind.
const ORDERS: usize = 50;
/// Less than what eight answers of one kind, which arrive at the same time, would take if they were read to their ends.
const MEMORY_MAX_KB: u64 = 64 * 1024;

async fn herds(zoo: &Zoo, kinds: impl IntoIterator<Item = &'static Kind>) -> Vec<Vec<Cage>> {
    let mut herds = Vec::new();
    for kind in kinds {
        let mut cages = zoo.cages(kind, ORDERS).await;
        zoo.fill(&mut cages, ORDERS).await;
        herds.push(cages);
    }
    herds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_provider_answers_proves_what_it_proves_and_no_order_is_lost_or_doubled() {
    let zoo = Zoo::open().await;
    let herds = herds(&zoo, &QUICK).await;
    join_all(herds.iter().map(|cages| zoo.send(cages))).await;
    ends_well(zoo, herds.into_iter().flatten().collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_come_in_time_proves_nothing_and_no_order_is_lost_or_doubled() {
    let zoo = Zoo::open().await;
    let herds = herds(&zoo, &SLOW).await;
    let cages: Vec<Cage> = herds.into_iter().flatten().collect();
    join_all(cages.iter().map(|cage| zoo.send(std::slice::from_ref(cage)))).await;
    ends_well(zoo, cages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_order_is_not_believed_and_no_order_is_lost_or_doubled() {
    let zoo = Zoo::open().await;
    let mut cages = zoo.cages(&DUPLICATE, ORDERS).await;
    for cage in &mut cages {
        for _ in 0..DUPLICATE.herd {
            zoo.place(cage, "complete", true).await;
            zoo.place(cage, DUPLICATE.scripts[0], false).await;
        }
        for sent in &cage.orders {
            zoo.direct.submit.submit(sent.id).await.unwrap();
        }
    }
    ends_well(zoo, cages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_any_length_takes_no_memory_and_no_order_is_lost_or_doubled() {
    let zoo = Zoo::open().await;
    let herds = herds(&zoo, &LARGE).await;
    let before = peak_memory_kb();
    join_all(herds.iter().map(|cages| zoo.send(cages))).await;
    let grown = peak_memory_kb() - before;
    println!("the peak of memory grew by {grown} kB");
    assert!(grown < MEMORY_MAX_KB, "the peak of memory grew by {grown} kB");
    ends_well(zoo, herds.into_iter().flatten().collect()).await;
}

/// The most memory that this process ever had.
fn peak_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// Every order is known for what it is; then time passes, and what is proven of it and of the money is proven.
async fn ends_well(zoo: Zoo, cages: Vec<Cage>) {
    let mut held = Money::ZERO;
    for cage in &cages {
        for sent in &cage.orders {
            held = held.checked_add(classed(&zoo, cage, sent).await).unwrap();
        }
    }
    let wallets = &zoo.system.adapters().wallets;
    let wallet = wallets.wallet(&zoo.customer.user().id).await.unwrap().unwrap();
    assert_eq!(
        wallet.held, held,
        "what is held for orders that nobody knows about"
    );
    for cage in &cages {
        if cage.kind.tls {
            zoo.correct_the_address(cage).await;
        }
        // Before our time passes in no time, the panel takes what it takes late.
        eventually(
            || "the panel takes the late orders".to_owned(),
            async || {
                let late = cage
                    .orders
                    .iter()
                    .filter(|sent| sent.link.ends_with("accept-late"));
                (cage.panel.orders().len() >= late.count()).then_some(())
            },
        )
        .await;
    }
    zoo.work().await;
    let mut spent = Money::ZERO;
    for cage in &cages {
        for sent in &cage.orders {
            spent = spent.checked_add(ended(&zoo, cage, sent).await).unwrap();
        }
    }
    let wallet = wallets.wallet(&zoo.customer.user().id).await.unwrap().unwrap();
    assert_eq!(
        (wallet.available.checked_add(spent), wallet.held),
        (Some(FUNDS), Money::ZERO)
    );
    prove_the_books(&zoo.system).await;
    zoo.system.close().await;
    for cage in cages {
        cage.panel.stop().await;
    }
}

/// What is known of the order right after it was sent is what its answer proves; what is held for it.
async fn classed(zoo: &Zoo, cage: &Cage, sent: &Sent) -> Money {
    let order = zoo.order(sent).await;
    let class = if sent.is_good {
        Class::Placed
    } else {
        cage.kind.class
    };
    let (state, outcome) = match class {
        Class::Placed => (OrderState::Submitted, "placed"),
        Class::Refused => (OrderState::Voided, "not_placed"),
        Class::NotSent => (OrderState::Held, "not_placed"),
        Class::Unknown => (OrderState::Unknown, "unknown"),
    };
    let queries = &zoo.system.adapters().orders;
    let attempts = queries.attempts(sent.id).await.unwrap();
    let outcomes: Vec<&str> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
    let events = queries.events(sent.id).await.unwrap();
    let details = events
        .iter()
        .flat_map(|event| &event.details)
        .map(|(_, text)| text);
    let words: Vec<&String> = details
        .chain(attempts.iter().flat_map(|attempt| &attempt.proof))
        .collect();
    assert_eq!(
        (order.state, outcomes.as_slice()),
        (state, [outcome].as_slice()),
        "{}: {words:?}",
        sent.link
    );
    assert!(
        sent.is_good || words.iter().any(|text| text.contains(cage.kind.says)),
        "{}: {words:?}",
        sent.link
    );
    match class {
        Class::NotSent | Class::Unknown => order.price,
        Class::Placed | Class::Refused => Money::ZERO,
    }
}

/// The order was sent once at most, and is paid for exactly if the panel has it; what it cost the customer.
async fn ended(zoo: &Zoo, cage: &Cage, sent: &Sent) -> Money {
    let order = zoo.order(sent).await;
    assert_eq!(cage.panel.asked_count_for_link(&sent.link), 1, "{}", sent.link);
    let taken = cage.panel.placed_count_for_link(&sent.link) == 1;
    if cage.kind.class == Class::Placed {
        assert!(taken && order.review.is_some(), "only staff can tell: {order:#?}");
    } else {
        let state = if taken {
            OrderState::Completed
        } else {
            OrderState::Voided
        };
        assert_eq!((order.state, order.review.as_ref()), (state, None), "{order:#?}");
        the_panel_agrees(&cage.panel, &order);
    }
    assert_eq!(order.hold == Hold::Posted, taken, "{order:#?}");
    if taken {
        order.price.saturating_sub(order.refunded)
    } else {
        Money::ZERO
    }
}
