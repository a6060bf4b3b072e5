//! What a key may do.

use std::collections::BTreeSet;

words!(
    /// One thing that a key may do.
    Scope {
        /// Seeing what can be ordered.
        Services = "services",
        /// Seeing the balance.
        Balance = "balance",
        /// Seeing orders.
        OrdersRead = "orders.read",
        /// Placing orders, canceling them and asking for refills.
        OrdersWrite = "orders.write",
    }
);

/// What a key may do; at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything.
    #[must_use]
    pub fn every() -> Self {
        Self(Scope::ALL.iter().copied().collect())
    }

    /// These; `None` if there are none.
    #[must_use]
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Option<Self> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        (!scopes.is_empty()).then_some(Self(scopes))
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// The words with commas between them, for the database.
    #[must_use]
    pub fn to_text(&self) -> String {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        words.join(",")
    }

    /// Reads [`Scopes::to_text`]. A word of another version of the program allows nothing.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.split(',').filter_map(Scope::from_stored).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_as_written_and_unknown_words_allow_nothing() {
        let some = Scopes::of([Scope::Balance, Scope::Services]).unwrap();
        assert_eq!(some.to_text(), "services,balance");
        assert_eq!(Scopes::from_stored(&some.to_text()), some);
        assert_eq!(Scopes::from_stored(&Scopes::every().to_text()), Scopes::every());
        let other = Scopes::from_stored("services,refills.write");
        assert!(other.has(Scope::Services) && !other.has(Scope::OrdersWrite));
        assert_eq!(Scopes::of([]), None);
    }
}
