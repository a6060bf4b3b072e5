//! Heads that are kept elsewhere, signed.

use std::sync::Arc;

use domain::audit::{Head, NoHead};
use ports::crypto::CookieSigner;

/// Keeps what is signed here apart from everything else that the same key signs.
const LABEL: &str = "audit-head ";

/// Why a text is no head of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadRefused {
    /// It is no head.
    #[error(transparent)]
    NoHead(#[from] NoHead),
    /// Somebody wrote it who does not have our key, or had another one.
    #[error("the signature of the head is not ours; give the part before the dot to compare it without")]
    Forged,
}

/// Signs heads, written `sequence:hash.signature`. Whoever can change what is kept elsewhere, and even the database, still
/// lacks the key.
#[derive(Clone)]
pub struct HeadSigner {
    signer: Arc<dyn CookieSigner>,
}

impl HeadSigner {
    /// A signer with the key of `signer`.
    #[must_use]
    pub fn new(signer: Arc<dyn CookieSigner>) -> Self {
        Self { signer }
    }

    /// The head with its signature.
    #[must_use]
    pub fn sign(&self, head: &Head) -> String {
        let signed = self.signer.sign(&format!("{LABEL}{head}"));
        signed.strip_prefix(LABEL).unwrap_or_default().to_owned()
    }

    /// Reads a head. One without a signature is as good as the place where it was kept.
    ///
    /// # Errors
    /// [`HeadRefused`].
    pub fn read(&self, text: &str) -> Result<Head, HeadRefused> {
        let text = text.trim();
        if !text.contains('.') {
            return Ok(Head::parse(text)?);
        }
        let signed = self.signer.verify(&format!("{LABEL}{text}"));
        let signed = signed.ok_or(HeadRefused::Forged)?;
        Ok(Head::parse(signed.strip_prefix(LABEL).unwrap_or_default())?)
    }
}
