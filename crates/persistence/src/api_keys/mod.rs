//! API keys, their secrets and what they have spent.

mod queries;
mod repository;
mod rows;
