//! A private PostgreSQL in a temporary folder.

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::{Durability, Server, folder, on_free_port, tail, wait_until};
use crate::group::Group;
use crate::host::{self, Account};
use crate::process;

/// Tests open a pool each, and dozens of tests run at once on a large machine.
const CONNECTIONS_MAX: u32 = 300;
/// Where Debian keeps the server programs, one folder for each major version, out of the PATH.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

/// The folder of the server programs: the one in the PATH, else the newest of Debian's.
pub fn programs() -> Option<PathBuf> {
    // The PATH may hold links to some of the programs; all of them are where the links lead.
    let in_path = host::program("initdb").and_then(|initdb| initdb.canonicalize().ok());
    let in_path = in_path.and_then(|initdb| initdb.parent().map(Path::to_path_buf));
    in_path
        .filter(|folder| is_complete(folder))
        .or_else(newest_of_debian)
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN_FOLDER).ok()?.filter_map(Result::ok);
    let usable = versions.filter(|version| is_complete(&version.path().join("bin")));
    let newest =
        usable.max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    newest.map(|version| version.path().join("bin"))
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// Creates an empty cluster and serves it, trusting every connection from this machine.
pub fn start(programs: &Path, durability: Durability) -> anyhow::Result<Server> {
    start_with(programs, &settings(durability))
}

/// As `start`, with these settings instead of the usual ones.
pub fn start_with(programs: &Path, settings: &[String]) -> anyhow::Result<Server> {
    let folder = folder("postgres")?;
    let owner = owner()?;
    if let Some(Account { uid, gid }) = owner {
        chown(folder.path(), Some(uid), Some(gid)).context("cannot give the data folder to PostgreSQL")?;
    }
    create_cluster(programs, folder.path(), owner)?;
    let (process, port) = on_free_port(|port| serve(programs, folder.path(), owner, settings, port))?;
    Ok(Server {
        url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        origin: format!("started for this run from {}", programs.display()),
        _process: Some(process),
        _folder: Some(folder),
    })
}

/// PostgreSQL refuses to run as root: the user it would run as instead.
fn owner() -> anyhow::Result<Option<Account>> {
    if !host::is_root() {
        return Ok(None);
    }
    let account = host::account(&["postgres", "nobody"])?;
    account
        .context("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")
        .map(Some)
}

fn create_cluster(programs: &Path, folder: &Path, owner: Option<Account>) -> anyhow::Result<()> {
    let log = folder.join("initdb.log");
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]);
    initdb.arg("--pgdata").arg(folder.join("data"));
    prepare(&mut initdb, folder, &log, owner)?;
    process::run(&mut initdb).with_context(|| tail(&log))
}

fn serve(
    programs: &Path,
    folder: &Path,
    owner: Option<Account>,
    settings: &[String],
    port: u16,
) -> anyhow::Result<Group> {
    let log = folder.join("server.log");
    let mut postgres = process::tied(programs.join("postgres"));
    postgres.arg("-D").arg(folder.join("data"));
    postgres.args(["-c", &format!("port={port}")]);
    for setting in settings {
        postgres.args(["-c", setting]);
    }
    prepare(&mut postgres, folder, &log, owner)?;
    let process = Group::spawn(&mut postgres)?;
    wait_until(process, &log, || {
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args([
            "--quiet",
            "--host=127.0.0.1",
            "--username=postgres",
            &format!("--port={port}"),
        ]);
        ready.status().is_ok_and(|status| status.success())
    })
}

pub fn settings(durability: Durability) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        // The socket's usual folder may not be writable, and nobody asks for it.
        "unix_socket_directories=".to_owned(),
        format!("max_connections={CONNECTIONS_MAX}"),
    ];
    if durability == Durability::Fast {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    settings
}

fn prepare(command: &mut Command, folder: &Path, log: &Path, owner: Option<Account>) -> anyhow::Result<()> {
    let log = File::create(log).context("cannot create the log of PostgreSQL")?;
    command
        .current_dir(folder)
        .stdout(log.try_clone()?)
        .stderr(log)
        .stdin(Stdio::null());
    if let Some(Account { uid, gid }) = owner {
        command.uid(uid).gid(gid);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_reach_the_disk_unless_speed_is_asked_for() {
        assert!(
            settings(Durability::Synced)
                .iter()
                .all(|setting| !setting.starts_with("fsync"))
        );
        assert!(settings(Durability::Fast).contains(&"fsync=off".to_owned()));
    }

    #[test]
    fn the_server_is_reachable_from_this_machine_only() {
        let settings = settings(Durability::Synced);
        assert!(settings.contains(&"listen_addresses=127.0.0.1".to_owned()));
    }
}
