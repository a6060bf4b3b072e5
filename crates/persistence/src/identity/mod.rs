//! Users, passwords and sessions.

mod by_token;
mod mapping;
mod queries;
mod refresh;
mod repository;
mod rights;
mod settings;
mod social;
mod two_factor;
mod users;

pub(crate) use mapping::user;

/// The identity provider of password accounts; their `account_id` is the user's id.
const CREDENTIAL: &str = "credential";
