//! The binary beside the tests, run as somebody at a terminal or a service manager would run it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long anything may take here on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Environment variables for one run; nothing else is inherited but `PATH`.
pub type Variables = Vec<(&'static str, String)>;

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Standard output of a command that succeeded.
    pub fn good(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.stdout
    }

    /// What a command that failed said about it.
    pub fn bad(self) -> String {
        assert_eq!(self.status.code(), Some(1), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self.stderr
    }
}

/// The program, if it is built from the sources that the test is built from.
pub fn binary() -> &'static Path {
    static FOUND: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().and_then(Path::parent).unwrap();
        let binary = folder.join("smm-guru");
        match unusable(&binary, &test) {
            None => Ok(binary),
            Some(why) => Err(format!(
                "{why}: run `cargo build --workspace` first (`cargo xtask test` does)"
            )),
        }
    });
    FOUND.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

/// Cargo builds a test for itself alone, so the program beside it may be missing, or be that of another day.
fn unusable(binary: &Path, test: &Path) -> Option<String> {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let Some(built) = changed(binary) else {
        return Some(format!("{} is not built", binary.display()));
    };
    let test_built = changed(test).unwrap();
    // What changed after the test was built is work in progress, but for sources that the test is not built from.
    let counts = |source: &str, at: SystemTime| at <= test_built || source.contains("/smm-guru/src/");
    let sources = fs::read_to_string(binary.with_extension("d")).unwrap();
    // As in a makefile: separated by spaces, and a space in a name has a backslash before it.
    let sources = sources.replace("\\ ", "\0");
    let (_, sources) = sources.split_once(": ").unwrap();
    let mut sources = sources.split_whitespace().map(|source| source.replace('\0', " "));
    let newer = sources
        .find(|source| changed(Path::new(source)).is_some_and(|at| at > built && counts(source, at)))?;
    Some(format!("{} is older than {newer}", binary.display()))
}

fn command(arguments: &[&str], variables: &Variables) -> Command {
    let mut command = Command::new(binary());
    // Whatever a command leaves in the folder it is called in, it leaves outside of the sources.
    command
        .args(arguments)
        .env_clear()
        // No test asks anybody outside of this machine.
        .env("CURRENCY_FREE_URL", "off")
        .current_dir(std::env::temp_dir());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs to the end.
pub fn run(arguments: &[&str], variables: &Variables) -> Finished {
    run_with_input(arguments, variables, "")
}

/// Runs to the end with something to read.
pub fn run_with_input(arguments: &[&str], variables: &Variables, input: &str) -> Finished {
    let mut command = command(arguments, variables);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let (stdout, stderr) = (
        collect(child.stdout.take().unwrap()),
        collect(child.stderr.take().unwrap()),
    );
    let status = wait(&mut child);
    let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().unwrap());
    Finished {
        status,
        stdout,
        stderr,
    }
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

fn wait(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the program does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A program that runs until it is stopped. Dropping it kills it.
pub struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it.
    pub fn start(arguments: &[&str], variables: &Variables) -> Self {
        let mut command = command(arguments, variables);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::default();
        follow(child.stdout.take().unwrap(), &lines);
        follow(child.stderr.take().unwrap(), &lines);
        Self { child, lines }
    }

    /// The rest of the first line that has `beginning` in it.
    pub async fn says(&mut self, beginning: &str) -> String {
        let begun = Instant::now();
        loop {
            let said = self.rest_of_line(beginning);
            if let Some(rest) = said {
                return rest;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{ended:?} {:#?}",
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn rest_of_line(&self, beginning: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .find_map(|line| Some(line.split_once(beginning)?.1.trim().to_owned()))
    }

    /// Everything written so far, both outputs.
    pub fn output(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in kilobytes.
    pub fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// SIGKILL, as a crash or the kernel's out-of-memory killer would end it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; its status and how long it took to end.
    pub async fn terminate(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        signal(self.id(), "TERM");
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end when it is asked to");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            println!("process {}:\n{}", self.id(), self.output().join("\n"));
        }
    }
}

/// Sends a process a signal by its name.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success(), "{name} to {process}");
}

fn follow(from: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}
