//! Access tokens: JSON Web Tokens, signed with HMAC-SHA256.

mod provider;

use domain::identity::REFRESH_PREFIX;
use domain::{Secret, SessionId, Timestamp, UserId};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use ports::crypto::{AccessClaims, AccessRefusal, AccessSigner};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Separate the keys from each other, and from what the same secret is used for elsewhere.
const SIGNING_LABEL: &str = "smm-guru access token key 1";
const NAME_LABEL: &str = "smm-guru access token key name 1";
const SUCCESSOR_LABEL: &str = "smm-guru refresh token key 1";

const ISSUER: &str = "smm-guru";
const AUDIENCE: &str = "smm-guru-api";
/// The longest token that is looked at; ours have 400 bytes.
const TOKEN_BYTES_MAX: usize = 2_048;
/// How far the clocks of two nodes may be apart, in seconds.
const LEEWAY: i64 = 10;
const MICROS: i64 = 1_000_000;

/// Signs access tokens with a key that is derived from a secret and has a name. Under another secret the name is another
/// one: old tokens are not ours any more, and programs refresh them.
pub struct JwtSigner {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    successors: Hmac<Sha256>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl JwtSigner {
    /// A signer with keys derived from the given secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        provider::install();
        let key: [u8; 32] = derived(secret, SIGNING_LABEL);
        let name: [u8; 8] = derived(secret, NAME_LABEL);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The time is that of all nodes, and is looked at below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            header: Header {
                kid: Some(hex::encode(name)),
                ..Header::new(Algorithm::HS256)
            },
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            validation,
            successors: keyed(&derived::<32>(secret, SUCCESSOR_LABEL)),
        }
    }

    fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX || decode_header(token).ok()?.kid != self.header.kid {
            return None;
        }
        let read = decode::<Claims>(token, &self.decoding, &self.validation);
        read.ok().map(|token| token.claims)
    }
}

impl AccessSigner for JwtSigner {
    #[expect(clippy::expect_used, reason = "texts and numbers can be written as JSON")]
    fn sign(&self, claims: &AccessClaims) -> Secret {
        let issued_at = claims.issued_at.seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.user.as_str().to_owned(),
            sid: claims.session.as_str().to_owned(),
            jti: claims.id.clone(),
            iat: issued_at,
            nbf: issued_at,
            exp: claims.expires_at.seconds(),
        };
        Secret::new(encode(&self.header, &claims, &self.encoding).expect("the claims can be written"))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, AccessRefusal> {
        let claims = self.read(token).ok_or(AccessRefusal::Invalid)?;
        let now = now.seconds();
        if claims.iat.max(claims.nbf) > now.saturating_add(LEEWAY) {
            return Err(AccessRefusal::Invalid);
        }
        if claims.exp <= now {
            return Err(AccessRefusal::Expired);
        }
        let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(MICROS));
        Ok(AccessClaims {
            user: UserId::new(claims.sub),
            session: SessionId::new(claims.sid),
            id: claims.jti,
            issued_at: moment(claims.iat),
            expires_at: moment(claims.exp),
        })
    }

    fn successor(&self, token: &Secret, key: &str) -> Secret {
        let mut code = self.successors.clone();
        // Tokens are as long as each other and hold no colon, so no two pairs read the same.
        code.update(token.reveal().as_bytes());
        code.update(b":");
        code.update(key.as_bytes());
        let code = hex::encode(code.finalize().into_bytes());
        Secret::new(format!("{REFRESH_PREFIX}{code}"))
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA256 gives up to 8,160 bytes and is asked for 32"
)]
fn derived<const BYTES: usize>(secret: &Secret, label: &str) -> [u8; BYTES] {
    let mut key = [0; BYTES];
    Hkdf::<Sha256>::new(None, secret.reveal().as_bytes())
        .expand(label.as_bytes(), &mut key)
        .expect("the key is short enough");
    key
}

#[expect(clippy::expect_used, reason = "HMAC is defined for keys of every length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests;
