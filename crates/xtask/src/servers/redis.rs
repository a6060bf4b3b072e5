//! A private Redis that writes nothing to disk.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::{Server, folder, on_free_port, wait_until};
use crate::group::Group;
use crate::process;

const ANSWER_TIME_MAX: Duration = Duration::from_secs(1);

/// Serves an empty Redis until dropped.
pub fn start(program: &Path) -> anyhow::Result<Server> {
    start_with(program, &["--save", "", "--appendonly", "no"])
}

/// As `start`, keeping its data as `settings` say.
pub fn start_with(program: &Path, settings: &[&str]) -> anyhow::Result<Server> {
    let folder = folder("redis")?;
    let (process, port) = on_free_port(|port| serve(program, folder.path(), settings, port))?;
    Ok(Server {
        url: format!("redis://127.0.0.1:{port}/"),
        origin: format!("started for this run from {}", program.display()),
        _process: Some(process),
        _folder: Some(folder),
    })
}

fn serve(program: &Path, folder: &Path, settings: &[&str], port: u16) -> anyhow::Result<Group> {
    let path = folder.join("server.log");
    let log = File::create(&path).context("cannot create the log of Redis")?;
    let mut redis = process::tied(program);
    redis.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    redis.args(settings).arg("--dir").arg(folder);
    redis.stdout(log.try_clone()?).stderr(log);
    wait_until(Group::spawn(&mut redis)?, &path, || answers(port))
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_nobody_listens_on_does_not_answer() {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert!(!answers(port));
    }

    #[test]
    fn a_server_that_speaks_something_else_does_not_answer() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server =
            std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 400").unwrap());
        assert!(!answers(port));
        server.join().unwrap();
    }
}
