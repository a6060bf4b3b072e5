//! The commands, each in a file of its name.

pub mod audit;
pub mod demo;
pub mod doctor;
pub mod figures;
pub mod import_users;
pub mod ledger;
pub mod mail;
pub mod migrate;
pub mod openapi;
pub mod sandbox_provider;
pub mod serve;
pub mod submission;
pub mod user;
pub mod work;
