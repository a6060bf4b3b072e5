//! Installs missing programs on a Debian machine we are root of, else says what to type.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{DATABASE_URL, REDIS_URL};
use crate::host;
use crate::process;

/// A server as Debian packages it.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    name: &'static str,
    /// What the package starts by itself and what we do not need.
    service: Option<&'static str>,
}

pub const POSTGRESQL: Package = Package {
    name: "postgresql",
    service: Some("postgresql"),
};
pub const REDIS: Package = Package {
    name: "redis-server",
    service: Some("redis-server"),
};

/// For the client library of the web application, and the baselines that the product is measured against.
pub const NODE: Package = Package {
    name: "nodejs",
    service: None,
};
/// As above.
pub const NPM: Package = Package {
    name: "npm",
    service: None,
};

/// Looks at the page of the API's document.
pub const CHROMIUM: Package = Package {
    name: "chromium",
    service: None,
};

/// Installs the packages, and leaves no service of theirs running. An error carries the command to type.
pub fn install(packages: &[Package]) -> anyhow::Result<()> {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    if !host::is_root() || host::program("apt-get").is_none() {
        bail!("{}", advice(&names));
    }
    println!("installing {} with apt-get", names.join(" and "));
    apt_get(&["update"]).with_context(|| advice(&names))?;
    let arguments: Vec<&str> = ["install", "-y", "--no-install-recommends"]
        .into_iter()
        .chain(names.clone())
        .collect();
    apt_get(&arguments).with_context(|| advice(&names))?;
    packages
        .iter()
        .filter_map(|package| package.service)
        .for_each(stop_service);
    Ok(())
}

fn apt_get(arguments: &[&str]) -> anyhow::Result<()> {
    process::run(
        Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// The package was not there before, so whatever runs of it was started by its installation.
fn stop_service(service: &str) {
    let mut stop = Command::new("service");
    stop.args([service, "stop"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // An error means that it does not run, or that this machine has no services at all.
    if stop.status().is_ok_and(|status| status.success()) {
        println!("stopped the service {service} that the installation started");
    }
}

fn advice(names: &[&str]) -> String {
    format!(
        "{missing} is needed. One of these helps:\n  \
         sudo apt-get update && sudo apt-get install -y {packages}\n  \
         {DATABASE_URL}=postgres://USER@HOST/postgres {REDIS_URL}=redis://HOST/ cargo xtask test\n  \
         cargo xtask test --no-servers",
        missing = names.join(" and "),
        packages = names.join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_a_command_to_type() {
        let advice = advice(&["postgresql", "redis-server"]);
        assert!(
            advice.contains("sudo apt-get install -y postgresql redis-server\n"),
            "{advice}"
        );
        assert!(advice.ends_with("cargo xtask test --no-servers"), "{advice}");
    }
}
