//! Users, from the command line.

use std::io::BufRead;

use anyhow::{Context, bail};
use application::caller::By;
use application::identity::{NewUser, Password};
use domain::identity::Role;
use domain::text::{Email, Name};
use smm_guru::Blueprint;

use crate::cli::{CreateUserArgs, DataArgs, UserCommand};
use crate::{configuration, print_line};

/// Administers users.
pub async fn run(command: &UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create(args) => create(args).await,
        UserCommand::RemoveTwoFactor { email, data } => {
            let email = Email::parse(email).context("--email")?;
            remove_two_factor(&email, data).await
        }
    }
}

async fn remove_two_factor(email: &Email, data: &DataArgs) -> anyhow::Result<()> {
    let settings = configuration::load(data.data.clone(), None)?;
    let system = configuration::open_existing(Blueprint::of(&settings)).await?;
    let two_factor = system.services().identity.two_factor.clone();
    let removed = two_factor.remove_by_address(&By::Operator, email).await;
    system.close().await;
    removed?;
    print_line(&format!("{email} signs in with the password alone from now on"));
    Ok(())
}

async fn create(args: &CreateUserArgs) -> anyhow::Result<()> {
    let (name, email) = (
        Name::parse(&args.name).context("--name")?,
        Email::parse(&args.email).context("--email")?,
    );
    let given = password(args)?;
    let settings = configuration::load(args.data.data.clone(), None)?;
    let system = configuration::open(Blueprint::of(&settings)).await?;
    system.migrate().await?;
    let password = given.clone().unwrap_or_else(|| system.adapters().ids.text_id());
    let new = NewUser {
        name,
        email,
        password: Password::parse(&password).context("the password")?,
        role: match (args.admin, args.moderator) {
            (true, _) => Role::Admin,
            (false, true) => Role::Moderator,
            (false, false) => Role::User,
        },
    };
    let created = system
        .services()
        .identity
        .create_user
        .create(&By::Operator, new)
        .await;
    system.close().await;
    let user = created?;
    print_line(&format!(
        "created {} {} ({})",
        user.role.as_str(),
        user.email,
        user.id
    ));
    if given.is_none() {
        print_line(&format!("password {password}"));
    }
    Ok(())
}

fn password(args: &CreateUserArgs) -> anyhow::Result<Option<String>> {
    if !args.password_stdin {
        return Ok(args.password.clone());
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("the password cannot be read")?;
    match line.trim_end_matches(['\r', '\n']) {
        "" => bail!("standard input holds no password"),
        password => Ok(Some(password.to_owned())),
    }
}
