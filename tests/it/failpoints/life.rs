//! What a process under test is told before it lives, and what it says while it does.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The environment variable with a [`Life`] in it.
pub const LIFE: &str = "SMM_GURU_TEST_LIFE";
/// What every line begins with that is for the test.
pub const MARK: &str = "@ ";

/// One run of a process, from its start to its death or its work's end.
#[derive(Debug, Serialize, Deserialize)]
pub struct Life {
    pub database: Place,
    /// How far its clock is ahead of the database's, in microseconds.
    pub ahead: u64,
    /// What goes wrong in it; nothing, if it is to finish everything.
    pub row: Option<String>,
    pub customer: String,
    pub staff: String,
    pub service: i64,
    /// Whose answer was lost with an earlier process; they ask again.
    pub again: Vec<Wish>,
    /// The order that is placed in this life.
    pub wish: Option<Wish>,
    /// When the last request of an earlier life has arrived at the panel at the latest, in Unix milliseconds.
    pub arrived_by: u64,
}

/// Where the state is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Place {
    Folder(PathBuf),
    Postgres(String),
}

/// An order that somebody wants, or many in one request, under a key that makes asking again harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub key: String,
    /// Ends in the script for the panel.
    pub link: String,
    pub orders: usize,
}

impl Wish {
    /// The link of each order.
    pub fn links(&self) -> Vec<String> {
        if self.orders == 1 {
            return vec![self.link.clone()];
        }
        let (base, script) = self.link.split_once('?').unwrap();
        let numbers = 1..=self.orders;
        numbers
            .map(|number| format!("{base}-{number}?{script}"))
            .collect()
    }
}

/// A line that is for the test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// Somebody is about to ask for an order.
    Asks(Wish),
    /// They were answered: it costs this much in all, in micro-units.
    Answered { key: String, price: i64 },
    /// The clock went on to so many microseconds ahead.
    Ahead(u64),
    /// The process asks for its connections to the database to be cut, and waits for a line.
    CutMe,
    /// The process dies at this point.
    Dies(String),
}

impl Word {
    /// Says it.
    pub fn say(&self) {
        println!("{MARK}{}", serde_json::to_string(self).unwrap());
    }

    /// Reads a line of a process; most are not for us.
    pub fn heard(line: &str) -> Option<Self> {
        let (_, word) = line.split_once(MARK)?;
        serde_json::from_str(word).ok()
    }
}
