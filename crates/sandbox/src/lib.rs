//! A simulated provider panel: an HTTP server that speaks the panel API v2 and can lie, stall and die.
//!
//! It is what `smm-guru demo` buys from, and what tests and drills order from. It keeps a ledger of its own, so
//! that after any accident there is a witness of what was really placed.
//!
//! # Fate by link
//! Whoever places an order can decide its fate in the link, see [`Script`]:
//! `https://instagram.com/p/x?sandbox=partial:30` leaves 30 % undelivered,
//! `…?sandbox=accept-hang` places the order and never answers.
//!
//! | word | order placed | answer to `add` | the order then |
//! |---|---|---|---|
//! | `complete` | yes | id | Completed |
//! | `partial`, `partial:N` | yes | id | Partial, N % (50 %) remain |
//! | `canceled`, `cancel` | yes | id | Canceled |
//! | `stuck` | yes | id | In progress for ever |
//! | `unknown-status`, `word:TEXT` | yes | id | ends in an unknown word |
//! | `missing-in-batch`, `unlisted`, `refill-rejected` | yes | id | treated so later |
//! | `slow`, `drip` | yes | id, late | Completed |
//! | `string-id`, `duplicate-ids`, `wrong-id`, `both` | yes | unusual or untrue | Completed |
//! | `accept-after-timeout`, `accept-late` | yes, late | id, too late | Completed |
//! | `review` | yes | unknown error | Completed, never listed |
//! | `one-per-link` | if no order for the link runs | id, or that one runs | Completed |
//! | `rejected`, `reject`, `reject:WHY` | no | a known error | – |
//! | `hang`, `http500`, `html`, `garbage`, `empty`, `cut-json`, `truncated`, `huge`, `gzip-bomb`, `redirect`, `429`, `403`, `reset`, `half-close` | no | misdelivered | – |
//! | `order-null`, `order-zero`, `no-order`, `unknown-error`, `key-echo` | no | untrue | – |
//! | `accept-` before any of the last two rows | yes | the same | Completed |
//!
//! # Faults of the whole panel
//! The same names, with a probability and optionally an action, make [`Faults`]: `http500=0.3`,
//! `status:slow`, and also `close` and `down`. Which requests they hit depends only on the seed and on the order
//! in which requests come.
//!
//! # Inspection from another process
//! `GET /sandbox/state?limit=&link=`, `GET /sandbox/log`, `GET /sandbox/faults`, `POST /sandbox/faults` (`faults=`)
//! and `POST /sandbox/orders` (`id=&status=&remains=`), from the same machine only.

mod action;
mod actions;
mod bomb;
mod book;
mod catalogue;
mod clock;
mod config;
mod delivery;
mod desk;
mod fate;
mod faults;
mod inspect;
mod journal;
mod money;
mod orders;
mod panel;
mod params;
mod paytm;
mod plain;
mod random;
mod rates;
mod refills;
mod rules;
mod server;
mod wire;
mod wording;

pub use action::Action;
pub use catalogue::{Service, ServiceType, catalogue};
pub use config::{Delays, Lookup, PackageRate, PanelConfig};
pub use delivery::Delivery;
pub use fate::{Course, Script};
pub use faults::{Fault, ParseFaultError};
pub use journal::LogEntry;
pub use orders::{PanelOrder, Status};
pub use panel::Panel;
pub use paytm::{PaytmFault, PaytmOrder, PaytmServer, Signer};
pub use rates::{RateFault, RateServer};
pub use rules::{FaultRule, Faults};
pub use wording::{Refusal, Wording};
