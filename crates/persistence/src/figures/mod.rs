//! Figures: what happened, added up.

mod facts;
mod generations;
mod keeper;
mod queries;
mod slices;

pub use keeper::SeaFigures;
