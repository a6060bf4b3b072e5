//! Paytm's signature of a text, as its own library `paytmchecksum` computes it: the SHA-256 of the text, a bar and a salt,
//! in hexadecimal digits, and the salt behind it, encrypted with AES-128 in CBC mode under the merchant's key and a fixed vector.
//! The tests hold signatures that version 1.5.1 of that library made.

use std::fmt::Write;

use aes::Aes128;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use domain::Secret;
use sha2::{Digest, Sha256};

const KEY_BYTES: usize = 16;
const VECTOR: &[u8; KEY_BYTES] = b"@@@@&&&&####$$$$";
const SALT_BYTES: usize = 4;
/// Longer than any signature is.
const SIGNATURE_MAX: usize = 512;

/// What a merchant and Paytm both know.
pub(super) struct MerchantKey([u8; KEY_BYTES]);

impl MerchantKey {
    /// `None` if it has another length.
    pub(super) fn new(key: &Secret) -> Option<Self> {
        key.reveal().as_bytes().try_into().ok().map(Self)
    }

    /// The signature of `text` with a salt of four characters.
    pub(super) fn sign(&self, text: &str, salt: &str) -> String {
        let plain = salted(text, salt);
        let cipher = cbc::Encryptor::<Aes128>::new((&self.0).into(), VECTOR.into());
        STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(plain.as_bytes()))
    }

    /// Whether `signature` is one of `text`.
    pub(super) fn is_of(&self, signature: &str, text: &str) -> bool {
        if signature.len() > SIGNATURE_MAX {
            return false;
        }
        let Ok(sealed) = STANDARD.decode(signature) else {
            return false;
        };
        let cipher = cbc::Decryptor::<Aes128>::new((&self.0).into(), VECTOR.into());
        let Ok(plain) = cipher.decrypt_padded_vec::<Pkcs7>(&sealed) else {
            return false;
        };
        let Some(salt) = plain.len().checked_sub(SALT_BYTES).and_then(|at| plain.get(at..)) else {
            return false;
        };
        let Ok(salt) = std::str::from_utf8(salt) else {
            return false;
        };
        is_equal(salted(text, salt).as_bytes(), &plain)
    }
}

fn salted(text: &str, salt: &str) -> String {
    let digest = Sha256::new()
        .chain_update(text)
        .chain_update("|")
        .chain_update(salt)
        .finalize();
    let mut salted = String::with_capacity(2 * digest.len() + salt.len());
    for byte in digest {
        // Writing to a text cannot fail.
        let _ = write!(salted, "{byte:02x}");
    }
    salted.push_str(salt);
    salted
}

/// In the same time wherever they differ.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |all, (one, other)| all | (one ^ other))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "HsKuY%63DZkHISOz";
    const TEXT: &str = r#"{"mid":"INTEGR7769XXXXXX9383","orderId":"OREDRID_98765"}"#;
    /// Made by the original implementation.
    const SIGNATURES: [(&str, &str); 3] = [
        (
            TEXT,
            "66F/XGExK7nE3DTeVHR9v3yDPyqm1KzPod0hJ5qelueTloJG7H4SSEae8oY1nBXk11+V//EwF7ALn45HxY9MK+OJ3IO+F2J4tHJZJxrPqAQ=",
        ),
        (
            TEXT,
            "dcfEe2vK4jNyJHHmbXL/bi/6mdUKWQrYKrxO1zQzH22IoegfH8eiHwMWtV4UiCX+MsDyXZMkKEGHjbMsM0dggR77NO2ozawvy1KK/FIji4w=",
        ),
        (
            r#"{"mid":"M"}"#,
            "3kdWn39SUaDbhfXBGwOyGIoi/NX8OXVoUvtcj5DY/LRhn4pw+qEh37R//VASFL4I3BbLLkrj/5UmoU4cNTKKO6vXGvlXTxRXylTVEIKWQVc=",
        ),
    ];

    fn key() -> MerchantKey {
        MerchantKey::new(&Secret::new(KEY)).unwrap()
    }

    #[test]
    fn signatures_of_the_original_implementation_verify_and_are_made_again() {
        for (text, signature) in SIGNATURES {
            assert!(key().is_of(signature, text));
            let cipher = cbc::Decryptor::<Aes128>::new((&key().0).into(), VECTOR.into());
            let plain = cipher
                .decrypt_padded_vec::<Pkcs7>(&STANDARD.decode(signature).unwrap())
                .unwrap();
            let salt = String::from_utf8(plain[plain.len() - 4..].to_vec()).unwrap();
            assert_eq!(key().sign(text, &salt), signature);
        }
    }

    #[test]
    fn another_text_key_or_signature_does_not_verify() {
        let signature = key().sign(TEXT, "a+/9");
        assert!(key().is_of(&signature, TEXT));
        assert!(!key().is_of(&signature, &TEXT.replace('5', "6")));
        let other = MerchantKey::new(&Secret::new("HsKuY%63DZkHISOy")).unwrap();
        assert!(!other.is_of(&signature, TEXT));
        for odd in ["", "x", "AAAA", &signature[4..], &"A".repeat(10_000)] {
            assert!(!key().is_of(odd, TEXT), "{odd}");
        }
        assert!(MerchantKey::new(&Secret::new("short")).is_none());
    }
}
