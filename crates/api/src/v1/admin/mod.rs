//! What staff may ask.

mod analytics;
mod audit;
mod categories;
mod funds;
mod import;
mod mails;
mod margins;
mod metrics;
mod order_bodies;
mod order_decisions;
mod orders;
mod provider_bodies;
mod provider_connection;
mod providers;
mod rates;
mod rights;
mod service_edits;
mod services;
mod submission;
mod sync_bodies;
mod syncs;
mod two_factor;
mod users;
mod wallets;

pub use rights::RightsBody;

use domain::text::Name;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::field_error;
use crate::mount::Routes;

/// The routes below `/api/v1/admin`.
pub fn routes(routes: &mut Routes<'_>) {
    routes
        .service(categories::list_categories)
        .service(categories::add_category)
        .service(categories::arrange_categories)
        .service(categories::rename_category)
        .service(categories::archive_category)
        .service(providers::list_providers)
        .service(providers::add_provider)
        .service(providers::edit_provider)
        .service(providers::archive_provider)
        .service(providers::reveal_key)
        .service(provider_connection::offered_services)
        .service(provider_connection::test_connection)
        .service(provider_connection::provider_balance)
        .service(import::import_services)
        .service(syncs::show_sync)
        .service(syncs::set_sync)
        .service(syncs::trigger_sync)
        .service(services::list_services)
        .service(services::add_service)
        .service(service_edits::edit_service)
        .service(services::archive_service)
        .service(audit::search_audit)
        .service(audit::export_audit)
        .service(metrics::dashboard_metrics)
        .service(analytics::show_analytics)
        .service(analytics::export_analytics)
        .service(rights::show_rights)
        .service(rights::set_rights)
        .service(funds::list_deposits)
        .service(funds::approve_deposit)
        .service(funds::refuse_deposit)
        .service(funds::list_withdrawals)
        .service(funds::approve_withdrawal)
        .service(funds::refuse_withdrawal)
        .service(funds::reveal_destination)
        .service(rates::show_rates)
        .service(rates::set_rate)
        .service(rates::drop_rate)
        .service(wallets::show_wallet)
        .service(wallets::list_transactions)
        .service(wallets::export_transactions)
        .service(users::credit_wallet)
        .service(users::set_wallet_status)
        .service(two_factor::remove_two_factor)
        .service(submission::show_submission)
        .service(submission::pause_submission)
        .service(submission::release_submission)
        .service(mails::list_mails)
        .service(orders::show_overview)
        .service(orders::unknown_orders)
        .service(orders::review_orders)
        .service(orders::list_orders)
        .service(orders::show_order)
        .service(order_decisions::decide_fate)
        .service(order_decisions::decide_review);
}

/// The id of a row that was just added.
#[derive(Debug, Serialize, ToSchema)]
pub struct Added {
    id: i64,
}

fn parse_name(field: &str, text: &str) -> Result<Name, ApiError> {
    Name::parse(text).map_err(|error| field_error(field, error))
}
