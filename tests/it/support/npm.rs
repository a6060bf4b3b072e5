//! Packages of npm, installed below `target`.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::servers::{is_required, program};

/// Where packages are installed, once.
const INSTALLED: &str = env!("CARGO_TARGET_TMPDIR");

/// Installs what the lock file in the folder `project` says, once for all tests; the folder with a copy of its scripts.
/// Without node and npm it says that `what` is skipped, unless servers are required.
pub fn install(project: &Path, what: &str) -> Option<PathBuf> {
    if !["node", "npm"].into_iter().all(|name| program(name).is_some()) {
        assert!(!is_required(), "node or npm is not installed");
        println!("skipped {what}: node or npm is not installed");
        return None;
    }
    let name = project.file_name().expect("a folder has a name");
    let files = files(project);
    let (manifest, scripts): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| name.ends_with(".json"));
    let installed = Path::new(INSTALLED)
        .join(name)
        .join(format!("{:016x}", hash_of(&manifest)));
    fs::create_dir_all(&installed).expect("there is room for a folder");
    // Every test is a process of its own.
    let lock = File::create(installed.join("lock")).expect("a file can be created");
    lock.lock().expect("the lock is to be had");
    if !installed.join("complete").exists() {
        write(&installed, &manifest);
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&installed)
            .output()
            .expect("npm starts");
        let told = String::from_utf8_lossy(&npm.stderr);
        assert!(npm.status.success(), "npm cannot install {what}: {told}");
        fs::write(installed.join("complete"), "").expect("a file can be written");
    }
    // Below the library, where node finds it.
    let folder = installed.join(format!("{:016x}", hash_of(&scripts)));
    write(&folder, &scripts);
    Some(folder)
}

fn hash_of(files: &[(String, Vec<u8>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

/// Names below `project` and what is in them, in order.
fn files(project: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["", "areas/"] {
        let Ok(entries) = fs::read_dir(project.join(folder)) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                found.push((
                    format!("{folder}{name}"),
                    fs::read(&path).expect("it can be read"),
                ));
            }
        }
    }
    found.sort();
    found
}

fn write(folder: &Path, files: &[(String, Vec<u8>)]) {
    fs::create_dir_all(folder.join("areas")).expect("there is room for a folder");
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("a file can be written");
    }
}
