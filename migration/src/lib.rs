//! The schema, one migration for each feature.
//!
//! The statements are SQL that SQLite and PostgreSQL both read; the runner of statements fills in the two types that differ.
//! Foreign keys stand inside `CREATE TABLE`, because SQLite cannot add them later. Points in time are microseconds
//! since the epoch, money is micro-units and rates are nano-units per 1000, all as `BIGINT`: exact, and the same
//! arithmetic on both databases. Words of state machines are checked by the database; lists of words that grow with
//! every feature (roles, ledger kinds, topics, events) are not, because SQLite rebuilds a table to change a check.

mod m20261121_000001_identity;
mod m20261121_000002_catalog;
mod m20261121_000003_orders;
mod m20261121_000004_wallets;
mod m20261121_000005_outbox;
mod m20261121_000006_operations;
mod m20261121_000007_poll_groups;
mod m20261121_000008_submission_guard;
mod m20261121_000009_user_settings;
mod m20261121_000010_mails;
mod m20261121_000011_audit_chain;
mod m20261121_000012_rights;
mod m20261121_000013_two_factor;
mod m20261121_000014_tokens;
mod m20261121_000017_api_keys;
mod m20261121_000019_exchange_rates;
mod m20261121_000020_funds;
mod m20261121_000022_figures;
mod m20261121_000024_catalogue;
mod m20261121_000025_catalog_syncs;
mod m20261121_000027_sealed_destinations;
mod m20261121_000029_order_inputs;
mod m20261121_000030_import_new;
mod m20261122_000034_feed_of_every_type;
mod m20261122_000035_package_rate;
mod m20261122_000036_sync_categories;
mod m20261123_000037_provider_currency;
mod m20261123_000039_proven_wallets;
mod m20261123_000040_ended_sessions;
mod m20261123_000041_orders_for_links;
mod statements;

pub use sea_orm_migration::MigratorTrait;

use sea_orm_migration::prelude::{MigrationTrait, async_trait};

/// The migrations in the order in which they are applied.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_identity::Migration),
            Box::new(m20261121_000002_catalog::Migration),
            Box::new(m20261121_000003_orders::Migration),
            Box::new(m20261121_000004_wallets::Migration),
            Box::new(m20261121_000005_outbox::Migration),
            Box::new(m20261121_000006_operations::Migration),
            Box::new(m20261121_000007_poll_groups::Migration),
            Box::new(m20261121_000008_submission_guard::Migration),
            Box::new(m20261121_000009_user_settings::Migration),
            Box::new(m20261121_000010_mails::Migration),
            Box::new(m20261121_000011_audit_chain::Migration),
            Box::new(m20261121_000012_rights::Migration),
            Box::new(m20261121_000013_two_factor::Migration),
            Box::new(m20261121_000014_tokens::Migration),
            Box::new(m20261121_000017_api_keys::Migration),
            Box::new(m20261121_000019_exchange_rates::Migration),
            Box::new(m20261121_000020_funds::Migration),
            Box::new(m20261121_000022_figures::Migration),
            Box::new(m20261121_000024_catalogue::Migration),
            Box::new(m20261121_000025_catalog_syncs::Migration),
            Box::new(m20261121_000027_sealed_destinations::Migration),
            Box::new(m20261121_000029_order_inputs::Migration),
            Box::new(m20261121_000030_import_new::Migration),
            Box::new(m20261122_000034_feed_of_every_type::Migration),
            Box::new(m20261122_000035_package_rate::Migration),
            Box::new(m20261122_000036_sync_categories::Migration),
            Box::new(m20261123_000037_provider_currency::Migration),
            Box::new(m20261123_000039_proven_wallets::Migration),
            Box::new(m20261123_000040_ended_sessions::Migration),
            Box::new(m20261123_000041_orders_for_links::Migration),
        ]
    }
}
