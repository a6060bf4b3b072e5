//! Providers who bill in another currency than ours.

use std::time::Duration;

use domain::Rate;
use domain::catalog::SyncResult;
use domain::currency::{Currency, ExchangeRate, MANUAL, QuotedRate};
use domain::providers::ProviderSettings;
use ports::Clock;
use ports::gateway::PanelCatalogue;
use testkit::fixtures::{rate, saved};

use crate::bench::{Bench, Desk};
use crate::sync::{SERVICES, followed, listed, prices, state};

/// The price of a thousand in each list here, in the currency that it is in.
const LISTED: i64 = 83_000_000_000;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// Staff say what the provider bills in.
async fn set(desk: &Desk, code: &str) {
    let mut tx = desk.backend.store.begin().await.unwrap();
    let mut provider = tx.providers().lock(desk.shop.provider.id).await.unwrap().unwrap();
    provider.settings = ProviderSettings {
        currency: currency(code),
        ..provider.settings
    };
    saved(tx.providers().update(&provider).await.unwrap());
    tx.commit().await.unwrap();
}

/// From now on a dollar is worth so many rupees.
async fn a_dollar_is(desk: &Desk, rupees: &str) {
    let quoted = QuotedRate {
        currency: currency("INR"),
        rate: ExchangeRate::parse(rupees).unwrap(),
        source: MANUAL.to_owned(),
        as_of: desk.clock.now(),
    };
    let mut tx = desk.backend.store.begin().await.unwrap();
    tx.rates()
        .insert_rates(&[quoted], desk.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Its list, which names these currencies.
fn list(desk: &Desk, named: &[&str]) -> PanelCatalogue {
    PanelCatalogue {
        currencies: named.iter().map(|code| currency(code)).collect(),
        ..listed(desk, LISTED, SERVICES + 1)
    }
}

/// What became of reading it an hour later, and why.
async fn read(desk: &Desk, named: &[&str]) -> (SyncResult, Option<String>) {
    desk.panel.offers(list(desk, named));
    desk.clock.advance(Duration::from_hours(1));
    desk.following().sync(desk.shop.provider.id).await.unwrap();
    let run = state(desk).await.last.expect("it has ended");
    assert_eq!(run.ended_at, desk.clock.now(), "this reading");
    (run.result, run.report.reason)
}

async fn cost(desk: &Desk) -> Rate {
    prices(desk).await.into_values().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_become_ours_at_the_rate_of_when_they_are_read() {
    let bench = followed().await;
    set(&bench, "INR").await;
    bench.panel.bills_in("inr");
    for (rupees, nanos) in [
        ("83", 1_000_000_000),
        ("82.9", 1_001_206_273),
        ("83", 1_000_000_000),
    ] {
        a_dollar_is(&bench, rupees).await;
        assert_eq!(read(&bench, &["INR"]).await, (SyncResult::Done, None));
        assert_eq!(cost(&bench).await, rate(nanos), "{rupees} rupees");
    }
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_rate_nothing_is_read() {
    let bench = followed().await;
    let before = cost(&bench).await;
    set(&bench, "INR").await;
    let why = Some("there is no trustworthy rate of INR".to_owned());
    assert_eq!(read(&bench, &[]).await, (SyncResult::Failed, why));
    assert_eq!(cost(&bench).await, before);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_another_currency_than_staff_say_is_not_read() {
    for (set_to, balance, named, said) in [
        ("USD", Some("INR"), &[][..], "INR"),
        ("USD", None, &["INR"], "INR"),
        ("USD", Some("USD"), &["EUR", "USD"], "EUR"),
        ("INR", Some("usd "), &[], "USD"),
        ("INR", Some("$"), &["USD"], "USD"),
    ] {
        let bench = followed().await;
        let before = cost(&bench).await;
        a_dollar_is(&bench, "83").await;
        set(&bench, set_to).await;
        if let Some(balance) = balance {
            bench.panel.bills_in(balance);
        }
        let why = Some(format!("the provider bills in {said}, and is set to {set_to}"));
        assert_eq!(read(&bench, named).await, (SyncResult::Failed, why));
        assert_eq!(cost(&bench).await, before);
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_no_currency_contradicts_nobody() {
    for word in ["", "$", "Credits", "USDT"] {
        let bench = followed().await;
        bench.panel.bills_in(word);
        assert_eq!(read(&bench, &[]).await.0, SyncResult::Done, "{word}");
        assert_eq!(cost(&bench).await, rate(LISTED));
        bench.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_says_once_a_day_what_it_bills_in() {
    let bench = followed().await;
    bench.panel.bills_in("USD");
    for _ in 0..23 {
        read(&bench, &[]).await;
    }
    assert_eq!(bench.panel.balances(), 1);
    read(&bench, &[]).await;
    read(&bench, &[]).await;
    assert_eq!(bench.panel.balances(), 2);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_in_a_currency_that_staff_change_meanwhile_is_not_recorded() {
    let bench: Bench = followed().await;
    let before = prices(&bench).await;
    a_dollar_is(&bench, "83").await;
    bench.panel.offers(list(&bench, &[]));
    let desk = Desk::clone(&bench);
    // After the first of three transactions that record it.
    bench.store.after(2, async move { set(&desk, "INR").await });
    bench.following().sync(bench.shop.provider.id).await.unwrap();
    assert!(bench.store.is_done());
    let now = prices(&bench).await;
    let recorded = before.iter().filter(|(id, rate)| now[*id] != **rate).count();
    assert_eq!(recorded, 100);
    assert!(state(&bench).await.wanted, "it is read again");
    bench.close().await;
}
