//! Whose word counts about money that waits for a person: never its owner's, and of large amounts that of two people.

use crate::{Money, UserId};

/// How far somebody's decision is from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for a person.
    Waiting,
    /// It was decided in the way that is asked for now.
    DecidedSo,
    /// It was decided otherwise, or is not up to a person.
    Past,
}

/// Money that somebody decides about: a deposit or a withdrawal.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Whose money it is.
    pub owner: &'a UserId,
    /// How far it is.
    pub stage: Stage,
    /// The first of two who approve.
    pub approver: Option<&'a UserId>,
    /// Who decided.
    pub decided_by: Option<&'a UserId>,
}

/// Why a word does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unheard {
    /// Nobody decides about their own money.
    Own,
    /// It is not up to a person, any more or yet.
    NotNow,
}

/// What somebody's yes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It is the second of two clicks: nothing is left to do.
    SaidBefore,
    /// It is kept, and somebody else has to say the same.
    First,
    /// It was kept before, and still somebody else has to say the same.
    StillFirst,
    /// It decides.
    Decides,
}

/// What somebody's no does. One person is always enough for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is the second of two clicks: nothing is left to do.
    SaidBefore,
    /// It decides.
    Decides,
}

impl Matter<'_> {
    /// What the yes of `staff` to `amount` does. From `two_from` on it takes the word of two different people.
    ///
    /// # Errors
    /// [`Unheard`] if it does nothing.
    pub fn approve(&self, staff: &UserId, amount: Money, two_from: Money) -> Result<Approval, Unheard> {
        if self.refuse(staff)? == Refusal::SaidBefore {
            return Ok(Approval::SaidBefore);
        }
        Ok(match self.approver {
            // What was large when the first word was said takes a second one, whatever it is worth now.
            Some(first) if first == staff => Approval::StillFirst,
            None if amount >= two_from => Approval::First,
            Some(_) | None => Approval::Decides,
        })
    }

    /// What the no of `staff` does.
    ///
    /// # Errors
    /// [`Unheard`] if it does nothing.
    pub fn refuse(&self, staff: &UserId) -> Result<Refusal, Unheard> {
        if self.owner == staff {
            return Err(Unheard::Own);
        }
        match self.stage {
            Stage::Waiting => Ok(Refusal::Decides),
            Stage::DecidedSo if self.decided_by == Some(staff) => Ok(Refusal::SaidBefore),
            Stage::DecidedSo | Stage::Past => Err(Unheard::NotNow),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Money = Money::from_micros(500);
    const SMALL: Money = Money::from_micros(499);

    fn person(name: &str) -> UserId {
        UserId::new(name)
    }

    fn waiting<'a>(owner: &'a UserId, approver: Option<&'a UserId>) -> Matter<'a> {
        Matter {
            owner,
            stage: Stage::Waiting,
            approver,
            decided_by: None,
        }
    }

    #[test]
    fn a_small_amount_takes_one_person_and_a_large_one_two_different_ones() {
        let (ann, boss, chief) = (person("ann"), person("boss"), person("chief"));
        let fresh = waiting(&ann, None);
        assert_eq!(fresh.approve(&boss, SMALL, LIMIT), Ok(Approval::Decides));
        assert_eq!(fresh.approve(&boss, LIMIT, LIMIT), Ok(Approval::First));
        let seen = waiting(&ann, Some(&boss));
        assert_eq!(seen.approve(&boss, LIMIT, LIMIT), Ok(Approval::StillFirst));
        assert_eq!(seen.approve(&boss, SMALL, LIMIT), Ok(Approval::StillFirst));
        assert_eq!(seen.approve(&chief, LIMIT, LIMIT), Ok(Approval::Decides));
        assert_eq!(seen.refuse(&boss), Ok(Refusal::Decides));
    }

    #[test]
    fn what_was_decided_stays_so_and_a_second_click_of_the_same_person_is_heard_as_the_first() {
        let (ann, boss, chief) = (person("ann"), person("boss"), person("chief"));
        let decided = |stage| Matter {
            stage,
            decided_by: Some(&boss),
            ..waiting(&ann, None)
        };
        let done = decided(Stage::DecidedSo);
        assert_eq!(done.approve(&boss, LIMIT, LIMIT), Ok(Approval::SaidBefore));
        assert_eq!(done.refuse(&boss), Ok(Refusal::SaidBefore));
        assert_eq!(done.approve(&chief, LIMIT, LIMIT), Err(Unheard::NotNow));
        assert_eq!(
            decided(Stage::Past).approve(&boss, LIMIT, LIMIT),
            Err(Unheard::NotNow)
        );
        let by_itself = Matter {
            decided_by: None,
            ..done
        };
        assert_eq!(
            by_itself.refuse(&boss),
            Err(Unheard::NotNow),
            "no person decided it"
        );
    }

    proptest! {
        /// Whoever says what how often, in whatever order and at whatever worth: what is large takes two people, neither of
        /// them the owner, and it is decided once.
        #[test]
        fn money_moves_once_and_large_money_only_by_two(
            clicks in proptest::collection::vec((0_usize..4, 0_i64..1_000), 0..40),
        ) {
            let people: Vec<UserId> = ["ann", "bob", "boss", "chief"].map(person).to_vec();
            let owner = person("ann");
            let (mut approver, mut decided_by): (Option<UserId>, Option<UserId>) = (None, None);
            let (mut heard, mut decisions) = (Vec::new(), 0);
            for (who, worth) in clicks {
                let staff = people.get(who).cloned().unwrap_or_else(|| owner.clone());
                let matter = Matter {
                    owner: &owner,
                    stage: if decided_by.is_some() { Stage::DecidedSo } else { Stage::Waiting },
                    approver: approver.as_ref(),
                    decided_by: decided_by.as_ref(),
                };
                let worth = Money::from_micros(worth);
                match matter.approve(&staff, worth, LIMIT) {
                    Err(Unheard::Own) => prop_assert_eq!(&staff, &owner),
                    Err(Unheard::NotNow) => prop_assert!(decided_by.is_some()),
                    Ok(Approval::SaidBefore) => prop_assert_eq!(decided_by.as_ref(), Some(&staff)),
                    Ok(Approval::StillFirst) => prop_assert_eq!(approver.as_ref(), Some(&staff)),
                    Ok(Approval::First) => {
                        prop_assert!(approver.is_none() && worth >= LIMIT);
                        approver = Some(staff.clone());
                        heard.push(staff);
                    }
                    Ok(Approval::Decides) => {
                        prop_assert!(!heard.contains(&staff) && staff != owner);
                        prop_assert!(worth < LIMIT || heard.len() == 1);
                        decided_by = Some(staff);
                        decisions += 1;
                    }
                }
            }
            prop_assert!(decisions <= 1);
        }
    }
}
