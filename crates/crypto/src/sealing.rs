//! Secrets at rest.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Generate, Nonce, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit};
use domain::Secret;
use domain::providers::SealedSecret;
use hkdf::Hkdf;
use ports::crypto::{SealError, SecretSealer};
use sha2::Sha256;

/// Separates keys derived here from keys that the same secret may give elsewhere, and the versions from each other.
const KEY_LABEL: &str = "smm-guru sealed secret key";

/// The keys that open sealed secrets, by version, and the one that seals new ones.
pub struct KeyRing {
    current: i32,
    ciphers: BTreeMap<i32, Aes256Gcm>,
}

/// The ring does not hold the key that it should seal with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key ring has no key of version {0}")]
pub struct UnknownCurrentKey(pub i32);

impl KeyRing {
    /// A ring that seals with `current` and opens with every key. Each secret is stretched to an AES-256 key of its
    /// own with HKDF-SHA256.
    ///
    /// # Errors
    /// [`UnknownCurrentKey`] if no key has the version `current`.
    pub fn new<'a>(
        current: i32,
        keys: impl IntoIterator<Item = (i32, &'a Secret)>,
    ) -> Result<Self, UnknownCurrentKey> {
        let ciphers: BTreeMap<i32, Aes256Gcm> = keys
            .into_iter()
            .map(|(version, secret)| (version, cipher(version, secret)))
            .collect();
        if ciphers.contains_key(&current) {
            Ok(Self { current, ciphers })
        } else {
            Err(UnknownCurrentKey(current))
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA256 gives up to 8,160 bytes and is asked for 32"
)]
fn cipher(version: i32, secret: &Secret) -> Aes256Gcm {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret.reveal().as_bytes())
        .expand(format!("{KEY_LABEL} {version}").as_bytes(), &mut key)
        .expect("the key is short enough");
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key))
}

/// AES-256-GCM with a random 96-bit nonce. The additional data is `context‖version`, so that a sealed secret opens
/// neither in another row nor under the name of another key.
pub struct AesGcmSealer {
    ring: KeyRing,
}

impl AesGcmSealer {
    /// A sealer with the given keys.
    #[must_use]
    pub const fn new(ring: KeyRing) -> Self {
        Self { ring }
    }
}

fn bound_to(context: &str, version: i32) -> String {
    format!("{context}‖{version}")
}

impl SecretSealer for AesGcmSealer {
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SealError> {
        let version = self.ring.current;
        let cipher = self.ring.ciphers.get(&version).ok_or(SealError::UnknownKey)?;
        let nonce = Nonce::<Aes256Gcm>::generate();
        let aad = bound_to(context, version);
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: aad.as_bytes(),
        };
        let ciphertext = cipher.encrypt(&nonce, payload).map_err(|_| SealError::Damaged)?;
        Ok(SealedSecret {
            key_version: version,
            nonce: nonce.to_vec(),
            ciphertext,
        })
    }

    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SealError> {
        let cipher = self
            .ring
            .ciphers
            .get(&sealed.key_version)
            .ok_or(SealError::UnknownKey)?;
        let nonce: Nonce<Aes256Gcm> = sealed
            .nonce
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Damaged)?;
        let aad = bound_to(context, sealed.key_version);
        let payload = Payload {
            msg: &sealed.ciphertext,
            aad: aad.as_bytes(),
        };
        let plain = cipher.decrypt(&nonce, payload).map_err(|_| SealError::Damaged)?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| SealError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "providers.api_key:7";

    fn sealer(current: i32, versions: &[i32]) -> AesGcmSealer {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        AesGcmSealer::new(KeyRing::new(current, versions.iter().map(|it| (*it, &secret))).unwrap())
    }

    #[test]
    fn what_another_program_sealed_opens() {
        // HKDF and AESGCM of the Python package `cryptography`.
        let sealed = SealedSecret {
            key_version: 3,
            nonce: (0..12).collect(),
            ciphertext: hex::decode("ef9f7b68d53719b47d3e3fac4cde42b295908376f22c1b6905dd1f721f").unwrap(),
        };
        assert_eq!(
            sealer(3, &[3]).open(&sealed, ROW).unwrap().reveal(),
            "panel-api-key"
        );
    }

    #[test]
    fn a_sealed_secret_opens_and_no_two_sealings_are_alike() {
        let sealer = sealer(1, &[1]);
        for text in ["panel-api-key", "", "schlüssel"] {
            let secret = Secret::new(text);
            let (first, second) = (
                sealer.seal(&secret, ROW).unwrap(),
                sealer.seal(&secret, ROW).unwrap(),
            );
            assert_ne!(first.nonce, second.nonce);
            assert_ne!(first.ciphertext, second.ciphertext);
            assert_eq!(sealer.open(&first, ROW).unwrap().reveal(), text);
        }
    }

    #[test]
    fn old_keys_open_and_the_current_one_seals() {
        let secret = Secret::new("panel-api-key");
        let old = sealer(1, &[1]).seal(&secret, ROW).unwrap();
        let ring = sealer(2, &[1, 2]);
        assert_eq!(ring.open(&old, ROW).unwrap().reveal(), "panel-api-key");
        let new = ring.seal(&secret, ROW).unwrap();
        assert_eq!(new.key_version, 2);
        assert_eq!(
            sealer(1, &[1]).open(&new, ROW).unwrap_err(),
            SealError::UnknownKey
        );
        assert_eq!(KeyRing::new(2, []).err(), Some(UnknownCurrentKey(2)));
    }

    #[test]
    fn a_secret_of_another_row_or_key_version_does_not_open() {
        let ring = sealer(1, &[1, 2]);
        let sealed = ring.seal(&Secret::new("panel-api-key"), ROW).unwrap();
        assert_eq!(
            ring.open(&sealed, "providers.api_key:8").unwrap_err(),
            SealError::Damaged
        );
        let renamed = SealedSecret {
            key_version: 2,
            ..sealed
        };
        assert_eq!(ring.open(&renamed, ROW).unwrap_err(), SealError::Damaged);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let sealer = sealer(1, &[1]);
        let sealed = sealer.seal(&Secret::new("panel-api-key"), ROW).unwrap();
        for bit in 0..sealed.ciphertext.len() * 8 {
            let mut damaged = sealed.clone();
            damaged.ciphertext[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open(&damaged, ROW).unwrap_err(), SealError::Damaged);
        }
        for bit in 0..sealed.nonce.len() * 8 {
            let mut damaged = sealed.clone();
            damaged.nonce[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open(&damaged, ROW).unwrap_err(), SealError::Damaged);
        }
        for length in 0..sealed.ciphertext.len() {
            let cut = SealedSecret {
                ciphertext: sealed.ciphertext[..length].to_vec(),
                ..sealed.clone()
            };
            assert_eq!(sealer.open(&cut, ROW).unwrap_err(), SealError::Damaged);
        }
        for length in [0, 1, 11, 13, 16] {
            let odd = SealedSecret {
                nonce: vec![0; length],
                ..sealed.clone()
            };
            assert_eq!(sealer.open(&odd, ROW).unwrap_err(), SealError::Damaged);
        }
    }
}
