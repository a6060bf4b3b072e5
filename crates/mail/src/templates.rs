//! The words of every mail. Each kind has a heading, sentences and perhaps a button; two templates in `templates/` put
//! them into text and into HTML, where whatever users wrote is escaped.

use askama::Template;
use domain::Secret;
use domain::mail::{MailKind, in_words};
use ports::mail::{Letter, MailRenderer, RenderError, Rendered};

/// The words of mails, in the name of a project.
#[derive(Debug, Clone)]
pub struct Templates {
    project: String,
}

impl Templates {
    /// `project` is the name of the panel.
    #[must_use]
    pub fn new(project: &str) -> Self {
        // It becomes a part of headers.
        let project = project.replace(|c: char| c.is_control(), " ");
        Self { project }
    }
}

impl MailRenderer for Templates {
    fn render(&self, letter: &Letter) -> Result<Rendered, RenderError> {
        let words = words(letter, &self.project);
        let failed = |error: askama::Error| RenderError(error.to_string());
        let text = Text {
            project: &self.project,
            name: letter.name.as_str(),
            link: &letter.link,
            words: &words,
        };
        let html = Html {
            project: &self.project,
            name: letter.name.as_str(),
            link: &letter.link,
            words: &words,
        };
        Ok(Rendered {
            text: text.render().map_err(failed)?,
            html: html.render().map_err(failed)?,
            subject: words.subject,
        })
    }
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    project: &'a str,
    name: &'a str,
    link: &'a str,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    project: &'a str,
    name: &'a str,
    link: &'a str,
    words: &'a Words,
}

/// What differs from kind to kind.
struct Words {
    subject: String,
    before: Vec<String>,
    /// What the button says.
    button: &'static str,
    after: Vec<String>,
}

const NOT_YOU: &str = "If this was not you, choose another password now and write to our support.";

fn words(letter: &Letter, project: &str) -> Words {
    let limit = in_words(letter.lifetime);
    let once = format!("The link works once, within {limit}.");
    let (subject, before, button, after) = match letter.kind {
        MailKind::VerifyAddress => (
            "Verify your email address".to_owned(),
            vec![format!(
                "Please confirm that this is your email address at {project}."
            )],
            "Verify email address",
            vec![once, "If you did not sign up, ignore this mail.".to_owned()],
        ),
        MailKind::ResetPassword => (
            "Reset your password".to_owned(),
            vec![format!(
                "Somebody, hopefully you, forgot the password of your account at {project}."
            )],
            "Choose a new password",
            vec![
                once,
                "If it was not you, ignore this mail: your password stays as it is.".to_owned(),
            ],
        ),
        MailKind::Welcome => (
            format!("Welcome to {project}"),
            vec!["Your account and your wallet are ready.".to_owned()],
            "Open your account",
            Vec::new(),
        ),
        MailKind::ChangeAddress | MailKind::ProveNewAddress | MailKind::DeleteAccount => {
            return question(letter, project, once);
        }
        MailKind::SignInCode => return code(letter, project, &limit),
        MailKind::PasswordChanged
        | MailKind::AddressChanged
        | MailKind::TwoFactorEnabled
        | MailKind::TwoFactorDisabled
        | MailKind::RecoveryCodeUsed => return notice(letter.kind, project),
    };
    Words {
        subject,
        before,
        button,
        after,
    }
}

fn code(letter: &Letter, project: &str, limit: &str) -> Words {
    let code = letter.code.as_ref().map_or("", Secret::reveal);
    Words {
        subject: "Your code to sign in".to_owned(),
        before: vec![
            format!(
                "Somebody who knows your password is signing in to your account at {project}. The code is:"
            ),
            code.to_owned(),
        ],
        button: "Open your account",
        after: vec![
            format!("The code works once, within {limit}, where it was asked for. Give it to nobody."),
            NOT_YOU.to_owned(),
        ],
    }
}

/// Asks whether the account is to have another address, or to be deleted.
fn question(letter: &Letter, project: &str, once: String) -> Words {
    let stay = format!("If it was not you, do not follow the link. {NOT_YOU}");
    let (subject, before, button, otherwise) = match letter.kind {
        MailKind::ChangeAddress => {
            let new = letter.new_address.as_ref();
            let new = new.map_or("another address", |address| address.as_str());
            (
                "Confirm your new email address",
                format!(
                    "Somebody who is signed in to your account wants to change its email address to {new}."
                ),
                "Change the address",
                stay,
            )
        }
        MailKind::ProveNewAddress => (
            "Verify your new email address",
            format!(
                "Please confirm that your account at {project} is to use this email address. Open the link in the browser in \
                 which you are signed in."
            ),
            "Use this email address",
            "If you have no account there, ignore this mail.".to_owned(),
        ),
        _ => (
            "Confirm that your account is to be deleted",
            format!(
                "Somebody who is signed in to your account at {project} wants to delete it. This cannot be undone."
            ),
            "Delete the account",
            stay,
        ),
    };
    Words {
        subject: subject.to_owned(),
        before: vec![before],
        button,
        after: vec![once, otherwise],
    }
}

fn notice(kind: MailKind, project: &str) -> Words {
    let (subject, said) = match kind {
        MailKind::AddressChanged => (
            "Your email address was changed",
            format!("Your account at {project} does not use this email address any more."),
        ),
        MailKind::TwoFactorEnabled => (
            "Two-factor authentication is on",
            format!("Signing in to your account at {project} takes a code from now on."),
        ),
        MailKind::TwoFactorDisabled => (
            "Two-factor authentication is off",
            format!("Signing in to your account at {project} takes no code any more."),
        ),
        MailKind::RecoveryCodeUsed => (
            "A recovery code was used",
            format!(
                "One of the recovery codes of your account at {project} was used to sign in. It does not work again, and every \
                 other device was signed out."
            ),
        ),
        _ => (
            "Your password was changed",
            format!("The password of your account at {project} was changed."),
        ),
    };
    Words {
        subject: subject.to_owned(),
        before: vec![said],
        button: "Open your account",
        after: vec![NOT_YOU.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use domain::text::{Email, Name};

    use super::*;

    fn rendered(kind: MailKind, name: &str) -> Rendered {
        let letter = Letter {
            kind,
            lifetime: kind.lifetime(),
            name: Name::from_stored(name),
            link: "https://panel.example/x?token=T0&callbackURL=%2F".to_owned(),
            new_address: Some(Email::from_stored("o'hara&co@example.com")),
            code: Some(Secret::new("471108")),
        };
        Templates::new("Panel & Sons\r\nBcc: x").render(&letter).unwrap()
    }

    #[test]
    fn every_kind_has_a_subject_of_one_line_the_readers_name_and_the_link_in_both_forms() {
        let mut subjects = std::collections::BTreeSet::new();
        for kind in MailKind::ALL {
            let mail = rendered(*kind, "Ann");
            assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
            assert!(
                mail.text.contains("Ann")
                    && mail
                        .text
                        .contains("https://panel.example/x?token=T0&callbackURL=%2F")
            );
            assert!(mail.html.contains("Ann") && mail.html.contains("token=T0"));
            assert!(subjects.insert(mail.subject));
        }
    }

    #[test]
    fn what_a_user_wrote_is_text_and_never_markup() {
        let name = "<script>alert(1)</script> \"quoted\" & 'so'";
        for kind in MailKind::ALL {
            let mail = rendered(*kind, name);
            assert!(!mail.html.contains("<script>"), "{}", mail.html);
            assert!(!mail.html.contains("o'hara&co"), "{}", mail.html);
            assert!(mail.text.contains(name), "text is not escaped: {}", mail.text);
        }
    }

    #[test]
    fn a_code_stands_in_the_mail_that_carries_it_and_in_no_other_nor_in_a_subject() {
        for kind in MailKind::ALL {
            let mail = rendered(*kind, "Ann");
            for text in [&mail.text, &mail.html] {
                assert_eq!(text.contains("471108"), *kind == MailKind::SignInCode, "{text}");
            }
            assert!(!mail.subject.contains("471108"));
        }
    }

    #[test]
    fn a_link_says_how_long_it_works() {
        assert!(
            rendered(MailKind::ResetPassword, "Ann")
                .text
                .contains("within 30 minutes")
        );
        assert!(
            rendered(MailKind::VerifyAddress, "Ann")
                .text
                .contains("within 30 minutes")
        );
    }
}
