//! Figures are what the ledger and the histories say, whoever adds up, however often, and whenever it is interrupted.

mod told;

use std::sync::Arc;
use std::time::Duration;

use domain::orders::Evidence;
use domain::wallets::Movement;
use domain::{Money, OrderId};
use persistence::SeaFigures;
use ports::figures::{FigureKeeper, Generation};
use testkit::contract::Backend;
use testkit::contract::steps::{
    accepted, claimed, reported, resolved, rich_shop, second_provider, unknown, written_off,
};
use testkit::fixtures::{NOW, Shop, after};
use tokio::task::JoinSet;

use self::told::{assert_told_by_day, placed_and_earned};
use crate::backend::{Bench, on_every_database};

on_every_database!(
    sums_are_what_the_rows_say_whatever_happened,
    many_who_add_up_at_once_count_everything_once,
    whoever_is_interrupted_while_adding_up_leaves_nothing_half_done,
    what_was_not_added_up_yet_is_added_while_reading,
    a_row_that_is_committed_late_is_counted_once,
    figures_made_anew_are_the_same_and_mend_what_is_wrong,
    a_large_set_is_forgotten_though_the_database_has_no_statistics_of_it,
);

/// What a figure is, computed from the rows by the database itself.
const SHOP: &str = "
SELECT scopes.scope || ' ' || measure || ' ' || (at / scopes.length * scopes.length) || ' ' ||
    (CASE WHEN scopes.of_services = 1 THEN service_id ELSE 0 END) || ' ' ||
    (CASE WHEN scopes.of_services = 1 THEN provider_id ELSE 0 END) || ' ' || COUNT(*) || ' ' || SUM(amount)
FROM (
    SELECT t.kind AS measure, t.created_at AS at, o.service_id, o.provider_id, t.amount
    FROM transfers t JOIN orders o ON o.id = t.order_id
    UNION ALL
    SELECT e.kind, e.at, o.service_id, o.provider_id, 0 FROM order_events e JOIN orders o ON o.id = e.order_id
    WHERE e.kind IN ('completed', 'partial', 'canceled', 'voided', 'written_off')
) AS facts CROSS JOIN (
    SELECT 'shop_quarter' AS scope, CAST(900000000 AS BIGINT) AS length, 0 AS of_services
    UNION ALL SELECT 'shop_day', 86400000000, 0
    UNION ALL SELECT 'service_quarter', 900000000, 1
    UNION ALL SELECT 'service_day', 86400000000, 1
) AS scopes
GROUP BY scopes.scope, measure, at / scopes.length * scopes.length,
    (CASE WHEN scopes.of_services = 1 THEN service_id ELSE 0 END),
    (CASE WHEN scopes.of_services = 1 THEN provider_id ELSE 0 END)";
const KEPT: &str = "
SELECT scope || ' ' || measure || ' ' || at || ' ' || service_id || ' ' || provider_id || ' ' || counted || ' ' || amount
FROM figures WHERE measure NOT LIKE 'took:%' AND measure NOT LIKE 'failed:%'
    AND generation = (SELECT generation FROM figure_cursors WHERE is_shown)";
const USERS: &str = "
SELECT user_id || ' ' || measure || ' ' || (at / 86400000000 * 86400000000) || ' ' || COUNT(*) || ' ' || SUM(amount)
FROM (
    SELECT o.user_id, t.kind AS measure, t.created_at AS at, t.amount
    FROM transfers t JOIN orders o ON o.id = t.order_id
    UNION ALL
    SELECT o.user_id, e.kind, e.at, 0 FROM order_events e JOIN orders o ON o.id = e.order_id
    WHERE e.kind IN ('completed', 'partial', 'canceled', 'voided', 'written_off')
) AS facts GROUP BY user_id, measure, at / 86400000000 * 86400000000";
const USERS_KEPT: &str = "
SELECT user_id || ' ' || measure || ' ' || at || ' ' || counted || ' ' || amount FROM user_figures
WHERE generation = (SELECT generation FROM figure_cursors WHERE is_shown)";
/// Each end has its time or its reason, and each time and reason its end.
const ENDS: &str = "
SELECT CAST(COALESCE(SUM(CASE WHEN measure LIKE 'took:%' THEN counted WHEN measure IN ('completed', 'partial') THEN -counted
    ELSE 0 END), 0)
    + 1000000 * COALESCE(SUM(CASE WHEN measure LIKE 'failed:%' THEN counted
        WHEN measure IN ('partial', 'canceled', 'voided', 'written_off') THEN -counted ELSE 0 END), 0) AS BIGINT)
FROM figures WHERE generation = (SELECT generation FROM figure_cursors WHERE is_shown)";

fn keeper(bench: &Bench) -> Arc<SeaFigures> {
    Arc::new(SeaFigures::new(bench.database.database(), bench.clock.clone()))
}

/// Adds up until nothing is left.
async fn gather_all(keeper: &SeaFigures, generation: Generation) {
    loop {
        let progress = keeper.gather(generation).await.expect("rows are added up");
        if progress.left == 0 {
            return;
        }
    }
}

async fn assert_true_figures(bench: &Bench) {
    let read = async |statement: &str| {
        let mut rows = bench.database.texts(statement).await.expect("rows");
        rows.sort();
        rows
    };
    let (kept, counted) = (read(KEPT).await, read(SHOP).await);
    assert_eq!(kept, counted);
    assert!(!kept.is_empty());
    assert_eq!(read(USERS_KEPT).await, read(USERS).await);
    assert_eq!(bench.database.number(ENDS).await.expect("a number"), 0);
}

/// Small numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// An order that takes one of all ways to its end, or stays on it.
async fn live(backend: &Backend, shop: &Shop, n: u32, dice: &mut Dice) {
    let begin = after(dice.roll(400_000));
    let later = |dice: &mut Dice| begin.plus(Duration::from_secs(dice.roll(300_000)));
    let store = backend.store.as_ref();
    let order = shop.place(store, n, 1_000, begin).await.expect("it is placed");
    let way = dice.roll(8);
    if way == 0 {
        return;
    }
    if way == 1 {
        let order = unknown(backend, &order, begin).await.expect("unknown");
        let order = written_off(backend, &order, begin).await.expect("written off");
        if dice.roll(2) == 0 {
            let late = begin.plus(Duration::from_secs(500_000));
            resolved(backend, &order, &accepted(&format!("late{n}")), late)
                .await
                .expect("late");
        }
        return;
    }
    claimed(backend, &order, begin).await.expect("claimed");
    if way == 2 {
        let text = "Incorrect link".to_owned();
        let evidence = Evidence::Refused { text };
        resolved(backend, &order, &evidence, later(dice))
            .await
            .expect("refused");
        return;
    }
    resolved(backend, &order, &accepted(&format!("p{n}")), begin)
        .await
        .expect("accepted");
    let (word, remains) = match way {
        3 => return,
        4 => ("Partial", dice.roll(1_000) + 1),
        5 => ("Canceled", 1_000),
        _ => ("Completed", 0),
    };
    reported(backend, &order, word, remains, later(dice))
        .await
        .expect("an end");
}

async fn sums_are_what_the_rows_say_whatever_happened(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let elsewhere = second_provider(&bench.backend, &shop)
        .await
        .expect("a second provider");
    let keeper = keeper(&bench);
    let shown = keeper.shown().await.expect("a set is shown");
    let mut dice = Dice(0x5eed);
    for n in 0..60 {
        let shop = if dice.roll(3) == 0 { &elsewhere } else { &shop };
        live(&bench.backend, shop, n, &mut dice).await;
        if dice.roll(4) == 0 {
            keeper.gather(shown).await.expect("rows are added up");
        }
    }
    gather_all(&keeper, shown).await;
    assert_true_figures(&bench).await;
}

async fn many_who_add_up_at_once_count_everything_once(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let shown = keeper(&bench).shown().await.expect("a set is shown");
    let mut adding = JoinSet::new();
    for _ in 0..4 {
        // Each as another process would.
        let keeper = keeper(&bench);
        adding.spawn(async move {
            loop {
                keeper.gather(shown).await.expect("rows are added up");
                tokio::task::yield_now().await;
            }
        });
    }
    let mut living = JoinSet::new();
    for part in 0..3_u32 {
        let (backend, shop) = (bench.backend.clone(), shop.clone());
        living.spawn(async move {
            let mut dice = Dice(u64::from(part) + 77);
            for n in 0..15 {
                live(&backend, &shop, part * 100 + n, &mut dice).await;
            }
        });
    }
    while let Some(done) = living.join_next().await {
        done.expect("orders live");
    }
    adding.shutdown().await;
    gather_all(&keeper(&bench), shown).await;
    assert_true_figures(&bench).await;
}

async fn whoever_is_interrupted_while_adding_up_leaves_nothing_half_done(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let keeper = keeper(&bench);
    let shown = keeper.shown().await.expect("a set is shown");
    let mut dice = Dice(4_711);
    for n in 0..30 {
        live(&bench.backend, &shop, n, &mut dice).await;
        // As often as the future was polled so far, it dies at another statement.
        let gathering = keeper.gather(shown);
        let dies = tokio::time::sleep(Duration::from_micros(dice.roll(6_000)));
        tokio::select! {
            biased;
            () = dies => {}
            done = gathering => { done.expect("rows are added up"); }
        }
    }
    gather_all(&keeper, shown).await;
    assert_true_figures(&bench).await;
}

async fn what_was_not_added_up_yet_is_added_while_reading(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let keeper = keeper(&bench);
    let shown = keeper.shown().await.expect("a set is shown");
    let mut dice = Dice(99);
    for n in 0..25 {
        live(&bench.backend, &shop, n, &mut dice).await;
        let live_figures = placed_and_earned(&keeper).await;
        assert_eq!(live_figures.placed.0, i64::from(n) + 1);
        if dice.roll(3) == 0 {
            gather_all(&keeper, shown).await;
            assert_eq!(placed_and_earned(&keeper).await, live_figures);
        }
    }
    assert_told_by_day(&keeper, &shop, after(200_000), 25).await;
    gather_all(&keeper, shown).await;
    assert_told_by_day(&keeper, &shop, after(200_000), 25).await;
}

async fn a_row_that_is_committed_late_is_counted_once(bench: Bench) {
    if !bench.database.is_postgres() {
        // SQLite has one writer: no row is committed after one with a higher id.
        return;
    }
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let keeper = keeper(&bench);
    let shown = keeper.shown().await.expect("a set is shown");
    let hold = async |n: u32| {
        let new = shop.new_order(n, 1_000, NOW);
        let mut tx = bench.backend.store.begin().await.expect("a transaction");
        let id: OrderId = tx.orders().insert(&new).await.expect("an order");
        let order = new.identified(id);
        tx.wallets()
            .record(&Movement::hold(&order).transfers, NOW)
            .await
            .expect("a row of the ledger");
        tx.orders()
            .append_events(id, &[order.placed_event()])
            .await
            .expect("history");
        tx
    };
    let late = hold(1).await;
    let never = hold(2).await;
    live(&bench.backend, &shop, 3, &mut Dice(5)).await;
    for _ in 0..3 {
        keeper.gather(shown).await.expect("rows are added up");
    }
    assert_eq!(
        placed_and_earned(&keeper).await.placed.0,
        1,
        "what is committed is seen at once"
    );
    drop(never);
    keeper.gather(shown).await.expect("rows are added up");
    late.commit().await.expect("it is committed after all");
    assert_eq!(placed_and_earned(&keeper).await.placed.0, 2, "also the late one");
    gather_all(&keeper, shown).await;
    assert_eq!(placed_and_earned(&keeper).await.placed.0, 2);
    let cursor = "SELECT transfers FROM figure_cursors WHERE is_shown";
    let newest = "SELECT MAX(id) FROM transfers";
    let number = async |statement| bench.database.number(statement).await.expect("a number");
    assert_eq!(number(cursor).await, number(newest).await, "the gap is passed");
    assert_true_figures(&bench).await;
}

async fn figures_made_anew_are_the_same_and_mend_what_is_wrong(bench: Bench) {
    let shop = rich_shop(&bench.backend).await.expect("the shop opens");
    let keeper = keeper(&bench);
    let shown = keeper.shown().await.expect("a set is shown");
    let mut dice = Dice(31);
    for n in 0..12 {
        live(&bench.backend, &shop, n, &mut dice).await;
    }
    gather_all(&keeper, shown).await;
    let anew = keeper.begin().await.expect("a set begins");
    assert_eq!(keeper.compare(anew).await, Ok(Some(0)));
    let before = placed_and_earned(&keeper).await;
    let spoil = "UPDATE figures SET counted = counted + 1, amount = amount + {WRONG} WHERE generation = 1 AND scope = 'shop_day'";
    let spoil = spoil.replace(
        "{WRONG}",
        &Money::from_units(1).expect("one").micros().to_string(),
    );
    bench.database.execute(&spoil).await.expect("somebody spoils it");
    assert!(
        keeper
            .compare(anew)
            .await
            .expect("compared")
            .is_some_and(|differing| differing > 0)
    );
    assert_eq!(keeper.show(anew).await, Ok(true));
    assert_eq!(keeper.shown().await, Ok(anew));
    assert_eq!(placed_and_earned(&keeper).await, before);
    keeper.forget(Some(shown)).await.expect("the old set goes");
    let left = "SELECT COUNT(*) FROM figures WHERE generation = 1";
    assert_eq!(bench.database.number(left).await, Ok(0));
    keeper.forget(Some(anew)).await.expect("what is shown stays");
    assert_true_figures(&bench).await;
}

async fn a_large_set_is_forgotten_though_the_database_has_no_statistics_of_it(bench: Bench) {
    let (figures, database) = (keeper(&bench), &bench.database);
    let shown = figures.shown().await.expect("the database works");
    let abandoned = figures.begin().await.expect("the database works");
    let rows = |generation: Generation, count: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO figures SELECT {}, 'shop_quarter', 'placed', i, 0, 0, 1, 1 FROM n",
            generation.0
        )
    };
    for statement in [&*rows(shown, 300), "ANALYZE", &*rows(abandoned, 40_000)] {
        database.execute(statement).await.expect("the database works");
    }
    figures.forget(Some(abandoned)).await.expect("the database works");
    let left = "SELECT COUNT(*) FROM figures";
    assert_eq!(database.number(left).await.expect("the database works"), 300);
}
