//! The cookies of the web application, byte for byte as it knows them.

use std::time::Duration;

use actix_web::http::header::{COOKIE, HeaderMap};
use application::identity::Remember;
use domain::Secret;
use domain::identity::TRUSTED_FOR;
use ports::crypto::CookieSigner;

/// The session.
pub const SESSION: &str = "better-auth.session_token";
const SESSION_DATA: &str = "better-auth.session_data";
const DONT_REMEMBER: &str = "better-auth.dont_remember";
/// The session of a member of staff who acts as a customer, and how they had it kept.
const ADMIN_SESSION: &str = "admin_session";
/// What the browser keeps while its user is at a provider.
const SOCIAL: &str = "better-auth.state";
/// The only place to which it goes back.
const SOCIAL_PATH: &str = "/api/auth/callback";
/// A sign-in that waits for its code.
const HALF: &str = "better-auth.two_factor";
/// A device that its user trusts.
const DEVICE: &str = "better-auth.trust_device";
/// What stands in [`DONT_REMEMBER`].
const FORGET: &str = "true";

/// Whether browsers may send cookies over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Only over HTTPS.
    SecureOnly,
    /// Over HTTP too, for a server on the developer's own machine.
    AlsoPlain,
}

/// Set-Cookie values that hand a session to the browser for `lifetime`.
pub fn granting(
    signer: &dyn CookieSigner,
    token: &Secret,
    remember: Remember,
    lifetime: Duration,
    transport: Transport,
) -> Vec<String> {
    let value = encode_component(&signer.sign(token.reveal()));
    match remember {
        Remember::Yes => vec![set_cookie(SESSION, &value, Some(lifetime), transport)],
        Remember::No => {
            let forget = encode_component(&signer.sign(FORGET));
            vec![
                set_cookie(SESSION, &value, None, transport),
                set_cookie(DONT_REMEMBER, &forget, None, transport),
            ]
        }
    }
}

/// Set-Cookie values that take everything back.
pub fn clearing(transport: Transport) -> Vec<String> {
    [SESSION, SESSION_DATA, DONT_REMEMBER]
        .into_iter()
        .map(|name| set_cookie(name, "", Some(Duration::ZERO), transport))
        .collect()
}

/// Set-Cookie values that forget the session, as whoever signs in anew has none until the code is right.
pub fn forgetting_session(transport: Transport) -> Vec<String> {
    [SESSION, SESSION_DATA]
        .into_iter()
        .map(|name| set_cookie(name, "", Some(Duration::ZERO), transport))
        .collect()
}

/// Set-Cookie value that names a sign-in that waits for its code.
pub fn asking_for_code(
    signer: &dyn CookieSigner,
    token: &Secret,
    lifetime: Duration,
    transport: Transport,
) -> String {
    let value = encode_component(&signer.sign(token.reveal()));
    set_cookie(HALF, &value, Some(lifetime), transport)
}

/// Set-Cookie value that forgets what [`asking_for_code`] set.
pub fn forgetting_half(transport: Transport) -> String {
    set_cookie(HALF, "", Some(Duration::ZERO), transport)
}

/// The sign-in that waits for its code, if the signature is right.
pub fn half_signed_in(signer: &dyn CookieSigner, headers: &HeaderMap) -> Option<Secret> {
    presented(signer, headers, HALF).map(Secret::new)
}

/// Set-Cookie value that makes a trusted device known. A provider that sends the browser back is another site, so the
/// browser would not send the cookie with it if it were a strict one. Alone it opens nothing.
pub fn trusting(signer: &dyn CookieSigner, token: &Secret, transport: Transport) -> String {
    let value = encode_component(&signer.sign(token.reveal()));
    let (age, secure) = (TRUSTED_FOR.as_secs(), secure(transport));
    format!("{DEVICE}={value}; Max-Age={age}; Path=/; HttpOnly{secure}; SameSite=Lax")
}

/// The trusted device, if the signature is right.
pub fn trusted_device(signer: &dyn CookieSigner, headers: &HeaderMap) -> Option<Secret> {
    presented(signer, headers, DEVICE).map(Secret::new)
}

fn set_cookie(name: &str, value: &str, max_age: Option<Duration>, transport: Transport) -> String {
    let max_age = max_age.map_or_else(String::new, |age| format!("; Max-Age={}", age.as_secs()));
    let secure = secure(transport);
    format!("{name}={value}{max_age}; Path=/; HttpOnly{secure}; SameSite=Strict")
}

const fn secure(transport: Transport) -> &'static str {
    match transport {
        Transport::SecureOnly => "; Secure",
        Transport::AlsoPlain => "",
    }
}

/// Set-Cookie value that puts the session of a member of staff aside while they act as somebody else.
pub fn putting_aside(
    signer: &dyn CookieSigner,
    token: &Secret,
    remember: Remember,
    lifetime: Duration,
    transport: Transport,
) -> String {
    let forget = match remember {
        Remember::Yes => "",
        Remember::No => FORGET,
    };
    let value = signer.sign(&format!("{}:{forget}", token.reveal()));
    set_cookie(
        ADMIN_SESSION,
        &encode_component(&value),
        Some(lifetime),
        transport,
    )
}

/// Set-Cookie value that forgets the session that was put aside.
pub fn forgetting_aside(transport: Transport) -> String {
    set_cookie(ADMIN_SESSION, "", Some(Duration::ZERO), transport)
}

/// Set-Cookie value that makes the browser known when it comes back from a provider. That is another site, so the browser
/// would not send the cookie if it were a strict one.
pub fn sending_away(
    signer: &dyn CookieSigner,
    key: &Secret,
    lifetime: Duration,
    transport: Transport,
) -> String {
    let value = encode_component(&signer.sign(&sent_away(key.reveal())));
    social_cookie(&value, lifetime, transport)
}

/// Set-Cookie value that forgets what [`sending_away`] set.
pub fn welcoming_back(transport: Transport) -> String {
    social_cookie("", Duration::ZERO, transport)
}

/// What [`sending_away`] gave this browser, if the signature is right.
pub fn brought_back(signer: &dyn CookieSigner, headers: &HeaderMap) -> Option<Secret> {
    let value = presented(signer, headers, SOCIAL)?;
    Some(Secret::new(value.strip_prefix(&sent_away(""))?))
}

/// So that no other cookie that we signed can stand in for it.
fn sent_away(key: &str) -> String {
    format!("away:{key}")
}

fn social_cookie(value: &str, lifetime: Duration, transport: Transport) -> String {
    let secure = secure(transport);
    let age = lifetime.as_secs();
    format!("{SOCIAL}={value}; Max-Age={age}; Path={SOCIAL_PATH}; HttpOnly{secure}; SameSite=Lax")
}

/// The session that was put aside, if the signature is right.
pub fn put_aside(signer: &dyn CookieSigner, headers: &HeaderMap) -> Option<(Secret, Remember)> {
    let value = presented(signer, headers, ADMIN_SESSION)?;
    let (token, forget) = value.split_once(':')?;
    let remember = if forget.is_empty() {
        Remember::Yes
    } else {
        Remember::No
    };
    Some((Secret::new(token), remember))
}

fn signed_value(signer: &dyn CookieSigner, cookie_header: &str, wanted: &str) -> Option<String> {
    let value = cookie_header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))?;
    signer.verify(&decode_component(value)?)
}

fn presented(signer: &dyn CookieSigner, headers: &HeaderMap, wanted: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .find_map(|header| signed_value(signer, header, wanted))
}

/// The session token that a request presents, if its signature is right.
pub fn presented_token(signer: &dyn CookieSigner, headers: &HeaderMap) -> Option<Secret> {
    presented(signer, headers, SESSION).map(Secret::new)
}

/// Whether a request brings a session cookie, good or not.
pub fn carries_session(headers: &HeaderMap) -> bool {
    let named = |header: &str| {
        header
            .split(';')
            .any(|pair| pair.trim().split('=').next() == Some(SESSION))
    };
    headers
        .get_all(COOKIE)
        .any(|value| named(&String::from_utf8_lossy(value.as_bytes())))
}

/// Whether the browser was told to forget the session when it is closed.
pub fn is_forgetful(signer: &dyn CookieSigner, headers: &HeaderMap) -> bool {
    presented(signer, headers, DONT_REMEMBER).is_some()
}

/// Percent-encodes as the browser's `encodeURIComponent` does.
pub fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Undoes [`encode_component`]; `None` if the text is not encoded soundly.
fn decode_component(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let hex = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signs by a fixed word, so that the tests can see what is encoded.
    struct FixedSigner;

    impl CookieSigner for FixedSigner {
        fn sign(&self, value: &str) -> String {
            format!("{value}.a+b/c=")
        }

        fn verify(&self, signed: &str) -> Option<String> {
            signed.strip_suffix(".a+b/c=").map(str::to_owned)
        }
    }

    #[test]
    fn a_remembered_session_is_a_cookie_of_a_week_in_the_contracts_words() {
        let set = granting(
            &FixedSigner,
            &Secret::new("tok"),
            Remember::Yes,
            Duration::from_secs(604_800),
            Transport::SecureOnly,
        );
        assert_eq!(
            set,
            [
                "better-auth.session_token=tok.a%2Bb%2Fc%3D; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Strict"
            ]
        );
    }

    #[test]
    fn a_forgetful_session_ends_with_the_browser() {
        let set = granting(
            &FixedSigner,
            &Secret::new("tok"),
            Remember::No,
            Duration::from_secs(86_400),
            Transport::AlsoPlain,
        );
        assert_eq!(
            set,
            [
                "better-auth.session_token=tok.a%2Bb%2Fc%3D; Path=/; HttpOnly; SameSite=Strict",
                "better-auth.dont_remember=true.a%2Bb%2Fc%3D; Path=/; HttpOnly; SameSite=Strict",
            ]
        );
    }

    #[test]
    fn a_browser_at_a_provider_is_known_again_and_no_other_cookie_stands_in() {
        let set = sending_away(
            &FixedSigner,
            &Secret::new("key"),
            Duration::from_mins(10),
            Transport::SecureOnly,
        );
        assert_eq!(
            set,
            "better-auth.state=away%3Akey.a%2Bb%2Fc%3D; Max-Age=600; Path=/api/auth/callback; HttpOnly; Secure; SameSite=Lax"
        );
        let back = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, format!("better-auth.state={value}").parse().unwrap());
            brought_back(&FixedSigner, &headers).map(|key| key.reveal().to_owned())
        };
        assert_eq!(back("away%3Akey.a%2Bb%2Fc%3D").as_deref(), Some("key"));
        assert_eq!(back("key.a%2Bb%2Fc%3D"), None);
        assert_eq!(back("away%3Akey.forged"), None);
    }

    #[test]
    fn clearing_empties_all_three_cookies() {
        let cleared = clearing(Transport::AlsoPlain);
        assert_eq!(cleared.len(), 3);
        assert_eq!(
            cleared[0],
            "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn the_token_is_found_between_other_cookies_and_only_with_its_signature() {
        let found = |header: &str| signed_value(&FixedSigner, header, SESSION);
        assert_eq!(
            found("broken; a=b; better-auth.session_token=tok.a%2Bb%2Fc%3D; z=1").as_deref(),
            Some("tok")
        );
        assert_eq!(
            found("better-auth.session_token=tok.a+b/c=").as_deref(),
            Some("tok")
        );
        assert_eq!(found("better-auth.session_token=tok.forged"), None);
        assert_eq!(found("better-auth.session_token=%zz"), None);
        assert_eq!(found("other=1"), None);
    }
}
