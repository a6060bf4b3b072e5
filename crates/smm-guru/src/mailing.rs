//! Who carries mails.

use std::sync::Arc;
use std::time::Duration;

use application::mail::{MailOffice, MailPolicy, PublicAddress};
use gateways::{ResendConfig, ResendMailer};
use mail::{NoMailer, PrintingMailer, SmtpConfig, SmtpMailer, SmtpSecurity, Templates};
use ports::mail::Mailer;
use settings::{Carrier, MailSettings, Settings};

use crate::Adapters;
use crate::system::OpenError;

/// What a panel is called that nobody named.
const PROJECT: &str = "SMM Guru";

/// What mails are made with.
#[derive(Debug, Clone)]
pub struct MailSetup {
    /// The name of the panel.
    pub project: String,
    /// Who carries them.
    pub carrier: Carrier,
    /// The sender's address.
    pub from: String,
    /// The time limit of one delivery.
    pub timeout: Duration,
    /// Which are written.
    pub policy: MailPolicy,
}

impl MailSetup {
    pub(crate) fn of(settings: &Settings) -> Self {
        let MailSettings {
            carrier,
            from,
            timeout,
            public_address,
            verify_on_sign_up,
            welcome,
            sign_in_after_verification,
            verification,
        } = settings.mail.clone();
        Self {
            project: settings.project_name.clone(),
            policy: MailPolicy {
                project: settings.project_name.clone(),
                public_address: PublicAddress::new(&public_address),
                has_carrier: !matches!(carrier, Carrier::Nobody),
                verify_on_sign_up,
                welcome,
                sign_in_after_verification,
                verification,
            },
            carrier,
            from,
            timeout,
        }
    }

    /// Nobody carries mails, and none is written that nobody asked for.
    #[must_use]
    pub fn none() -> Self {
        Self {
            project: PROJECT.to_owned(),
            carrier: Carrier::Nobody,
            from: String::new(),
            timeout: Duration::from_secs(20),
            policy: MailPolicy {
                project: PROJECT.to_owned(),
                public_address: PublicAddress::new("http://localhost"),
                has_carrier: false,
                verify_on_sign_up: true,
                welcome: true,
                sign_in_after_verification: false,
                verification: Duration::from_mins(30),
            },
        }
    }

    /// The words of mails.
    #[must_use]
    pub fn templates(&self) -> Templates {
        Templates::new(&self.project)
    }

    /// Who carries mails.
    ///
    /// # Errors
    /// [`OpenError::Mail`] if that cannot be set up.
    pub fn mailer(&self) -> Result<Arc<dyn Mailer>, OpenError> {
        match &self.carrier {
            Carrier::Smtp { .. } => self.smtp(),
            Carrier::Resend { url, key } => {
                let config = ResendConfig {
                    api_url: url.clone(),
                    api_key: key.clone(),
                    from: format!("{} <{}>", display_name(&self.project), self.from),
                    timeout: self.timeout,
                };
                let mailer = ResendMailer::new(config);
                Ok(Arc::new(
                    mailer.map_err(|error| OpenError::Mail(error.to_string()))?,
                ))
            }
            Carrier::Log => Ok(Arc::new(PrintingMailer)),
            Carrier::Nobody => Ok(Arc::new(NoMailer)),
        }
    }

    fn smtp(&self) -> Result<Arc<dyn Mailer>, OpenError> {
        let Carrier::Smtp {
            host,
            port,
            security,
            login,
            extra_roots,
        } = self.carrier.clone()
        else {
            return Ok(Arc::new(NoMailer));
        };
        let mailer = SmtpMailer::new(SmtpConfig {
            host,
            port,
            security: match security {
                settings::SmtpSecurity::StartTls => SmtpSecurity::StartTls,
                settings::SmtpSecurity::Tls => SmtpSecurity::Tls,
                settings::SmtpSecurity::Plain => SmtpSecurity::Plain,
            },
            login,
            extra_roots,
            timeout: self.timeout,
            from: (self.project.clone(), self.from.clone()),
        });
        Ok(Arc::new(
            mailer.map_err(|error| OpenError::Mail(error.to_string()))?,
        ))
    }
}

/// Without what would end it.
fn display_name(project: &str) -> String {
    project.replace(|it: char| it.is_control() || "<>\",;:@".contains(it), " ")
}

/// The office that writes mails down.
pub fn office(ports: &Adapters) -> MailOffice {
    MailOffice::new(ports.sealer.clone(), ports.ids.clone(), ports.mail_policy.clone())
}
