//! Exchange rates.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::RateSetId;
use domain::currency::{Currency, ExchangeRate, QuotedRate};
use ports::StoreError;
use ports::currency::{ManualRate, SourceReport};

use super::{Backend, Case};
use crate::fixtures::{NOW, after, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! currency_contract {
    ($with:ident) => {
        $with! { currency:
            rates_read_back_exactly_and_the_newest_are_in_force,
            rates_of_the_past_are_found_by_set_and_currency,
            a_turn_is_taken_once_and_comes_again,
            of_racers_for_a_turn_one_takes_it,
            rates_set_by_hand_are_replaced_and_taken_back,
            what_became_of_a_source_is_kept_with_the_time_of_its_last_rates,
            racers_who_put_rates_in_force_see_each_others,
        }
    };
}

fn currency(code: &str) -> Currency {
    Currency::from_stored(code)
}

fn rate(text: &str) -> ExchangeRate {
    ExchangeRate::parse(text).expect("a rate")
}

fn quoted(code: &str, text: &str) -> QuotedRate {
    QuotedRate {
        currency: currency(code),
        rate: rate(text),
        source: "a source".to_owned(),
        as_of: NOW,
    }
}

async fn in_force(backend: &Backend, rates: &[QuotedRate], seconds: u64) -> Result<RateSetId, StoreError> {
    let mut tx = backend.store.begin().await?;
    let id = tx.rates().insert_rates(rates, after(seconds)).await?;
    tx.commit().await?;
    Ok(id)
}

pub async fn rates_read_back_exactly_and_the_newest_are_in_force(backend: &Backend) -> Case {
    assert_eq!(backend.rates.newest_rates().await?, None);
    assert_eq!(backend.rates.rates(RateSetId(1)).await?, None);
    let rates = [
        quoted("EUR", "0.9123456789"),
        quoted("INR", "83.38"),
        quoted("IRR", "1234567.1"),
    ];
    let first = in_force(backend, &rates, 1).await?;
    let second = in_force(backend, &[], 2).await?;
    assert!(second > first);
    assert_eq!(backend.rates.newest_rates().await?, Some(second));
    let read = backend.rates.rates(first).await?.expect("it is there");
    assert_eq!((read.id, read.at), (first, after(1)));
    assert_eq!(read.rates.into_values().collect::<Vec<_>>(), rates);
    let read = backend.rates.rates(second).await?.expect("it is there");
    assert!(read.rates.is_empty());
    Ok(())
}

pub async fn rates_of_the_past_are_found_by_set_and_currency(backend: &Backend) -> Case {
    let first = in_force(backend, &[quoted("INR", "80"), quoted("EUR", "0.9")], 1).await?;
    let second = in_force(backend, &[quoted("EUR", "0.8")], 2).await?;
    let third = in_force(backend, &[quoted("INR", "90")], 3).await?;
    let all = [third, second, first, RateSetId(999)];
    let found = backend.rates.rates_in(&all, &currency("INR")).await?;
    assert_eq!(found, [(first, rate("80")), (third, rate("90"))]);
    let found = backend.rates.rates_in(&[second], &currency("EUR")).await?;
    assert_eq!(found, [(second, rate("0.8"))]);
    assert_eq!(backend.rates.rates_in(&[], &currency("INR")).await?, []);
    Ok(())
}

async fn takes_turn(backend: &Backend, at: u64, next: u64) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let taken = tx.rates().take_turn(after(at), after(next)).await?;
    tx.commit().await?;
    Ok(taken)
}

pub async fn a_turn_is_taken_once_and_comes_again(backend: &Backend) -> Case {
    assert!(takes_turn(backend, 0, 60).await?);
    assert!(!takes_turn(backend, 59, 120).await?);
    let mut tx = backend.store.begin().await?;
    tx.rates().set_turn(after(90)).await?;
    tx.commit().await?;
    assert!(!takes_turn(backend, 89, 120).await?);
    assert!(takes_turn(backend, 90, 150).await?);
    Ok(())
}

pub async fn of_racers_for_a_turn_one_takes_it(backend: &Backend) -> Case {
    let racers = (0..8).map(|_| {
        let backend = backend.clone();
        tokio::spawn(async move {
            loop {
                match takes_turn(&backend, 0, 60).await {
                    Err(StoreError::Contended) => tokio::time::sleep(Duration::from_millis(2)).await,
                    taken => return taken,
                }
            }
        })
    });
    let mut taken = 0;
    for racer in racers.collect::<Vec<_>>() {
        taken += u32::from(racer.await.expect("no racer panics")?);
    }
    assert_eq!(taken, 1);
    Ok(())
}

pub async fn rates_set_by_hand_are_replaced_and_taken_back(backend: &Backend) -> Case {
    let manual = |code: &str, text: &str, n: u32| ManualRate {
        currency: currency(code),
        rate: rate(text),
        by: user_id(n),
        at: after(n.into()),
    };
    let mut tx = backend.store.begin().await?;
    tx.rates().set_manual_rate(&manual("INR", "83", 1)).await?;
    tx.rates().set_manual_rate(&manual("EUR", "0.9", 1)).await?;
    tx.rates().set_manual_rate(&manual("INR", "84.5", 2)).await?;
    let (set, locked) = tx.rates().lock_rates().await?;
    assert_eq!((set, locked.len()), (None, 2));
    tx.commit().await?;
    let both = backend.rates.manual_rates().await?;
    assert_eq!(both, [manual("EUR", "0.9", 1), manual("INR", "84.5", 2)]);
    let mut tx = backend.store.begin().await?;
    assert!(tx.rates().drop_manual_rate(&currency("INR")).await?);
    assert!(!tx.rates().drop_manual_rate(&currency("INR")).await?);
    tx.commit().await?;
    assert_eq!(backend.rates.manual_rates().await?, [manual("EUR", "0.9", 1)]);
    Ok(())
}

pub async fn what_became_of_a_source_is_kept_with_the_time_of_its_last_rates(backend: &Backend) -> Case {
    let report = |asked: u64, as_of: Option<u64>, problem: Option<&str>| SourceReport {
        source: "a source".to_owned(),
        asked_at: after(asked),
        as_of: as_of.map(after),
        problem: problem.map(str::to_owned),
    };
    for (given, kept) in [
        (report(1, None, Some("down")), report(1, None, Some("down"))),
        (report(2, Some(1), None), report(2, Some(1), None)),
        (report(3, None, Some("late")), report(3, Some(1), Some("late"))),
    ] {
        let mut tx = backend.store.begin().await?;
        tx.rates().report_source(&given).await?;
        tx.commit().await?;
        assert_eq!(backend.rates.source_reports().await?, [kept]);
    }
    Ok(())
}

pub async fn racers_who_put_rates_in_force_see_each_others(backend: &Backend) -> Case {
    let codes = ["EUR", "GBP", "INR", "JPY"];
    let racers = codes.map(|code| {
        let backend = backend.clone();
        tokio::spawn(async move {
            loop {
                match adds(&backend, code).await {
                    Err(StoreError::Contended) => tokio::time::sleep(Duration::from_millis(2)).await,
                    added => return added,
                }
            }
        })
    });
    for racer in racers {
        racer.await.expect("no racer panics")?;
    }
    let newest = backend.rates.newest_rates().await?.expect("some are in force");
    let set = backend.rates.rates(newest).await?.expect("it is there");
    let kept: Vec<&str> = set.rates.keys().map(Currency::as_str).collect();
    assert_eq!(kept, codes, "nobody overlooked what another had added");
    Ok(())
}

async fn adds(backend: &Backend, code: &str) -> Case {
    let mut tx = backend.store.begin().await?;
    let (set, _) = tx.rates().lock_rates().await?;
    let mut rates: Vec<QuotedRate> = set.into_iter().flat_map(|set| set.rates.into_values()).collect();
    rates.push(quoted(code, "2"));
    tx.rates().insert_rates(&rates, NOW).await?;
    tx.commit().await
}
