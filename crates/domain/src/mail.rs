//! Mails to users: their kinds, how long they are of use, and when a delivery that failed is tried again.

use std::time::Duration;

use crate::identity::CODE_WITHIN;

const MINUTE: Duration = Duration::from_mins(1);
/// How long links work.
const LINK: Duration = Duration::from_mins(30);
const HOUR: Duration = Duration::from_hours(1);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored word, which is also the word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the stored word.
            #[must_use]
            pub fn from_stored(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == word)
            }
        }
    };
}

words! {
    /// What a mail is about.
    MailKind {
        /// Proves that an address is the user's.
        VerifyAddress = "verify_address",
        /// Lets somebody who forgot the password choose another.
        ResetPassword = "reset_password",
        /// Greets a new user.
        Welcome = "welcome",
        /// Asks at the old address whether the user really moves to another.
        ChangeAddress = "change_address",
        /// Asks at the new address whether it is the user's, before the account has it.
        ProveNewAddress = "prove_new_address",
        /// Asks whether the account is really to be deleted.
        DeleteAccount = "delete_account",
        /// Says that the password was changed.
        PasswordChanged = "password_changed",
        /// Says at the old address that the account has another one now.
        AddressChanged = "address_changed",
        /// Says that signing in takes a second factor from now on.
        TwoFactorEnabled = "two_factor_enabled",
        /// Says that signing in takes no second factor any more.
        TwoFactorDisabled = "two_factor_disabled",
        /// Says that a recovery code was used.
        RecoveryCodeUsed = "recovery_code_used",
        /// Carries a code to sign in with.
        SignInCode = "sign_in_code",
    }
}

words! {
    /// How far a mail got.
    MailState {
        /// It is to be sent.
        Waiting = "waiting",
        /// The mail server took it.
        Delivered = "delivered",
        /// The mail server refused it for good.
        Refused = "refused",
        /// Nobody took it while it was of use.
        GivenUp = "given_up",
        /// There was nobody to send it to.
        Dropped = "dropped",
    }
}

words! {
    /// What a token that was mailed is good for. A token is good for one thing only.
    TokenPurpose {
        /// Proving an address.
        VerifyAddress = "verify-email",
        /// Choosing another password.
        ResetPassword = "reset-password",
        /// Agreeing to another address.
        ChangeAddress = "change-email",
        /// Moving to another address, which this proves.
        ProveNewAddress = "new-email",
        /// Deleting the account.
        DeleteAccount = "delete-account",
    }
}

impl MailKind {
    /// How long the mail is of use after it was caused, and its link with it, unless the operator says otherwise. Nobody tries
    /// to deliver it later than that. Whoever can read a link can be somebody else, so none works for longer than half an hour.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::ResetPassword
            | Self::ChangeAddress
            | Self::ProveNewAddress
            | Self::VerifyAddress
            | Self::DeleteAccount => LINK,
            Self::SignInCode => CODE_WITHIN,
            Self::Welcome
            | Self::PasswordChanged
            | Self::AddressChanged
            | Self::TwoFactorEnabled
            | Self::TwoFactorDisabled
            | Self::RecoveryCodeUsed => Duration::from_hours(72),
        }
    }

    /// What the token in its link is good for, if it has one.
    #[must_use]
    pub const fn purpose(self) -> Option<TokenPurpose> {
        match self {
            Self::VerifyAddress => Some(TokenPurpose::VerifyAddress),
            Self::ResetPassword => Some(TokenPurpose::ResetPassword),
            Self::ChangeAddress => Some(TokenPurpose::ChangeAddress),
            Self::ProveNewAddress => Some(TokenPurpose::ProveNewAddress),
            Self::DeleteAccount => Some(TokenPurpose::DeleteAccount),
            Self::Welcome
            | Self::PasswordChanged
            | Self::AddressChanged
            | Self::TwoFactorEnabled
            | Self::TwoFactorDisabled
            | Self::RecoveryCodeUsed
            | Self::SignInCode => None,
        }
    }
}

/// How long a mail waits after so many deliveries failed: quick at first, because somebody sits and waits for it.
#[must_use]
pub const fn pause_after(attempts: u32) -> Duration {
    match attempts {
        0 | 1 => Duration::from_secs(5),
        2 => Duration::from_secs(30),
        3 => Duration::from_mins(2),
        4 => Duration::from_mins(5),
        5 | 6 => Duration::from_mins(15),
        _ => HOUR,
    }
}

/// A time limit in words for a reader: `1 hour`, `30 minutes`.
#[must_use]
pub fn in_words(limit: Duration) -> String {
    let is_hours = limit >= HOUR && limit.as_secs().is_multiple_of(HOUR.as_secs());
    let (number, unit) = if is_hours {
        (limit.as_secs() / HOUR.as_secs(), "hour")
    } else {
        ((limit.as_secs() / MINUTE.as_secs()).max(1), "minute")
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_no_two_are_alike() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::from_stored(kind.as_str()), Some(*kind));
        }
        for state in MailState::ALL {
            assert_eq!(MailState::from_stored(state.as_str()), Some(*state));
        }
        for purpose in TokenPurpose::ALL {
            assert_eq!(TokenPurpose::from_stored(purpose.as_str()), Some(*purpose));
        }
        assert_eq!(MailKind::from_stored("newsletter"), None);
    }

    #[test]
    fn pauses_grow_and_a_reset_mail_is_tried_at_least_six_times_in_its_half_hour() {
        let pauses: Vec<Duration> = (1..20).map(pause_after).collect();
        assert!(pauses.is_sorted());
        let six: Duration = pauses.iter().take(5).sum();
        assert!(six < MailKind::ResetPassword.lifetime());
    }

    #[test]
    fn no_link_works_for_longer_than_half_an_hour() {
        for kind in MailKind::ALL.iter().filter(|kind| kind.purpose().is_some()) {
            assert!(kind.lifetime() <= MINUTE * 30, "{kind:?}");
        }
    }

    #[test]
    fn a_limit_is_told_as_people_say_it() {
        assert_eq!(in_words(HOUR), "1 hour");
        assert_eq!(in_words(HOUR * 24), "24 hours");
        assert_eq!(in_words(MINUTE * 90), "90 minutes");
        assert_eq!(in_words(MINUTE * 30), "30 minutes");
        assert_eq!(in_words(Duration::from_secs(61)), "1 minute");
    }
}
