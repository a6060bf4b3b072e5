//! The kill drill, in short. `cargo xtask drill` runs it in full.

use std::process::Command;

use super::program::binary;
use crate::support::has_servers;

/// A busy machine may take longer than what the drill asks for by itself.
const SHORT: [&str; 10] = [
    "--orders",
    "200",
    "--kills",
    "12",
    "--minutes",
    "0.3",
    "--drain",
    "180",
    "--seed",
    "4",
];

fn drill(shape: &str) {
    let program = binary().with_file_name("examples").join("drill");
    let mut command = Command::new(&program);
    let done = command.args(SHORT).arg(shape).output();
    let done = done.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    println!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.status.success());
}

#[test]
fn one_process_on_sqlite_is_killed_again_and_again_and_nothing_is_lost() {
    drill("--embedded");
}

#[test]
fn everything_that_runs_on_postgres_and_redis_is_killed_again_and_again_and_nothing_is_lost() {
    if has_servers("the kill drill") {
        drill("--distributed");
    }
}
