//! A JSON file with an array of rows for each table.

use std::path::Path;

use async_trait::async_trait;
use ports::import::{SourceError, SourceUser, UserSource};
use serde_json::Value;

use super::SourceParts;
use super::record::Rows;

/// The users of a dump, in memory, in the order of their ids.
pub(super) struct Dump(Vec<SourceUser>);

impl Dump {
    pub(super) fn read(path: &Path, parts: SourceParts) -> Result<Self, SourceError> {
        let failed = |error: &dyn std::fmt::Display| SourceError(format!("{}: {error}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
        let mut dump: Value = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        let mut table = |name: &str| match dump.get_mut(name).map(Value::take) {
            Some(Value::Array(rows)) => Ok(rows),
            None => Ok(Vec::new()),
            Some(_) => Err(failed(&format!("{name} is not an array of rows"))),
        };
        let users = table("user")?;
        if users.is_empty() {
            return Err(failed(&"there is no array of users called user"));
        }
        let rows = Rows {
            users,
            accounts: table("account")?,
            sessions: if parts.sessions {
                table("session")?
            } else {
                Vec::new()
            },
            wallets: if parts.balances {
                table("wallet")?
            } else {
                Vec::new()
            },
        };
        let mut users = rows.assemble()?;
        users.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self(users))
    }
}

#[async_trait]
impl UserSource for Dump {
    async fn count(&self) -> Result<u64, SourceError> {
        Ok(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }

    async fn page(&self, after: Option<&str>, limit: u16) -> Result<Vec<SourceUser>, SourceError> {
        let begin = after.map_or(0, |after| {
            self.0.partition_point(|user| user.id.as_str() <= after)
        });
        let rest = self.0.iter().skip(begin);
        Ok(rest.take(usize::from(limit)).cloned().collect())
    }
}
