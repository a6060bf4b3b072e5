//! The dependencies between the crates are those of `docs/ARCHITECTURE.md`, and each third-party world
//! (database, web server, HTTP client, Redis, jobs) stays behind the crates made for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Only the crates on the right may depend on packages whose name starts with one on the left.
const WORLDS: [(&[&str], &[&str]); 6] = [
    (&["sea-orm", "sqlx"], &["entities", "migration", "persistence"]),
    (&["actix", "utoipa", "tracing-actix"], &["api", "smm-guru"]),
    (&["reqwest"], &["gateways"]),
    (&["apalis"], &["queue"]),
    (&["lettre", "askama"], &["mail"]),
    (&["deadpool", "redis"], &["cache", "queue"]),
];

/// They implement ports, and know neither each other nor who uses them.
const ADAPTERS: [&str; 6] = ["persistence", "cache", "queue", "gateways", "crypto", "mail"];
const ABOVE_THE_PORTS: [&str; 4] = ["application", "api", "worker", "smm-guru"];

/// What would make the rules of the business wait, or read a clock.
const FORBIDDEN_IN_DOMAIN: [&str; 9] = [
    "tokio", "async-", "futures", "smol", "actix", "hyper", "mio", "chrono", "rand",
];

/// What a crate needs to run: development and build dependencies do not count.
#[derive(Default)]
struct Needs {
    ours: BTreeSet<String>,
    theirs: BTreeSet<String>,
}

fn workspace() -> BTreeMap<String, Needs> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    let mut crates = BTreeMap::new();
    for package in &metadata.packages {
        let needs: &mut Needs = crates.entry(package.name.to_string()).or_default();
        for dependency in package
            .dependencies
            .iter()
            .filter(|needed| needed.kind == DependencyKind::Normal)
        {
            let side = if dependency.path.is_some() {
                &mut needs.ours
            } else {
                &mut needs.theirs
            };
            side.insert(dependency.name.clone());
        }
    }
    crates
}

/// The table between the markers: one line per crate, `crate -> dependency, dependency`.
fn documented() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("docs/ARCHITECTURE.md is there");
    let (_, rest) = text
        .split_once("<!-- edges -->")
        .expect("the table starts with <!-- edges -->");
    let (table, _) = rest
        .split_once("<!-- /edges -->")
        .expect("the table ends with <!-- /edges -->");
    table
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("->"))
        .map(str::to_owned)
        .collect()
}

fn edge_line(name: &str, needs: &Needs) -> String {
    let ours: Vec<&str> = needs.ours.iter().map(String::as_str).collect();
    format!("{name} -> {}", ours.join(", ")).trim_end().to_owned()
}

#[test]
fn the_edges_between_the_crates_are_the_documented_ones() {
    let actual: BTreeSet<String> = workspace()
        .iter()
        .map(|(name, needs)| edge_line(name, needs))
        .collect();
    let documented = documented();
    let undocumented: Vec<&String> = actual.difference(&documented).collect();
    let gone: Vec<&String> = documented.difference(&actual).collect();
    assert!(
        undocumented.is_empty() && gone.is_empty(),
        "the table in docs/ARCHITECTURE.md and the manifests differ\n\
         in the manifests only: {undocumented:#?}\nin the table only: {gone:#?}"
    );
}

#[test]
fn each_third_party_world_stays_behind_the_crates_made_for_it() {
    let mut trespassers = Vec::new();
    for (name, needs) in workspace() {
        for (prefixes, allowed) in WORLDS {
            if allowed.contains(&name.as_str()) {
                continue;
            }
            let foreign = needs
                .theirs
                .iter()
                .filter(|theirs| prefixes.iter().any(|prefix| theirs.starts_with(prefix)));
            trespassers.extend(
                foreign.map(|theirs| format!("{name} depends on {theirs}, which only {allowed:?} may")),
            );
        }
    }
    assert_eq!(trespassers, Vec::<String>::new());
}

#[test]
fn adapters_know_neither_each_other_nor_who_uses_them() {
    let crates = workspace();
    for adapter in ADAPTERS {
        let needs = crates
            .get(adapter)
            .unwrap_or_else(|| panic!("{adapter} is a crate of the workspace"));
        let forbidden = needs
            .ours
            .iter()
            .find(|ours| ADAPTERS.contains(&ours.as_str()) || ABOVE_THE_PORTS.contains(&ours.as_str()));
        assert_eq!(forbidden, None, "{adapter} depends on a crate beside or above it");
    }
}

#[test]
fn the_domain_stands_alone_and_needs_no_runtime() {
    let crates = workspace();
    let domain = crates.get("domain").expect("domain is a crate of the workspace");
    assert_eq!(domain.ours, BTreeSet::new());
    let forbidden: Vec<&String> = domain
        .theirs
        .iter()
        .filter(|name| FORBIDDEN_IN_DOMAIN.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    assert_eq!(forbidden, Vec::<&String>::new());
}

#[test]
fn nothing_but_the_tests_can_make_a_process_die_at_a_point() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo metadata runs");
    for package in &metadata.packages {
        let turns_on = package.dependencies.iter().any(|needed| {
            let tested = needed.kind == DependencyKind::Development && package.name.as_str() == "acceptance";
            needed.name == "failpoints" && !needed.features.is_empty() && !tested
        });
        let forwards = package
            .features
            .values()
            .flatten()
            .any(|feature| feature.contains("failpoints"));
        let names_fail = package.dependencies.iter().any(|needed| needed.name == "fail");
        assert!(
            !turns_on && !forwards && (!names_fail || package.name.as_str() == "failpoints"),
            "{} arms fail points",
            package.name
        );
    }
}
