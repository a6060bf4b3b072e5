//! Where withdrawals go to is sealed, as other secrets are.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[KEY_VERSION, NONCE, SEALED, PLAIN]).await
    }
}

/// What stands in `destination` in plain is sealed by the workers, which have the key, row by row: `destination` is then what
/// everybody may see. A version that does not know these columns goes on writing it in plain meanwhile.
const KEY_VERSION: &str = "ALTER TABLE withdrawals ADD COLUMN destination_key_version INTEGER";
const NONCE: &str = "ALTER TABLE withdrawals ADD COLUMN destination_nonce {bytes}";
const SEALED: &str = "ALTER TABLE withdrawals ADD COLUMN destination_sealed {bytes}
    CONSTRAINT withdrawals_sealed CHECK ((destination_sealed IS NULL) = (destination_nonce IS NULL)
        AND (destination_sealed IS NULL) = (destination_key_version IS NULL))";
const PLAIN: &str = "CREATE INDEX withdrawals_plain ON withdrawals (id) WHERE destination_sealed IS NULL";
