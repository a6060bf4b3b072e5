//! The points that are in the code, those that processes die at here, and those in the documentation are the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::rows::{CRASHES, RECOVERY};

/// How code says where it is.
const REACHED: &str = "failpoints::reach(\"";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_process_dies_at_every_named_point_of_the_code() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut files = Vec::new();
    sources(&crates, &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let points = text.split(REACHED).skip(1);
        named.extend(points.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    assert!(named.len() >= 10, "{named:?}");
    let rows = CRASHES.iter().chain(&RECOVERY);
    let died_at: BTreeSet<String> = rows.map(|row| row.dies_at.to_owned()).collect();
    let missing: Vec<_> = named.difference(&died_at).collect();
    assert!(missing.is_empty(), "no process dies at {missing:?}");
}

#[test]
fn the_table_of_crash_points_says_where_processes_die() {
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/TESTING.md");
    let text = fs::read_to_string(text).unwrap();
    for row in &CRASHES {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("| {} |", row.code)));
        let line = line.unwrap_or_else(|| panic!("{} is not in docs/TESTING.md", row.code));
        assert!(line.contains(&format!("`{}` |", row.dies_at)), "{line}");
    }
    for row in &RECOVERY {
        let (family, _) = row.dies_at.split_once('/').unwrap_or((row.dies_at, ""));
        let known = CRASHES.iter().any(|crash| crash.dies_at == row.dies_at);
        assert!(
            known || text.contains(&format!("`{family}")),
            "{} is not in docs/TESTING.md",
            row.dies_at
        );
    }
}
