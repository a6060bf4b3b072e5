//! Whatever is asked, by whomever, is answered as the document says. schemathesis reads the document, makes requests of it,
//! sound ones and broken ones, and compares every answer with what the document promises.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::identity::{Role, SessionKind};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Pass, Way, World, enlist, open_session, python_with, scenarios, variable};

scenarios!(on both ways: whoever_asks_whatever_is_answered_as_the_document_says,);

const WHAT: &str = "requests that schemathesis makes of the document";
const REQUIREMENTS: &str = include_str!("../schemathesis/requirements.txt");
const SETTINGS: &str = include_str!("../schemathesis/schemathesis.toml");
const HOOKS: &str = include_str!("../schemathesis/hooks.py");

/// Requests in a test run at least, by three roles on two ways to run; `SCHEMATHESIS_REQUESTS` asks for more.
const REQUESTS: u64 = 20_000;
const ROLES: u64 = 3;
const WAYS: u64 = 2;
/// Each operation is asked about so often by the systematic part alone, and more often by the random one.
const SYSTEMATIC: u64 = 20;
/// Random requests to each operation, at least.
const RANDOM_MIN: u64 = 8;
/// People of a role: whoever is asked to sign out or to go does so, and the next one goes on.
const PEOPLE: usize = 40;

/// Who asks.
#[derive(Debug, Clone)]
struct Asker {
    name: &'static str,
    /// Cookies of as many people; none of somebody who is not signed in.
    sessions: Vec<String>,
    /// Operations that have to work for them now and then.
    working_min: usize,
}

/// What came of asking.
struct Told {
    requests: u64,
    /// Statuses and how often they came, by operation.
    answers: BTreeMap<String, BTreeMap<String, u64>>,
    /// How many people were followed by the next one.
    ended: u64,
    complaints: Option<String>,
}

async fn whoever_asks_whatever_is_answered_as_the_document_says(way: Way) {
    let packages = || REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
    let python = tokio::task::spawn_blocking(move || {
        python_with("schemathesis", &packages().collect::<Vec<_>>(), WHAT)
    });
    let Some(python) = python.await.expect("it is installed") else {
        return;
    };
    let Some(world) = way.world().await else { return };
    let askers = askers(&world).await;
    let shop = shop(&world, &askers[1].sessions).await;
    let [server, panel] = [world.addresses().remove(0), world.panel.url()];
    let document = world.customer.get("/api/openapi.json").await;
    let operations = operations(&document.json());
    let runs = askers.map(|asker| {
        let run = Run {
            python: python.clone(),
            server: server.clone(),
            panel: panel.clone(),
            document: document.text.clone(),
            operations,
            settings: format!("{SETTINGS}\n{shop}"),
            asker,
        };
        tokio::task::spawn_blocking(move || (run.asker.clone(), run.ask()))
    });
    let mut complaints = Vec::new();
    for run in runs {
        let (asker, told) = run.await.expect("it is waited for");
        judge(&asker, &told, operations);
        complaints.extend(told.complaints);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    world.leave().await;
}

fn operations(document: &Value) -> u64 {
    let paths = document["paths"].as_object().expect("paths").values();
    let operations: usize = paths.filter_map(Value::as_object).map(serde_json::Map::len).sum();
    u64::try_from(operations).expect("a small number")
}

fn judge(asker: &Asker, told: &Told, operations: u64) {
    let works = |answers: &&BTreeMap<String, u64>| answers.keys().any(|status| status.starts_with('2'));
    let working = told.answers.values().filter(works).count();
    println!(
        "{}: {} requests to {} of {operations} operations, {working} of which worked; {} people had to go",
        asker.name,
        told.requests,
        told.answers.len(),
        told.ended
    );
    if told.complaints.is_none() {
        let asked = u64::try_from(told.answers.len()).expect("a small number");
        assert_eq!(asked, operations, "operations that {} asked", asker.name);
        let share = requests() / ROLES / WAYS;
        assert!(told.requests >= share, "{} requests of {share}", told.requests);
        let silent: BTreeSet<_> = told
            .answers
            .iter()
            .filter(|(_, answers)| !works(answers))
            .map(|(name, _)| name.as_str())
            .collect();
        assert!(working >= asker.working_min, "{}: {silent:#?}", asker.name);
    }
}

fn requests() -> u64 {
    let given = variable("SCHEMATHESIS_REQUESTS");
    given.map_or(REQUESTS, |text| {
        text.parse().expect("SCHEMATHESIS_REQUESTS is a whole number")
    })
}

async fn askers(world: &World) -> [Asker; 3] {
    let people = async |name: &str, role| {
        let mut sessions = Vec::new();
        for number in 0..PEOPLE {
            let user = enlist(world.system(), &format!("{name}{number}"), role).await;
            let hour = Duration::from_hours(1);
            let Pass { cookie, .. } = open_session(world.system(), &user, SessionKind::Browser, hour).await;
            sessions.push(cookie.expect("a cookie"));
            if role == Role::User && number < 12 {
                world.fund(user.id.as_str(), "100").await;
            }
        }
        sessions
    };
    [
        Asker {
            name: "nobody",
            sessions: Vec::new(),
            working_min: 16,
        },
        Asker {
            name: "a customer",
            sessions: people("asker", Role::User).await,
            working_min: 45,
        },
        Asker {
            name: "an administrator",
            sessions: people("asking-admin", Role::Admin).await,
            working_min: 90,
        },
    ]
}

/// What there is to ask for, as dictionaries of made-up values.
async fn shop(world: &World, customers: &[String]) -> String {
    let mut customer = world.customer.stranger();
    customer.cookie = customers.first().cloned();
    let mut orders = Vec::new();
    for script in ["complete", "complete", "partial=300", "accept-hang"] {
        let form = world.order_form("1012", script, 1_000);
        let placed = customer.post("/api/v1/dashboard/orders", form).await;
        let order = placed.success(201, "ORDER_CREATED")["order"]["id"].clone();
        orders.push(order);
    }
    for number in 0..6 {
        let deposit = json!({ "amount": "5.00", "method": "bank", "reference": format!("UTR {number}") });
        let deposit = customer.post("/api/v1/dashboard/deposits", deposit).await;
        assert_eq!(deposit.status, 201, "{}", deposit.text);
        let withdrawal = json!({ "amount": "2.00", "destination": format!("IBAN {number}") });
        let withdrawal = customer.post("/api/v1/dashboard/withdrawals", withdrawal).await;
        assert_eq!(withdrawal.status, 201, "{}", withdrawal.text);
    }
    let (mut keys, mut secrets) = (Vec::new(), Vec::new());
    for number in 0..4 {
        let form = json!({ "name": format!("key {number}"), "ordersByGet": true });
        let key = customer.post("/api/v1/dashboard/api-keys", form).await;
        let key = key.success(201, "API_KEY_CREATED");
        keys.push(key["apiKey"]["id"].clone());
        secrets.push(key["key"].clone());
    }
    let mut users = Vec::new();
    for number in 0..4 {
        let user = enlist(world.system(), &format!("victim{number}"), Role::User).await;
        users.push(user.id.to_string());
    }
    let services = ["1012", "1017", "1141", "1160"].map(|upstream| world.service(upstream).to_string());
    let small = [1, 2, 3, 4, 5, 6];
    let numbers = small.map(|number| number.to_string());
    let dictionaries = [
        ("users", json!(users)),
        ("orders", json!(orders)),
        ("services", json!(services)),
        ("keys", json!(keys)),
        ("secrets", json!(secrets)),
        (
            "actions",
            json!([
                "services",
                "add",
                "status",
                "orders",
                "cancel",
                "refill",
                "refill_status",
                "balance"
            ]),
        ),
        ("small", json!(small)),
        ("numbers", json!(numbers)),
        ("amounts", json!(["0.01", "1.00", "2.50"])),
        ("passwords", json!([crate::support::PASSWORD])),
        ("currencies", json!(["USD"])),
    ];
    let lines = dictionaries.map(|(name, values)| format!("{name}.values = {values}\n"));
    format!("[dictionaries]\n{}", lines.concat())
}

/// schemathesis, as one of the roles.
struct Run {
    python: PathBuf,
    server: String,
    panel: String,
    document: String,
    operations: u64,
    settings: String,
    asker: Asker,
}

impl Run {
    fn ask(&self) -> Told {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("schemathesis.toml"), &self.settings).expect("a file is written");
        // From a file: the address that a document is read from is not asked again.
        std::fs::write(path("openapi.json"), &self.document).expect("a file is written");
        std::fs::write(path("hooks.py"), HOOKS).expect("a file is written");
        let output = self.command(&folder).output().expect("schemathesis starts");
        let output = [
            output.stdout,
            output.stderr,
            vec![b' '],
            output.status.to_string().into_bytes(),
        ]
        .concat();
        let output = String::from_utf8_lossy(&output).into_owned();
        let [report, told] = ["report.json", "told.json"].map(|name| read(&path(name), &output));
        let answers: BTreeMap<String, BTreeMap<String, u64>> =
            serde_json::from_value(told["answers"].clone()).expect("statuses by operation");
        let is_well = report["exit_code"] == 0 && report["complete"] == true;
        Told {
            requests: answers.values().flat_map(BTreeMap::values).sum(),
            ended: told["ended"].as_u64().expect("a number"),
            complaints: (!is_well).then(|| format!("{}:\n{output}", self.asker.name)),
            answers,
        }
    }

    fn command(&self, folder: &TempDir) -> Command {
        let share = requests() / ROLES / WAYS;
        let random = (share / self.operations)
            .saturating_sub(SYSTEMATIC)
            .max(RANDOM_MIN);
        let sessions = json!(self.asker.sessions).to_string();
        let mut command = Command::new(self.python.with_file_name("schemathesis"));
        command
            .args(["--config-file", "schemathesis.toml", "run", "openapi.json"])
            .args(["--no-color", "--url", &self.server])
            .args(["--max-examples", &random.to_string()])
            .args(["--report", "json", "--report-json-path", "report.json"])
            .current_dir(folder.path())
            .env("PYTHONPATH", folder.path())
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("SERVER_URL", &self.server)
            .env("PANEL_URL", &self.panel)
            .env("SESSIONS", sessions)
            .env("TOLD", "told.json");
        command
    }
}

fn read(path: &Path, output: &str) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}\n{output}", path.display()));
    serde_json::from_str(&text).expect("it is JSON")
}
