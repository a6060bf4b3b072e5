//! Mail: the words, and the adapters that carry it by SMTP or print it. The only crate that knows lettre and the templates.

mod printed;
mod smtp;
mod templates;

pub use printed::{NoMailer, PrintingMailer};
pub use smtp::{SmtpConfig, SmtpError, SmtpMailer, SmtpSecurity};
pub use templates::Templates;
