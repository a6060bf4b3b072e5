//! Passwords, tokens, signatures and secrets at rest.
//!
//! Every type here implements a port, so that nothing else in the workspace names a cipher or a hash function. Secrets
//! are compared in constant time, and no function panics on input of any shape.

mod access;
mod cookies;
mod ids;
mod one_time;
mod passwords;
mod sealing;
mod tokens;

pub use access::JwtSigner;
pub use cookies::HmacCookieSigner;
pub use ids::RandomIds;
pub use one_time::TotpCodes;
pub use passwords::{Argon2Hasher, HashingCost, HashingRoom, InvalidCost};
pub use sealing::{AesGcmSealer, KeyRing, UnknownCurrentKey};
pub use tokens::Sha256Digester;
