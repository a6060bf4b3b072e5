//! Mails, from the command line.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use crypto::RandomIds;
use domain::Secret;
use domain::mail::MailKind;
use domain::text::{Email, Name};
use ports::IdSource;
use ports::mail::{Delivery, Letter, Mail, MailRenderer, Rendered};
use smm_guru::{Blueprint, MailSetup};

use crate::cli::MailCommand;
use crate::{configuration, print_line};

/// Previews or tries; whether it went well.
pub async fn run(command: &MailCommand) -> anyhow::Result<bool> {
    let settings = configuration::load(None, None)?;
    let setup = Blueprint::of(&settings).mail;
    match command {
        MailCommand::Preview { template, to } => preview(&setup, template.as_deref(), to.as_deref()),
        MailCommand::Test { address } => test(&setup, address).await,
    }
}

fn preview(setup: &MailSetup, template: Option<&str>, to: Option<&Path>) -> anyhow::Result<bool> {
    let kinds = match template {
        None => MailKind::ALL.to_vec(),
        Some(word) => vec![known(word)?],
    };
    for kind in kinds {
        let mail = rendered(setup, kind)?;
        match to {
            Some(folder) => write(folder, kind, &mail)?,
            None => print_line(&format!("Subject: {}\n\n{}", mail.subject, mail.text)),
        }
    }
    Ok(true)
}

fn known(word: &str) -> anyhow::Result<MailKind> {
    let Some(kind) = MailKind::from_stored(word) else {
        let words: Vec<&str> = MailKind::ALL.iter().map(|kind| kind.as_str()).collect();
        bail!("there is no mail `{word}`; there are {}", words.join(", "));
    };
    Ok(kind)
}

fn rendered(setup: &MailSetup, kind: MailKind) -> anyhow::Result<Rendered> {
    let letter = Letter {
        kind,
        lifetime: setup.policy.lifetime(kind),
        name: Name::parse("Alice Example")?,
        link: format!("{}/preview", setup.policy.public_address.as_str()),
        new_address: Some(Email::parse("alice@new.example.com")?),
        code: Some(Secret::new("123456")),
    };
    Ok(setup.templates().render(&letter)?)
}

fn write(folder: &Path, kind: MailKind, mail: &Rendered) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (ending, text) in [("html", &mail.html), ("txt", &mail.text)] {
        let file = folder.join(format!("{}.{ending}", kind.as_str()));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        print_line(&file.display().to_string());
    }
    Ok(())
}

async fn test(setup: &MailSetup, address: &str) -> anyhow::Result<bool> {
    let to = Email::parse(address).context("the address")?;
    let mailer = setup.mailer()?;
    match mailer.check().await {
        Ok(what) => print_line(&what),
        Err(problem) => bail!("{problem}; set SMTP_HOST or RESEND_API_KEY, with AUTH_DELIVERY_EMAIL"),
    }
    let mail = Mail {
        key: format!("test:{}", RandomIds.text_id()),
        to,
        content: rendered(setup, MailKind::Welcome)?,
    };
    Ok(match mailer.send(&mail).await {
        Delivery::Accepted => {
            print_line("The mail was taken. Look whether it arrived, and where.");
            true
        }
        Delivery::Refused(reason) => {
            print_line(&format!("REFUSED: {reason}"));
            false
        }
        Delivery::TryLater { reason, .. } => {
            print_line(&format!("NOT TAKEN: {reason}"));
            false
        }
    })
}
