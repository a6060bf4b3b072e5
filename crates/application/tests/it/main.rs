//! The use cases over a real database, with a clock, a panel and a commit that a test decides about.
// Tells clippy that the functions the tests share are test code too.
#![cfg(test)]

mod backend;
mod bench;
mod billed;
mod doubles;
mod faults;
mod mails;
mod outbox;
mod panel;
mod verbs;

mod alone;
mod at_once;
mod browse;
mod cancel;
mod crowd;
mod decide;
mod deletion;
mod evidence;
mod four_actors;
mod groups;
mod guard;
mod hold_back;
mod jobs;
mod lies;
mod link_in_use;
mod live;
mod live_sessions;
mod mail_delivery;
mod namesake;
mod offers;
mod parts;
mod place;
mod place_many;
mod poison;
mod races;
mod reconcile;
mod refusals;
mod reports;
mod rescue;
mod resets;
mod review;
mod schedules;
mod signing_up;
mod statements;
mod submit;
mod sync;
mod token_access;
mod track;
mod two_factor;
mod walk;
mod wallets;
mod write_off;
