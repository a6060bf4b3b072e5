//! SMM Guru as a library: the back office of a digital-services reseller, for programs that want it inside.
//!
//! The rules are [`domain`], the use cases are [`application`], and what they need from the outside are [`ports`].
//! [`embedded`] and [`distributed`] bind the ports and hand out the use cases.

mod adapters;
mod blueprint;
mod embed;
mod funding;
mod mailing;
mod observe;
mod running;
mod services;
mod system;

pub use adapters::Adapters;
pub use application;
pub use blueprint::{Blueprint, DistributedOptions, EmbeddedOptions, Storage};
pub use domain;
pub use embed::{distributed, embedded};
pub use funding::{FundsSetup, PaytmSetup};
pub use gateways::AddressPolicy;
pub use mailing::MailSetup;
pub use persistence::PoolSizes;
pub use ports;
pub use running::Running;
pub use services::{Services, job_runner, relay, schedules, use_cases};
pub use system::{OpenError, System};
