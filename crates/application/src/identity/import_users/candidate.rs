//! What of a user of the other application can be taken over.

use domain::identity::{Ban, Role, Session, SessionKind, User};
use domain::text::{Email, Link, Name};
use domain::{Money, Secret, SessionId, Timestamp, UserId};
use ports::crypto::PasswordHasher;
use ports::import::{SourceSession, SourceUser, SourceWallet};

use super::ImportOptions;

/// The longest id of a user, in characters.
const ID_MAX_CHARS: usize = 128;
/// The provider of passwords.
const CREDENTIAL: &str = "credential";
/// What wallets hold here.
const CURRENCY: &str = "USD";

/// A user as they will be here.
pub(super) struct Candidate {
    pub user: User,
    pub password: Option<String>,
    /// Providers, and what names the user there.
    pub links: Vec<(String, String)>,
    pub sessions: Vec<(Session, Secret)>,
    /// Above zero.
    pub balance: Option<Money>,
    pub is_frozen: bool,
    /// What was not taken over as it was.
    pub notes: Vec<String>,
}

impl Candidate {
    /// Reads a user. `Err` says why nothing can be taken over.
    pub(super) fn of(
        source: &SourceUser,
        options: ImportOptions,
        hasher: &dyn PasswordHasher,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut notes = Vec::new();
        let user = user(source, now, &mut notes)?;
        let (password, links) = ways_in(source, hasher, &mut notes);
        let sessions = if options.sessions && !user.is_banned(now) {
            let open = source
                .sessions
                .iter()
                .filter(|it| it.expires_at > now && !it.is_impersonation);
            open.map(|it| session(it, &user)).collect()
        } else {
            Vec::new()
        };
        let wallet = source.wallet.as_ref().filter(|_| options.balances);
        Ok(Self {
            balance: wallet.and_then(|wallet| balance(wallet, &mut notes)),
            is_frozen: wallet.is_some_and(|wallet| wallet.status.as_deref().is_some_and(|it| it != "active")),
            user,
            password,
            links,
            sessions,
            notes,
        })
    }
}

fn user(source: &SourceUser, now: Timestamp, notes: &mut Vec<String>) -> Result<User, String> {
    let id = &source.id;
    if id.is_empty()
        || id.chars().count() > ID_MAX_CHARS
        || id.chars().any(|it| it.is_whitespace() || it.is_control())
    {
        return Err(format!(
            "the id must have 1 to {ID_MAX_CHARS} characters without white space"
        ));
    }
    let address = source.email.as_deref().unwrap_or_default();
    let email = Email::parse(address).map_err(|error| format!("the address {error}"))?;
    let name = source.name.as_deref().map(Name::parse);
    let name = match name {
        Some(Ok(name)) => name,
        Some(Err(_)) | None => {
            notes.push("the name cannot be used; the address stands for it".to_owned());
            let local = email.as_str().split('@').next().unwrap_or_default();
            Name::parse(local).map_err(|error| format!("the name {error}"))?
        }
    };
    let role = source.role.as_deref().map_or(Ok(Role::User), Role::parse);
    let role = role.unwrap_or_else(|_| {
        notes.push("the role is unknown here; the user is a customer".to_owned());
        Role::User
    });
    if source.second_factor {
        let note = "two-factor authentication was on there and is off here until the user turns it on again";
        notes.push(note.to_owned());
    }
    let image = source.image.as_deref().and_then(|image| {
        let checked = Link::parse(image);
        if checked.is_err() {
            notes.push("the picture's address cannot be used".to_owned());
        }
        checked.ok().map(String::from)
    });
    Ok(User {
        id: UserId::new(id.as_str()),
        name,
        email,
        email_verified: source.email_verified,
        second_factor: None,
        image,
        role,
        ban: source.banned.then(|| Ban {
            reason: source.ban_reason.clone(),
            until: source.ban_expires,
        }),
        created_at: source.created_at.unwrap_or(now),
        updated_at: now,
    })
}

/// The hash of the password, and accounts elsewhere.
///
/// The other application linked accounts elsewhere to an address that nobody had proven. Whoever chose the password there
/// may not be the owner of the address, who signs in with the account elsewhere: the password is left behind.
fn ways_in(
    source: &SourceUser,
    hasher: &dyn PasswordHasher,
    notes: &mut Vec<String>,
) -> (Option<String>, Vec<(String, String)>) {
    let (own, elsewhere): (Vec<_>, Vec<_>) = source
        .accounts
        .iter()
        .partition(|account| account.provider == CREDENTIAL);
    let mut links: Vec<(String, String)> = Vec::new();
    for account in elsewhere {
        let link = (account.provider.clone(), account.account.clone());
        if !links.contains(&link) {
            links.push(link);
        }
    }
    let mut password = own.iter().find_map(|account| account.password.clone());
    if password.as_deref().is_some_and(|hash| !hasher.knows(hash)) {
        notes.push("the password's hash is of no known form; a reset gives a new one".to_owned());
        password = None;
    }
    if password.is_some() && !links.is_empty() && !source.email_verified {
        let note =
            "the password is left behind: the address was never proven, and an account elsewhere signs in";
        notes.push(note.to_owned());
        password = None;
    }
    if password.is_none() && links.is_empty() {
        notes.push("nothing signs the user in; a reset gives a password".to_owned());
    }
    (password, links)
}

fn session(source: &SourceSession, user: &User) -> (Session, Secret) {
    let session = Session {
        id: SessionId::new(source.id.as_str()),
        user: user.id.clone(),
        kind: SessionKind::Browser,
        expires_at: source.expires_at,
        ip_address: source.ip_address.clone(),
        user_agent: source.user_agent.clone(),
        impersonated_by: None,
        authenticated_at: source.created_at,
        created_at: source.created_at,
        updated_at: source.updated_at,
    };
    (session, source.token.clone())
}

fn balance(wallet: &SourceWallet, notes: &mut Vec<String>) -> Option<Money> {
    let currency = wallet.currency.as_deref().unwrap_or(CURRENCY);
    let amount = Money::parse(&wallet.balance);
    let left = match amount {
        Err(error) => Some(error.to_string()),
        Ok(amount) if amount == Money::ZERO => return None,
        Ok(amount) if !amount.is_positive() => Some("it is below zero".to_owned()),
        Ok(_) if currency != CURRENCY => Some(format!("it is not in {CURRENCY}")),
        Ok(_) => None,
    };
    if let Some(why) = left {
        notes.push(format!(
            "the balance of {} {currency} is left behind: {why}",
            wallet.balance
        ));
        return None;
    }
    amount.ok()
}
