//! How many connections there are to a database.

use std::time::Duration;

/// How many connections are kept, and how long it may take to get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSizes {
    /// To PostgreSQL, for everything.
    pub postgres: u32,
    /// To SQLite for reading. There is always one more for writing.
    pub sqlite_readers: u32,
    /// How long to wait for a free one, or for a turn to write.
    pub wait: Duration,
    /// How long a transaction on SQLite may do nothing before it loses its turn to write.
    pub sqlite_idle: Duration,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self {
            postgres: 16,
            sqlite_readers: 4,
            wait: Duration::from_secs(10),
            sqlite_idle: Duration::from_secs(5),
        }
    }
}
