//! Rules that must hold for every input, and for every sequence of decisions.

mod model;
mod money;
mod orders;
mod refunds;
