//! What the repository itself has to keep: files of a readable size, and no trace of somebody's machine.

use std::fs;
use std::process::Command;

use anyhow::{bail, ensure};

use crate::process::output;

const SOURCE_LINES_MAX: usize = 400;
/// Folders of a developer's machine. Spelled as words so that this file does not contain them as paths.
const MACHINE_FOLDERS: [&[&str]; 3] = [&["work"], &["root"], &["tmp", "team"]];

/// Looks at every tracked file, and names everything that is wrong.
pub fn check() -> anyhow::Result<()> {
    let listed = output(Command::new("git").args(["ls-files", "-z"]))?;
    let files: Vec<&str> = listed.split_terminator('\0').collect();
    ensure!(!files.is_empty(), "git tracks no file here");
    let mut findings = Vec::new();
    for file in &files {
        // A tracked file that is deleted in the working tree has nothing to say.
        if let Ok(bytes) = fs::read(file) {
            findings.extend(judge(file, &String::from_utf8_lossy(&bytes)));
        }
    }
    if !findings.is_empty() {
        bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "));
    }
    println!("{} tracked files are in order", files.len());
    Ok(())
}

fn judge(file: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if file.ends_with(".rs") && lines > SOURCE_LINES_MAX {
        findings.push(format!("{file}: {lines} lines, more than {SOURCE_LINES_MAX}"));
    }
    for path in machine_paths() {
        for (index, _) in text.lines().enumerate().filter(|(_, line)| line.contains(&path)) {
            findings.push(format!("{file}:{}: mentions {path}", index + 1));
        }
    }
    findings
}

fn machine_paths() -> impl Iterator<Item = String> {
    MACHINE_FOLDERS.iter().map(|folders| match folders {
        [folder] => format!("/{folder}/"),
        folders => format!("/{}", folders.join("/")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_source_file_is_found_and_a_long_document_is_not() {
        let text = "x\n".repeat(SOURCE_LINES_MAX + 1);
        assert_eq!(judge("a.rs", &text), ["a.rs: 401 lines, more than 400"]);
        assert_eq!(judge("a.md", &text), Vec::<String>::new());
        assert_eq!(
            judge("a.rs", &"x\n".repeat(SOURCE_LINES_MAX)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_path_of_a_machine_is_found_with_its_line() {
        for path in machine_paths() {
            let findings = judge("notes.md", &format!("fine\nsee {path}notes\n"));
            assert_eq!(findings, [format!("notes.md:2: mentions {path}")]);
        }
    }

    #[test]
    fn a_word_that_looks_like_a_folder_is_fine() {
        assert_eq!(
            judge("a.md", "the work of a root cause in network/work"),
            Vec::<String>::new()
        );
    }
}
