//! Tokens that are ours, and all that could be taken for one.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: Timestamp = Timestamp::from_micros(1_795_252_745_000_000);
const QUARTER: Duration = Duration::from_mins(15);

fn signer() -> JwtSigner {
    JwtSigner::new(&Secret::new(SECRET))
}

fn claims() -> AccessClaims {
    AccessClaims {
        user: UserId::new("ann"),
        session: SessionId::new("s1"),
        id: "t1".to_owned(),
        issued_at: NOW,
        expires_at: NOW.plus(QUARTER),
    }
}

fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// The parts of a good token, to be changed.
fn parts() -> (Value, Value) {
    let token = signer().sign(&claims());
    let read = |part: Option<&str>| {
        let bytes = URL_SAFE_NO_PAD.decode(part.unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let mut parts = token.reveal().split('.');
    (read(parts.next()), read(parts.next()))
}

/// A token of these parts, signed with our own key.
fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut code = keyed(&derived::<32>(&Secret::new(SECRET), SIGNING_LABEL));
    code.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(code.finalize().into_bytes())
    )
}

fn refusal(token: &str) -> Option<AccessRefusal> {
    signer().verify(token, NOW).err()
}

#[test]
fn a_token_reads_back_and_says_all_that_it_should() {
    let token = signer().sign(&claims());
    assert_eq!(signer().verify(token.reveal(), NOW), Ok(claims()));
    let (header, said) = parts();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("JWT")));
    assert_eq!(header["kid"].as_str().map(str::len), Some(16));
    let expected = json!({
        "iss": "smm-guru", "aud": "smm-guru-api", "sub": "ann", "sid": "s1", "jti": "t1",
        "iat": NOW.seconds(), "nbf": NOW.seconds(), "exp": NOW.seconds() + 900,
    });
    assert_eq!(said, expected);
    // The parts and the signature are as another program writes them.
    assert_eq!(signer().verify(&signed(&header, &said), NOW), Ok(claims()));
}

#[test]
fn a_token_ends_on_time_and_does_not_count_before_it_begins() {
    let token = signer().sign(&claims());
    let at = |now| signer().verify(token.reveal(), now).err();
    assert_eq!(at(after(899)), None);
    assert_eq!(at(after(900)), Some(AccessRefusal::Expired));
    assert_eq!(at(after(90_000)), Some(AccessRefusal::Expired));
    // Another node's clock may be a little behind.
    assert_eq!(at(NOW.minus(Duration::from_secs(10))), None);
    assert_eq!(
        at(NOW.minus(Duration::from_secs(11))),
        Some(AccessRefusal::Invalid)
    );
}

#[test]
fn another_algorithm_is_refused_whoever_signs_with_it() {
    let (header, claims) = parts();
    let unsigned = |alg: &str| {
        let mut header = header.clone();
        header["alg"] = json!(alg);
        signed(&header, &claims)
    };
    for alg in [
        "none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", "", "HS257",
    ] {
        let token = unsigned(alg);
        assert_eq!(refusal(&token), Some(AccessRefusal::Invalid), "{alg}");
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            refusal(&format!("{message}.")),
            Some(AccessRefusal::Invalid),
            "{alg}"
        );
        assert_eq!(refusal(message), Some(AccessRefusal::Invalid), "{alg}");
    }
}

#[test]
fn a_token_of_another_key_name_issuer_or_audience_is_refused() {
    let (header, claims) = parts();
    let other = JwtSigner::new(&Secret::new("another secret of thirty-two bytes"));
    let token = signer().sign(&self::claims());
    assert_eq!(other.verify(token.reveal(), NOW), Err(AccessRefusal::Invalid));
    for (field, wrong) in [
        ("kid", json!("0000000000000000")),
        ("kid", json!(null)),
        ("kid", json!("../../etc/passwd")),
    ] {
        let mut header = header.clone();
        header[field] = wrong.clone();
        assert_eq!(
            refusal(&signed(&header, &claims)),
            Some(AccessRefusal::Invalid),
            "{wrong}"
        );
    }
    for (field, wrong) in [
        ("iss", json!("better-auth")),
        ("aud", json!("mail")),
        ("aud", json!([])),
    ] {
        let mut claims = claims.clone();
        claims[field] = wrong.clone();
        assert_eq!(
            refusal(&signed(&header, &claims)),
            Some(AccessRefusal::Invalid),
            "{field} {wrong}"
        );
    }
}

#[test]
fn a_claim_that_is_missing_or_of_another_type_is_refused() {
    let (header, claims) = parts();
    for field in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
        let mut missing = claims.clone();
        missing.as_object_mut().unwrap().remove(field);
        assert_eq!(
            refusal(&signed(&header, &missing)),
            Some(AccessRefusal::Invalid),
            "{field}"
        );
        for wrong in [
            json!(null),
            json!("99999999999"),
            json!({}),
            json!(1e300),
            json!(true),
        ] {
            let mut claims = claims.clone();
            claims[field] = wrong.clone();
            let refused = refusal(&signed(&header, &claims));
            let is_text = wrong.is_string() && ["sub", "sid", "jti"].contains(&field);
            assert_eq!(refused.is_none(), is_text, "{field} {wrong}");
        }
    }
    for odd in [i64::MIN, -1, 0, i64::MAX] {
        let mut claims = claims.clone();
        claims["exp"] = json!(odd);
        assert_eq!(
            refusal(&signed(&header, &claims)).is_none(),
            odd == i64::MAX,
            "{odd}"
        );
    }
}

#[test]
fn no_changed_cut_or_lengthened_token_is_ours() {
    let token = signer().sign(&claims());
    let token = token.reveal();
    for position in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[position] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(signer().verify(&changed, NOW).is_err(), "{changed}");
    }
    for length in 0..token.len() {
        assert_eq!(refusal(&token[..length]), Some(AccessRefusal::Invalid));
    }
    for odd in [
        String::new(),
        "..".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}é"),
        "a".repeat(1_000_000),
        format!("{}.{}.{}", "e30", "e30", "e30"),
    ] {
        assert_eq!(refusal(&odd), Some(AccessRefusal::Invalid));
    }
}

#[test]
fn the_token_that_follows_depends_on_the_token_the_key_and_our_secret() {
    let next = |secret: &str, token: &str, key: &str| {
        let signer = JwtSigner::new(&Secret::new(secret));
        signer.successor(&Secret::new(token), key).reveal().to_owned()
    };
    let first = next(SECRET, "smmr_a", "k");
    assert_eq!(first, next(SECRET, "smmr_a", "k"));
    assert!(first.starts_with(REFRESH_PREFIX) && first.len() == REFRESH_PREFIX.len() + 64);
    for other in [
        next(SECRET, "smmr_b", "k"),
        next(SECRET, "smmr_a", "l"),
        next("another secret of thirty-two bytes", "smmr_a", "k"),
    ] {
        assert_ne!(first, other);
    }
}
