//! Background work of one process: the relay from the outbox to the queue, the schedules, and the consumer of jobs.
//!
//! Nothing here decides anything. Every loop survives every error, and everything ends when it is told to stop.

mod lasting;
mod relay_loop;
mod schedule_loop;
mod watched;
mod worker;

pub use worker::{STOP_MAX, Worker};
