//! What the machine we run on offers.

use std::path::PathBuf;

/// A user of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// An environment variable that is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "the automation is told about servers by its environment, and has no settings"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where an installed program is.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The first of these users that exists.
pub fn account(names: &[&str]) -> anyhow::Result<Option<Account>> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    Ok(names.iter().find_map(|name| account_in(&users, name)))
}

fn account_in(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let named = fields.next()? == name;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        named.then_some(Account { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/:/bin/bash\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        assert_eq!(
            account_in(USERS, "postgres"),
            Some(Account { uid: 101, gid: 104 })
        );
        assert_eq!(account_in(USERS, "post"), None);
    }

    #[test]
    fn a_program_that_is_not_installed_is_not_found() {
        assert!(program("cargo").is_some());
        assert_eq!(program("no-program-has-this-name"), None);
    }
}
