//! The calls of docs/API.md, run as they stand there against a real server: the page cannot say what is not so.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::identity::Role;
use serde_json::{Value, json};

use crate::panel::Script;
use crate::support::{Scene, Way, World, enlist, is_date, is_required, scenarios};

scenarios!(on both ways: the_page_for_programs_says_what_happens);

/// Read when the test runs, so that a change of its words builds nothing.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md");
/// The page's server.
const EXAMPLE: &str = "https://panel.example";
/// Moves by itself, so its type alone is compared.
const MOVING: [&str; 1] = ["start_count"];

/// A call, and what the page says is answered, if it says that.
#[derive(Debug, Default)]
struct Call {
    command: String,
    answer: Option<Value>,
}

/// The calls of the page, from the first to the last.
fn calls() -> Vec<Call> {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let mut calls = Vec::new();
    let mut blocks = page.split("\n```");
    blocks.next();
    // Inside and outside of blocks take turns.
    for block in blocks.step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a block has lines");
        match kind {
            "sh" => calls.extend(calls_of(text)),
            "json" => {
                let last: &mut Call = calls.last_mut().expect("an answer comes after its call");
                last.answer = Some(serde_json::from_str(text).expect("the page's answer is JSON"));
            }
            _ => {}
        }
    }
    calls
}

/// Commands with their answers below them.
fn calls_of(block: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut answers: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        if line.starts_with("curl ") {
            calls.push(Call::default());
            answers.push(String::new());
        }
        let call = calls.last_mut().expect("a block begins with a call");
        if line.starts_with("curl ") || goes_on {
            call.command.push_str(line);
            call.command.push('\n');
            goes_on = line.ends_with('\\');
        } else {
            answers.last_mut().expect("one for each").push_str(line);
        }
    }
    for (call, answer) in calls.iter_mut().zip(answers) {
        if !answer.trim().is_empty() {
            call.answer = Some(serde_json::from_str(&answer).expect("the page's answer is JSON"));
        }
    }
    calls
}

/// What the page's reader has in the shell's variables.
#[derive(Default)]
struct Shell {
    node: String,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    fn set(&mut self, name: &'static str, value: &Value) {
        self.variables
            .push((name, value.as_str().expect("a text").to_owned()));
    }

    fn run(&self, command: &str) -> Value {
        // Not every machine has that program.
        let uuidgen = "uuidgen() { cat /proc/sys/kernel/random/uuid; }\n";
        let script = format!("{uuidgen}{}", command.replace(EXAMPLE, &self.node));
        let done = Command::new("sh")
            .args(["-euc", &script])
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell");
        assert!(done.status.success(), "{command}{done:?}");
        let text = String::from_utf8(done.stdout).expect("answers are text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}{text}"))
    }
}

/// Where an answer is something else than the page says. Lists may have more in them, and what the page cuts off or what is a
/// date has to be of that kind.
fn differs(at: &str, told: &Value, is: &Value) -> Option<String> {
    let same = match (told, is) {
        (Value::Object(told), Value::Object(is)) => {
            let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
            if names(told) != names(is) {
                return Some(format!(
                    "{at}: {:?} are told, and it has {:?}",
                    names(told),
                    names(is)
                ));
            }
            return told
                .iter()
                .find_map(|(name, value)| differs(&format!("{at}.{name}"), value, &is[name]));
        }
        (Value::Array(told), Value::Array(is)) => {
            let mut rest = is.iter();
            let mut missing = told
                .iter()
                .filter(|told| !rest.any(|is| differs(at, told, is).is_none()));
            return missing
                .next()
                .map(|told| format!("{at}: {told} is told, and is not in it"));
        }
        (Value::String(_), Value::String(_)) if MOVING.iter().any(|name| at.ends_with(name)) => true,
        (Value::String(told), Value::String(is)) if is_date(told) => is_date(is),
        (Value::String(told), Value::String(is)) => match told.split_once('…') {
            Some((beginning, _)) => is.starts_with(beginning) && is.len() > beginning.len(),
            None => told == is,
        },
        (told, is) => told == is,
    };
    (!same).then(|| format!("{at}: {told} is told, and it is {is}"))
}

/// What has to be so before the next call says what the page says.
async fn afterwards(world: &World, shell: &mut Shell, call: &Call, answer: &Value) {
    if call.command.contains("/auth/token") {
        shell.set("ACCESS_TOKEN", &answer["accessToken"]);
        shell.set("REFRESH_TOKEN", &answer["refreshToken"]);
    }
    if call.command.contains("action=add") {
        let order = answer["order"].as_i64().expect("an id");
        world.until(order, "submitted").await;
    }
}

async fn the_page_for_programs_says_what_happens(way: Way) {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(!is_required(), "curl is required, and not to be had");
        println!("skipped the calls of docs/API.md: curl is not to be had");
        return;
    }
    let scene = Scene {
        pace: Duration::from_hours(2),
        ..Scene::default()
    };
    let Some(world) = way.world_with(scene).await else {
        return;
    };
    enlist(world.system(), "alice", Role::User).await;
    let mut shell = Shell {
        node: world.addresses()[0].clone(),
        ..Shell::default()
    };
    let script = Script::of(&world, json!({})).await;
    shell.set("KEY", &Value::from(script.key));
    let calls = calls();
    assert!(calls.len() >= 10, "{calls:#?}");
    assert!(
        calls.iter().filter(|call| call.answer.is_some()).count() >= 8,
        "{calls:#?}"
    );
    for call in &calls {
        let answer = shell.run(&call.command);
        assert!(
            answer["success"] != false && answer.get("error").is_none(),
            "{}{answer}",
            call.command
        );
        let differs = call.answer.as_ref().and_then(|told| differs("", told, &answer));
        assert_eq!(differs, None, "{}{answer}", call.command);
        afterwards(&world, &mut shell, call, &answer).await;
    }
    // It was canceled in the end.
    let last = calls.iter().rfind(|call| call.command.contains("action=cancel"));
    assert!(last.is_some(), "{calls:#?}");
    world.until(1, "canceled").await;
    world.close().await;
}

#[test]
fn what_is_something_else_is_seen() {
    let told = json!({ "a": "x…", "b": [1], "c": "2026-11-21T09:34:05.000Z", "d": "1" });
    let good = json!({ "a": "xyz", "b": [1, 2], "c": "2027-01-01T00:00:00.123Z", "d": "1" });
    assert_eq!(differs("", &told, &good), None);
    for (field, value) in [
        ("a", json!("x")),
        ("a", json!(1)),
        ("b", json!([])),
        ("b", json!([2])),
        ("c", json!("today")),
        ("d", json!(1)),
        ("e", json!("more")),
    ] {
        let mut odd = good.clone();
        odd[field] = value;
        assert!(differs("", &told, &odd).is_some(), "{odd}");
    }
}
