//! The step that signing up and creating a user share.

use domain::identity::{Role, User};
use domain::mail::MailKind;
use domain::text::{Email, Name};
use domain::{Timestamp, UserId};
use ports::mail::NewMail;
use ports::orders::Inserted;
use ports::{IdSource, StoreError, Tx};

use crate::mail::{MailOffice, Note};

/// A user who has no ban, no picture and a fresh id.
pub(super) fn new_user(name: Name, email: Email, role: Role, now: Timestamp, ids: &dyn IdSource) -> User {
    User {
        id: UserId::new(ids.text_id()),
        name,
        email,
        email_verified: false,
        image: None,
        role,
        ban: None,
        second_factor: None,
        created_at: now,
        updated_at: now,
    }
}

/// The mails that a new user gets: a greeting, and a link that proves the address unless it is proven.
pub(super) fn greetings(
    office: &MailOffice,
    user: &User,
    callback: Option<&str>,
) -> Result<Vec<NewMail>, StoreError> {
    let policy = office.policy();
    let mut notes = Vec::new();
    let note = |kind, cause| Note::notice(kind, cause, &user.id, user.email.clone(), user.created_at);
    if policy.verify_on_sign_up && !user.email_verified {
        notes.push(Note {
            callback: callback.map(str::to_owned),
            ..note(MailKind::VerifyAddress, format!("verify-email:{}", user.id))
        });
    }
    if policy.welcome {
        notes.push(note(MailKind::Welcome, format!("welcome:{}", user.id)));
    }
    let mails = notes.into_iter().map(|note| office.prepare_unasked(note));
    let mails: Result<Vec<_>, _> = mails.collect();
    Ok(mails?.into_iter().flatten().collect())
}

/// Inserts a user with password and wallet, unless the address is taken.
pub(super) async fn insert_account(
    tx: &mut dyn Tx,
    user: &User,
    account: &str,
    password_hash: &str,
) -> Result<Inserted, StoreError> {
    if insert_with_wallet(tx, user).await? == Inserted::AlreadyThere {
        return Ok(Inserted::AlreadyThere);
    }
    tx.identity()
        .set_password(account, &user.id, password_hash, user.created_at)
        .await?;
    Ok(Inserted::New)
}

/// Inserts a user whom nothing signs in yet, with a wallet, unless the address is taken.
pub(super) async fn insert_with_wallet(tx: &mut dyn Tx, user: &User) -> Result<Inserted, StoreError> {
    if tx.identity().insert_user(user).await? == Inserted::AlreadyThere {
        return Ok(Inserted::AlreadyThere);
    }
    tx.wallets().create(&user.id, user.created_at).await
}
