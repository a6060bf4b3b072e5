//! Users, accounts and sessions.
