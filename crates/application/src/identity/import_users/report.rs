//! What a run did.

use domain::Money;

use super::Taken;
use super::candidate::Candidate;

/// Something about one user that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The user's id there.
    pub user: String,
    /// What.
    pub what: String,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Users who were looked at.
    pub seen: u64,
    /// Users who are here now and were not before.
    pub taken_over: u64,
    /// Users who were here.
    pub already_there: u64,
    /// Passwords of those who were taken over.
    pub passwords: u64,
    /// Accounts elsewhere of those who were taken over.
    pub links: u64,
    /// Sessions of those who were taken over.
    pub sessions: u64,
    /// Wallets that were credited.
    pub wallets: u64,
    /// With how much together.
    pub credited: Money,
    /// Who was not taken over, and why.
    pub skipped: Vec<Remark>,
    /// What of somebody was not taken over as it was.
    pub notes: Vec<Remark>,
}

impl ImportReport {
    pub(super) fn skip(&mut self, user: &str, what: String) {
        self.seen += 1;
        self.skipped.push(remark(user, what));
    }

    pub(super) fn add(&mut self, user: &str, taken: Taken, candidate: Candidate) {
        let credited = match taken {
            Taken::Skipped(reason) => return self.skip(user, reason),
            Taken::AlreadyThere { credited } => {
                self.already_there += 1;
                credited
            }
            Taken::Over { credited, sessions } => {
                self.taken_over += 1;
                self.sessions += sessions;
                self.passwords += u64::from(candidate.password.is_some());
                self.links += u64::try_from(candidate.links.len()).unwrap_or_default();
                let notes = candidate.notes.into_iter().map(|note| remark(user, note));
                self.notes.extend(notes);
                credited
            }
        };
        self.seen += 1;
        if let Some(amount) = credited {
            self.wallets += 1;
            self.credited = self.credited.checked_add(amount).unwrap_or(self.credited);
        }
    }
}

fn remark(user: &str, what: String) -> Remark {
    Remark {
        user: user.to_owned(),
        what,
    }
}
