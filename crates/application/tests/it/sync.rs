//! A reading of a provider's list that is cut off at any commit, and readings that overtake each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use application::catalog::{SyncCatalog, SyncPorts};
use application::jobs::Verdict;
use domain::catalog::{
    ChangeKind, FindingKind, QuantityRange, ServiceType, SyncResult, SyncRules, Synchronisation,
};
use domain::providers::PackageRate;
use domain::{PageSize, Rate, ServiceId};
use ports::Clock;
use ports::gateway::{PanelCatalogue, PanelService};
use testkit::fixtures::{new_service, rate, saved};

use crate::bench::{Bench, Desk};

/// Three transactions, beside that of the beginning and that of the end.
pub const SERVICES: u32 = 250;
const COMMITS: usize = 5;

impl Desk {
    pub fn following(&self) -> SyncCatalog {
        SyncCatalog::new(SyncPorts {
            store: Arc::clone(&self.backend.store),
            catalog: Arc::clone(&self.backend.catalog),
            connection: self.connection(),
            clock: self.clock.clone(),
        })
    }
}

/// Our services at the provider, at this price, but for those from number `until` on.
pub fn listed(desk: &Desk, nanos: i64, until: u32) -> PanelCatalogue {
    let row = |n: u32| {
        let ours = new_service(n, desk.shop.provider.id, desk.shop.category, &desk.shop.staff.id);
        PanelService {
            upstream_id: ours.upstream_id,
            name: ours.name.to_string(),
            service_type: ServiceType::Default,
            category: "Any".to_owned(),
            rate: rate(nanos),
            quantity: QuantityRange::new(10, 100_000).unwrap(),
            dripfeed: false,
            refill: true,
            cancel: true,
            description: None,
        }
    };
    PanelCatalogue {
        services: (1..until).map(row).collect(),
        unreadable: Vec::new(),
        currencies: BTreeSet::new(),
    }
}

/// A shop with many services whose list is due.
pub async fn followed() -> Bench {
    let bench = Bench::new().await;
    let (shop, now) = (&bench.shop, bench.clock.now());
    let mut tx = bench.backend.store.begin().await.unwrap();
    for n in 2..=SERVICES {
        let new = new_service(n, shop.provider.id, shop.category, &shop.staff.id);
        saved(tx.catalog().insert_service(&new, now).await.unwrap());
    }
    let rules = SyncRules::default();
    tx.syncs()
        .set_rules(shop.provider.id, &rules, false, now, &shop.staff.id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    bench
}

pub async fn prices(desk: &Desk) -> BTreeMap<ServiceId, Rate> {
    let ours = desk
        .backend
        .catalog
        .services_of(desk.shop.provider.id)
        .await
        .unwrap();
    ours.into_iter()
        .map(|service| (service.id, service.rate))
        .collect()
}

/// How often each service was told to have another price.
async fn told(desk: &Desk) -> BTreeMap<ServiceId, usize> {
    let mut told = BTreeMap::new();
    for change in desk.backend.catalog.changes(0, PageSize::WHOLE).await.unwrap() {
        if change.kind == ChangeKind::Price {
            *told.entry(change.service).or_default() += 1;
        }
    }
    told
}

pub async fn state(desk: &Desk) -> Synchronisation {
    let sync = desk.backend.syncs.synchronisation(desk.shop.provider.id).await;
    sync.unwrap().expect("it has rules")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_cut_off_at_any_commit_is_finished_by_the_next() {
    for nth in 1..=COMMITS {
        for is_recorded in [true, false] {
            let bench = followed().await;
            bench.panel.offers(listed(&bench, 1_000_000_000, SERVICES + 1));
            if is_recorded {
                bench.store.lies_at(nth);
            } else {
                bench.store.loses_at_while(nth, async {});
            }
            let cut = bench.following().sync(bench.shop.provider.id).await;
            assert!(cut.is_err(), "the commit {nth} is in doubt");
            // Nobody begins it again at once: it may still be at work elsewhere.
            let again = bench.following().sync(bench.shop.provider.id).await;
            let has_begun = is_recorded || nth > 1;
            assert!(again.is_ok(), "{again:?}");
            if !(is_recorded && nth == COMMITS) && has_begun {
                assert_eq!(state(&bench).await.last, None, "{nth} {is_recorded}");
            }
            bench.clock.advance(Duration::from_mins(3));
            let finished = bench.following().sync(bench.shop.provider.id).await;
            assert_eq!(finished.unwrap(), Verdict::Done);
            let last = state(&bench).await.last.expect("it has ended");
            assert_eq!(last.result, SyncResult::Done);
            assert!(
                prices(&bench)
                    .await
                    .values()
                    .all(|cost| *cost == rate(1_000_000_000))
            );
            let told = told(&bench).await;
            assert_eq!(told.len(), usize::try_from(SERVICES).unwrap());
            assert!(told.values().all(|times| *times == 1), "{nth} {is_recorded}");
            bench.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_was_overtaken_records_nothing() {
    let bench = followed().await;
    let desk = Desk::clone(&bench);
    let overtaking = async move {
        desk.panel.offers(listed(&desk, 2_000_000_000, SERVICES + 1));
        desk.clock.advance(Duration::from_hours(2));
        let done = desk.following().sync(desk.shop.provider.id).await;
        assert_eq!(done.unwrap(), Verdict::Done);
        desk.panel.offers(listed(&desk, 1_000_000_000, SERVICES + 1));
    };
    // The first has begun, and stands still while the second reads a newer list and follows it.
    bench.store.after(1, overtaking);
    let overtaken = bench.following().sync(bench.shop.provider.id).await;
    assert_eq!(overtaken.unwrap(), Verdict::Done);
    assert!(
        prices(&bench)
            .await
            .values()
            .all(|cost| *cost == rate(2_000_000_000))
    );
    assert!(told(&bench).await.values().all(|times| *times == 1));
    assert_eq!(state(&bench).await.run, 2);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vanished_is_stopped_only_if_the_list_is_believed() {
    let bench = followed().await;
    let sold = async |desk: &Desk| {
        let listing = desk.backend.catalog.listing().await.unwrap();
        listing.iter().map(|listed| listed.services.len()).sum::<usize>()
    };
    bench.panel.offers(listed(&bench, 900_000_000, 201));
    bench.following().sync(bench.shop.provider.id).await.unwrap();
    assert_eq!(sold(&bench).await, 200, "a fifth may vanish");
    bench.panel.offers(listed(&bench, 900_000_000, 101));
    bench.clock.advance(Duration::from_hours(1));
    bench.following().sync(bench.shop.provider.id).await.unwrap();
    assert_eq!(sold(&bench).await, 200, "half of them may not");
    let last = state(&bench).await.last.expect("it has ended");
    assert_eq!(last.result, SyncResult::Distrusted);
    bench.panel.offers(listed(&bench, 900_000_000, SERVICES + 1));
    bench.clock.advance(Duration::from_hours(1));
    bench.following().sync(bench.shop.provider.id).await.unwrap();
    assert_eq!(sold(&bench).await, usize::try_from(SERVICES).unwrap());
    bench.close().await;
}

/// The same list of packages.
fn packages(desk: &Desk, nanos: i64) -> PanelCatalogue {
    let mut list = listed(desk, nanos, SERVICES + 1);
    for service in &mut list.services {
        service.service_type = ServiceType::Package;
    }
    list
}

/// Staff say what the provider's rates of packages are the price of.
async fn say(desk: &Desk, package_rate: PackageRate) {
    let (id, now) = (desk.shop.provider.id, desk.clock.now());
    let mut tx = desk.backend.store.begin().await.unwrap();
    let mut provider = tx.providers().lock(id).await.unwrap().unwrap();
    provider.settings.package_rate = package_rate;
    saved(tx.providers().update(&provider).await.unwrap());
    tx.catalog()
        .reprice_packages(id, package_rate, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_read_before_staff_said_how_is_read_again() {
    let bench = followed().await;
    let provider = bench.shop.provider.id;
    bench.panel.offers(packages(&bench, 900_000_000));
    bench.following().sync(provider).await.unwrap();
    let costs = |desk: Desk| async move { prices(&desk).await.into_values().collect::<Vec<_>>() };
    // Whatever staff say while a list is followed: nothing is recorded as it was read before, and no price is taken for a
    // fall that is not to be believed.
    for (said, listed, cost) in [
        (PackageRate::Thousand, 1_000_000_000, 1_000_000),
        (PackageRate::One, 2_000_000_000, 2_000_000_000),
    ] {
        bench.panel.offers(packages(&bench, listed));
        bench.clock.advance(Duration::from_hours(1));
        let desk = Desk::clone(&bench);
        bench.store.after(2, async move { say(&desk, said).await });
        let run = state(&bench).await.last;
        assert_eq!(bench.following().sync(provider).await.unwrap(), Verdict::Done);
        assert!(bench.store.is_done());
        let sync = state(&bench).await;
        assert!(sync.wanted, "it is read again");
        assert_eq!(sync.last, run, "it has not ended");
        let between = costs(Desk::clone(&bench)).await;
        let (least, most) = (between.iter().min().unwrap(), between.iter().max().unwrap());
        match said {
            PackageRate::Thousand => assert!(*most <= rate(1_000_000), "{most}"),
            PackageRate::One => assert!(*least >= rate(1_000_000_000), "{least} is below the cost"),
        }
        bench.following().sync(provider).await.unwrap();
        let costs = costs(Desk::clone(&bench)).await;
        assert!(costs.iter().all(|it| *it == rate(cost)), "{said:?}");
        let report = state(&bench).await.last.expect("it has ended").report;
        let suspicious = report
            .counts
            .iter()
            .find(|(kind, _)| *kind == FindingKind::Suspicious);
        assert_eq!(suspicious, None);
    }
    bench.close().await;
}
