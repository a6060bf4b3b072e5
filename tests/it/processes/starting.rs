//! What it takes to start, and what a start says when something is missing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use persistence::testing::TestDatabase;
use serde_json::Value;

use super::http::{client, moved, signed_in};
use super::program::{Program, Variables, run, run_with_input};

const EMAIL: &str = "root@example.com";
const PASSWORD: &str = "a long password of staff";
const STRONG: &str = "0123456789abcdef0123456789abcdef";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn serve(data: &str) -> (Program, String) {
    let mut program = Program::start(&["serve", "--data", data, "--port", "0"], &Variables::new());
    let address = program.says("SMM Guru listens on ").await;
    (program, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_needs_nothing_but_a_folder_and_keeps_its_sessions_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/data");
    let named = data.to_str().unwrap();
    let (server, address) = serve(named).await;
    assert_eq!((mode(&data), mode(&data.join("secrets.toml"))), (0o700, 0o600));

    let create = [
        "user",
        "create",
        "--email",
        EMAIL,
        "--name",
        "Root",
        "--admin",
        "--password-stdin",
        "--data",
        named,
    ];
    let said = run_with_input(&create, &Variables::new(), &format!("{PASSWORD}\n")).good();
    assert!(said.contains(EMAIL) && !said.contains(PASSWORD), "{said}");
    let staff = signed_in(&address, EMAIL, PASSWORD).await;
    assert_eq!(
        staff.get("/api/auth/get-session").await.json()["user"]["role"],
        "admin"
    );
    let again = run_with_input(&create, &Variables::new(), PASSWORD).bad();
    assert!(again.contains(EMAIL) || again.contains("address"), "{again}");

    // A customer whose password is made up for them.
    let create = [
        "user",
        "create",
        "--email",
        "ann@example.com",
        "--name",
        "Ann",
        "--data",
        named,
    ];
    let said = run(&create, &Variables::new()).good();
    let password = said
        .lines()
        .find_map(|line| line.strip_prefix("password "))
        .unwrap();
    signed_in(&address, "ann@example.com", password).await;

    server.terminate().await;
    let (server, address) = serve(named).await;
    let staff = moved(staff, &address);
    assert_eq!(
        staff.get("/api/auth/get-session").await.json()["user"]["email"],
        EMAIL
    );
    drop(server);
}

#[test]
fn a_database_in_a_folder_that_others_may_enter_is_still_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    run(
        &["migrate", "--data", folder.path().to_str().unwrap()],
        &Variables::new(),
    )
    .good();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let file = entry.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_a_running_server_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let named = data.to_str().unwrap();
    let command = |words: &[&str]| run(&[words, &["--data", named]].concat(), &Variables::new());
    let applied = command(&["migrate"]).good();
    assert!(applied.contains("applied"), "{applied}");
    assert_eq!(command(&["migrate"]).good(), "The schema is up to date.\n");

    let (_server, address) = serve(named).await;
    let books = command(&["ledger", "verify"]).good();
    assert!(
        (1..=13).all(|rule| books.contains(&format!("V{rule} "))),
        "{books}"
    );
    let books: Value = serde_json::from_str(&command(&["ledger", "verify", "--json"]).good()).unwrap();
    let books = books.as_array().unwrap();
    assert_eq!(books.len(), 15);
    assert!(
        books
            .iter()
            .all(|row| row["violations"] == 0 && row["rule"].is_string()),
        "{books:?}"
    );
    let health = command(&["doctor"]).good();
    assert!(
        health.contains("All is well.") && health.contains("schema is up to date"),
        "{health}"
    );
    assert!(!health.contains("PROBLEM"), "{health}");

    let taken = address.rsplit(':').next().unwrap();
    let said = run(&["serve", "--data", named, "--port", taken], &Variables::new()).bad();
    assert!(said.contains(taken) && said.contains("in use"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_that_a_later_version_has_migrated_the_database_and_processes_start_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let named = data.to_str().unwrap();
    run(&["migrate", "--data", named], &Variables::new()).good();
    let url = format!("sqlite://{}", data.join("smm-guru.db").display());
    let database = TestDatabase::existing(&url).await.unwrap();
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 1)";
    database.execute(later).await.unwrap();
    database.database().close().await;

    let (_server, address) = serve(named).await;
    let ready = client().get(format!("{address}/ready")).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);
    let said = run(&["doctor", "--data", named], &Variables::new()).stdout;
    let warning =
        "warning  the database is newer than this program, which does not know m29991231_000001_later";
    assert!(said.contains(warning), "{said}");
    assert!(said.contains("schema is up to date"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_the_table_whose_secrets_no_key_opens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let named = data.to_str().unwrap();
    let doctor = || run(&["doctor", "--data", named], &Variables::new());
    run(&["migrate", "--data", named], &Variables::new()).good();
    assert!(doctor().stdout.contains("nothing is sealed yet"));
    let url = format!("sqlite://{}", data.join("smm-guru.db").display());
    let database = TestDatabase::existing(&url).await.unwrap();
    for statement in [
        "INSERT INTO users (id, name, email, email_verified, role, banned, created_at, updated_at)
            VALUES ('ann', 'Ann', 'ann@example.com', TRUE, 'user', FALSE, 1, 1)",
        "INSERT INTO two_factors (user_id, key_version, nonce, ciphertext, created_at) VALUES ('ann', 9, 'n', 'c', 1)",
    ] {
        database.execute(statement).await.unwrap();
    }
    database.database().close().await;

    let found = doctor();
    assert_eq!(found.status.code(), Some(1), "{found:#?}");
    let problem = "PROBLEM  1 rows of two_factors are sealed with key 9, which is not set";
    assert!(found.stdout.contains(problem), "{found:#?}");
    let old = ("AES_SECRET_KEYS_OLD", format!("9:{STRONG}"));
    let said = run(&["doctor", "--data", named], &vec![old]).stdout;
    assert!(
        said.contains("every key that something is sealed with is set: 9"),
        "{said}"
    );
}

#[test]
fn the_openapi_command_prints_the_golden_document() {
    let golden =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.json")).unwrap();
    let printed = run(&["openapi"], &Variables::new()).good();
    assert!(
        printed == golden,
        "run `cargo xtask openapi` and look at the difference"
    );
}

#[test]
fn a_server_with_half_of_its_settings_says_which_half_is_missing() {
    let distributed = |pairs: &[(&'static str, &str)]| {
        let variables: Variables = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        ["serve", "work", "migrate"].map(|command| run(&[command], &variables).bad())
    };
    let database = ("DATABASE_URL", "postgres://smm@localhost/nowhere");
    let redis = ("REDIS_URL", "redis://localhost:1/");
    for (pairs, expected) in [
        (vec![database], "set REDIS_URL"),
        (vec![redis], "set DATABASE_URL"),
        (vec![database, redis], "BETTER_AUTH_SECRET is missing"),
        (
            vec![database, redis, ("BETTER_AUTH_SECRET", STRONG)],
            "AES_SECRET_KEY is missing",
        ),
        (
            vec![
                database,
                redis,
                ("BETTER_AUTH_SECRET", "better-auth-secret-123456789"),
                ("AES_SECRET_KEY", STRONG),
            ],
            "set BETTER_AUTH_SECRET to the output of",
        ),
        (
            vec![
                database,
                redis,
                ("BETTER_AUTH_SECRET", STRONG),
                ("AES_SECRET_KEY", "short"),
            ],
            "set AES_SECRET_KEY to the output of",
        ),
    ] {
        for said in distributed(&pairs) {
            assert!(said.contains(expected), "{expected}: {said}");
            assert!(!said.contains("better-auth-secret-123456789"), "{said}");
        }
    }
    let said = run(&["work"], &Variables::new()).bad();
    assert!(
        said.contains("DATABASE_URL") && said.contains("REDIS_URL"),
        "{said}"
    );
}

#[test]
fn a_database_that_does_not_answer_is_an_error_that_says_why_and_tells_no_password() {
    let variables: Variables = [
        ("DATABASE_URL", "postgres://smm:hidden-word@127.0.0.1:1/nowhere"),
        ("REDIS_URL", "redis://127.0.0.1:1/"),
        ("BETTER_AUTH_SECRET", STRONG),
        ("AES_SECRET_KEY", STRONG),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    // At once, because each of them waits a while for a database that may be starting.
    thread::scope(|scope| {
        for command in [&["serve"][..], &["work"], &["migrate"], &["ledger", "verify"]] {
            let variables = &variables;
            scope.spawn(move || {
                let said = run(command, variables).bad();
                assert!(
                    said.contains("refused")
                        && said.contains("DATABASE_URL")
                        && !said.contains("hidden-word"),
                    "{command:?}: {said}"
                );
            });
        }
        let finished = run(&["doctor"], &variables);
        assert_eq!(finished.status.code(), Some(1));
        let said = finished.stdout;
        assert!(
            said.contains("PROBLEM") && said.contains("refused") && said.contains("DATABASE_URL"),
            "{said}"
        );
        assert!(!said.contains("hidden-word"), "{said}");
    });
}

#[test]
fn commands_that_only_look_do_not_create_an_installation() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("mistyped");
    let named = named.to_str().unwrap();
    let said = run(&["ledger", "verify", "--data", named], &Variables::new()).bad();
    assert!(
        said.contains("there is no database at") && said.contains("--data"),
        "{said}"
    );
    let finished = run(&["doctor", "--data", named], &Variables::new());
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.stdout.contains("there is no database at"),
        "{finished:#?}"
    );
    assert!(!folder.path().join("mistyped/smm-guru.db").exists());
}
