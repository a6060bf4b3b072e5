//! Commands run to their end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::group::{Group, POLL_INTERVAL};
use crate::{host, signals};

/// How long output may trail behind the end of the process that wrote it.
const TRAILING_OUTPUT_MAX: Duration = Duration::from_secs(1);

const TIE: &str = "setpriv";
const TIE_ARGUMENTS: [&str; 3] = ["--pdeathsig", "INT", "--"];

/// What `cargo xtask` tells us about our own package. Build scripts that look at such variables (ring's
/// does) would take an inner cargo for another environment and compile half of the workspace again.
const OUR_PACKAGE: [&str; 17] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// A command whose process the kernel interrupts when ours is killed in a way that runs no destructor.
pub fn tied(program: impl AsRef<OsStr>) -> Command {
    let Some(setpriv) = host::program(TIE) else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(TIE_ARGUMENTS).arg(program);
    command
}

/// `cargo` with these arguments, as one would type it.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = tied("cargo");
    command.args(arguments);
    OUR_PACKAGE.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Is `cargo <name>` installed?
pub fn has_cargo_command(name: &str) -> bool {
    let mut command = cargo(&[name, "--version"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs to the end, output shown; an error names the command line.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = Group::spawn(command)?.wait()?;
    succeeded(command, status)
}

/// Runs to the end, standard error shown; gives standard output.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()))?;
    let mut stdout = group.stdout().context("standard output is piped")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status = group.wait()?;
    succeeded(command, status)?;
    let text = reader
        .join()
        .map_err(|_| anyhow::anyhow!("the reader of {command:?} panicked"))?;
    text.with_context(|| format!("cannot read the output of {command:?}"))
}

/// Runs to the end, output shown; every line also goes to `watch`. The outcome is for the caller to judge.
pub fn run_watched(command: &mut Command, mut watch: impl FnMut(&str)) -> anyhow::Result<ExitStatus> {
    let mut group = Group::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (sender, lines) = channel();
    forward(group.stdout(), &sender);
    forward(group.stderr(), &sender);
    drop(sender);
    loop {
        take_lines(&lines, POLL_INTERVAL, &mut watch);
        if let Some(status) = group.poll()? {
            take_lines(&lines, TRAILING_OUTPUT_MAX, &mut watch);
            return Ok(status);
        }
    }
}

fn forward(pipe: Option<impl Read + Send + 'static>, sender: &Sender<String>) {
    let Some(pipe) = pipe else { return };
    let sender = sender.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
}

/// Shows lines until none came for `silence`.
fn take_lines(lines: &Receiver<String>, silence: Duration, watch: &mut impl FnMut(&str)) {
    loop {
        match lines.recv_timeout(silence) {
            Ok(line) => {
                println!("{line}");
                watch(&line);
            }
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => {
                // Nobody writes any more: without this the caller would spin until the process ends.
                thread::sleep(POLL_INTERVAL.min(silence));
                return;
            }
        }
        if signals::interrupted() {
            return;
        }
    }
}

fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "{} failed: {status}", line(command));
    Ok(())
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .collect();
    let tied = words
        .get(1..=TIE_ARGUMENTS.len())
        .is_some_and(|tie| tie == TIE_ARGUMENTS);
    let typed = words.iter().skip(if tied { 1 + TIE_ARGUMENTS.len() } else { 0 });
    typed
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_one_would_type_it() {
        assert_eq!(line(&cargo(&["fmt", "--all"])), "cargo fmt --all");
        assert_eq!(line(Command::new("git").arg("ls-files")), "git ls-files");
        assert_eq!(line(&Command::new("git")), "git");
    }

    #[test]
    fn a_failed_command_is_an_error_that_names_it() {
        let error = run(Command::new("false").arg("really")).unwrap_err().to_string();
        assert_eq!(error, "false really failed: exit status: 1");
    }

    #[test]
    fn the_output_of_a_command_is_standard_output_only() {
        let mut command = Command::new("sh");
        assert_eq!(
            output(command.args(["-c", "echo out; echo err >&2"])).unwrap(),
            "out\n"
        );
    }

    #[test]
    fn every_line_of_both_outputs_is_watched_and_the_failure_is_told() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        let status = run_watched(command.args(["-c", "echo out; echo err >&2; exit 3"]), |line| {
            lines.push(line.to_owned())
        });
        lines.sort();
        assert_eq!(
            (status.unwrap().code(), lines),
            (Some(3), vec!["err".to_owned(), "out".to_owned()])
        );
    }
}
