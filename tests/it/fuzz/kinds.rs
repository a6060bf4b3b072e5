//! The kinds of requests that are made up.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::garbage;
use super::routes::{Route, all};
use super::wire::Request;
use crate::support::SESSION;

/// Looks at the session in different ways.
const WHO: [(&str, &str); 6] = [
    ("GET", "/api/auth/get-session"),
    ("POST", "/api/auth/sign-out"),
    ("GET", "/api/v1/dashboard/wallet"),
    ("GET", "/api/v1/admin/orders"),
    ("GET", "/api/auth/list-sessions"),
    ("POST", "/api/auth/admin/stop-impersonating"),
];

/// What is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Cookies,
    Bearers,
    Bodies,
    Queries,
    Paths,
    MailedTokens,
    WaysBack,
    Garbage,
}

impl Kind {
    /// Requests of this kind; `user` is one who exists.
    pub fn requests(self, user: &str) -> BoxedStrategy<Request> {
        match self {
            Self::Cookies => cookies(),
            Self::Bearers => bearers(),
            Self::Bodies => bodies(user.to_owned()),
            Self::Queries => queries(),
            Self::Paths => paths(),
            Self::MailedTokens => mailed_tokens(),
            Self::WaysBack => ways_back(),
            Self::Garbage => no_http(),
        }
    }

    /// Requests that are all refused for the same reason find nothing.
    pub fn is_of_use(self, statuses: impl Iterator<Item = u16>) {
        let statuses: std::collections::BTreeSet<u16> = statuses.collect();
        let least = match self {
            Self::Bodies => 4,
            Self::Queries | Self::Paths => 3,
            Self::Cookies | Self::MailedTokens => 2,
            Self::Bearers | Self::WaysBack | Self::Garbage => 1,
        };
        assert!(statuses.len() >= least, "{self:?}: only {statuses:?}");
    }
}

fn cookies() -> BoxedStrategy<Request> {
    let name = prop_oneof![
        6 => Just(SESSION.to_owned()),
        1 => Just("admin_session".to_owned()),
        1 => Just("better-auth.state".to_owned()),
        1 => Just("better-auth.dont_remember".to_owned()),
        1 => garbage::text(),
    ];
    let signed = prop_oneof![
        garbage::bytes(),
        garbage::in_address().prop_map(String::into_bytes),
        ("[a-zA-Z0-9]{32}", vec(any::<u8>(), 0..44)).prop_map(|(token, signature)| {
            let signature: String = signature.iter().map(|byte| format!("%{byte:02X}")).collect();
            format!("{token}.{signature}").into_bytes()
        }),
        "[a-zA-Z0-9]{32}\\.[a-zA-Z0-9%]{43}=".prop_map(String::into_bytes),
        "[a-zA-Z0-9.]{0,40}%[0-9a-fA-F]?".prop_map(String::into_bytes),
    ];
    let cookie = (name, signed).prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat());
    (select(&WHO[..]), vec(cookie, 1..4))
        .prop_map(|((method, path), cookies)| {
            Request::new(method, path).header("Cookie", cookies.join(&b"; "[..]))
        })
        .boxed()
}

fn bearers() -> BoxedStrategy<Request> {
    let part = prop_oneof![
        "[a-zA-Z0-9_-]{0,80}".prop_map(String::into_bytes),
        garbage::bytes(),
        Just(b"eyJhbGciOiJub25lIn0".to_vec()),
        Just(b"eyJzdWIiOiIxIn0".to_vec()),
    ];
    let scheme = select(vec!["Bearer ", "bearer ", "Basic ", "", "Bearer", "Bearer  "]);
    (select(&WHO[..]), scheme, vec(part, 0..5))
        .prop_map(|((method, path), scheme, parts)| {
            let value = [scheme.as_bytes(), &parts.join(&b"."[..])].concat();
            Request::new(method, path).header("Authorization", value)
        })
        .boxed()
}

fn bodies(user: String) -> BoxedStrategy<Request> {
    let acting: Vec<Route> = all().into_iter().filter(|route| route.method != "GET").collect();
    let ids = vec(
        prop_oneof![3 => Just("1".to_owned()), 1 => Just(user), 1 => garbage::in_address()],
        2,
    );
    (select(acting), ids)
        .prop_flat_map(|(route, ids)| {
            let path = route.path_with(&ids);
            let body = garbage::spelled(route.bodies());
            (Just((route, path)), body)
        })
        .prop_map(|((route, path), body)| Request::new(&route.method, &path).json(body))
        .boxed()
}

fn queries() -> BoxedStrategy<Request> {
    let looking: Vec<Route> = all().into_iter().filter(|route| route.method == "GET").collect();
    let name = |names: Vec<String>| {
        let known = if names.is_empty() {
            vec!["limit".to_owned()]
        } else {
            names
        };
        prop_oneof![8 => select(known), 1 => garbage::in_address()]
    };
    select(looking)
        .prop_flat_map(move |route| {
            let pair = (name(route.query.clone()), garbage::in_address(), any::<bool>());
            (Just(route), vec(pair, 0..6))
        })
        .prop_map(|(route, pairs)| {
            let pairs = pairs.iter().map(|(name, value, has_value)| {
                let equals = if *has_value { "=" } else { "" };
                format!("{name}{equals}{value}")
            });
            let query: Vec<String> = pairs.collect();
            Request::new(
                &route.method,
                &format!("{}?{}", route.path_with(&[]), query.join("&")),
            )
        })
        .boxed()
}

fn paths() -> BoxedStrategy<Request> {
    let open: Vec<Route> = all()
        .into_iter()
        .filter(|route| route.path.contains('{'))
        .collect();
    let known = (select(open), vec(garbage::in_address(), 2))
        .prop_map(|(route, texts)| (route.method.clone(), route.path_with(&texts)));
    let unknown = (
        select(vec![
            "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW",
        ]),
        garbage::in_address(),
    )
        .prop_map(|(method, text)| (method.to_owned(), format!("/api/v1/{text}")));
    prop_oneof![4 => known, 1 => unknown]
        .prop_map(|(method, path)| Request::new(&method, &path))
        .boxed()
}

fn mailed_tokens() -> BoxedStrategy<Request> {
    let token = prop_oneof![garbage::in_address(), "[a-zA-Z0-9]{32}"];
    let page = prop_oneof![
        3 => Just("%2Fdashboard".to_owned()),
        1 => Just("https%3A%2F%2Fevil.example".to_owned()),
        2 => garbage::in_address(),
    ];
    let link = (0_u8..4, token.clone(), page).prop_map(|(which, token, page)| {
        let path = match which {
            0 => format!("/api/auth/reset-password/{token}?callbackURL={page}"),
            1 => format!("/api/auth/verify-email?token={token}&callbackURL={page}"),
            2 => format!("/api/auth/verify-email?token={token}"),
            _ => format!("/api/auth/delete-user/callback?token={token}&callbackURL={page}"),
        };
        Request::new("GET", &path)
    });
    let form = (garbage::text(), garbage::text(), token).prop_map(|(token, password, query)| {
        let body = serde_json::json!({ "token": token, "newPassword": password });
        Request::new("POST", &format!("/api/auth/reset-password?token={query}"))
            .json(body.to_string().into_bytes())
    });
    let handle = garbage::text().prop_map(|token| {
        let body = serde_json::json!({ "token": token, "sessionToken": token });
        Request::new("POST", "/api/auth/revoke-session").json(body.to_string().into_bytes())
    });
    prop_oneof![4 => link, 2 => form, 1 => handle].boxed()
}

fn ways_back() -> BoxedStrategy<Request> {
    let name = select(vec!["code", "state", "error", "error_description", "iss", "x"]);
    let pairs = vec((name, garbage::in_address()), 0..5);
    let provider = prop_oneof![3 => Just("github".to_owned()), 1 => garbage::in_address()];
    let cookie = prop_oneof![
        garbage::bytes(),
        "[a-zA-Z0-9]{32}\\.[a-zA-Z0-9%]{43}=".prop_map(String::into_bytes),
        Just(Vec::new()),
    ];
    (provider, pairs, cookie)
        .prop_map(|(provider, pairs, cookie)| {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let path = format!("/api/auth/callback/{provider}?{}", pairs.join("&"));
            Request::new("GET", &path).header("Cookie", [b"better-auth.state=", cookie.as_slice()].concat())
        })
        .boxed()
}

/// Bytes that are almost a request.
fn no_http() -> BoxedStrategy<Request> {
    let sound = "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\nContent-Length: 5\r\nCookie: a=b\r\n\r\n5\r\n{\"a\":\r\n0\r\n\r\n";
    let changed = vec((any::<prop::sample::Index>(), any::<u8>()), 1..6).prop_map(move |changes| {
        let mut bytes = sound.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    });
    let cut = (0..sound.len()).prop_map(move |length| sound.as_bytes()[..length].to_vec());
    prop_oneof![6 => changed, 1 => cut, 1 => garbage::bytes()]
        .prop_map(|raw| Request {
            raw: Some(raw),
            ..Request::new("", "")
        })
        .boxed()
}
