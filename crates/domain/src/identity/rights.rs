//! What staff may do, right by right.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Role, StaffTwoFactor};

/// How long a password that was typed proves that its owner still sits there.
pub const FRESH_FOR: Duration = Duration::from_mins(5);

/// How bad it is if somebody else sits at a browser that was left signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caution {
    /// Not worth a question.
    None,
    /// Worth one, but pages that cannot ask do it.
    Strict,
    /// Worth one.
    Always,
}

/// When somebody who signed in more than [`FRESH_FOR`] ago has to prove again who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reauthentication {
    /// Never.
    Off,
    /// For what the web application's pages do not do.
    #[default]
    Default,
    /// For whatever is worth it.
    Strict,
}

impl Reauthentication {
    /// The least caution for which proof is asked again.
    #[must_use]
    pub const fn least(self) -> Option<Caution> {
        match self {
            Self::Off => None,
            Self::Default => Some(Caution::Always),
            Self::Strict => Some(Caution::Strict),
        }
    }
}

/// What an installation demands of whoever acts, besides the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demands {
    /// When they prove again who they are.
    pub reauthentication: Reauthentication,
    /// Whether staff need a second factor.
    pub staff_two_factor: StaffTwoFactor,
}

impl Demands {
    /// What is demanded unless something else is set.
    pub const USUAL: Self = Self {
        reauthentication: Reauthentication::Default,
        staff_two_factor: StaffTwoFactor::Optional,
    };
    /// The most that can be demanded.
    pub const STRICTEST: Self = Self {
        reauthentication: Reauthentication::Strict,
        staff_two_factor: StaffTwoFactor::Required,
    };
}

/// Has a type for each right, so that the signature of a use case says which one it needs.
pub trait Names: Send + Sync + 'static {
    /// The right.
    const RIGHT: Right;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $variant:ident = $word:literal $caution:ident;)+) => {
        /// A right that staff may have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right { $($(#[$doc])* $variant,)+ }

        impl Right {
            /// Every right.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database, on the wire and in the document.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Whether its holder has to have proven a moment ago who they are.
            #[must_use]
            pub const fn caution(self) -> Caution {
                match self { $(Self::$variant => Caution::$caution),+ }
            }
        }

        /// The rights as types.
        pub mod right {
            use super::{Names, Right};

            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy, PartialEq, Eq)]
                pub struct $variant;

                impl Names for $variant {
                    const RIGHT: Right = Right::$variant;
                }
            )+
        }
    };
}

rights! {
    /// Seeing everybody's orders.
    OrdersRead = "orders.read" None;
    /// Deciding about orders of unknown fate and orders in review.
    OrdersDecide = "orders.decide" None;
    /// Refunding orders.
    OrdersRefund = "orders.refund" None;
    /// Canceling anybody's order.
    OrdersCancel = "orders.cancel" None;
    /// Asking for refills of anybody's order.
    RefillsWrite = "refills.write" None;
    /// Seeing categories and services with what they cost us.
    ServicesRead = "services.read" None;
    /// Arranging categories and services, and setting prices.
    ServicesWrite = "services.write" None;
    /// Seeing providers and what they offer.
    ProvidersRead = "providers.read" None;
    /// Adding, editing and archiving providers, their keys included.
    ProvidersWrite = "providers.write" Strict;
    /// Seeing providers' keys.
    ProvidersReveal = "providers.reveal" Strict;
    /// Seeing users and their sessions.
    UsersRead = "users.read" None;
    /// Creating, banning and removing customers, and ending their sessions.
    UsersWrite = "users.write" Strict;
    /// Giving customers new passwords, and taking their second factors.
    UsersReset = "users.reset" Always;
    /// Acting as a customer.
    UsersImpersonate = "users.impersonate" Always;
    /// Seeing customers' wallets.
    WalletsRead = "wallets.read" None;
    /// Putting money into wallets by hand.
    WalletsAdjust = "wallets.adjust" Always;
    /// Freezing wallets and opening them again.
    WalletsFreeze = "wallets.freeze" None;
    /// Seeing deposits and withdrawals.
    PaymentsRead = "payments.read" None;
    /// Approving and refusing deposits and withdrawals.
    PaymentsApprove = "payments.approve" Always;
    /// Seeing exchange rates, and what became of asking for them.
    RatesRead = "rates.read" None;
    /// Setting exchange rates by hand.
    RatesWrite = "rates.write" Always;
    /// Seeing what became of mails.
    MailsRead = "mails.read" None;
    /// Answering tickets.
    TicketsWrite = "tickets.write" None;
    /// Seeing figures of the whole shop.
    AnalyticsRead = "analytics.read" None;
    /// Changing settings of the shop.
    SettingsWrite = "settings.write" Strict;
    /// Stopping and releasing the sending of orders.
    SubmissionControl = "submission.control" None;
    /// Searching the audit log.
    AuditRead = "audit.read" None;
    /// Giving roles and rights, and changing what belongs to staff. Only administrators have it.
    RightsWrite = "rights.write" Always;
}

impl Right {
    /// What the web application's client library asks about, and the right that answers it.
    const PERMISSIONS: [(&'static str, &'static str, Self); 10] = [
        ("user", "create", Self::UsersWrite),
        ("user", "list", Self::UsersRead),
        ("user", "set-role", Self::RightsWrite),
        ("user", "ban", Self::UsersWrite),
        ("user", "impersonate", Self::UsersImpersonate),
        ("user", "delete", Self::UsersWrite),
        ("user", "set-password", Self::UsersReset),
        ("session", "list", Self::UsersRead),
        ("session", "revoke", Self::UsersWrite),
        ("session", "delete", Self::UsersWrite),
    ];

    /// The right that the client library calls so.
    #[must_use]
    pub fn named(resource: &str, action: &str) -> Option<Self> {
        let found = Self::PERMISSIONS
            .iter()
            .find(|(its, does, _)| *its == resource && *does == action);
        found.map(|(_, _, right)| *right)
    }

    /// Reads a word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.as_str() == word)
    }

    /// Whether a moderator can be given it. Who can give rights is an administrator.
    #[must_use]
    pub const fn can_be_given(self) -> bool {
        !matches!(self, Self::RightsWrite)
    }
}

/// Some rights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights(BTreeSet<Right>);

impl Rights {
    /// What a user of `role` may do who was given `self`.
    #[must_use]
    pub fn of(self, role: Role) -> Self {
        match role {
            Role::Admin => Right::ALL.iter().copied().collect(),
            Role::Moderator => self.iter().filter(|right| right.can_be_given()).collect(),
            Role::User => Self::default(),
        }
    }

    /// Whether `right` is among them.
    #[must_use]
    pub fn has(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    /// One after the other, in the order of [`Right::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Right> {
        self.0.iter().copied()
    }

    /// Their words, separated by commas.
    #[must_use]
    pub fn words(&self) -> String {
        self.iter().map(Right::as_str).collect::<Vec<_>>().join(",")
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<T: IntoIterator<Item = Right>>(rights: T) -> Self {
        Self(rights.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_a_word_of_its_own_of_the_form_noun_verb() {
        for right in Right::ALL {
            let word = right.as_str();
            assert_eq!(Right::from_stored(word), Some(*right), "{word}");
            let (noun, verb) = word.split_once('.').unwrap();
            let is_word = |it: &str| !it.is_empty() && it.chars().all(|c| c.is_ascii_lowercase());
            assert!(is_word(noun) && is_word(verb), "{word}");
        }
        assert_eq!(Right::from_stored("orders"), None);
    }

    #[test]
    fn an_administrator_may_do_everything_a_moderator_what_was_given_and_a_customer_nothing() {
        let given: Rights = [Right::OrdersRead, Right::RightsWrite].into_iter().collect();
        assert!(
            Right::ALL
                .iter()
                .all(|right| Rights::default().of(Role::Admin).has(*right))
        );
        let moderator = given.clone().of(Role::Moderator);
        assert_eq!(moderator.iter().collect::<Vec<_>>(), [Right::OrdersRead]);
        assert_eq!(given.of(Role::User), Rights::default());
    }

    #[test]
    fn the_client_librarys_permissions_are_rights() {
        for (resource, action, right) in Right::PERMISSIONS {
            assert_eq!(Right::named(resource, action), Some(right));
        }
        assert_eq!(Right::named("user", "rename"), None);
        assert_eq!(Right::named("session", "ban"), None);
    }

    #[test]
    fn the_pages_of_the_web_application_never_have_to_ask_again_by_default() {
        let asked = |setting: Reauthentication, right: Right| {
            setting.least().is_some_and(|least| right.caution() >= least)
        };
        for right in [Right::ProvidersWrite, Right::ProvidersReveal, Right::UsersWrite] {
            assert!(!asked(Reauthentication::Default, right) && asked(Reauthentication::Strict, right));
        }
        assert!(asked(Reauthentication::Default, Right::WalletsAdjust));
        assert!(!asked(Reauthentication::Off, Right::WalletsAdjust));
        assert!(!asked(Reauthentication::Strict, Right::OrdersRead));
    }
}
