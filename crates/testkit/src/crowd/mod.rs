//! A crowd of orders that providers work on, in the proportions of a shop that has run for months, and the polling of it in
//! compressed time: how many requests it takes, how full they are, how late the orders are.

mod drive;
mod panel;
mod population;
mod tally;

pub use drive::{Drive, Sight};
pub use panel::{CrowdPanel, Manners};
pub use population::{Member, Population, model_polls};
pub use tally::Tally;
