//! Mails: over a real SMTP server, and through an HTTP API that lies.

mod asking;
mod resend;
mod server;
mod site;
mod smtp;
