//! The proof of the books on sound books. That it bites on others is shown where the tables are known.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::orders::Evidence;

pub use super::steps::assert_sound;
use super::steps::{
    accepted, claimed, placed, reported, resolved, rich_shop, submitted, unknown, written_off,
};
use super::{Backend, Case};
use crate::fixtures::{NOW, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! ledger_contract {
    ($with:ident) => {
        $with! { ledger:
            an_empty_database_has_sound_books,
            the_books_are_sound_after_every_step_of_every_kind_of_order,
            the_books_are_sound_in_the_midst_of_work,
        }
    };
}

pub async fn an_empty_database_has_sound_books(backend: &Backend) -> Case {
    assert_sound(backend, "empty").await
}

pub async fn the_books_are_sound_after_every_step_of_every_kind_of_order(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    assert_sound(backend, "a deposit").await?;
    for (n, (status, remains)) in [
        ("Completed", 0),
        ("Partial", 333),
        ("Partial", 1_000),
        ("Canceled", 1_000),
    ]
    .into_iter()
    .enumerate()
    {
        let n = u32::try_from(n).expect("a few");
        let order = placed(backend, &shop, n).await?;
        assert_sound(backend, "held").await?;
        claimed(backend, &order, NOW).await?;
        assert_sound(backend, "submitting").await?;
        resolved(backend, &order, &accepted(&format!("p{n}")), NOW).await?;
        assert_sound(backend, "submitted").await?;
        reported(backend, &order, "In progress", 700, after(1)).await?;
        assert_sound(backend, "in progress").await?;
        reported(backend, &order, status, remains, after(2)).await?;
        assert_sound(backend, status).await?;
    }
    let order = placed(backend, &shop, 10).await?;
    claimed(backend, &order, NOW).await?;
    let text = "Incorrect link".to_owned();
    resolved(backend, &order, &Evidence::Refused { text }, NOW).await?;
    assert_sound(backend, "refused").await?;
    for (n, late) in [(11, None), (12, Some(accepted("late")))] {
        let order = placed(backend, &shop, n).await?;
        unknown(backend, &order, NOW).await?;
        assert_sound(backend, "unknown").await?;
        let order = written_off(backend, &order, NOW).await?;
        assert_sound(backend, "written off").await?;
        let absent = Evidence::Absent {
            proof: "lookup".to_owned(),
            actor: domain::orders::Actor::Provider,
        };
        resolved(backend, &order, &late.unwrap_or(absent), after(200_000)).await?;
        assert_sound(backend, "late evidence").await?;
    }
    Ok(())
}

pub async fn the_books_are_sound_in_the_midst_of_work(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let work = (1..=12).map(|n| {
        let (backend, shop) = (backend.clone(), shop.clone());
        tokio::spawn(async move {
            let order = placed(&backend, &shop, n).await?;
            submitted(&backend, &order, &format!("p{n}"), NOW).await?;
            reported(&backend, &order, "Partial", u64::from(n), after(1)).await
        })
    });
    let work: Vec<_> = work.collect();
    for look in 0..10 {
        assert_sound(backend, &format!("look {look}")).await?;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for task in work {
        task.await.expect("no task panics")?;
    }
    assert_sound(backend, "afterwards").await
}
