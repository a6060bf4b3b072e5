//! Where the links in mails lead: to the configured public address and nowhere else.

use domain::mail::MailKind;

use super::office::Contents;

/// The address under which browsers see us, such as `https://panel.example`. Never what a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress(String);

impl PublicAddress {
    /// `origin` is scheme, host and port.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self(origin.trim_end_matches('/').to_owned())
    }

    /// The address without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the button of a mail leads.
    pub(super) fn link(&self, kind: MailKind, contents: &Contents) -> String {
        let Self(base) = self;
        let token = encoded(&contents.token);
        let page = |unasked: &str| encoded(contents.callback.as_deref().unwrap_or(unasked));
        match kind {
            MailKind::ResetPassword => {
                let page = page("/reset-password");
                format!("{base}/api/auth/reset-password/{token}?callbackURL={page}")
            }
            MailKind::VerifyAddress | MailKind::ChangeAddress | MailKind::ProveNewAddress => {
                format!(
                    "{base}/api/auth/verify-email?token={token}&callbackURL={}",
                    page("/")
                )
            }
            MailKind::DeleteAccount => {
                format!(
                    "{base}/api/auth/delete-user/callback?token={token}&callbackURL={}",
                    page("/")
                )
            }
            MailKind::Welcome
            | MailKind::PasswordChanged
            | MailKind::AddressChanged
            | MailKind::TwoFactorEnabled
            | MailKind::TwoFactorDisabled
            | MailKind::RecoveryCodeUsed
            | MailKind::SignInCode => format!("{base}/"),
        }
    }
}

/// Percent-encodes everything that could mean something in a query or a path.
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

    fn link(kind: MailKind, callback: Option<&str>) -> String {
        let contents = Contents {
            token: "T0".to_owned(),
            callback: callback.map(str::to_owned),
            address: None,
        };
        PublicAddress::new("https://panel.example/").link(kind, &contents)
    }

    #[test]
    fn links_begin_with_the_public_address_and_carry_the_page_encoded() {
        assert_eq!(
            link(MailKind::ResetPassword, None),
            "https://panel.example/api/auth/reset-password/T0?callbackURL=%2Freset-password"
        );
        assert_eq!(
            link(MailKind::VerifyAddress, Some("/a?x=1&token=evil#")),
            "https://panel.example/api/auth/verify-email?token=T0&callbackURL=%2Fa%3Fx%3D1%26token%3Devil%23"
        );
        for kind in MailKind::ALL {
            let link = link(*kind, None);
            assert!(link.starts_with("https://panel.example/"), "{link}");
            assert_eq!(link.contains("T0"), kind.purpose().is_some(), "{link}");
        }
    }
}
