//! The feed of changes tells of every type that can be ordered, and which type it is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (array, now) = match manager.get_database_backend() {
            DbBackend::Postgres => (
                "json_build_array",
                "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000 AS BIGINT)",
            ),
            _ => (
                "json_array",
                "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
            ),
        };
        let tell = TELL
            .replace("{array}", array)
            .replace("{now}", now)
            .replace("{untold}", UNTOLD);
        let remember = REMEMBER.replace("{untold}", UNTOLD);
        run(manager, &[TYPE, &tell, &remember, NUMBER]).await
    }
}

/// So far only services of this type were told of.
const TYPE: &str = "ALTER TABLE service_faces ADD COLUMN service_type TEXT NOT NULL DEFAULT 'Default'";

/// What is sold today, and was not told of because of its type.
const UNTOLD: &str = "
FROM services JOIN categories ON categories.id = services.category_id
    JOIN providers ON providers.id = services.provider_id
    LEFT JOIN service_faces AS told ON told.service_id = services.id
WHERE services.availability = 'active' AND providers.availability = 'active' AND categories.availability = 'active'
    AND categories.name <> 'Uncategorized'
    AND services.service_type IN ('Package', 'Custom Comments', 'Custom Comments Package')
    AND (services.sell_at_loss OR COALESCE(services.fixed_price, services.rate) >= services.rate)
    AND (services.fixed_price IS NOT NULL OR services.rate <= 9223372036854775807 - COALESCE(services.profit, 0))
    AND (told.service_id IS NULL OR NOT told.shown)";

/// In the words that the program writes: pairs of texts, and a rate without the zeros at its end.
const TELL: &str = "
INSERT INTO catalog_changes (sequence, service_id, kind, was, became, at)
SELECT (SELECT last FROM catalog_feed WHERE id = 1) + ROW_NUMBER() OVER (ORDER BY untold.id), untold.id, untold.kind, '[]',
    CAST({array}(
        {array}('name', untold.name), {array}('category', untold.category), {array}('type', untold.service_type),
        {array}('price', CAST(untold.price / 1000000000 AS TEXT) || CASE WHEN untold.price % 1000000000 = 0 THEN ''
            ELSE '.' || RTRIM(SUBSTR(CAST(1000000000 + untold.price % 1000000000 AS TEXT), 2), '0') END),
        {array}('min', CAST(untold.low AS TEXT)), {array}('max', CAST(untold.high AS TEXT)),
        {array}('dripfeed', CASE WHEN untold.dripfeed THEN 'true' ELSE 'false' END),
        {array}('refill', CASE WHEN untold.refill THEN 'true' ELSE 'false' END),
        {array}('cancel', CASE WHEN untold.cancel THEN 'true' ELSE 'false' END)
    ) AS TEXT), {now}
FROM (SELECT services.id, CASE WHEN told.service_id IS NULL THEN 'new' ELSE 'enabled' END AS kind, services.name,
    categories.name AS category, services.service_type,
    COALESCE(services.fixed_price, services.rate + COALESCE(services.profit, 0)) AS price,
    CASE WHEN services.service_type = 'Custom Comments' THEN services.quantity_min ELSE 1 END AS low,
    CASE WHEN services.service_type = 'Custom Comments' THEN services.quantity_max ELSE 1 END AS high,
    services.dripfeed, services.refill, services.cancel {untold}) AS untold";

const REMEMBER: &str = "
INSERT INTO service_faces (service_id, shown, name, category, service_type, price, quantity_min, quantity_max, dripfeed,
    refill, cancel)
SELECT services.id, TRUE, services.name, categories.name, services.service_type,
    COALESCE(services.fixed_price, services.rate + COALESCE(services.profit, 0)),
    CASE WHEN services.service_type = 'Custom Comments' THEN services.quantity_min ELSE 1 END,
    CASE WHEN services.service_type = 'Custom Comments' THEN services.quantity_max ELSE 1 END,
    services.dripfeed, services.refill, services.cancel {untold}
ON CONFLICT (service_id) DO UPDATE SET shown = TRUE, name = excluded.name, category = excluded.category,
    service_type = excluded.service_type, price = excluded.price, quantity_min = excluded.quantity_min,
    quantity_max = excluded.quantity_max, dripfeed = excluded.dripfeed, refill = excluded.refill, cancel = excluded.cancel";

const NUMBER: &str = "
UPDATE catalog_feed SET version = version + 1,
    last = (SELECT COALESCE(MAX(sequence), 0) FROM catalog_changes) WHERE id = 1";
