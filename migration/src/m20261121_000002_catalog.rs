//! Providers, and what they let us offer.

use sea_orm_migration::prelude::*;

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                PROVIDERS,
                PROVIDERS_NAME,
                CATEGORIES,
                CATEGORIES_NAME,
                SERVICES,
                SERVICES_UPSTREAM,
                SERVICES_CATEGORY,
            ],
        )
        .await
    }
}

/// The key is empty between the insert and the update that seals it: the seal is bound to the row's id.
const PROVIDERS: &str = "
CREATE TABLE providers (
    id {id},
    name TEXT NOT NULL,
    api_url TEXT NOT NULL,
    key_version INTEGER,
    key_nonce {bytes},
    key_ciphertext {bytes},
    availability TEXT NOT NULL
        CONSTRAINT providers_availability CHECK (availability IN ('active', 'disabled', 'archived')),
    lookup TEXT NOT NULL
        CONSTRAINT providers_lookup CHECK (lookup IN ('none', 'reference', 'link_and_time')),
    requests_per_second INTEGER NOT NULL
        CONSTRAINT providers_requests_per_second CHECK (requests_per_second >= 1),
    exposure_cap BIGINT NOT NULL CONSTRAINT providers_exposure_cap CHECK (exposure_cap >= 0),
    balance_amount TEXT,
    balance_currency TEXT,
    balance_at BIGINT,
    created_by TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT providers_key_is_whole CHECK (
        (key_version IS NULL) = (key_nonce IS NULL) AND (key_version IS NULL) = (key_ciphertext IS NULL)
    ),
    CONSTRAINT providers_balance_is_whole CHECK (
        (balance_at IS NULL) = (balance_amount IS NULL) AND (balance_at IS NULL) = (balance_currency IS NULL)
    )
)";
const PROVIDERS_NAME: &str =
    "CREATE UNIQUE INDEX providers_name ON providers (name) WHERE availability <> 'archived'";

const CATEGORIES: &str = "
CREATE TABLE categories (
    id {id},
    name TEXT NOT NULL,
    availability TEXT NOT NULL
        CONSTRAINT categories_availability CHECK (availability IN ('active', 'disabled', 'archived')),
    created_by TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
)";
const CATEGORIES_NAME: &str =
    "CREATE UNIQUE INDEX categories_name ON categories (name) WHERE availability <> 'archived'";

const SERVICES: &str = "
CREATE TABLE services (
    id {id},
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    upstream_id TEXT NOT NULL,
    name TEXT NOT NULL,
    service_type TEXT NOT NULL,
    rate BIGINT NOT NULL CONSTRAINT services_rate CHECK (rate >= 0),
    profit BIGINT CONSTRAINT services_profit CHECK (profit >= 0),
    quantity_min BIGINT NOT NULL,
    quantity_max BIGINT NOT NULL,
    dripfeed BOOLEAN NOT NULL,
    refill BOOLEAN NOT NULL,
    cancel BOOLEAN NOT NULL,
    category_id BIGINT NOT NULL REFERENCES categories (id) ON DELETE RESTRICT,
    availability TEXT NOT NULL
        CONSTRAINT services_availability CHECK (availability IN ('active', 'disabled', 'archived')),
    description TEXT,
    created_by TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT services_quantity CHECK (quantity_min >= 1 AND quantity_min <= quantity_max)
)";
const SERVICES_UPSTREAM: &str = "
CREATE UNIQUE INDEX services_upstream ON services (provider_id, upstream_id) WHERE availability <> 'archived'";
const SERVICES_CATEGORY: &str = "CREATE INDEX services_category ON services (category_id)";
