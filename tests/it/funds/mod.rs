//! Money comes in and goes out.

mod crashes;
mod destinations;
mod history;
mod manual;
mod office;
mod paytm;
mod squatting;
mod withdrawals;
