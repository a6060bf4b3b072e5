//! Codes of authenticator apps.

use domain::Secret;
use domain::text::Email;
use ports::two_factor::OneTimeCodes;
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder, Totp};

/// Seconds of a step.
const STEP: u64 = 30;
const DIGITS: u8 = 6;

/// Codes as every authenticator app makes them: RFC 6238 with SHA-1. The key is the UTF-8 text of the secret, which apps
/// are given in base32.
#[derive(Debug, Clone, Copy, Default)]
pub struct TotpCodes;

fn totp(secret: &Secret) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP)
        .with_secret(secret.reveal().as_bytes())
        .build_noncompliant()
}

impl OneTimeCodes for TotpCodes {
    fn matches(&self, secret: &Secret, step: i64, code: &str) -> bool {
        let Ok(step) = u64::try_from(step) else {
            return false;
        };
        let right = totp(secret).generate(step.saturating_mul(STEP)).to_string();
        right.as_bytes().ct_eq(code.as_bytes()).into()
    }

    fn address(&self, secret: &Secret, issuer: &str, account: &Email) -> Secret {
        let (issuer, account) = (encoded(issuer), encoded(account.as_str()));
        let key = totp(secret).secret().to_base32();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={key}&issuer={issuer}&digits={DIGITS}&period={STEP}"
        ))
    }
}

/// Percent-encodes everything that could mean something in an address. A space is `%20`: apps show a plus as such.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 6238, appendix B, for SHA-1; the last six of its eight digits.
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn secret() -> Secret {
        Secret::new("12345678901234567890")
    }

    fn step(seconds: u64) -> i64 {
        i64::try_from(seconds / STEP).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (seconds, code) in VECTORS {
            assert!(TotpCodes.matches(&secret(), step(seconds), code), "{seconds}");
            assert!(
                !TotpCodes.matches(&secret(), step(seconds) + 1, code),
                "{seconds}"
            );
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for odd in ["", "94287082", "28708", "287082 ", "２８７０８２"] {
            assert!(!TotpCodes.matches(&secret(), step(59), odd), "{odd}");
        }
        assert!(!TotpCodes.matches(&secret(), -1, "287082"));
        assert!(!TotpCodes.matches(&Secret::new("12345678901234567891"), step(59), "287082"));
    }

    #[test]
    fn apps_read_who_asks_for_whom() {
        let account = Email::parse("ann+1@example.com").unwrap();
        let address = TotpCodes.address(&secret(), "Panel & Söhne: x", &account);
        // The key is what `base32` of the coreutils prints.
        assert_eq!(
            address.reveal(),
            "otpauth://totp/Panel%20%26%20S%C3%B6hne%3A%20x:ann%2B1%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Panel%20%26%20S%C3%B6hne%3A%20x&digits=6&period=30"
        );
    }
}
