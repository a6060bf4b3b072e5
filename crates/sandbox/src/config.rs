//! What a panel is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::fate::Course;
use crate::money::MICROS;
use crate::rules::Faults;

/// What a panel is started with; the default is a healthy panel on a free port of the loopback interface.
#[derive(Clone)]
pub struct PanelConfig {
    /// Address to listen on. The inspection pages answer only callers on the same machine.
    pub address: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// The API key callers must send.
    pub key: String,
    /// Seed of everything that looks random: gaps between ids, start counts, which requests faults hit.
    pub seed: u64,
    /// Time an order takes from being placed to its end; refills take the same.
    pub pace: Duration,
    /// The course of orders whose link carries no script.
    pub course: Course,
    /// Faults switched on from the start.
    pub faults: Faults,
    /// How long the slow faults take.
    pub delays: Delays,
    /// Whether and how a caller can look for a lost order.
    pub lookup: Lookup,
    /// Orders listed by one `orders` request at most.
    pub list_limit: usize,
    /// What a package is billed.
    pub package_rate: PackageRate,
    /// What it says that its prices are in.
    pub currency: String,
    /// Balance at the start, in micro-units.
    pub balance_micros: u64,
    /// Id of the first order; `None` derives one from the clock, so that a restarted panel does not repeat ids.
    pub first_id: Option<u64>,
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            key: "sandbox-key".to_owned(),
            seed: 1,
            pace: Duration::from_secs(60),
            course: Course::Complete,
            faults: Faults::none(),
            delays: Delays::default(),
            lookup: Lookup::None,
            list_limit: 100,
            package_rate: PackageRate::Flat,
            currency: "USD".to_owned(),
            balance_micros: 1_000 * MICROS,
            first_id: None,
        }
    }
}

impl fmt::Debug for PanelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanelConfig")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("seed", &self.seed)
            .field("pace", &self.pace)
            .field("course", &self.course)
            .field("faults", &self.faults)
            .field("lookup", &self.lookup)
            .finish_non_exhaustive()
    }
}

/// How long the slow faults take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Delay of a `slow` answer.
    pub slow_by: Duration,
    /// Delay before `accept-after-timeout` places the order and answers; longer than callers wait.
    pub late_after: Duration,
    /// Time between two bytes of a `drip` answer.
    pub drip_every: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            slow_by: Duration::from_secs(5),
            late_after: Duration::from_secs(30),
            drip_every: Duration::from_secs(1),
        }
    }
}

/// Whether and how a caller can look for an order whose answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// Not at all: `orders` is an unknown action.
    #[default]
    None,
    /// `action=orders&limit=N` lists the newest orders first with link, quantity and time.
    LinkAndTime,
    /// `action=orders&request_id=X` finds the orders placed with the caller's reference.
    Reference,
}

/// What the rate of a package service means; no source settles it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PackageRate {
    /// The price of one package.
    #[default]
    Flat,
    /// The price of a thousand packages.
    PerThousand,
}
