//! Packages of PyPI, installed below `target`.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::servers::is_required;

/// An interpreter with `packages` in a virtual environment of this name; installs them if need be, one test at a time.
/// Where there is no Python it says that `what` is skipped, unless servers are required.
pub fn python_with(name: &str, packages: &[&str], what: &str) -> Option<PathBuf> {
    let python = installed(name, packages);
    if python.is_none() {
        assert!(
            !is_required(),
            "python3 with venv and pip is required, and not to be had"
        );
        println!("skipped {what}: python3 with venv and pip is not to be had");
    }
    python
}

fn installed(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name);
    fs::create_dir_all(&home).ok()?;
    let lock = File::create(home.join("lock")).ok()?;
    lock.lock().ok()?;
    let python = home.join("venv/bin/python");
    let mut hasher = DefaultHasher::new();
    packages.hash(&mut hasher);
    let marker = home.join(format!("{:016x}", hasher.finish()));
    if marker.exists() {
        return Some(python);
    }
    let run = |program: &Path, args: &[&str]| {
        let done = Command::new(program).args(args).stdout(Stdio::null()).status();
        done.ok().filter(std::process::ExitStatus::success)
    };
    let venv = home.join("venv");
    run(Path::new("python3"), &["-m", "venv", venv.to_str()?])?;
    let mut args = vec!["-m", "pip", "install", "--quiet"];
    args.extend(packages);
    run(&python, &args)?;
    File::create(marker).ok()?;
    Some(python)
}
