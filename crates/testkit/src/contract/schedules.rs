//! Orders as the schedules of workers find them.

#![expect(missing_docs, reason = "the name of a case is its documentation")]
#![expect(clippy::indexing_slicing, reason = "what is not there is a failed test")]

use std::time::Duration;

use domain::Money;
use domain::orders::looked_up;
use ports::jobs::JobTopic;
use ports::outbox::NewJob;

use super::outbox::claim;
use super::outbox_retries::give_up;
use super::steps::{
    accepted, amend, claimed, placed, policy, resolved, rich_shop, second_provider, submitted, unknown,
    written_off,
};
use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! schedules_contract {
    ($with:ident) => {
        $with! { schedules:
            a_lease_is_over_only_after_its_end,
            unknown_and_watched_orders_are_looked_up_when_due,
            a_held_order_is_forgotten_only_without_a_job,
            unknown_prices_add_up_by_provider,
        }
    };
}

pub async fn a_lease_is_over_only_after_its_end(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let mut leased = Vec::new();
    for n in [1, 2, 3] {
        let order = placed(backend, &shop, n).await?;
        leased.push(claimed(backend, &order, after(u64::from(4 - n))).await?);
    }
    let until = |n: usize| leased[n].lease_until.expect("it is leased");
    let expired = |now, limit| backend.orders.expired_leases(now, limit);
    assert!(expired(until(2), 10).await?.is_empty());
    let just_after = until(2).plus(Duration::from_micros(1));
    assert_eq!(expired(just_after, 10).await?, [leased[2].id]);
    let late = after(1_000);
    assert_eq!(
        expired(late, 10).await?,
        [leased[2].id, leased[1].id, leased[0].id]
    );
    assert_eq!(expired(late, 1).await?, [leased[2].id]);
    resolved(backend, &leased[2], &accepted("3"), after(5)).await?;
    assert_eq!(expired(late, 1).await?, [leased[1].id]);
    Ok(())
}

pub async fn unknown_and_watched_orders_are_looked_up_when_due(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let open = placed(backend, &shop, 1).await?;
    let open = unknown(backend, &open, after(1_000_000)).await?;
    let watched = placed(backend, &shop, 2).await?;
    unknown(backend, &watched, NOW).await?;
    let watched = written_off(backend, &watched, NOW).await?;
    let withdrawn = placed(backend, &shop, 3).await?;
    amend(backend, withdrawn.id, |order, _| {
        domain::orders::withdraw(order, "gone", NOW)
    })
    .await?;
    let tracked = placed(backend, &shop, 4).await?;
    submitted(backend, &tracked, "4", NOW).await?;

    let due = |now, limit| backend.orders.due_lookups(now, limit);
    let watched_at = watched.due_at.expect("it is watched");
    let open_at = open.due_at.expect("it is looked up");
    assert!(watched_at < open_at);
    assert!(
        due(watched_at.minus(Duration::from_micros(1)), 10)
            .await?
            .is_empty()
    );
    assert_eq!(due(watched_at, 10).await?, [watched.id]);
    assert_eq!(due(open_at, 10).await?, [watched.id, open.id]);
    assert_eq!(due(open_at, 1).await?, [watched.id]);
    let a_week = Duration::from_hours(24 * 8);
    amend(backend, watched.id, |order, _| {
        let long_after = order.ended_at.expect("it ended").plus(a_week);
        Some(looked_up(order, "absent", &policy(), long_after))
    })
    .await?;
    assert_eq!(due(after(100_000_000), 10).await?, [open.id]);
    Ok(())
}

pub async fn a_held_order_is_forgotten_only_without_a_job(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let waiting = placed(backend, &shop, 1).await?;
    let forgotten = placed(backend, &shop, 2).await?;
    let given_up = placed(backend, &shop, 3).await?;
    let sent = placed(backend, &shop, 4).await?;
    submitted(backend, &sent, "4", NOW).await?;
    let mut tx = backend.store.begin().await?;
    for (topic, subject) in [
        (JobTopic::SubmitOrder, waiting.id),
        (JobTopic::CancelOrder, forgotten.id),
        (JobTopic::SubmitOrder, given_up.id),
    ] {
        let subject = subject.0;
        tx.outbox()
            .push(NewJob {
                topic,
                subject,
                due_at: NOW,
            })
            .await?;
    }
    tx.commit().await?;
    let jobs = claim(backend, NOW, 10).await?;
    let job = jobs
        .iter()
        .find(|job| job.subject == given_up.id.0 && job.topic == JobTopic::SubmitOrder);
    assert!(give_up(backend, job.expect("it is due"), NOW).await?);

    let forgotten_before = |before, limit| backend.orders.forgotten_holds(before, limit);
    assert!(forgotten_before(NOW, 10).await?.is_empty(), "they are too young");
    assert_eq!(forgotten_before(after(1), 10).await?, [forgotten.id, given_up.id]);
    assert_eq!(forgotten_before(after(1), 1).await?, [forgotten.id]);
    Ok(())
}

pub async fn unknown_prices_add_up_by_provider(backend: &Backend) -> Case {
    let shop = rich_shop(backend).await?;
    let elsewhere = second_provider(backend, &shop).await?;
    let exposure = |shop: &Shop| backend.orders.unknown_exposure(shop.service.provider);
    assert_eq!(exposure(&shop).await?, Money::ZERO);
    let mut sum = Money::ZERO;
    for n in [1, 2] {
        let order = placed(backend, &shop, n).await?;
        let order = unknown(backend, &order, NOW).await?;
        sum = sum.checked_add(order.price).expect("it fits");
    }
    placed(backend, &shop, 3).await?;
    assert_eq!(exposure(&shop).await?, sum);
    assert_eq!(exposure(&elsewhere).await?, Money::ZERO);
    Ok(())
}
