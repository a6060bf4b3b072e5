//! The chain that the lines of the audit log are sealed into.
//!
//! Each link holds a hash of its line, of its own number and time, and of the hash before. Whoever changes, removes,
//! inserts or reorders a line behind a head that is kept elsewhere cannot arrive at that head again.

mod verify;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::Timestamp;

pub use verify::{Finding, Verification};

/// Names the form of what is hashed. Another form needs another word.
const FORM: &[u8] = b"smm-guru audit 1";
/// The hash before the first link.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Names the row.
    pub id: i64,
    /// Kind of actor.
    pub actor: String,
    /// The person, if it was one.
    pub actor_user: Option<String>,
    /// What, as `noun.verb`.
    pub action: String,
    /// To what, as `noun:id`.
    pub target: String,
    /// Named details as JSON, character by character as they are stored.
    pub details: String,
    /// When.
    pub at: Timestamp,
    /// The network address of the client.
    pub address: Option<String>,
    /// The id of the request.
    pub request: Option<String>,
}

/// A sealed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number in the chain; the first is one.
    pub sequence: i64,
    /// The line's id.
    pub line: i64,
    /// SHA-256 in lower-case hex.
    pub hash: String,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// The end of a chain. Written `sequence:hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many links there are.
    pub sequence: i64,
    /// The hash of the last one.
    pub hash: String,
}

/// A text is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is a number, a colon, and 64 hexadecimal digits")]
pub struct NoHead;

impl Head {
    /// The head of a chain without links.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            sequence: 0,
            hash: NOTHING.to_owned(),
        }
    }

    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`NoHead`].
    pub fn parse(text: &str) -> Result<Self, NoHead> {
        let (sequence, hash) = text.trim().split_once(':').ok_or(NoHead)?;
        let sequence: i64 = sequence.parse().map_err(|_| NoHead)?;
        let is_hash = hash.len() == NOTHING.len() && hash.chars().all(|c| c.is_ascii_hexdigit());
        (sequence >= 0 && is_hash)
            .then(|| Self {
                sequence,
                hash: hash.to_ascii_lowercase(),
            })
            .ok_or(NoHead)
    }

    /// Seals one more line.
    #[must_use]
    pub fn seal(&self, line: &Line, sealed_at: Timestamp) -> Link {
        let sequence = self.sequence.saturating_add(1);
        Link {
            sequence,
            line: line.id,
            hash: hash(&self.hash, sequence, line, sealed_at),
            sealed_at,
        }
    }
}

impl From<&Link> for Head {
    fn from(link: &Link) -> Self {
        Self {
            sequence: link.sequence,
            hash: link.hash.clone(),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

/// Every part goes in with its length, and what is missing is told from what is empty.
fn hash(previous: &str, sequence: i64, line: &Line, sealed_at: Timestamp) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => {
            hash.update([1]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        }
        None => hash.update([0]),
    };
    part(Some(FORM));
    part(Some(previous.as_bytes()));
    for number in [sequence, sealed_at.micros(), line.id, line.at.micros()] {
        part(Some(&number.to_be_bytes()));
    }
    for text in [&line.actor, &line.action, &line.target, &line.details] {
        part(Some(text.as_bytes()));
    }
    for text in [&line.actor_user, &line.address, &line.request] {
        part(text.as_ref().map(String::as_bytes));
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn line(id: i64) -> Line {
        Line {
            id,
            actor: "staff".to_owned(),
            actor_user: Some("u1".to_owned()),
            action: "wallet.credit".to_owned(),
            target: "user:u2".to_owned(),
            details: format!(r#"[["amount","{id}"]]"#),
            at: Timestamp::from_micros(id * 1_000_000),
            address: None,
            request: Some("r".to_owned()),
        }
    }

    #[test]
    fn the_form_never_changes_unnoticed() {
        let link = Head::nothing().seal(&line(7), Timestamp::from_micros(9));
        assert_eq!(
            Head::from(&link).to_string(),
            "1:0064c5fb63a4a0958c379b42985fce7931679dcf4ead7d492f36e784bfd46fca"
        );
    }

    #[test]
    fn every_part_of_a_line_and_of_its_place_counts() {
        type Change = fn(&mut Line);
        let changes: [Change; 11] = [
            |it| it.id += 1,
            |it| it.actor.push('x'),
            |it| it.actor_user = None,
            |it| it.actor_user = Some(String::new()),
            |it| it.action.push('x'),
            |it| it.target.push('x'),
            |it| it.details.push(' '),
            |it| it.at = Timestamp::from_micros(it.at.micros() + 1),
            |it| it.address = Some(String::new()),
            |it| std::mem::swap(&mut it.address, &mut it.request),
            |it| it.request = None,
        ];
        let now = Timestamp::from_micros(9);
        let honest = Head::nothing().seal(&line(7), now).hash;
        for change in changes {
            let mut changed = line(7);
            change(&mut changed);
            assert_ne!(Head::nothing().seal(&changed, now).hash, honest, "{changed:?}");
        }
        let other = Head {
            sequence: 0,
            hash: honest.clone(),
        };
        assert_ne!(other.seal(&line(7), now).hash, honest);
        assert_ne!(Head::nothing().seal(&line(7), Timestamp::EPOCH).hash, honest);
        let later = Head {
            sequence: 1,
            ..Head::nothing()
        };
        assert_ne!(later.seal(&line(7), now).hash, honest);
    }

    #[test]
    fn a_head_reads_back_as_written() {
        let head = Head::from(&Head::nothing().seal(&line(1), Timestamp::EPOCH));
        assert_eq!(Head::parse(&format!(" {head}\n")), Ok(head));
        for wrong in [
            "",
            "1",
            "1:",
            ":00",
            "-1:00",
            &format!("x:{NOTHING}"),
            &format!("1:{NOTHING}0"),
        ] {
            assert_eq!(Head::parse(wrong), Err(NoHead), "{wrong}");
        }
    }
}
