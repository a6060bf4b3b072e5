//! A real SMTP server, aiosmtpd, in a virtual environment below `target`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{eventually, python_with};

/// What is installed, in these versions.
const PACKAGES: [&str; 2] = ["aiosmtpd==1.4.6", "trustme==1.2.1"];
const SCRIPT: &str = include_str!("server.py");

/// The server, for as long as the test runs.
pub struct SmtpServer {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

impl SmtpServer {
    /// Starts one that is reached so; `login` is `user:password`, or nothing. `None` where there is no Python, which is
    /// said on the output.
    pub async fn start(security: &'static str, login: &'static str) -> Option<Self> {
        let starting = tokio::task::spawn_blocking(move || start(security, login));
        starting.await.expect("the server starts")
    }

    /// Where the mails are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The mails that arrived so far, in order.
    pub fn mails(&self) -> Vec<Value> {
        let file = |number: usize| self.folder.path().join(format!("{number}.json"));
        let arrived = (1..).map(file).map_while(|file| fs::read(file).ok());
        arrived
            .map(|bytes| serde_json::from_slice(&bytes).expect("a mail"))
            .collect()
    }

    fn subjects(&self) -> Vec<String> {
        let mails = self.mails();
        let line = |mail: &Value| format!("{} to {}", mail["subject"], mail["to"]);
        mails.iter().map(line).collect()
    }

    /// Waits for the mail with this subject to this address.
    pub async fn mail(&self, to: &str, subject: &str) -> Value {
        let what = || format!("{subject} to {to} among {:?}", self.subjects());
        eventually(what, async || {
            let mut mails = self.mails().into_iter();
            mails.find(|mail| mail["to"][0] == to && mail["subject"] == subject)
        })
        .await
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(security: &str, login: &str) -> Option<SmtpServer> {
    let python = python_with("smtp-server", &PACKAGES, "a test with an SMTP server")?;
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let script = folder.path().join("server.py");
    fs::write(&script, SCRIPT).expect("the script can be written");
    let mut child = Command::new(python)
        .arg(&script)
        .args([folder.path().as_os_str(), security.as_ref(), login.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server runs");
    let output = child.stdout.take().expect("its output is read");
    let mut line = String::new();
    BufReader::new(output)
        .read_line(&mut line)
        .expect("it says its port");
    let port = line.trim().parse().expect("a port");
    Some(SmtpServer { child, port, folder })
}
