//! Signing in with GitHub, against a certified OAuth server that says about people what GitHub would say.

mod attacks;
mod failures;
mod people;
mod second_factor;
mod server;
mod site;
