//! What somebody else's word about an address is worth.

/// What becomes of a visitor whom a provider knows and we do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// They are a new user.
    Create,
    /// They are the user who has the address.
    Link,
    /// They are the owner of the address, and whoever has the user here never proved to be: everything that signs in so
    /// far is dropped.
    TakeOver,
    /// They are nobody whom we could name.
    Refuse,
}

/// Decides by whether the provider has verified the address, and whether the user who has it here did; `None` if there is
/// no such user. Without a proof nobody gets an address, not even a free one: its owner may want it one day.
#[must_use]
pub const fn vouched(proven_there: bool, proven_here: Option<bool>) -> Vouched {
    match (proven_there, proven_here) {
        (false, _) => Vouched::Refuse,
        (true, None) => Vouched::Create,
        (true, Some(true)) => Vouched::Link,
        (true, Some(false)) => Vouched::TakeOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proven_address_opens_an_account_and_an_unproven_one_here_is_taken_over() {
        assert_eq!(vouched(true, None), Vouched::Create);
        assert_eq!(vouched(true, Some(true)), Vouched::Link);
        assert_eq!(vouched(true, Some(false)), Vouched::TakeOver);
        for here in [None, Some(true), Some(false)] {
            assert_eq!(vouched(false, here), Vouched::Refuse);
        }
    }
}
