//! The program as it is run: real processes, real signals, and a panel in a process of its own as the witness.

mod audit_heads;
mod buyers;
mod commands;
mod crashing;
mod demo;
mod distributed;
mod drill;
mod duplicates;
mod embedded;
mod failover;
mod figures;
mod http;
mod importing;
mod installation;
mod latency;
mod misfortunes;
mod operators;
mod panel;
mod paused;
mod program;
mod restored;
mod shop;
mod starting;
mod stopping;
mod takeover;
