//! Users, passwords and sessions.

mod mapping;
mod queries;
mod repository;
mod users;

/// The identity provider of password accounts; their `account_id` is the user's id.
const CREDENTIAL: &str = "credential";
