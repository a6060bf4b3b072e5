//! Users look after their own account.

mod password;
mod profile;
mod sessions;
mod settings;

pub use password::{ChangePassword, ChangePasswordError};
pub use profile::ProfileEdit;
pub use settings::SettingsEdit;

use super::identity_ports::IdentityPorts;
use super::refusals::RefusedSignIns;
use super::throttle::{SignInLimits, Throttle};

/// What users do with their own account.
pub struct OwnAccount {
    ports: IdentityPorts,
    throttle: Throttle,
    refused: RefusedSignIns,
}

impl OwnAccount {
    /// Wires the use cases.
    #[must_use]
    pub fn new(ports: IdentityPorts, limits: SignInLimits) -> Self {
        let throttle = Throttle::new(ports.limiter.clone(), "sign-in", limits);
        let refused = RefusedSignIns::new(ports.clone());
        Self {
            ports,
            throttle,
            refused,
        }
    }
}
