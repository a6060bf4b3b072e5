//! Which addresses may be called. Whoever may enter an address must not be able to point us at our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest address accepted, in bytes.
const URL_MAX_BYTES: usize = 2_048;

/// Addresses of one name that are tried at most.
const ADDRESSES_MAX: usize = 8;

/// Ports that may be called unless private addresses are allowed. Anything else is more likely a database or a mail
/// server than a panel.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// Which addresses may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressPolicy {
    /// Public addresses over https.
    #[default]
    Public,
    /// Public addresses over https or http.
    AllowHttp,
    /// Any address and any port over https or http: for a demonstration and for tests on one machine.
    AllowPrivate,
}

/// Why an address is not called. Says nothing of what a name resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressRefused {
    /// Cannot be parsed.
    #[error("it is not a valid address")]
    Invalid,
    /// Longer than the limit.
    #[error("it is longer than {URL_MAX_BYTES} bytes")]
    TooLong,
    /// Neither https nor, where allowed, http.
    #[error("its scheme is not allowed")]
    Scheme,
    /// Holds a user name or a password.
    #[error("it holds a user name or a password")]
    Credentials,
    /// Not one of the ports for the web.
    #[error("its port is not allowed")]
    Port,
    /// Not a public address, or a name that resolves to none.
    #[error("it is not public")]
    NotPublic,
}

impl AddressPolicy {
    /// Checks everything about an address that can be checked without resolving its name.
    pub(crate) fn parse(self, api_url: &str) -> Result<Url, AddressRefused> {
        if api_url.len() > URL_MAX_BYTES {
            return Err(AddressRefused::TooLong);
        }
        let url = Url::parse(api_url).map_err(|_| AddressRefused::Invalid)?;
        if url.scheme() != "https" && (url.scheme() != "http" || self == Self::Public) {
            return Err(AddressRefused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressRefused::Credentials);
        }
        // A literal address never reaches the resolver below. `Url` has already read its decimal, octal, hexadecimal
        // and abbreviated spellings.
        let allowed = match url.host() {
            Some(Host::Ipv4(ip)) => self.allows(ip.into()),
            Some(Host::Ipv6(ip)) => self.allows(ip.into()),
            Some(Host::Domain(_)) => true,
            None => return Err(AddressRefused::Invalid),
        };
        if !allowed {
            return Err(AddressRefused::NotPublic);
        }
        let port = url.port_or_known_default();
        if self != Self::AllowPrivate && !port.is_some_and(|port| PORTS.contains(&port)) {
            return Err(AddressRefused::Port);
        }
        Ok(url)
    }

    /// Whether a connection to `ip` may be made.
    pub(crate) fn allows(self, ip: IpAddr) -> bool {
        self == Self::AllowPrivate
            || match ip {
                IpAddr::V4(ip) => is_public_v4(ip),
                IpAddr::V6(ip) => is_public_v6(ip),
            }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let blocked = a == 0 // "this network": Linux connects to itself
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local() // and the metadata service of most clouds
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, and a metadata service
        || (a == 192 && b == 0 && c == 0) // protocol assignments, and a metadata service
        || ip.is_documentation()
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)) // benchmarks
        || ip == Ipv4Addr::new(168, 63, 129, 16) // a metadata service at a public address
        || a >= 224; // multicast, class E, broadcast
    !blocked
}

/// Only the global unicast block is public: unique local, link-local, v4-mapped, NAT64 and the rest lie outside it.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let blocked = match a {
        0x2001 => b < 0x0200 || b == 0x0db8, // protocol assignments (Teredo, benchmarks, ORCHID), documentation
        0x2002 => true,                      // 6to4, which carries any v4 address
        0x3fff => b < 0x1000,                // documentation
        _ => false,
    };
    (0x2000..0x4000).contains(&a) && !blocked
}

/// Resolves names for the HTTP clients and hides every address that may not be called. Because the client connects
/// to exactly these addresses, a name cannot be checked as one address and called as another.
#[derive(Debug)]
pub(crate) struct FilteringResolver {
    pub(crate) policy: AddressPolicy,
}

impl Resolve for FilteringResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| policy.allows(address.ip()))
                .take(ADDRESSES_MAX)
                .collect();
            if allowed.is_empty() {
                return Err(AddressRefused::NotPublic.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spellings of addresses that are not public; all of them parse.
    const NOT_PUBLIC: [&str; 84] = [
        "127.0.0.1",
        "127.0.0.1.",
        "127.255.255.254",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0x0.0x0.0x1",
        "0177.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "00000177.0.0.1",
        "%31%32%37.0.0.1",
        "127.0.0.%31",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "127｡0｡0｡1",
        "0",
        "0.0.0.0",
        "0x0",
        "00",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "167772161",
        "0x0a000001",
        "012.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "172.16.1",
        "192.168.0.1",
        "192.168.257",
        "3232235521",
        "169.254.169.254",
        "169.254.43518",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "4294967295",
        "0xffffffff",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[::ffff:10.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[2001::1]",
        "[2001:2::1]",
        "[2001:20::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[100::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
    ];

    #[test]
    fn no_spelling_of_an_address_that_is_not_public_is_accepted() {
        for host in NOT_PUBLIC {
            for policy in [AddressPolicy::Public, AddressPolicy::AllowHttp] {
                let url = format!("https://{host}/api/v2");
                assert_eq!(policy.parse(&url).err(), Some(AddressRefused::NotPublic), "{url}");
            }
        }
    }

    #[test]
    fn loose_syntax_does_not_hide_the_host() {
        for url in [
            "https:127.0.0.1/api",
            "https:/127.0.0.1/api",
            "https:\\\\127.0.0.1\\api",
            "https:////127.0.0.1/api",
            " https://127.0.0.1/api ",
            "https://127.0.\n0.1/api",
            "ht\ttps://127.0.0.1/api",
            "HTTPS://127.0.0.1/api",
            "https://127.0.0.1#@panel.example",
            "https://127.0.0.1?@panel.example",
            "https://127.0.0.1\\@panel.example",
            "https://127.0.0.1:443/",
            "https://@127.0.0.1/",
        ] {
            assert_eq!(
                AddressPolicy::Public.parse(url).err(),
                Some(AddressRefused::NotPublic),
                "{url:?}"
            );
        }
    }

    #[test]
    fn credentials_schemes_ports_and_broken_addresses_are_refused() {
        let refused = |url: &str| AddressPolicy::Public.parse(url).err();
        assert_eq!(
            refused("https://user@panel.example/api"),
            Some(AddressRefused::Credentials)
        );
        assert_eq!(
            refused("https://user:pass@panel.example/api"),
            Some(AddressRefused::Credentials)
        );
        assert_eq!(
            refused("https://panel.example@127.0.0.1/"),
            Some(AddressRefused::Credentials)
        );
        for url in [
            "http://panel.example/",
            "ftp://panel.example/",
            "file:///etc/passwd",
            "gopher://x/",
            "data:,x",
        ] {
            assert_eq!(refused(url), Some(AddressRefused::Scheme), "{url}");
        }
        for port in [22, 25, 2375, 5432, 6379, 9200] {
            assert_eq!(
                refused(&format!("https://panel.example:{port}/")),
                Some(AddressRefused::Port),
                "{port}"
            );
        }
        for url in [
            "",
            "panel.example/api",
            "//127.0.0.1/",
            "https://",
            "https://[::1",
            "https://1.2.3.4.5/",
        ] {
            assert_eq!(refused(url), Some(AddressRefused::Invalid), "{url}");
        }
        let long = format!("https://panel.example/{}", "a".repeat(URL_MAX_BYTES));
        assert_eq!(refused(&long), Some(AddressRefused::TooLong));
    }

    #[test]
    fn public_addresses_are_accepted() {
        for url in [
            "https://panel.example/api/v2",
            "https://panel.example:8443/api.php?v=2",
            "https://bücher.example/api/v2",
            "https://8.8.8.8/api/v2",
            "https://100.63.255.255/",
            "https://172.32.0.1/",
            "https://223.255.255.255/",
            "https://[2606:4700::1111]/api/v2",
            "https://[2001:4860:4860::8888]/",
        ] {
            assert!(AddressPolicy::Public.parse(url).is_ok(), "{url}");
        }
        assert!(
            AddressPolicy::AllowHttp
                .parse("http://panel.example/api/v2")
                .is_ok()
        );
        assert!(
            AddressPolicy::AllowPrivate
                .parse("http://127.0.0.1:4711/api/v2")
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_nothing_public_does_not_resolve() {
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = FilteringResolver {
            policy: AddressPolicy::Public,
        }
        .resolve(name())
        .await
        .err()
        .unwrap();
        assert_eq!(refused.downcast_ref(), Some(&AddressRefused::NotPublic));
        let allowed = FilteringResolver {
            policy: AddressPolicy::AllowPrivate,
        }
        .resolve(name())
        .await
        .unwrap();
        assert!(allowed.count() > 0);
    }
}
