//! How providers' lists are followed.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use std::time::Duration;

use domain::catalog::{
    Availability, Finding, FindingKind, ImportNew, Margin, SyncReport, SyncResult, SyncRules, SyncRun,
    Synchronisation,
};
use domain::providers::Provider;
use domain::text::Name;
use domain::{ProviderId, Timestamp};
use ports::StoreError;

use super::catalog::shop;
use super::{Backend, Case};
use crate::fixtures::{NOW, Shop, after, rate, saved};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! syncs_contract {
    ($with:ident) => {
        $with! { syncs:
            rules_read_back_as_written_and_keep_what_came_of_the_last_reading,
            a_reading_is_begun_when_it_is_due_and_by_one_of_many,
            a_paused_one_is_begun_only_when_it_is_wanted,
            a_later_beginning_ends_an_earlier_one,
            a_reading_that_was_cut_off_is_begun_again,
            services_are_locked_by_their_upstream_ids,
        }
    };
}

/// An hour, which is how often it is read by default.
const HOUR: Duration = Duration::from_hours(1);

async fn follow(backend: &Backend, shop: &Shop, rules: &SyncRules, paused: bool) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.syncs()
        .set_rules(shop.provider.id, rules, paused, after(60), &shop.staff.id)
        .await?;
    tx.commit().await
}

async fn begin(
    backend: &Backend,
    shop: &Shop,
    now: Timestamp,
) -> Result<Option<Synchronisation>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let begun = tx.syncs().begin(shop.provider.id, now).await?;
    tx.commit().await?;
    Ok(begun)
}

async fn end(backend: &Backend, shop: &Shop, run: i64, at: Timestamp) -> Result<bool, StoreError> {
    let mut tx = backend.store.begin().await?;
    let ended = tx.syncs().end(shop.provider.id, run, &ended(at)).await?;
    tx.commit().await?;
    Ok(ended)
}

fn ended(at: Timestamp) -> SyncRun {
    let mut report = SyncReport {
        reason: Some("why \"not\"".to_owned()),
        listed: 7,
        ..SyncReport::default()
    };
    report.add(Finding {
        kind: FindingKind::New,
        service: None,
        upstream_id: "9".to_owned(),
        was: String::new(),
        became: "Likes".to_owned(),
    });
    SyncRun {
        ended_at: at,
        result: SyncResult::Distrusted,
        report,
    }
}

async fn due(backend: &Backend, now: Timestamp) -> Result<Vec<ProviderId>, StoreError> {
    backend.syncs.due_syncs(now, 10).await
}

pub async fn rules_read_back_as_written_and_keep_what_came_of_the_last_reading(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.provider.id;
    assert_eq!(backend.syncs.synchronisation(id).await?, None);
    follow(backend, &shop, &SyncRules::default(), false).await?;
    let begun = begin(backend, &shop, after(60)).await?.expect("it is due");
    assert!(end(backend, &shop, begun.run, after(61)).await?);
    let rules = SyncRules {
        every_minutes: SyncRules::EVERY_MAX,
        margin: Some(Margin {
            points: SyncRules::POINTS_MAX,
            fixed: rate(i64::MAX),
            rounding: rate(7),
        }),
        floor_points: 12,
        stop_at_loss: false,
        stop_vanished: false,
        shrink_percent: 100,
        drop_percent: 0,
        import_new: ImportNew::Active,
        categories: [("Likes \"de\" luxe", "Likes"), ("", "Sonstiges \u{1f98a}")]
            .map(|(theirs, ours)| (theirs.to_owned(), Name::from_stored(ours.to_owned())))
            .into(),
    };
    follow(backend, &shop, &rules, true).await?;
    let expected = Synchronisation {
        provider: id,
        set_by: Some(shop.staff.id.clone()),
        rules,
        paused: true,
        wanted: false,
        due_at: after(60),
        run: 1,
        begun_at: Some(after(60)),
        last: Some(ended(after(61))),
    };
    assert_eq!(backend.syncs.synchronisation(id).await?, Some(expected));
    Ok(())
}

pub async fn a_reading_is_begun_when_it_is_due_and_by_one_of_many(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    assert_eq!(
        begin(backend, &shop, after(60)).await?,
        None,
        "there are no rules"
    );
    follow(backend, &shop, &SyncRules::default(), false).await?;
    assert_eq!(begin(backend, &shop, after(59)).await?, None, "it is too early");
    assert_eq!(due(backend, after(59)).await?, []);
    assert_eq!(due(backend, after(60)).await?, [shop.provider.id]);
    let racers = (0..6).map(|_| begin(backend, &shop, after(60)));
    let begun = futures::future::try_join_all(racers).await?;
    let begun: Vec<_> = begun.into_iter().flatten().collect();
    let [begun] = begun.as_slice() else {
        panic!("one of them begins: {begun:?}")
    };
    assert_eq!((begun.run, begun.due_at), (1, after(60).plus(HOUR)));
    assert_eq!(due(backend, after(60)).await?, []);
    assert_eq!(due(backend, after(60).plus(HOUR)).await?, [shop.provider.id]);
    let archived = Provider {
        availability: Availability::Archived,
        ..shop.provider.clone()
    };
    let mut tx = backend.store.begin().await?;
    saved(tx.providers().update(&archived).await?);
    tx.commit().await?;
    assert_eq!(due(backend, after(60).plus(HOUR)).await?, []);
    Ok(())
}

pub async fn a_paused_one_is_begun_only_when_it_is_wanted(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let mut tx = backend.store.begin().await?;
    assert!(!tx.syncs().want(shop.provider.id).await?, "there are no rules");
    drop(tx);
    follow(backend, &shop, &SyncRules::default(), true).await?;
    assert_eq!(begin(backend, &shop, after(99)).await?, None);
    assert_eq!(due(backend, after(99)).await?, []);
    let mut tx = backend.store.begin().await?;
    assert!(tx.syncs().want(shop.provider.id).await?);
    tx.commit().await?;
    assert_eq!(due(backend, NOW).await?, [shop.provider.id]);
    assert!(begin(backend, &shop, NOW).await?.is_some());
    assert_eq!(begin(backend, &shop, after(99)).await?, None);
    Ok(())
}

pub async fn a_later_beginning_ends_an_earlier_one(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let id = shop.provider.id;
    follow(backend, &shop, &SyncRules::default(), false).await?;
    let first = begin(backend, &shop, after(60)).await?.expect("it is due");
    let mut tx = backend.store.begin().await?;
    assert!(tx.syncs().still(id, first.run).await?);
    assert!(!tx.syncs().still(id, first.run + 1).await?);
    drop(tx);
    let second = begin(backend, &shop, after(60).plus(HOUR))
        .await?
        .expect("it is due");
    assert!(second.run > first.run);
    let mut tx = backend.store.begin().await?;
    assert!(!tx.syncs().still(id, first.run).await?);
    drop(tx);
    assert!(!end(backend, &shop, first.run, after(9_000)).await?);
    let seen = backend.syncs.synchronisation(id).await?.expect("it is there");
    assert_eq!(seen.last, None);
    assert!(end(backend, &shop, second.run, after(9_001)).await?);
    Ok(())
}

pub async fn a_reading_that_was_cut_off_is_begun_again(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    follow(backend, &shop, &SyncRules::default(), false).await?;
    let first = begin(backend, &shop, after(60)).await?.expect("it is due");
    assert_eq!(due(backend, after(179)).await?, []);
    assert_eq!(due(backend, after(180)).await?, [shop.provider.id]);
    let second = begin(backend, &shop, after(180)).await?.expect("it was cut off");
    assert_eq!(second.run, first.run + 1);
    assert!(end(backend, &shop, second.run, after(181)).await?);
    assert_eq!(due(backend, after(1_000)).await?, []);
    Ok(())
}

pub async fn services_are_locked_by_their_upstream_ids(backend: &Backend) -> Case {
    let shop = shop(backend).await?;
    let wanted = [shop.service.upstream_id.clone(), "nothing".to_owned()];
    let mut tx = backend.store.begin().await?;
    let catalog = tx.catalog();
    let locked = catalog.lock_services_of(shop.provider.id, &wanted).await?;
    assert_eq!(locked, std::slice::from_ref(&shop.service));
    assert_eq!(catalog.lock_services_of(ProviderId(i64::MAX), &wanted).await?, []);
    catalog
        .set_service_availability(shop.service.id, Availability::Archived, NOW)
        .await?;
    assert_eq!(catalog.lock_services_of(shop.provider.id, &wanted).await?, []);
    Ok(())
}
