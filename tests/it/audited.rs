//! Every use case that writes is in the audit log, or here, with the reason why not.
//!
//! It is read from the source, because what is to be found is what somebody forgot.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What opens a transaction.
const BEGINS: &str = ".begin().await";
/// What appends a line to the audit log in it: directly, or by a function that always does.
const AUDITS: [&str; 5] = [
    ".audit()",
    " append(",
    ".record(&mut *tx, ",
    ".admit(&mut *tx, ",
    ".come_in(&mut *tx, ",
];
const PAGE: &str = include_str!("../../docs/OPERATIONS.md");

const HISTORY: &str = "the order's history and the ledger say it";
const MACHINE: &str = "nobody did it: the system looks after itself";
const OWN_ROW: &str = "it changes nobody's rights and no money, and its row says it";
const MAILED: &str = "the mail's row says it";

/// Functions that write and note nothing.
const UNNOTED: [(&str, &str); 34] = [
    ("api_keys/admit.rs note", OWN_ROW),
    ("catalog/sync.rs begin", MACHINE),
    ("catalog/sync.rs begin_following", MACHINE),
    ("catalog/sync.rs record_end", MACHINE),
    ("catalog/sync.rs want_again", MACHINE),
    ("currency/refresh.rs record", MACHINE),
    ("currency/refresh.rs take_turn", MACHINE),
    ("figures/remake.rs made_anew", MACHINE),
    ("funds/destinations.rs seal_some", MACHINE),
    ("identity/ask_for_mail.rs record", MAILED),
    ("identity/current_session.rs record", MACHINE),
    ("identity/delete_account.rs record_wish", MAILED),
    ("identity/own/profile.rs record_edit", OWN_ROW),
    ("identity/own/settings.rs record_settings", OWN_ROW),
    ("identity/social/mod.rs record_begun", OWN_ROW),
    ("identity/social/mod.rs record_taken", OWN_ROW),
    ("identity/token_access/refresh.rs record", OWN_ROW),
    ("identity/two_factor/verify.rs count_try", OWN_ROW),
    ("jobs/schedules.rs ensure", MACHINE),
    ("jobs/schedules.rs prune_mails", MACHINE),
    ("jobs/schedules.rs prune_sessions", MACHINE),
    ("mail/deliver.rs begin", MAILED),
    ("mail/deliver.rs settle", MAILED),
    ("orders/claim.rs look_up", HISTORY),
    ("orders/place.rs record_in_steps", HISTORY),
    ("orders/place_many.rs record", HISTORY),
    ("orders/record.rs amend_once", HISTORY),
    ("orders/track.rs put_back", HISTORY),
    ("orders/track.rs set_apart", HISTORY),
    ("orders/track.rs take_due", HISTORY),
    ("providers/connection.rs record", OWN_ROW),
    ("submission/guard.rs end_marking", MACHINE),
    ("submission/guard.rs raise_once", MACHINE),
    ("wallets/browse.rs create", OWN_ROW),
];

struct Function {
    /// `file name`.
    name: String,
    body: String,
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// The functions of the application, as rustfmt writes them: the end is as far to the left as the beginning.
fn functions() -> Vec<Function> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/application/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut functions = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let place = file
            .strip_prefix(&root)
            .expect("below the root")
            .display()
            .to_string();
        let lines: Vec<&str> = product.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(name) = named(line) else { continue };
            let margin = &line[..line.len() - line.trim_start().len()];
            let end = format!("{margin}}}");
            let body = lines[index..].iter().take_while(|line| **line != end);
            functions.push(Function {
                name: format!("{place} {name}"),
                body: body.copied().collect::<Vec<_>>().join("\n"),
            });
        }
    }
    functions
}

fn named(line: &str) -> Option<&str> {
    let (before, rest) = line.trim_start().split_once("fn ")?;
    let is_start = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || ["async", "const"].contains(&word));
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    is_start.then_some(name)
}

#[test]
fn whoever_writes_notes_it_or_says_here_why_not() {
    let functions = functions();
    let writing: Vec<&Function> = functions.iter().filter(|it| it.body.contains(BEGINS)).collect();
    assert!(
        writing.len() > 40,
        "the application writes in {} places",
        writing.len()
    );
    let unnoted: BTreeSet<&str> = writing
        .iter()
        .filter(|it| !AUDITS.iter().any(|audits| it.body.contains(audits)))
        .map(|it| it.name.as_str())
        .collect();
    let excused: BTreeSet<&str> = UNNOTED.iter().map(|(name, _)| *name).collect();
    let forgotten: Vec<_> = unnoted.difference(&excused).collect();
    let stale: Vec<_> = excused.difference(&unnoted).collect();
    assert!(
        forgotten.is_empty() && stale.is_empty(),
        "these write, and neither note it in the audit log nor say here why not: {forgotten:#?}\n\
         these are excused and need not be: {stale:#?}"
    );
}

/// Words of the form `noun.verb` that the application writes into the log.
fn actions() -> BTreeSet<String> {
    let is_action = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        let is_word =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        parts.len() == 2 && parts.iter().all(is_word)
    };
    let mut actions = BTreeSet::new();
    // A line is made in a function that says so.
    let makes = |it: &Function| {
        ["entry(", "AuditEntry::new(", "append(", "line("]
            .iter()
            .any(|word| it.body.contains(word))
    };
    for function in functions().into_iter().filter(makes) {
        let quoted = function
            .body
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(is_action)
            .map(str::to_owned);
        actions.extend(quoted);
    }
    actions
}

#[test]
fn the_page_for_operators_lists_what_is_noted() {
    let (_, section) = PAGE
        .split_once("<!-- audited -->")
        .expect("the list starts with <!-- audited -->");
    let (section, _) = section
        .split_once("<!-- /audited -->")
        .expect("the list ends with <!-- /audited -->");
    let listed: BTreeSet<String> = section.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let actions = actions();
    let unlisted: Vec<_> = actions.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&actions).collect();
    assert!(
        unlisted.is_empty() && gone.is_empty(),
        "docs/OPERATIONS.md does not list {unlisted:?}, and lists {gone:?}, which nobody writes"
    );
}
