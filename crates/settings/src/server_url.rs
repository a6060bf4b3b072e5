//! The addresses of PostgreSQL and Redis.

use url::{Host, Url};

/// What somebody between us and a server could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Nobody is between.
    Local,
    /// TLS, and the certificate is verified.
    VerifiedTls,
    /// Read along.
    Readable,
}

/// How a PostgreSQL URL travels; `None` if it is none.
pub(crate) fn postgres(text: &str) -> Option<Transport> {
    let url = Url::parse(text).ok()?;
    let option = |names: [&str; 2]| {
        url.query_pairs()
            .filter(|(name, _)| names.contains(&name.as_ref()))
            .map(|(_, value)| value)
            .last()
    };
    let host = option(["host", "hostaddr"]);
    let host = host.as_deref().or_else(|| url.host_str())?;
    // A socket is a folder, percent-encoded where a host would be.
    if host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f") || is_loopback(host) {
        return Some(Transport::Local);
    }
    match option(["sslmode", "ssl-mode"]).as_deref() {
        Some("verify-full") => Some(Transport::VerifiedTls),
        _ => Some(Transport::Readable),
    }
}

/// How a Redis URL travels; `None` if it is none.
pub(crate) fn redis(text: &str) -> Option<Transport> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str().filter(|it| !it.is_empty());
    match url.scheme() {
        "unix" | "redis+unix" => Some(Transport::Local),
        "redis" => Some(if is_loopback(host?) {
            Transport::Local
        } else {
            Transport::Readable
        }),
        "rediss" if url.fragment() != Some("insecure") => host.map(|_| Transport::VerifiedTls),
        "rediss" => Some(if is_loopback(host?) {
            Transport::Local
        } else {
            Transport::Readable
        }),
        _ => None,
    }
}

/// The address without user, password, options and fragment.
pub(crate) fn without_secrets(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return "(set)".to_owned();
    };
    url.set_query(None);
    url.set_fragment(None);
    let bare = url.set_username("").and_then(|()| url.set_password(None));
    // A URL that cannot have a user, such as sqlite:panel.db, has no password either.
    if bare.is_err() && url.has_authority() && !url.username().is_empty() {
        "(set)".to_owned()
    } else {
        url.to_string()
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        // `hostaddr=::1` comes without brackets.
        Err(_) => host.parse().is_ok_and(|it: std::net::Ipv6Addr| it.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postgresql_url_is_local_verified_or_readable() {
        for (text, expected) in [
            ("postgres://me@localhost/x", Some(Transport::Local)),
            ("postgres://me@127.0.0.1:5433/x", Some(Transport::Local)),
            ("postgres://me@[::1]/x", Some(Transport::Local)),
            (
                "postgres://me@%2Fvar%2Frun%2Fpostgresql/x",
                Some(Transport::Local),
            ),
            ("postgres:///x?host=/var/run/postgresql", Some(Transport::Local)),
            ("postgres:///x?hostaddr=::1", Some(Transport::Local)),
            ("postgres://db.example/x", Some(Transport::Readable)),
            (
                "postgres://localhost/x?host=db.example",
                Some(Transport::Readable),
            ),
            (
                "postgres://db.example/x?sslmode=require",
                Some(Transport::Readable),
            ),
            (
                "postgres://db.example/x?sslmode=verify-ca",
                Some(Transport::Readable),
            ),
            (
                "postgres://db.example/x?sslmode=verify-full",
                Some(Transport::VerifiedTls),
            ),
            ("postgres:///x", None),
            ("postgres", None),
        ] {
            assert_eq!(postgres(text), expected, "{text}");
        }
    }

    #[test]
    fn a_redis_url_is_local_verified_or_readable() {
        for (text, expected) in [
            ("redis://localhost", Some(Transport::Local)),
            ("redis://:pw@127.0.0.1:6380/1", Some(Transport::Local)),
            ("redis+unix:///run/redis.sock", Some(Transport::Local)),
            ("redis://redis.example", Some(Transport::Readable)),
            ("rediss://redis.example", Some(Transport::VerifiedTls)),
            ("rediss://redis.example/#insecure", Some(Transport::Readable)),
            ("redis:///0", None),
            ("http://localhost", None),
            ("localhost:6379", None),
        ] {
            assert_eq!(redis(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_an_address_holds_no_secret() {
        for (text, expected) in [
            (
                "postgres://me:pw@db.example:5432/x?password=pw",
                "postgres://db.example:5432/x",
            ),
            ("redis://:pw@db.example/0#pw", "redis://db.example/0"),
            ("sqlite:panel.db", "sqlite:panel.db"),
            ("pw", "(set)"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
