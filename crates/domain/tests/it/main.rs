//! Rules that must hold for every input, and for every sequence of decisions.
// Tells clippy that the functions the tests share are test code too.
#![cfg(test)]

mod another;
mod currency;
mod decisions;
mod doubting;
mod following;
mod listing;
mod model;
mod money;
mod movements;
mod orders;
mod placing;
mod refunds;
mod resolving;
mod settling;
mod times;
