//! Mail: written down with what causes it, sent by a job, visible to staff when it fails.

mod browse;
mod deliver;
mod links;
mod office;

pub use browse::BrowseMails;
pub use deliver::{DeliverMail, DeliveryPorts};
pub use links::PublicAddress;
pub use office::{MailOffice, MailPolicy, Note};

pub(crate) use office::post;
