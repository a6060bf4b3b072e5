//! The product as a whole, from outside. One binary, because each would link everything again.
// Tells clippy that the functions the tests share are test code too.
#![cfg(test)]

mod account_http;
mod architecture;
mod audit_http;
mod auth_http;
mod backlog;
mod better_auth;
mod catalog_changes;
mod catalog_http;
mod catalog_import;
mod currency_http;
mod customer_http;
mod failpoints;
mod figures_http;
mod funds;
mod impersonation_http;
mod import_users;
mod library;
mod live_http;
mod mail;
mod mass_orders;
mod matrix;
mod money_races;
mod order_races;
mod orders_answers;
mod orders_http;
mod orders_refused;
mod orders_unknown;
mod page_contract;
mod passwords_http;
mod processes;
mod providers_http;
mod rights_http;
mod settings_http;
mod social;
mod staff_http;
mod support;
mod sync_http;
mod sync_lies;
mod system_http;
mod tokens;
mod two_factor;
mod typed_client;
mod users_http;
mod zoo;
