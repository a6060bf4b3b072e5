//! Figures: what happened, added up.

mod days;
mod facts;
mod generations;
mod keeper;
mod queries;
mod slices;

pub use keeper::SeaFigures;
