//! Categories in an order, what else is known of services, and the feed that tells what changed in the catalogue.

use sea_orm_migration::prelude::*;

use crate::statements::{run, run_on_postgres, run_on_sqlite};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &COLUMNS).await?;
        run(manager, &[FEED, FEED_ROW, CHANGES, FACES, FACES_SO_FAR]).await?;
        run_on_sqlite(manager, &SQLITE_APPEND_ONLY).await?;
        run_on_postgres(manager, &[POSTGRES_APPEND_ONLY]).await
    }
}

/// `stopped` says why the synchronisation stopped selling a service; what staff stopped has none.
const COLUMNS: [&str; 6] = [
    "ALTER TABLE categories ADD COLUMN position BIGINT",
    "ALTER TABLE services ADD COLUMN fixed_price BIGINT CONSTRAINT services_fixed_price CHECK (fixed_price >= 0)",
    "ALTER TABLE services ADD COLUMN sell_at_loss BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE services ADD COLUMN average_time TEXT",
    "ALTER TABLE services ADD COLUMN upstream_name TEXT",
    "ALTER TABLE services ADD COLUMN stopped TEXT
        CONSTRAINT services_stopped CHECK (stopped IN ('vanished', 'loss'))",
];

/// One row. Whoever changes the catalogue locks it last before the commit, so that the feed's numbers are committed in
/// their order: a reader who has seen one has seen all below it.
const FEED: &str = "
CREATE TABLE catalog_feed (
    id INTEGER NOT NULL PRIMARY KEY CONSTRAINT catalog_feed_one_row CHECK (id = 1),
    version BIGINT NOT NULL,
    last BIGINT NOT NULL
)";
const FEED_ROW: &str = "INSERT INTO catalog_feed (id, version, last) VALUES (1, 0, 0)";

const CHANGES: &str = "
CREATE TABLE catalog_changes (
    sequence BIGINT NOT NULL PRIMARY KEY CONSTRAINT catalog_changes_sequence CHECK (sequence > 0),
    service_id BIGINT NOT NULL REFERENCES services (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    at BIGINT NOT NULL
)";

/// What the feed last said about each service.
const FACES: &str = "
CREATE TABLE service_faces (
    service_id BIGINT NOT NULL PRIMARY KEY REFERENCES services (id) ON DELETE RESTRICT,
    shown BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    price BIGINT NOT NULL,
    quantity_min BIGINT NOT NULL,
    quantity_max BIGINT NOT NULL,
    dripfeed BOOLEAN NOT NULL,
    refill BOOLEAN NOT NULL,
    cancel BOOLEAN NOT NULL
)";

/// The feed begins with what is sold today.
const FACES_SO_FAR: &str = "
INSERT INTO service_faces (service_id, shown, name, category, price, quantity_min, quantity_max, dripfeed, refill, cancel)
SELECT services.id, TRUE, services.name, categories.name, services.rate + COALESCE(services.profit, 0),
    services.quantity_min, services.quantity_max, services.dripfeed, services.refill, services.cancel
FROM services JOIN categories ON categories.id = services.category_id
    JOIN providers ON providers.id = services.provider_id
WHERE services.availability = 'active' AND providers.availability = 'active' AND categories.availability = 'active'
    AND categories.name <> 'Uncategorized' AND services.service_type = 'Default'
    AND services.rate <= 9223372036854775807 - COALESCE(services.profit, 0)";

const SQLITE_APPEND_ONLY: [&str; 3] = [
    "CREATE TRIGGER catalog_changes_not_updated BEFORE UPDATE ON catalog_changes
        BEGIN SELECT RAISE(ABORT, 'catalog_changes is append-only'); END",
    "CREATE TRIGGER catalog_changes_not_deleted BEFORE DELETE ON catalog_changes
        BEGIN SELECT RAISE(ABORT, 'catalog_changes is append-only'); END",
    "CREATE TRIGGER catalog_changes_not_replaced BEFORE INSERT ON catalog_changes
        WHEN EXISTS (SELECT 1 FROM catalog_changes WHERE sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, 'catalog_changes is append-only'); END",
];
/// `refuse_change` came with the chain of the audit log.
const POSTGRES_APPEND_ONLY: &str = "
CREATE TRIGGER catalog_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON catalog_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()";
