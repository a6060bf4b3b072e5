//! Providers and their sealed keys.

mod mapping;
mod queries;
mod repository;
