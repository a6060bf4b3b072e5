//! Calls to other people's servers: the only crate that builds HTTP clients.
//!
//! Every call has a time limit, a size limit and an address filter. Answers are hostile until they are parsed, and
//! parsing is liberal in what it accepts and strict in what it concludes.

mod address;
mod http;
mod json;
mod panel;
mod paytm;
mod rates;
mod redact;
mod resend;
mod social;

pub use address::AddressPolicy;
pub use http::{GatewayConfig, GatewayError};
pub use panel::PanelHttpGateway;
pub use paytm::{PaytmConfig, PaytmError, PaytmGateway};
pub use rates::{CurrencyApi, OpenErApi, RateSourceConfig};
pub use resend::{ResendConfig, ResendMailer};
pub use social::{GithubConfig, GithubProvider};
