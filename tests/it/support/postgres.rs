//! A PostgreSQL that a test may stop, copy and promote: nobody else looks into it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::servers::is_required;

const DEBIAN: &str = "/usr/lib/postgresql";
const PATIENCE: Duration = Duration::from_secs(60);
/// The data folder of the server at first.
const PRIMARY: &str = "primary";

/// A server in a folder of its own. Dropping it stops it.
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: TempDir,
    /// As whom it runs; it refuses to be root.
    owner: Option<(u32, u32)>,
    port: u16,
    data: String,
}

impl PrivatePostgres {
    /// A running server. Without its programs `test` says that it is skipped, unless servers are required.
    pub fn start(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(!is_required(), "the programs of PostgreSQL are not installed");
            println!("skipped {test}: the programs of PostgreSQL are not installed");
            return None;
        };
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self {
            programs,
            folder: tempfile::tempdir().unwrap(),
            owner: owner(),
            port,
            data: PRIMARY.to_owned(),
        };
        if let Some((user, group)) = server.owner {
            chown(server.folder.path(), Some(user), Some(group)).unwrap();
        }
        let data = server.path(PRIMARY);
        server.run(
            "initdb",
            &[
                "--username=postgres",
                "--auth=trust",
                "--no-locale",
                "--encoding=UTF8",
                "-D",
                &data,
            ],
        );
        server.go_on();
        Some(server)
    }

    /// The address of its only database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts what was stopped.
    pub fn go_on(&self) {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= -c max_connections=100",
            self.port
        );
        let (data, log) = (self.path(&self.data), self.path("log"));
        self.run(
            "pg_ctl",
            &["start", "-w", "-D", &data, "-l", &log, "-o", &options],
        );
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it as a crash would.
    pub fn crash(&self) {
        let data = self.path(&self.data);
        self.run("pg_ctl", &["stop", "-m", "immediate", "-D", &data]);
    }

    /// A base backup of this moment, as `name`.
    pub fn back_up(&self, name: &str) {
        let to = self.path(name);
        self.run_client("pg_basebackup", &["-X", "stream", "-c", "fast", "-D", &to]);
    }

    /// What is in the database at this moment, as the dump `name`.
    pub fn dump(&self, name: &str) {
        let to = self.path(name);
        self.run_client("pg_dump", &["-Fc", "-f", &to, "postgres"]);
    }

    /// What `other` had in its dump `name` is in this server from now on, which is empty.
    pub fn restore_dump_of(&self, other: &Self, name: &str) {
        let from = other.path(name);
        self.run_client("pg_restore", &["--exit-on-error", "-d", "postgres", &from]);
    }

    /// After a crash, a replica that has received nothing since the backup takes over.
    pub fn fail_over_to(&mut self, name: &str) {
        fs::write(self.folder.path().join(name).join("standby.signal"), "").unwrap();
        name.clone_into(&mut self.data);
        self.go_on();
        let data = self.path(name);
        self.run("pg_ctl", &["promote", "-w", "-D", &data]);
    }

    /// The files of the backup are put back as they were.
    pub fn restore_files_of(&mut self, name: &str) {
        name.clone_into(&mut self.data);
        self.go_on();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run_client(&self, program: &str, arguments: &[&str]) {
        let port = self.port.to_string();
        let server = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
        self.run(program, &[&server, arguments].concat());
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        let status = command.status().unwrap();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(status.success(), "{program}: {status}\n{log}");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let mut stop = Command::new(self.programs.join("pg_ctl"));
        stop.args(["stop", "-m", "immediate", "-D", &self.path(&self.data)]);
        if let Some((user, group)) = self.owner {
            stop.uid(user).gid(group);
        }
        // It may have stopped already.
        let _ = stop
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .status();
    }
}

/// Whether tests can start a PostgreSQL and a Redis of their own. Without the programs `test` says that it is skipped,
/// unless servers are required.
pub fn has_servers(test: &str) -> bool {
    let path = super::servers::variable("PATH").unwrap_or_default();
    let has_redis = std::env::split_paths(&path).any(|folder| folder.join("redis-server").is_file());
    let has_both = has_redis && programs().is_some();
    if !has_both {
        assert!(
            !is_required(),
            "the programs of PostgreSQL or Redis are not installed"
        );
        println!("skipped {test}: the programs of PostgreSQL or Redis are not installed");
    }
    has_both
}

/// The folder of the programs: in the PATH, else the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let is_complete = |folder: &Path| {
        let programs = ["initdb", "pg_ctl", "pg_basebackup", "pg_dump", "pg_restore"];
        programs.iter().all(|program| folder.join(program).is_file())
    };
    let path = super::servers::variable("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| is_complete(folder));
    let newest = || {
        let versions = fs::read_dir(DEBIAN).ok()?.filter_map(Result::ok);
        let folders = versions.map(|version| version.path().join("bin"));
        folders.filter(|folder| is_complete(folder)).max()
    };
    in_path.or_else(newest)
}

/// The user of the server, if this process is root.
fn owner() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").unwrap();
    if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let ids = (fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?);
            (fields.first() == Some(&name)).then_some(ids)
        })
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    Some(found.expect("PostgreSQL does not run as root, and there is no user for it"))
}
