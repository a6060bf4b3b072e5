//! A second factor besides the password.

mod attacks;
pub mod device;
mod lost;
mod person;
mod programs;
mod staff;
mod trust;
