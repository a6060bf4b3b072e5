//! A database in which many orders have been placed and delivered.

use super::lab::{Lab, SMALL};
use super::world::World;
use crate::process;

const LARGE: &str = "bench_large";
/// Its name until it is complete.
const FILLING: &str = "bench_filling";
/// One of so many orders is the first customer's, so that this list is a long one.
pub const FIRST_HAS: u64 = 4;

/// The database, made when it is first asked for.
pub fn database(lab: &Lab, world: &World) -> anyhow::Result<&'static str> {
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{LARGE}'");
    if lab.number("postgres", &sql)? > 0 {
        return Ok(LARGE);
    }
    println!("placing {} orders in {LARGE}: a few minutes", lab.orders);
    lab.copy(SMALL, FILLING)?;
    fill(lab, world, FILLING, lab.orders)?;
    lab.books_are_right(&lab.on_postgres(FILLING))?;
    lab.sql("postgres", &format!("ALTER DATABASE {FILLING} RENAME TO {LARGE}"))?;
    lab.sql(LARGE, "VACUUM ANALYZE")?;
    lab.sql(LARGE, "CHECKPOINT")?;
    Ok(LARGE)
}

/// The books were looked at up to now, as the workers write it down.
const LOOKED_AT: &str = "
INSERT INTO settings (key, value, updated_at)
SELECT 'ledger.watermark', newest || ' ' || newest || ' ' || now, now FROM (
    SELECT MAX(id) AS newest, (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT AS now FROM transfers
) AS looked
ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";

/// What the ledger says of each wallet up to then, as the workers write it down: else the first customers who order have their
/// whole history added up while something else is measured.
const PROVEN: &str = "
INSERT INTO proven_wallets (user_id, up_to, available, held, proven_at)
SELECT user_id, (SELECT MAX(id) FROM transfers),
    SUM(CASE WHEN debit = 1 THEN -amount WHEN credit = 1 THEN amount ELSE 0 END),
    SUM(CASE WHEN debit = 2 THEN -amount WHEN credit = 2 THEN amount ELSE 0 END),
    (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT
FROM transfers WHERE user_id IS NOT NULL GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET
    up_to = excluded.up_to, available = excluded.available, held = excluded.held, proven_at = excluded.proven_at";

/// Adds orders of the last sixty days to a furnished database. They are added up, and the books looked at, as if that had been
/// done when they were placed: else the workers do it while something else is measured.
pub fn fill(lab: &Lab, world: &World, database: &str, orders: u64) -> anyhow::Result<()> {
    let variables = [
        ("orders", orders.to_string()),
        ("first", world.first()?.id.clone()),
        ("first_has", FIRST_HAS.to_string()),
        ("service", world.service.to_string()),
        ("quantity", world.quantity.to_string()),
    ];
    lab.sql_file(database, "many_orders.sql", &variables)?;
    println!("adding up {orders} orders");
    process::output(&mut lab.product(&["figures", "rebuild"], &lab.on_postgres(database)))?;
    lab.sql(database, PROVEN)?;
    lab.sql(database, LOOKED_AT)?;
    Ok(())
}
