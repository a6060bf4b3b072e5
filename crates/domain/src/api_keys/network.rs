//! Where a key may be used from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Why a text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// Neither an address nor a network.
    #[error("must be addresses or networks such as 192.0.2.7 or 2001:db8::/32")]
    Form,
    /// The address has bits beyond the length, so one of the two is a mistake.
    #[error("must be networks without bits beyond their length, such as 192.0.2.0/24")]
    HostBits,
    /// More than [`Networks::MAX`].
    #[error("must be at most 20")]
    TooMany,
}

/// A network, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether `address` is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, own_width) = number(self.address);
        let (other, width) = number(address.to_canonical());
        own_width == width && masked(other, self.bits, width) == own
    }
}

/// The address as a number, and how many bits it has.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// The first `bits` of a number that is `width` bits wide.
fn masked(number: u128, bits: u32, width: u32) -> u128 {
    let rest = width.saturating_sub(bits);
    number
        .checked_shr(rest)
        .unwrap_or_default()
        .checked_shl(rest)
        .unwrap_or_default()
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let text = text.trim();
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        let (own, width) = number(address);
        let digits =
            |bits: &str| !bits.is_empty() && bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit());
        let bits = match bits {
            None => width,
            Some(bits) if digits(bits) => bits.parse().map_err(|_| NotANetwork::Form)?,
            Some(_) => return Err(NotANetwork::Form),
        };
        if bits > width {
            return Err(NotANetwork::Form);
        }
        if masked(own, bits, width) != own {
            return Err(NotANetwork::HostBits);
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Networks; none means everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The most that one key has.
    pub const MAX: usize = 20;

    /// Reads each text.
    ///
    /// # Errors
    /// [`NotANetwork`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotANetwork> {
        let mut networks = Vec::new();
        for text in texts {
            let network = text.parse()?;
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
        if networks.len() > Self::MAX {
            return Err(NotANetwork::TooMany);
        }
        Ok(Self(networks))
    }

    /// Whether somebody at `address` is let in. If nobody knows the address, only where everybody is.
    #[must_use]
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty() || address.is_some_and(|address| self.0.iter().any(|it| it.contains(address)))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }

    /// With commas between them, for the database.
    #[must_use]
    pub fn to_text(&self) -> String {
        let each: Vec<_> = self.0.iter().map(Network::to_string).collect();
        each.join(",")
    }

    /// Reads [`Networks::to_text`]. `None` if that wrote something else: to leave out what cannot be read would open the
    /// key to the world.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::parse(text.split(',').filter(|it| !it.is_empty())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Network, NotANetwork> {
        text.parse()
    }

    fn holds(text: &str, address: &str) -> bool {
        network(text).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_the_networks_that_begin_like_it() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.6"));
        assert!(holds("0.0.0.0/0", "203.0.113.1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("::/0", "2001:db9::1"));
    }

    #[test]
    fn the_old_form_of_an_address_in_the_new_one_is_the_old_one() {
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.1"));
        assert!(!holds("::/0", "192.0.2.1"));
    }

    #[test]
    fn what_names_no_network_is_refused() {
        for wrong in [
            "",
            "x",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "::/129",
            "1/2/3",
        ] {
            assert_eq!(network(wrong), Err(NotANetwork::Form), "{wrong}");
        }
        assert_eq!(network("192.0.2.1/24"), Err(NotANetwork::HostBits));
        let many: Vec<_> = (0..=Networks::MAX).map(|n| format!("192.0.2.{n}")).collect();
        let many = Networks::parse(many.iter().map(String::as_str));
        assert_eq!(many, Err(NotANetwork::TooMany));
    }

    #[test]
    fn networks_read_back_as_written() {
        let some = Networks::parse([" 192.0.2.0/24 ", "2001:db8::1", "192.0.2.0/24"]).unwrap();
        assert_eq!(some.to_text(), "192.0.2.0/24,2001:db8::1/128");
        assert_eq!(Networks::from_stored(&some.to_text()), Some(some));
        assert_eq!(Networks::from_stored(""), Some(Networks::default()));
        assert_eq!(Networks::from_stored("somewhere"), None);
    }
}
