//! Orders that are more than link and quantity, and one spelling for the types that they have.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[INPUTS]).await?;
        for (folded, word) in SPELLINGS {
            let text = RESPELL.replace("{folded}", folded).replace("{word}", word);
            run(manager, &[&text]).await?;
        }
        Ok(())
    }
}

/// An order without a row is link and quantity. Rows are written with their order and never changed.
const INPUTS: &str = "
CREATE TABLE order_inputs (
    order_id BIGINT NOT NULL PRIMARY KEY REFERENCES orders (id) ON DELETE RESTRICT,
    service_type TEXT NOT NULL CONSTRAINT order_inputs_type
        CHECK (service_type IN ('Package', 'Custom Comments', 'Custom Comments Package')),
    comments TEXT,
    CONSTRAINT order_inputs_comments CHECK ((service_type = 'Package') = (comments IS NULL))
)";

/// Types that could not be ordered were kept as their provider spells them.
const RESPELL: &str = "
UPDATE services SET service_type = '{word}' WHERE service_type <> '{word}'
    AND LOWER(REPLACE(REPLACE(REPLACE(service_type, ' ', ''), '_', ''), '-', '')) = '{folded}'";
const SPELLINGS: [(&str, &str); 3] = [
    ("package", "Package"),
    ("customcomments", "Custom Comments"),
    ("customcommentspackage", "Custom Comments Package"),
];
