//! Money comes in and goes out.

mod adjustments;
mod crashes;
mod destinations;
mod history;
mod manual;
mod office;
mod paytm;
mod reviews;
mod squatting;
mod withdrawals;
