//! Mails: over a real SMTP server, and through an HTTP API that lies.

mod account;
mod asking;
mod code;
mod library;
mod moving;
mod resend;
mod server;
mod site;
mod smtp;
