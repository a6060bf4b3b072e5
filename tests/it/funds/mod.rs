//! Money comes in and goes out.

mod crashes;
mod history;
mod manual;
mod office;
mod paytm;
mod squatting;
mod withdrawals;
