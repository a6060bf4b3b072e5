//! Who watches what.

use domain::UserId;
use domain::identity::Right;
use domain::identity::right::{OrdersRead, WalletsRead};

use super::board::What;
use crate::caller::{Caller, Denied};

/// Whose things somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sees {
    Nothing,
    Own,
    Everybodys,
}

/// Somebody who watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watcher {
    user: UserId,
    orders: Sees,
    wallets: Sees,
}

impl Watcher {
    /// Sees what is their own.
    #[must_use]
    pub fn of_own(caller: &Caller) -> Self {
        Self {
            user: caller.user().id.clone(),
            orders: Sees::Own,
            wallets: Sees::Own,
        }
    }

    /// Sees everybody's orders and wallets, as far as they have the rights.
    ///
    /// # Errors
    /// [`Denied`] if they have neither right.
    pub fn of_all(caller: &Caller) -> Result<Self, Denied> {
        let sees = |is_allowed: bool| {
            if is_allowed {
                Sees::Everybodys
            } else {
                Sees::Nothing
            }
        };
        let orders = caller.rights().has(Right::OrdersRead);
        let wallets = caller.rights().has(Right::WalletsRead);
        // Whatever else is demanded of staff is demanded here too.
        if orders || !wallets {
            caller.with::<OrdersRead>()?;
        }
        if wallets {
            caller.with::<WalletsRead>()?;
        }
        Ok(Self {
            user: caller.user().id.clone(),
            orders: sees(orders),
            wallets: sees(wallets),
        })
    }

    /// Whether they may still watch what they watch, as they are now.
    pub(super) fn may_still(&self, caller: &Caller) -> bool {
        let now = if self.is_staff() {
            Self::of_all(caller)
        } else {
            Ok(Self::of_own(caller))
        };
        now.as_ref() == Ok(self)
    }

    /// Who they are.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// Whether they see more than what is their own.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.orders != Sees::Own
    }

    pub(super) fn sees(&self, what: &What) -> bool {
        match what {
            What::Order(news) => match self.orders {
                Sees::Nothing => false,
                Sees::Own => news.user == self.user && news.kind.concerns_customer(),
                Sees::Everybodys => true,
            },
            What::Wallet(news) => match self.wallets {
                Sees::Nothing => false,
                Sees::Own => news.user == self.user,
                Sees::Everybodys => true,
            },
        }
    }
}
